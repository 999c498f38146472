"""searchapp diagnose on corpora whose documents, queries or judgements are at fault, as BEIR folders."""

import codecs
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.records import Judgements
from tests.conftest import Cli


@dataclass(frozen=True)
class Data:
    """A corpus to damage: id -> title and text, id -> query text, and judgements."""

    documents: dict[str, tuple[str, str]]
    queries: dict[str, str]
    judgements: Judgements = field(default_factory=dict)

    def write(self, folder: Path) -> str:
        (folder / "qrels").mkdir(parents=True)
        lines = [
            {"_id": name, "title": title, "text": text} for name, (title, text) in self.documents.items()
        ]
        (folder / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        asked = [{"_id": name, "text": text} for name, text in self.queries.items()]
        (folder / "queries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in asked))
        pairs = [(query, *pair) for query, row in self.judgements.items() for pair in row.items()]
        rows = [f"{query}\t{document}\t{grade}\n" for query, document, grade in pairs]
        (folder / "qrels" / "test.tsv").write_text("".join(["query-id\tcorpus-id\tscore\n", *rows]))
        return str(folder)


def sample() -> Data:
    corpus = open_corpus("sample")
    return Data(
        {one.id: (one.title, one.text) for one in corpus.documents()},
        {one.id: one.text for one in corpus.source.queries()},
        corpus.judgements,
    )


@pytest.fixture
def diagnosed(cli: Cli, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Write a corpus and return the document of `diagnose` on it."""

    def run(data: Data, *arguments: str) -> dict[str, Any]:
        result = cli("diagnose", data.write(tmp_path / "corpus"), "--quick", "--json", *arguments)
        document: dict[str, Any] = json.loads(result.stdout)
        assert result.exit_code == (3 if document["verdict"] in {"fault", "low"} else 0)
        return document

    return run


Diagnosed = Callable[[Data], dict[str, Any]]


def faults(document: dict[str, Any]) -> list[str]:
    return [cause["id"] for cause in document["causes"] if cause["fault"]]


def rotated(values: list[Any], by: int) -> list[Any]:
    return values[by:] + values[:by]


# Query texts and judgements that do not belong together.


def with_texts(data: Data, by: int, names: list[str]) -> Data:
    """Give each of some queries the text of the one `by` further on."""
    texts = rotated([data.queries[name] for name in names], by)
    return replace(data, queries=data.queries | dict(zip(names, texts, strict=True)))


def test_the_sample_as_a_folder_is_healthy(diagnosed: Diagnosed) -> None:
    document = diagnosed(sample())
    assert (document["verdict"], document["causes"]) == ("healthy", [])
    (fact,) = document["facts"]["judgements-fit"]
    assert fact["value"] > 0.98  # every query but one fits its judgements better than all others


@pytest.mark.parametrize("by", [1, -3])
def test_query_texts_shifted_against_their_ids(diagnosed: Diagnosed, by: int) -> None:
    data = sample()
    document = diagnosed(with_texts(data, by, list(data.queries)))
    cause = document["causes"][0]
    assert (faults(document)[0], cause["found"][0]["values"]["by"]) == ("judgements-misplaced", -by)
    score = document["facts"]["score"][0]["value"]
    assert score + cause["gain"] == pytest.approx(0.87565, abs=1e-5)  # the healthy score (`eval sample`)


@pytest.mark.parametrize(("text", "cause"), [("", "text-dropped"), ("None", "object-as-text")])
def test_judged_documents_that_say_nothing(diagnosed: Diagnosed, text: str, cause: str) -> None:
    data = sample()
    emptied = list(data.documents)[::4]
    relevant = [name for row in data.judgements.values() for name, grade in row.items() if grade > 0]
    document = diagnosed(replace(data, documents=data.documents | dict.fromkeys(emptied, ("", text))))
    assert faults(document)[0] == cause
    share = sum(name in emptied for name in relevant) / len(relevant)
    assert document["causes"][0]["found"][0]["share"] == pytest.approx(share)


def test_judgements_shifted_from_the_middle_of_the_file_on(diagnosed: Diagnosed) -> None:
    data = sample()
    document = diagnosed(with_texts(data, 1, list(data.queries)[20:]))
    assert faults(document)[0] == "judgements-misplaced"
    assert document["causes"][0]["found"][0]["key"] == "judgements-shifted"


def test_a_third_of_the_query_texts_exchanged(diagnosed: Diagnosed) -> None:
    data = sample()
    document = diagnosed(with_texts(data, 5, list(data.queries)[::3]))
    assert faults(document) == ["judgements-misplaced"]
    assert document["causes"][0]["found"][0]["key"] == "some-judgements-misplaced"


def test_documents_exchanged_in_the_judgements(diagnosed: Diagnosed) -> None:
    data = sample()
    judged = sorted({name for row in data.judgements.values() for name in row})
    other = dict(zip(judged, rotated(judged, 29), strict=True))
    judgements = {
        query: {other[name]: grade for name, grade in row.items()} for query, row in data.judgements.items()
    }
    document = diagnosed(replace(data, judgements=judgements))
    assert faults(document)[0] == "judgements-misplaced"
    assert document["causes"][0]["found"][0]["key"] == "judgements-shuffled"


def test_half_of_the_documents_exchanged_in_the_judgements(diagnosed: Diagnosed) -> None:
    data = sample()
    judged = sorted({name for row in data.judgements.values() for name in row})[::2]
    other = dict(zip(judged, rotated(judged, 7), strict=True))
    judgements = {
        query: {other.get(name, name): grade for name, grade in row.items()}
        for query, row in data.judgements.items()
    }
    assert faults(diagnosed(replace(data, judgements=judgements)))[0] == "judgements-misplaced"


def test_few_queries_are_not_judged_by_their_fit(diagnosed: Diagnosed) -> None:
    data = sample()
    few = with_texts(data, 1, list(data.queries)[:7])
    document = diagnosed(replace(few, judgements=dict(list(data.judgements.items())[:7])))
    assert "too few judged queries" in document["unjudged"]["judgements-fit"]


# Copies of documents.


def with_copies(data: Data, change: Callable[[str], str], *, judged: bool) -> Data:
    """Add a copy of every document, judged like it or not at all."""
    copied = {f"z{name}": (title, change(text)) for name, (title, text) in data.documents.items()}
    judgements = data.judgements
    if judged:
        judgements = {
            query: row | {f"z{name}": grade for name, grade in row.items()}
            for query, row in judgements.items()
        }
    return replace(data, documents=data.documents | copied, judgements=judgements)


CHANGES: dict[str, Callable[[str], str]] = {
    "equal": str,
    "lower case": str.lower,
    "blanks": lambda text: text.replace(". ", ".  "),
    "a footer": lambda text: f"{text} Copyright 2009, all rights reserved.",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_unjudged_copies_cost_score(diagnosed: Diagnosed, change: Callable[[str], str]) -> None:
    document = diagnosed(with_copies(sample(), change, judged=False))
    assert faults(document)[0] == "duplicate-documents"
    assert document["facts"]["copies"][0]["value"] == 151  # the copies, and one pair of the sample itself
    # Equal copies counted once give the score of the sample without them, 0.87565, save for its own pair.
    score = document["facts"]["score"][0]["value"]
    assert score + document["causes"][0]["gain"] == pytest.approx(0.876, abs=0.02)


def test_copies_that_are_judged_like_their_originals_are_no_fault(diagnosed: Diagnosed) -> None:
    document = diagnosed(with_copies(sample(), str.lower, judged=True))
    assert faults(document) == []
    assert [cause["id"] for cause in document["causes"]] == ["duplicate-documents"]


# Texts in the files.


def with_queries(data: Data, change: Callable[[str], str]) -> Data:
    return replace(data, queries={name: change(text) for name, text in data.queries.items()})


def scrambled(text: str) -> str:
    """Return words of no language, one for each English word."""
    return codecs.encode(text, "rot13")


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (scrambled, "other-language"),
        (str.upper, "case-changed"),
        (lambda text: str({"_id": "7", "text": text}), "object-as-text"),
        (lambda text: f"<topic><title>{text}</title><desc></desc></topic>", "markup"),
        (lambda text: f"Given a web search query, retrieve passages that answer it: {text}", "prompt"),
    ],
    ids=["language", "capitals", "objects", "markup", "prompt"],
)
def test_query_texts_that_cost_score(diagnosed: Diagnosed, change: Callable[[str], str], cause: str) -> None:
    document = diagnosed(with_queries(sample(), change))
    assert faults(document)[0] == cause
    if cause in {"case-changed", "markup", "prompt"}:  # undone exactly, so the healthy score returns
        gain = document["causes"][0]["gain"]
        assert document["facts"]["score"][0]["value"] + gain == pytest.approx(0.87565, abs=0.003)


def test_a_corpus_in_another_language_is_no_fault(diagnosed: Diagnosed) -> None:
    data = with_queries(sample(), scrambled)
    documents = {name: (scrambled(title), scrambled(text)) for name, (title, text) in data.documents.items()}
    assert faults(diagnosed(replace(data, documents=documents))) == []


# Grades.


def test_a_grade_of_99_is_unknown(diagnosed: Diagnosed) -> None:
    data = sample()
    judgements = {
        query: {name: 99 if place % 3 == 0 else grade for name, grade in row.items()}
        for place, (query, row) in enumerate(data.judgements.items())
    }
    document = diagnosed(replace(data, judgements=judgements))
    assert faults(document) == ["unknown-grades"]
    assert document["causes"][0]["found"][0]["values"]["largest"] == 99


def test_documents_that_are_judged_and_not_relevant_are_no_fault(diagnosed: Diagnosed) -> None:
    data, names = sample(), list(sample().documents)
    judgements = {
        query: {**{names[(7 * place + step) % 150]: -1 for step in range(3)}, **row}
        for place, (query, row) in enumerate(data.judgements.items())
    }
    assert faults(diagnosed(replace(data, judgements=judgements))) == []

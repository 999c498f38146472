"""searchapp diagnose on files that do not fit together: the cause comes first, and is never a traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.corpora.ids import fitting_change
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from tests.conftest import Cli, MakeFolder

HEALTHY = 0.87565  # nDCG@10 of the bundled model on the sample (`searchapp eval sample`)

Edit = Callable[[dict[str, Any]], None]


def diagnosed(cli: Cli, *arguments: str) -> dict[str, Any]:
    """Diagnose, and return the document; the exit code must fit the verdict."""
    result = cli("diagnose", *arguments, "--quick", "--json")
    document: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (3 if document["verdict"] in {"fault", "low"} else 0)
    return document


@pytest.fixture
def vectors(tmp_path: Path) -> Callable[[Edit], str]:
    """Write the bundled model's vectors of the sample, edited: rows and ids of both sides by file name."""

    def write(edit: Edit) -> str:
        corpus, encoder = open_corpus("sample"), load_encoder("wordllama")
        documents = list(corpus.documents())
        files: dict[str, Any] = {
            "documents.npy": encoder.encode_documents(documents),
            "documents.txt": [document.id for document in documents],
            "queries.npy": encoder.encode_queries(corpus.queries),
            "queries.txt": [query.id for query in corpus.queries],
        }
        edit(files)
        folder = tmp_path / "vectors"
        folder.mkdir()
        for name, content in files.items():
            if name.endswith(".npy"):
                np.save(folder / name, content)
            else:
                (folder / name).write_text("".join(f"{one}\n" for one in content), "utf-8")
        return f"npy:{folder}"

    return write


def change(name: str, how: Callable[[Any], Any]) -> Edit:
    """Return the edit of one file."""

    def edit(files: dict[str, Any]) -> None:
        files[name] = how(files[name])

    return edit


@pytest.mark.parametrize(
    ("cause", "evidence", "edit"),
    [
        ("dimensions-differ", "256 dimensions, the queries 64", change("queries.npy", lambda v: v[:, :64])),
        ("rows-without-ids", "has 149 rows, documents.txt has 150", change("documents.npy", lambda v: v[1:])),
        ("rows-without-ids", "has the shape (38400,)", change("documents.npy", np.ravel)),
        ("wrong-dtype", "holds complex64", change("documents.npy", lambda v: v.astype("complex64"))),
        ("wrong-dtype", "holds <U8", change("queries.npy", lambda v: v.astype("U8"))),
        ("wrong-dtype", "holds Python objects", change("queries.npy", lambda v: v.astype(object))),
        ("duplicate-vector-ids", "1 of the 150 ids", change("documents.txt", lambda ids: [ids[1], *ids[1:]])),
        ("queries-missing", "37 of the 40 judged", lambda files: files.update(
            {"queries.npy": files["queries.npy"][:3], "queries.txt": files["queries.txt"][:3]})),
        ("foreign-ids", "where the corpus has", change("documents.txt", lambda ids: [
            f"x{hash(name)}" for name in ids])),
    ],
)  # fmt: skip
def test_files_that_do_not_fit_are_named_first(
    cli: Cli, vectors: Callable[[Edit], str], cause: str, evidence: str, edit: Edit
) -> None:
    document = diagnosed(cli, "sample", "-m", vectors(edit))
    assert document["causes"][0]["id"] == cause
    assert document["verdict"] == "fault"
    assert evidence in document["causes"][0]["found"][0]["evidence"]


@pytest.mark.parametrize(
    ("file", "how", "said"),
    [
        ("documents.txt", str.upper, "when case is ignored"),
        ("documents.txt", lambda name: f"doc-{name}", "without 'doc-' in front"),
        ("documents.txt", lambda name: f"{name}.txt", "without '.txt' at the end"),
        ("documents.txt", lambda name: f" {name} ", "without the white space around them"),
        ("documents.txt", lambda name: name.removeprefix("d"), "with 'd' in front"),
        ("documents.txt", lambda name: f"{name[0]}000{name[1:]}", "without zeros in front"),
        ("queries.txt", lambda name: f"query_{name}", "without 'query_' in front"),
    ],
)
def test_ids_that_fit_after_a_change_are_worth_the_whole_score(
    cli: Cli, vectors: Callable[[Edit], str], file: str, how: Callable[[str], str], said: str
) -> None:
    document = diagnosed(cli, "sample", "-m", vectors(change(file, lambda ids: [how(name) for name in ids])))
    first = document["causes"][0]
    assert first["id"] == "foreign-ids"
    assert f"; {said}, 100 % of them fit." in first["found"][0]["evidence"]
    assert first["gain"] == pytest.approx(HEALTHY, abs=5e-6)


@pytest.mark.parametrize(
    ("foreign", "known", "description"),
    [
        (["12.0", "7.0"], ["12", "7"], "without '.0' at the end"),
        (["a_b", "C-D"], ["A-B", "c d"], "without punctuation and case"),
        (["doc/7", "x12"], ["MED-7", "MED-12"], "by their last number alone"),
        (["1234", "5678"], ["123456", "567890"], "as the first 4 characters of the corpus's"),
        (["0", "1", "2"], ["x", "y", "z"], "as row numbers that begin at 0"),
        (["1", "2", "3"], ["x", "y", "z"], "as row numbers that begin at 1"),
    ],
)
def test_the_change_of_ids_is_found(foreign: list[str], known: list[str], description: str) -> None:
    change = fitting_change(foreign, known)
    assert change is not None
    assert change.description == description
    assert len(set(change.mapping.values())) == len(foreign)


def test_unrelated_ids_fit_by_no_change() -> None:
    assert fitting_change(["alpha", "beta"], ["MED-1", "MED-2"]) is None


@pytest.mark.parametrize(
    ("queries", "qrels", "cause", "evidence"),
    [
        ({"q1": "apple", "q2": "plum"}, [("q1", "d1", 0), ("q2", "d2", 0)], "nothing-relevant", "grades: 0"),
        (
            {"q1": "apple", "q2": "plum", "q3": "fig"},
            [("q1", "d1", 0), ("q2", "d2", 0), ("q3", "d1", 1)],
            "nothing-relevant",
            "2 of the 3 judged queries",
        ),
        ({"q1": "apple", "q2": ""}, [("q1", "d1", 1), ("q2", "d2", 1)], "queries-without-text", "1 of the 2"),
        ({"q1": "apple", "q2": "fig"}, [("Q1", "d1", 1), ("Q2", "d2", 1)], "foreign-ids", "case is ignored"),
        ({"q1": "apple"}, [("q1", "d1", 1), ("q7", "d2", 1)], "queries-without-text", "first: 'q7'"),
    ],
)
def test_judgements_that_judge_nothing_are_named(
    cli: Cli, make_corpus: MakeFolder, queries: dict[str, str], qrels: Any, cause: str, evidence: str
) -> None:
    document = diagnosed(cli, str(make_corpus(queries=queries, qrels=qrels)))
    first = document["causes"][0]
    assert (first["id"], document["verdict"]) == (cause, "fault")
    assert evidence in first["found"][0]["evidence"]


def test_an_index_whose_files_changed_is_named_before_what_follows(cli: Cli, tmp_path: Path) -> None:
    assert cli("index", "sample").exit_code == 0
    file = next((tmp_path / "indexes").glob("*/*/flat/vectors.npy"))
    stored = np.load(file)
    np.save(file, np.concatenate([np.zeros_like(stored[:75]), stored[75:]]))
    document = diagnosed(cli, "sample")
    assert [cause["id"] for cause in document["causes"]][:2] == ["damaged-index", "zero-vectors"]
    assert "vectors.npy in " in document["causes"][0]["found"][0]["evidence"]
    np.save(file, stored[:, :64])
    assert diagnosed(cli, "sample")["causes"][0]["id"] == "damaged-index"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--made-by", "wordllama"), "--made-by names the model behind -m npy:FOLDER"),
        (("-m", "npy:x", "--kind", "flat"), "--kind has no effect with -m npy:FOLDER"),
        (("-m", "npy:x", "--max-length", "5"), "--max-length has no effect with -m npy:FOLDER without"),
        (("--run", "x", "--template", "{text}"), "--template has no effect with --run without -m MODEL"),
    ],
)
def test_an_option_without_effect_is_refused(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    result = cli("diagnose", "sample", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr

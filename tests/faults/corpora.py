"""Corpora of the benchmark: those that exist, and the fresh ones, which are made from other data."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from searchapp.corpora.resolve import open_corpus
from searchapp.records import Document, Judgements, Query
from tests.faults.cases import SPLITS
from tests.real_data import TEST_DATA


@dataclass(frozen=True)
class Data:
    """A corpus: `name` is what a user writes, `queries` are those that are judged."""

    name: str
    documents: list[Document]
    queries: list[Query]
    judgements: Judgements


@cache
def data(name: str, work: Path) -> Data:
    """Return a corpus of the benchmark; a fresh one is made in `work` when it is first asked for."""
    where = name
    if name in SPLITS["held"].corpora:
        where = str(TEST_DATA / "corpora" / name)
    elif name in FRESH:
        folder = work / "corpora" / name
        where = str(folder) if folder.exists() else beir(folder, *FRESH[name]())
    corpus = open_corpus(where)
    grades = corpus.judgements
    asked = [query for query in corpus.queries if query.id in grades]
    return Data(where, list(corpus.documents()), asked, grades)


Made = tuple[list[Document], list[Query], list[str]]


def _banking77() -> Made:
    """Questions of a bank's customers: those of the training split with the same intent are relevant."""
    chance = random.Random(77)
    texts = {split: _lines(f"Banking77Classification/{split}") for split in ("train", "test")}
    documents = chance.sample(texts["train"], 2500)
    asked = chance.sample(texts["test"], 200)
    judged = [
        f"q{query}\td{row}\t1"
        for query, one in enumerate(asked)
        for row, item in enumerate(documents)
        if item["label"] == one["label"]
    ]
    items = [Document(f"d{row}", "", item["text"]) for row, item in enumerate(documents)]
    return items, [Query(f"q{row}", item["text"]) for row, item in enumerate(asked)], judged


def _stsb() -> Made:
    """Pairs of sentences: the second of a pair is relevant to the first where people gave 4 of 5 or more."""
    pairs = _lines("STSBenchmark/test")
    texts = list(dict.fromkeys(pair["sentence2"].strip() for pair in pairs))
    rows = {text: f"s{row}" for row, text in enumerate(texts)}
    close = {
        pair["sentence1"].strip(): rows[pair["sentence2"].strip()] for pair in pairs if pair["score"] >= 4
    }
    judged = [f"p{row}\t{name}\t1" for row, name in enumerate(close.values())]
    queries = [Query(f"p{row}", text) for row, text in enumerate(close)]
    return [Document(name, "", text) for text, name in rows.items()], queries, judged


def _other_split(name: str, split: str) -> Made:
    """Return a corpus with 200 queries of another split than the published one."""
    corpus = open_corpus(f"beir/{name}/{split}")
    grades = corpus.judgements
    asked = [query for query in corpus.queries if query.id in grades]
    chosen = random.Random(5).sample(asked, 200)
    judgements = {query.id: grades[query.id] for query in chosen}
    return list(corpus.documents()), chosen, judgement_lines(judgements)


FRESH: dict[str, Callable[[], Made]] = {
    "banking77": _banking77,
    "stsb": _stsb,
    "nfcorpus-dev": lambda: _other_split("nfcorpus", "dev"),
    "scifact-train": lambda: _other_split("scifact", "train"),
}


def _lines(name: str) -> list[dict[str, Any]]:
    text = (TEST_DATA / "suite" / f"{name}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def beir(folder: Path, documents: Sequence[Document], queries: Sequence[Query], lines: Sequence[str]) -> str:
    """Write a corpus as a BEIR folder and return its path; `lines` are those of the judgements."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    records = {
        "corpus": [{"_id": item.id, "title": item.title, "text": item.text} for item in documents],
        "queries": [{"_id": item.id, "text": item.text} for item in queries],
    }
    for name, rows in records.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
    (folder / "qrels" / "test.tsv").write_text("\n".join(("query-id\tcorpus-id\tscore", *lines, "")), "utf-8")
    return str(folder)


def judgement_lines(judgements: Judgements) -> list[str]:
    """Return the lines of a file of judgements."""
    return [f"{query}\t{name}\t{grade}" for query, row in judgements.items() for name, grade in row.items()]

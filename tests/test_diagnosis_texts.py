"""diagnose -m npy:FOLDER, with and without --made-by: what was done to texts and rows."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.diagnosis.tokens import token_table
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.texts import assemble
from searchapp.encoders.vectors import Floats, unit
from searchapp.records import Document, Query
from tests.conftest import Cli

Read = Callable[[Document], str]
Change = Callable[[Floats], Floats]


@cache
def encoder() -> StaticEncoder:
    opened = load_encoder("wordllama")
    assert isinstance(opened, StaticEncoder)
    return opened


@cache
def texts() -> tuple[list[Document], list[Query]]:
    corpus = open_corpus("sample")
    return list(corpus.documents()), list(corpus.queries)


@cache
def healthy() -> tuple[Floats, Floats]:
    documents, queries = texts()
    return encoder().encode_documents(documents), encoder().encode_queries(queries)


def documents_as(read: Read, share: float = 1.0) -> tuple[Floats, Floats]:
    """Return the vectors of the sample, a share of the documents encoded as `read` gives them."""
    documents, queries = healthy()
    changed = documents.copy()
    step = round(1 / share)
    chosen = texts()[0][::step]
    changed[::step] = encoder().encode_documents([Document(one.id, "", read(one)) for one in chosen])
    return changed, queries


def queries_as(read: Callable[[str], str]) -> tuple[Floats, Floats]:
    documents, _ = healthy()
    return documents, encoder().encode_queries([Query(one.id, read(one.text)) for one in texts()[1]])


def diagnosed(cli: Cli, folder: Path, stored: tuple[Floats, Floats], *options: str) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    documents, queries = texts()
    names = [one.id for one in documents], [one.id for one in queries]
    for side, vectors, ids in zip(("documents", "queries"), stored, names, strict=True):
        np.save(folder / f"{side}.npy", vectors)
        (folder / f"{side}.txt").write_text("".join(f"{name}\n" for name in ids), "utf-8")
    result = cli("diagnose", "sample", "-m", f"npy:{folder}", "--quick", "--json", *options)
    document: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (3 if any(cause["fault"] for cause in document["causes"]) else 0)
    return document


def first_fault(document: dict[str, Any]) -> tuple[str, str]:
    faults = [cause for cause in document["causes"] if cause["fault"]]
    return (faults[0]["id"], faults[0]["found"][0]["evidence"]) if faults else ("", "")


INSTRUCTION = "Zebra crossing in the northern harbour: "

DOCUMENTS: dict[str, tuple[Read, float, str, str]] = {
    "title": (lambda d: d.text, 0.05, "title-dropped", "without the title"),
    "text": (lambda d: d.title or d.text, 0.5, "text-dropped", "without the text"),
    "characters": (lambda d: assemble(d)[:83], 1.0, "truncated", "cut to the first 83 characters"),
    "words": (lambda d: " ".join(assemble(d).split()[:9]), 1.0, "truncated", "cut to the first 9 words"),
    "last": (lambda d: " ".join(assemble(d).split()[-8:]), 1.0, "truncated", "cut to the last 8 words"),
    "prompt": (lambda d: INSTRUCTION + assemble(d), 0.5, "prompt", "'▁northern'"),
    "tags": (lambda d: f"<div><b>{assemble(d)}</b></div>", 0.5, "markup", "the same text besides their own"),
    "breaks": (lambda d: assemble(d).replace(". ", ".<br>"), 1.0, "markup", "<br> tag after every sentence"),
    "dict": (lambda d: str({"_id": d.id, "title": d.title, "text": d.text}), 1.0, "object-as-text", "dict"),
    "json": (lambda d: json.dumps({"title": d.title, "body": d.text}), 1.0, "object-as-text", "JSON"),
    "none": (lambda d: f"None {d.text}", 0.05, "object-as-text", "'None' for a title"),
    "case": (lambda d: assemble(d).upper(), 1.0, "case-changed", "in upper case"),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_was_done_to_documents_is_reproduced(name: str, cli: Cli, tmp_path: Path) -> None:
    read, share, cause, said = DOCUMENTS[name]
    document = diagnosed(cli, tmp_path / name, documents_as(read, share), "--made-by", "wordllama")
    named, evidence = first_fault(document)
    assert named == cause
    assert said in evidence


def test_the_share_of_the_texts_and_the_gain_are_measured(cli: Cli, tmp_path: Path) -> None:
    stored = documents_as(lambda one: assemble(one)[:83])
    document = diagnosed(cli, tmp_path / "cut", stored, "--made-by", "wordllama")
    first = document["causes"][0]
    # 0.87565 is the score of the healthy model.
    assert document["facts"]["score"][0]["value"] + first["gain"] == pytest.approx(0.87565, abs=1e-5)
    # Of the 150 documents, few are hardly longer than that; 48 were examined.
    assert 0.8 < first["found"][0]["share"] <= 1.0


@pytest.mark.parametrize(
    ("read", "cause"),
    [
        (str.upper, "case-changed"),
        (lambda text: INSTRUCTION + text, "prompt"),
        (lambda text: f"<p>{text}</p>", "markup"),
        (lambda text: str({"text": text}), "object-as-text"),
    ],
)
def test_what_was_done_to_queries_is_reproduced(
    read: Callable[[str], str], cause: str, cli: Cli, tmp_path: Path
) -> None:
    document = diagnosed(cli, tmp_path / cause, queries_as(read), "--made-by", "wordllama")
    assert first_fault(document)[0] == cause


def test_max_pooling_is_named(cli: Cli, tmp_path: Path) -> None:
    table = token_table(encoder())
    documents = table.pooled(table.tokenize([assemble(one) for one in texts()[0]]), "max")
    document = diagnosed(cli, tmp_path / "max", (documents, healthy()[1]), "--made-by", "wordllama")
    assert first_fault(document)[0] == "pooling"


def rotation(vectors: Floats) -> Floats:
    size = vectors.shape[1]
    turn = np.linalg.qr(np.random.default_rng(5).standard_normal((size, size)))[0]
    turned: Floats = (vectors @ turn).astype(np.float32)
    return turned


def long_constant(vectors: Floats) -> Floats:
    return unit(vectors + unit(np.random.default_rng(9).standard_normal((1, 256)).astype(np.float32)))


def mixed(vectors: Floats) -> Floats:
    return unit(vectors + np.roll(vectors, 1, axis=0))


def mixed_in_batches(vectors: Floats) -> Floats:
    starts = np.arange(len(vectors)) // 8 * 8
    means = np.stack([vectors[start : start + 8].mean(axis=0) for start in starts])
    return unit(vectors + means)


def shuffled(vectors: Floats) -> Floats:
    return vectors[np.random.default_rng(1).permutation(len(vectors))]


def shifted(vectors: Floats) -> Floats:
    return np.roll(vectors, 7, axis=0)


def shifted_later(vectors: Floats) -> Floats:
    return np.concatenate([vectors[:60], vectors[-1:], vectors[60:-1]])


def kept(vectors: Floats) -> Floats:
    return vectors


@pytest.mark.parametrize("made_by", [True, False])
@pytest.mark.parametrize(
    ("on_documents", "on_queries", "cause"),
    [
        (mixed, kept, "blended-rows"),
        (mixed_in_batches, kept, "blended-rows"),
        (shuffled, kept, "order-lost"),
        (kept, shuffled, "order-lost"),
        (shifted, kept, "rows-offset"),
        (shifted_later, kept, "rows-offset"),
        (kept, shifted, "queries-offset"),
        (rotation, kept, "mixed-encoders"),
        (rotation, rotation, ""),
        (long_constant, long_constant, ""),
        (kept, kept, ""),
    ],
)
def test_what_was_done_to_rows_is_named_with_and_without_the_model(
    on_documents: Change, on_queries: Change, cause: str, made_by: bool, cli: Cli, tmp_path: Path
) -> None:
    documents, queries = healthy()
    options = ("--made-by", "wordllama") if made_by else ()
    stored = on_documents(documents), on_queries(queries)
    assert first_fault(diagnosed(cli, tmp_path / "rows", stored, *options))[0] == cause


@pytest.mark.parametrize("made_by", [True, False])
def test_another_model_from_some_row_on_is_named(made_by: bool, cli: Cli, tmp_path: Path) -> None:
    documents, queries = healthy()
    stored = np.concatenate([documents[:90], rotation(documents)[90:]])
    options = ("--made-by", "wordllama") if made_by else ()
    document = diagnosed(cli, tmp_path / "two", (stored, queries), *options)
    named, evidence = first_fault(document)
    assert (named, "row 90" in evidence or "row 91" in evidence) == ("mixed-encoders", True)


def test_a_cut_that_costs_nothing_is_a_remark(cli: Cli, tmp_path: Path) -> None:
    stored = documents_as(lambda one: assemble(one)[:300])
    document = diagnosed(cli, tmp_path / "long", stored, "--made-by", "wordllama")
    assert first_fault(document) == ("", "")
    assert [cause["id"] for cause in document["causes"]] == ["truncated"]

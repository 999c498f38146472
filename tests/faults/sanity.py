"""Files that do not fit together: precomputed vectors, and indexes that were damaged or grew stale."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.records import Document
from tests.faults.box import Box
from tests.faults.cases import STATIC, fault
from tests.faults.corpora import beir, judgement_lines
from tests.faults.data import SPELLINGS
from tests.faults.models import Table

STORED: dict[str, Any] = {"entries": ("npy", "made-by")}
INDEXED: dict[str, Any] = {"models": STATIC}


# Precomputed vectors.


def written(
    box: Box,
    documents: NDArray[Any],
    queries: NDArray[Any] | None = None,
    *,
    ids: Sequence[str] | None = None,
    asked: Sequence[str] | None = None,
) -> list[str]:
    box.write_vectors(documents, box.vectors[1] if queries is None else queries, ids=ids, asked=asked)
    return box.npy()


@fault("sanity", "dimensions-differ", held=("documents", "queries"), calibration=("queries",), **STORED)
def dimensions_differ(box: Box, side: str) -> list[str]:
    documents, queries = box.vectors
    return (
        written(box, documents[:, :-8], queries)
        if side == "documents"
        else written(box, documents, queries[:, :-8])
    )


@fault(
    "sanity",
    "dimensions-differ",
    "few-dimensions",  # what is stored are the first of the model's dimensions
    also=("mixed-encoders",),
    held=(None,),
    calibration=(None,),
    entries=("made-by",),
    models=STATIC,
)
def dimensions_differ_from_model(box: Box, _severity: None) -> list[str]:
    return written(box, *(np.ascontiguousarray(side[:, :-10]) for side in box.vectors))


@fault(
    "sanity",
    "rows-without-ids",
    held=("header", "one less", "twice"),
    calibration=("header", "half"),
    **STORED,
)
def rows_without_ids(box: Box, how: str) -> list[str]:
    ids = box.ids
    lists = {"header": ["_id", *ids], "one less": ids[:-1], "twice": ids + ids, "half": ids[: len(ids) // 2]}
    return written(box, box.vectors[0], ids=lists[how])


@fault("sanity", "rows-without-ids", held=("less",), calibration=("more",), **STORED)
def queries_without_ids(box: Box, how: str) -> list[str]:
    return written(box, box.vectors[0], asked=box.asked[:-3] if how == "less" else [*box.asked, "one-more"])


@fault("sanity", "duplicate-vector-ids", held=(0.02, 0.3), calibration=(0.1,), **STORED)
def ids_twice(box: Box, share: float) -> list[str]:
    ids = list(box.ids)
    for row in box.some(len(ids) - 1, share):
        ids[row] = ids[-1] if share < 0.1 else ids[row + 1]
    return written(box, box.vectors[0], ids=ids)


DTYPES: dict[str, Callable[[Any], Any]] = {
    "int8": lambda side: (side * 127).astype(np.int8),
    "int32": lambda side: (side * 1000).astype(np.int32),
    "uint8": lambda side: ((side + 1) * 127).astype(np.uint8),
    "complex": lambda side: side.astype(np.complex64),
    "strings": lambda side: side[:, :8].astype("U12"),
    "objects": lambda side: side[:, :8].astype(object),
    "bool": lambda side: side > 0,
}


@fault(
    "sanity",
    "wrong-dtype",
    held=("int8", "complex", "strings", "objects", "bool"),
    calibration=("int32", "objects"),
    **STORED,
)
def wrong_dtype(box: Box, how: str) -> list[str]:
    return written(box, *(DTYPES[how](side) for side in box.vectors))


@fault(
    "sanity",
    "foreign-ids",
    also=("documents-missing",),
    held=("padded", "case", "suffix", "passage"),
    calibration=("prefix", "float"),
    **STORED,
)
def vectors_name_documents_otherwise(box: Box, how: str) -> list[str]:
    return written(box, box.vectors[0], ids=[SPELLINGS[how](name) for name in box.ids])


@fault(
    "sanity",
    "foreign-ids",
    also=("queries-missing",),
    held=("padded", "prefix", "case"),
    calibration=("suffix",),
    **STORED,
)
def vectors_name_queries_otherwise(box: Box, how: str) -> list[str]:
    return written(box, box.vectors[0], asked=[SPELLINGS[how](name) for name in box.asked])


@fault("sanity", "documents-missing", held=(0.1, 0.5), calibration=(0.3,), **STORED)
def documents_without_vectors(box: Box, share: float) -> list[str]:
    keep = len(box.ids) - round(share * len(box.ids))
    return written(box, box.vectors[0][:keep], ids=box.ids[:keep])


@fault("sanity", "queries-missing", held=(0.1, 0.9), calibration=(0.3,), **STORED)
def queries_without_vectors(box: Box, share: float) -> list[str]:
    keep = max(1, len(box.asked) - round(share * len(box.asked)))
    return written(box, box.vectors[0], box.vectors[1][:keep], asked=box.asked[:keep])


@fault(
    "sanity",
    "foreign-ids",
    "documents-missing",
    "queries-missing",
    held=(None,),
    calibration=(None,),
    entries=("npy",),
)
def vectors_of_another_corpus(box: Box, _severity: None) -> list[str]:
    documents, queries = box.vectors
    ids, asked = (
        [f"{side}-{row}" for row in range(len(array))] for side, array in (("d", documents), ("q", queries))
    )
    return written(box, documents, queries, ids=ids, asked=asked)


# Indexes.


def indexed(box: Box, model: str, corpus: str) -> Path:
    """Build an index as a user does; return its folder."""
    from searchapp.cli import app

    app(["index", corpus, "-m", model], prog_name="searchapp", standalone_mode=False)
    (manifest,) = (box.folder / "indexes").rglob("manifest.json")
    return manifest.parent


@fault(
    "sanity",
    "damaged-index",
    held=("zeroed", "flipped", "swapped"),
    calibration=("flipped", "noise"),
    **INDEXED,
)
def index_damaged(box: Box, how: str) -> list[str]:
    folder = indexed(box, box.model, box.data.name)
    vectors = np.load(folder / "vectors.npy")
    rows = box.some(len(vectors), 0.3)
    if how == "swapped":
        vectors[rows] = vectors[rows[::-1]]
    elif how == "noise":
        vectors += box.rng.normal(0, 0.2, vectors.shape).astype(vectors.dtype)
    else:
        vectors[rows] = -vectors[rows] if how == "flipped" else 0
    np.save(folder / "vectors.npy", vectors)
    return ["diagnose", box.data.name, "-m", box.model]


@fault("sanity", "damaged-index", held=("cut",), calibration=("cut",), **INDEXED)
def index_cut(box: Box, _how: str) -> list[str]:
    file = indexed(box, box.model, box.data.name) / "vectors.npy"
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 2 // 3])
    return ["diagnose", box.data.name, "-m", box.model]


def replaced(box: Box, table: Table) -> list[str]:
    """Build an index with a model, then replace the model in the same folder."""
    folder = box.table().save(box.folder / "model")
    indexed(box, str(folder), box.data.name)
    table.save(folder)
    return ["diagnose", box.data.name, "-m", str(folder)]


@fault(
    "sanity",
    "stale-index",
    also=("mixed-encoders",),
    held=("rotated", "tuned"),
    calibration=("rotated",),
    **INDEXED,
)
def model_replaced(box: Box, how: str) -> list[str]:
    table = box.table()
    turn = np.linalg.qr(box.rng.standard_normal((table.rows.shape[1],) * 2))[0]
    change = (
        table.rows @ turn
        if how == "rotated"
        else table.rows * box.rng.uniform(0.5, 1.5, (len(table.rows), 1))
    )
    return replaced(box, replace(table, rows=change.astype(np.float32)))


@fault("sanity", "dimensions-differ", also=("stale-index",), held=(None,), calibration=(None,), **INDEXED)
def model_replaced_by_smaller(box: Box, _severity: None) -> list[str]:
    table = box.table()
    return replaced(box, replace(table, rows=table.rows[:, :-16]))


@fault(
    "sanity",
    "stale-index",
    also=("documents-missing", "corpus-differs"),
    held=("texts", "more"),
    calibration=("more",),
    **INDEXED,
)
def corpus_changed(box: Box, how: str) -> list[str]:
    items, folder = list(box.data.documents), box.folder / "corpus"
    old = (
        [Document(item.id, "", item.text[:40] or item.title) for item in items]
        if how == "texts"
        else items[: len(items) * 2 // 3]
    )
    lines = judgement_lines(box.data.judgements)
    indexed(
        box,
        box.model,
        beir(
            folder,
            old,
            box.data.queries,
            lines
            if how == "texts"
            else [line for line in lines if line.split("\t")[1] in {one.id for one in old}],
        ),
    )
    return ["diagnose", beir(folder, items, box.data.queries, lines), "-m", box.model]

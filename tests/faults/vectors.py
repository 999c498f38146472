"""Vectors whose geometry, order or origin is wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np

from searchapp.encoders.vectors import unit
from tests.faults.bases import Floats
from tests.faults.box import Box
from tests.faults.cases import LARGE, STATIC, fault

ALL: dict[str, Any] = {"entries": ("npy", "made-by", "run-model", "run")}
STORED: dict[str, Any] = {"entries": ("npy", "made-by")}
RANKED: dict[str, Any] = {"entries": ("npy", "made-by", "run-model")}


def random_units(box: Box, count: int, dimensions: int) -> Floats:
    return unit(box.rng.standard_normal((count, dimensions)).astype(np.float32))


def rotation(box: Box, dimensions: int) -> Floats:
    return np.linalg.qr(box.rng.standard_normal((dimensions, dimensions)))[0].astype(np.float32)


# Order.


@fault("order", "rows-offset", held=(1, -1, 3), calibration=(-2, 1), **ALL)
def rows_shifted(box: Box, by: int) -> list[str]:
    return box.deliver(np.roll(box.vectors[0], by, axis=0))


@fault(
    "order",
    "rows-offset",
    also=("some-rows-misplaced", "order-lost"),
    held=(0.2, 0.6),
    calibration=(0.4,),
    corpora=LARGE,
    **STORED,
)
def rows_shifted_from(box: Box, start: float) -> list[str]:
    """A row was lost and the rest moved up; the last row is doubled."""
    documents = box.vectors[0].copy()
    first = int(start * len(documents))
    documents[first:-1] = documents[first + 1 :]
    return box.deliver(documents)


@fault("order", "queries-offset", held=(1, -1, 2), calibration=(1, -2), **ALL)
def queries_shifted(box: Box, by: int) -> list[str]:
    return box.deliver(box.vectors[0], np.roll(box.vectors[1], by, axis=0))


ORDERS: dict[str, Callable[[Box, int], Any]] = {
    "random": lambda box, count: box.rng.permutation(count),
    "reversed": lambda _box, count: np.arange(count)[::-1],
    "sorted ids": lambda box, _count: np.array(
        sorted(range(len(box.ids)), key=lambda row: box.ids[row][::-1])
    ),
    "by length": lambda box, _count: np.argsort([-len(text) for text in box.texts()], kind="stable"),
    "batches of 32": lambda box, count: _batches(box, count, 32),
    "batches of 128": lambda box, count: _batches(box, count, 128),
    "batches of 500": lambda box, count: _batches(box, count, 500),
    "interleaved": lambda _box, count: np.concatenate([np.arange(part, count, 4) for part in range(4)]),
}


def _batches(box: Box, count: int, size: int) -> Any:
    lengths = np.array([len(text) for text in box.texts()])
    parts = [np.arange(start, min(start + size, count)) for start in range(0, count, size)]
    return np.concatenate([part[np.argsort(-lengths[part], kind="stable")] for part in parts])


@fault(
    "order",
    "order-lost",
    also=("rows-offset", "some-rows-misplaced"),
    held=("random", "by length", "batches of 128", "interleaved", "reversed"),
    calibration=("random", "batches of 32", "sorted ids"),
    **ALL,
)
def rows_disordered(box: Box, how: str) -> list[str]:
    return box.deliver(box.vectors[0][ORDERS[how](box, len(box.ids))])


@fault(
    "order", "order-lost", "rows-offset", "some-rows-misplaced", held=(0.5, 0.35), calibration=(0.4,), **ALL
)
def shards_exchanged(box: Box, share: float) -> list[str]:
    """Two parts were written in the wrong order, which shifts each of them by the length of the other."""
    return box.deliver(np.roll(box.vectors[0], int(share * len(box.ids)), axis=0))


@fault("order", "order-lost", "queries-offset", held=("random", "reversed"), calibration=("random",), **ALL)
def queries_disordered(box: Box, how: str) -> list[str]:
    queries = box.vectors[1]
    order = box.rng.permutation(len(queries)) if how == "random" else np.arange(len(queries))[::-1]
    return box.deliver(box.vectors[0], queries[order])


@fault(
    "order",
    "some-rows-misplaced",
    also=("order-lost",),
    held=(0.08, 0.2, 0.45),
    calibration=(0.15, 0.35),
    **ALL,
)
def some_rows_misplaced(box: Box, share: float) -> list[str]:
    documents = box.vectors[0].copy()
    rows = box.some(len(documents), share)
    documents[rows] = documents[np.roll(rows, len(rows) // 2 + 1)]
    return box.deliver(documents)


# Origin.


def coordinates(box: Box, how: str) -> Callable[[Floats], Floats]:
    size = box.vectors[0].shape[1]
    turn, order, signs = (
        rotation(box, size),
        box.rng.permutation(size),
        np.sign(box.rng.standard_normal(size)),
    )
    return {
        "rotation": lambda side: side @ turn,
        "permutation": lambda side: side[:, order],
        "signs": lambda side: side * signs.astype(np.float32),
        "reversed": lambda side: np.ascontiguousarray(side[:, ::-1]),
    }[how]


@fault(
    "mixed",
    "mixed-encoders",
    held=("rotation", "permutation", "reversed"),
    calibration=("rotation", "signs"),
    **RANKED,
)
def queries_of_another_model(box: Box, how: str) -> list[str]:
    return box.deliver(box.vectors[0], coordinates(box, how)(box.vectors[1]))


@fault("mixed", "mixed-encoders", held=(0.3, 0.7), calibration=(0.5,), **RANKED)
def another_model_from_some_row(box: Box, start: float) -> list[str]:
    documents = box.vectors[0].copy()
    first = int(start * len(documents))
    documents[first:] = coordinates(box, "rotation")(documents[first:])
    return box.deliver(documents)


@fault("mixed", "mixed-encoders", held=(None,), calibration=(None,), models=STATIC, **RANKED)
def queries_of_a_real_other(box: Box, _severity: None) -> list[str]:
    """The queries by another published model, cut or padded to as many dimensions."""
    other = "words" if box.case.model in {"potion", "reduced"} else "potion"
    size = box.vectors[0].shape[1]
    queries = box.encode([query.text for query in box.data.queries], box.bases.model(other))[:, :size]
    return box.deliver(box.vectors[0], np.pad(queries, ((0, 0), (0, size - queries.shape[1]))))


@fault(
    "mixed",
    "mixed-encoders",
    also=("stale-index",),
    held=(0.5, 0.2),
    calibration=(0.3,),
    models=STATIC,
    entries=("made-by",),
)
def every_other_row(box: Box, share: float) -> list[str]:
    documents = box.vectors[0].copy()
    rows = box.some(len(documents), share)
    documents[rows] = coordinates(box, "permutation")(documents[rows])
    return box.deliver(documents)


@fault("mixed", "blended-rows", held=(1, 3), calibration=(2,), **RANKED)
def blended_rows(box: Box, reach: int) -> list[str]:
    documents = box.vectors[0]
    window = range(-reach, reach + 1)
    return box.deliver(np.mean([np.roll(documents, by, axis=0) for by in window], axis=0))


@fault("mixed", "blended-rows", also=("rows-offset",), held=(0.7,), calibration=(0.6,), **STORED)
def overlapping_rows(box: Box, share: float) -> list[str]:
    documents = box.vectors[0]
    return box.deliver(share * documents + (1 - share) * np.roll(documents, 1, axis=0))


# Geometry.


@fault(
    "geometry",
    "dominant-directions",
    "hubness",
    held=((5, 1.0), (1, 3.0), (12, 0.7)),
    calibration=((3, 1.0), (1, 2.0)),
    **STORED,
)
def dominant_directions(box: Box, how: tuple[int, float]) -> list[str]:
    count, strength = how
    documents, queries = box.vectors
    basis = rotation(box, documents.shape[1])[:count]

    def added(rows: int) -> Floats:
        return (strength * box.rng.standard_normal((rows, count))).astype(np.float32) @ basis

    return box.deliver(documents + added(len(documents)), queries + added(len(queries)))


@fault(
    "geometry",
    "hubness",
    "dominant-directions",
    held=((1.5, 0.8), (4.0, 0.5)),
    calibration=((2.0, 0.6),),
    **STORED,
)
def hubs(box: Box, how: tuple[float, float]) -> list[str]:
    strength, spread = how
    documents, queries = box.vectors
    shared = random_units(box, 1, documents.shape[1])

    def amplitude(rows: int) -> Floats:
        return strength * np.exp(box.rng.normal(0, spread, (rows, 1))).astype(np.float32)

    return box.deliver(
        documents + amplitude(len(documents)) * shared, queries + amplitude(len(queries)) * shared
    )


@fault(
    "geometry",
    "steep-spectrum",
    "dominant-directions",
    held=(2.5, 4.0),
    calibration=(3.0,),
    corpora=LARGE,
    **STORED,
)
def steep_spectrum(box: Box, power: float) -> list[str]:
    documents, queries = box.vectors
    mean = documents.mean(axis=0)
    _, values, directions = np.linalg.svd(documents - mean, full_matrices=False)
    weights = (values / values[0]) ** (power - 1)
    return box.deliver(*((side - mean) @ (directions.T * weights) for side in (documents, queries)))


@fault("geometry", "noise", held=(0.08, 0.15, 0.3), calibration=(0.1, 0.2), **STORED)
def noise(box: Box, deviation: float) -> list[str]:
    scale = deviation * 16 / np.sqrt(box.vectors[0].shape[1])  # as much in all models
    return box.deliver(
        *(side + box.rng.normal(0, scale, side.shape).astype(np.float32) for side in box.vectors)
    )


@fault("geometry", "noise", held=(0.15, 0.25), calibration=(0.2,), entries=("made-by",))
def noise_on_documents(box: Box, deviation: float) -> list[str]:
    documents = box.vectors[0]
    scale = deviation * 16 / np.sqrt(documents.shape[1])
    return box.deliver(documents + box.rng.normal(0, scale, documents.shape).astype(np.float32))


@fault("geometry", "few-dimensions", held=(8, 16), calibration=(8, 24), **STORED)
def few_dimensions(box: Box, kept: int) -> list[str]:
    return box.deliver(*(np.ascontiguousarray(side[:, :kept]) for side in box.vectors))


@fault(
    "geometry",
    "few-dimensions",
    "zero-vectors",
    also=("steep-spectrum", "dominant-directions"),
    held=(8, 20),
    calibration=(12,),
    **STORED,
)
def zeroed_dimensions(box: Box, kept: int) -> list[str]:
    return box.deliver(*(np.where(np.arange(side.shape[1]) < kept, side, 0) for side in box.vectors))


@fault(
    "geometry",
    "last-components",
    also=("few-dimensions",),
    held=(0.25, 0.5),
    calibration=(0.4,),
    corpora=LARGE,
    **STORED,
)
def last_components(box: Box, share: float) -> list[str]:
    documents, queries = box.vectors
    mean = documents.mean(axis=0)
    _, directions = np.linalg.eigh((documents - mean).T @ (documents - mean))
    last = directions[:, : int(share * len(directions))].astype(np.float32)
    return box.deliver(*((side - mean) @ last for side in (documents, queries)))


@fault("geometry", "unnormalised", held=("lognormal", "length"), calibration=("lognormal",), **STORED)
def norms(box: Box, how: str) -> list[str]:
    lengths = np.array([len(text) + 20 for text in box.texts()], np.float32) / 200
    spread = np.exp(box.rng.normal(0, 0.7, len(lengths))) if how == "lognormal" else lengths**0.8
    documents = box.vectors[0] * spread.astype(np.float32)[:, None]
    return box.deliver(documents, flags=["--no-normalize"])


@fault("geometry", "clipped", held=(0.3, 0.1), calibration=(0.2,), **STORED)
def clipped(box: Box, limit: float) -> list[str]:
    """Values saturate, on top of an offset that makes them large in some dimensions."""
    documents, queries = box.vectors
    top = limit * np.abs(documents).max()
    lower = -0.05 * top
    return box.deliver(*(np.clip(side, lower, top) for side in (documents, queries)))


@fault("geometry", "overflow", held=(2.0, 3.5), calibration=(2.5,), **STORED)
def overflow(box: Box, factor: float) -> list[str]:
    scale = 127 * factor / np.abs(box.vectors[0]).max()
    return box.deliver(
        *((side * scale).astype(np.int32).astype(np.int8).astype(np.float32) for side in box.vectors)
    )


@fault("geometry", "overflow", held=("documents",), calibration=("documents",), **STORED)
def overflow_uint8(box: Box, _side: str) -> list[str]:
    scale = 127 / np.abs(box.vectors[0]).max()
    wrapped = (box.vectors[0] * scale).astype(np.int32).astype(np.uint8).astype(np.float32)
    return box.deliver(wrapped)


@fault("geometry", "wrong-sign", held=("documents", "queries"), calibration=("queries",), **ALL)
def negated(box: Box, side: str) -> list[str]:
    documents, queries = box.vectors
    return box.deliver(-documents, queries) if side == "documents" else box.deliver(documents, -queries)


@fault(
    "geometry",
    "bias",
    "hubness",
    "dominant-directions",
    held=("documents", "queries"),
    calibration=("documents",),
    entries=("made-by",),
)
def bias_on_one_side(box: Box, side: str) -> list[str]:
    documents, queries = box.vectors
    shared = 3 * random_units(box, 1, documents.shape[1])
    return (
        box.deliver(documents + shared, queries)
        if side == "documents"
        else box.deliver(documents, queries + shared)
    )


@fault("geometry", "zero-vectors", held=(0.1, 0.3), calibration=(0.2,), **STORED)
def zero_documents(box: Box, share: float) -> list[str]:
    documents = box.vectors[0].copy()
    documents[box.some(len(documents), share)] = 0
    return box.deliver(documents)


@fault("geometry", "zero-vectors", held=(0.15, 0.4), calibration=(0.25,), **STORED)
def zero_queries(box: Box, share: float) -> list[str]:
    queries = box.vectors[1].copy()
    queries[box.some(len(queries), share)] = 0
    return box.deliver(box.vectors[0], queries)


@fault(
    "geometry",
    "not-finite",
    held=(("nan", 1), ("inf", 0.05), ("-inf", 0.2)),
    calibration=(("nan", 0.1),),
    **STORED,
)
def not_finite(box: Box, how: tuple[str, float]) -> list[str]:
    value, share = how
    documents = box.vectors[0].copy()
    rows = box.some(len(documents), share) if share < 1 else box.some(len(documents), 0)
    documents[rows, 3] = float(value)
    argv = box.deliver(documents)
    box.score = None
    return argv


@fault(
    "geometry",
    "not-finite",
    held=("overflowed half precision",),
    calibration=("overflowed half precision",),
    **STORED,
)
def half_overflow(box: Box, _how: str) -> list[str]:
    with np.errstate(over="ignore"):
        sides = [(side * 400_000).astype(np.float16) for side in box.vectors]
    box.write_vectors(*sides)
    return box.npy()


@fault(
    "geometry",
    "shared-rows",
    "pooling",
    also=("dominant-directions", "hubness", "few-dimensions", "order-lost"),
    held=(8, 30),
    calibration=(20,),
    **STORED,
)
def documents_share_vectors(box: Box, count: int) -> list[str]:
    """Every document got the vector of the first of its batch, as a broadcast too many gives."""
    documents = box.vectors[0]
    return box.deliver(documents[np.arange(len(documents)) // count * count])

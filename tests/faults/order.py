"""Vectors in the wrong order, or made by two models."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults.box import Box
from tests.faults.cases import LARGE, STATIC, fault
from tests.faults.geometry import rotation
from tests.faults.models import Floats

ALL: dict[str, Any] = {"entries": ("npy", "made-by", "run-model", "run")}
STORED: dict[str, Any] = {"entries": ("npy", "made-by")}
RANKED: dict[str, Any] = {"entries": ("npy", "made-by", "run-model")}


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
    also=("stale-index", "some-rows-misplaced"),
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

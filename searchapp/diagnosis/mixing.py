"""Whole sides against the model's own vectors: rows mixed with each other, and maps of the whole space."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.cloud import Sides
from searchapp.diagnosis.measures import spread
from searchapp.encoders.vectors import Floats, unit

Rows = NDArray[np.intp]

WINDOW = 3  # rows before and after one that may be mixed into it
BATCHES = (2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 256, 512, 1024)
SAMPLE = 400
TESTED = 0.5  # share of the rows on which a map is tested; it is fitted on the others


@dataclass(frozen=True)
class Blend:
    """How rows were mixed: a description, and how many of those examined it reproduces."""

    description: str
    matching: int
    looked_at: int


def blend(
    rows: Rows, stored: Floats, expected: Callable[[Rows], Floats], total: int, sizes: Sequence[int] = BATCHES
) -> Blend | None:
    """Return how rows were mixed with others, None when they were not.

    A mixed vector lies in the span of the expected vectors that were mixed.

    Args:
        rows: (r,) stored rows that differ from the expected ones.
        stored: (n, d) unit vectors.
        expected: the expected unit vectors of stored rows.
        total: how many rows are stored, n.
        sizes: sizes of batches whose mean may be mixed in.
    """
    own = expected(rows)
    usual = 1 - np.einsum("rd,rd->r", own, stored[rows])
    enough = np.minimum(1 - limits.EXACT, limits.CLOSER * usual)
    looked_at = len(rows)

    def counted(mixed: Sequence[Floats]) -> int:
        left = [_outside(vectors, stored[row]) for vectors, row in zip(mixed, rows, strict=True)]
        return int((np.array(left) < 2 * enough).sum())

    best = Blend("", 0, looked_at)
    near = [np.arange(max(0, row - WINDOW), min(total, row + WINDOW + 1)) for row in rows]
    around = expected(np.concatenate(near))
    parts = np.split(around, np.cumsum([len(part) for part in near])[:-1])
    offers = [("with the rows next to them", parts)]
    before = [np.stack([mine, stored[max(row - 1, 0)]]) for mine, row in zip(own, rows, strict=True)]
    offers.append(("with the row stored before them", before))
    for size in sizes:
        if size >= total:
            continue
        starts = rows // size * size
        means = {
            int(start): expected(np.arange(start, min(start + size, total))).mean(axis=0)
            for start in np.unique(starts)
        }
        mixed = [np.stack([mine, means[int(start)]]) for mine, start in zip(own, starts, strict=True)]
        offers.append((f"with the mean of their batch of {size}", mixed))
    for description, mixed in offers:
        count = counted(mixed)
        if count > best.matching:
            best = Blend(description, count, looked_at)
    return best if best.matching >= limits.MOST * looked_at else None


def _outside(vectors: Floats, stored: Floats) -> float:
    """Return the share of a unit vector that lies outside the span of others."""
    weights = np.linalg.lstsq(vectors.T.astype(np.float64), stored.astype(np.float64), rcond=1e-7)[0]
    return float(((stored - vectors.T @ weights) ** 2).sum())


@dataclass(frozen=True)
class Maps:
    """Which angles were kept: among the documents, among the queries, and between both."""

    documents: bool
    queries: bool
    across: bool


def kept_angles(expected: Sides, stored: Sides) -> Maps:
    """Return whether the cosines of expected vectors, (n, d) and (q, d), are those of the stored ones."""

    def alike(left: tuple[Floats, Floats], right: tuple[Floats, Floats]) -> bool:
        (a, b), (c, d) = left, right
        return bool(np.abs(a @ b.T - c @ d.T).mean() < limits.SAME_ANGLE)

    chosen = spread(len(expected.documents), SAMPLE), spread(len(expected.queries), SAMPLE)
    old, new = (Sides(side.documents[chosen[0]], side.queries[chosen[1]]) for side in (expected, stored))
    return Maps(
        alike((old.documents, old.documents), (new.documents, new.documents)),
        alike((old.queries, old.queries), (new.queries, new.queries)),
        alike((old.documents, old.queries), (new.documents, new.queries)),
    )


def affine_fit(expected: Floats, stored: Floats) -> tuple[float, Callable[[Floats], Floats]]:
    """Return how well one affine map turns expected into stored unit vectors, and the map.

    The fit is the median cosine of rows that the map was not fitted on; 0 where there are too few rows.
    """
    half = int(len(expected) * TESTED)
    d = expected.shape[1]
    order = np.random.default_rng(0).permutation(len(expected))
    fitted, tested = order[half:], order[:half]
    ones = np.ones((len(expected), 1))
    extended = np.hstack([expected, ones])
    if len(fitted) < 1.5 * d:
        return 0.0, lambda vectors: vectors
    weights = np.linalg.lstsq(extended[fitted], stored[fitted].astype(np.float64), rcond=1e-9)[0]

    def mapped(vectors: Floats) -> Floats:
        return unit((vectors @ weights[:d] + weights[d]).astype(np.float32))

    near = np.einsum("nd,nd->n", mapped(expected[tested]), stored[tested])
    return float(np.median(near)), mapped

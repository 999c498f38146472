"""Stored rows compared with the vectors that the model gives for their texts."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.encoders.vectors import Floats

Rows = NDArray[np.intp]

CHUNK = 512  # rows whose cosines are held at a time


@dataclass(frozen=True)
class Match:
    """Stored rows against the vectors that the model gives for their texts.

    `rows` lists the stored rows that were compared; `same` is the cosine of each with its own text's vector,
    `best` the highest cosine of that vector with any stored row, and `place` that row.
    """

    rows: Rows
    same: Floats
    best: Floats
    place: Rows

    @property
    def displaced(self) -> NDArray[np.bool_]:
        """Rows whose vector is clearly stored elsewhere."""
        return (self.best > self.same + limits.CLEARLY_CLOSER) & (self.best > limits.RESEMBLES)

    @property
    def exact(self) -> bool:
        """Whether the vectors that are missing here are found elsewhere exactly."""
        exact = self.displaced & (self.best > limits.EXACT)
        return bool(exact.mean() >= limits.TOUCHED / 2) if len(exact) else False

    @cached_property
    def misplaced(self) -> NDArray[np.bool_]:
        """Rows whose vector is that of another text, (r,).

        Either it is found exactly; or nearly all rows are displaced, each to a different place. A dominant
        direction displaces rows too, but to a few places that are near everything.
        """
        if self.exact:
            return self.displaced & (self.best > limits.EXACT)
        displaced = self.displaced
        distinct = len(np.unique(self.place[displaced])) / max(int(displaced.sum()), 1)
        orderly = len(self.rows) > 0 and displaced.mean() >= limits.MOSTLY and distinct >= limits.ONE_TO_ONE
        return displaced if orderly else np.zeros_like(displaced)


def match_rows(rows: Rows, expected: Floats, stored: Floats) -> Match:
    """Find the stored row that fits each expected vector best.

    Args:
        rows: (r,) stored rows whose texts were encoded again.
        expected: (r, d) the unit vectors of these texts.
        stored: (n, d) unit vectors.
    """
    same = np.einsum("rd,rd->r", expected, stored[rows]).astype(np.float32)
    best, place = same.copy(), rows.copy()
    wrong = np.flatnonzero(same < limits.EXACT)
    for start in range(0, len(wrong), CHUNK):
        part = wrong[start : start + CHUNK]
        scores = expected[part] @ stored.T
        closest = scores.argmax(axis=1)
        highest = scores[np.arange(len(part)), closest]
        better = highest > same[part] + limits.ROUNDING
        best[part] = np.where(better, highest, same[part])
        place[part] = np.where(better, closest, rows[part])
    return Match(rows, same, best, place)


def realign_rows(vectors: Floats, match: Match) -> Floats:
    """Return vectors with the misplaced rows moved to where they belong."""
    if not match.misplaced.any():
        return vectors
    realigned = vectors.copy()
    realigned[match.rows[match.misplaced]] = vectors[match.place[match.misplaced]]
    return realigned

"""Stored rows held against the vectors that the model gives for their texts."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.thresholds import EXACT, MOSTLY, ONE_TO_ONE, TOUCHED

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]

CHUNK = 512  # rows whose cosines are held at a time
ROUNDING = 1e-4


@dataclass(frozen=True)
class Match:
    """Stored rows against the vectors that the model gives for their texts.

    `rows` says which stored rows were compared; `own` is the cosine of each with its own text, `best`
    that with the text it fits best, and `place` the stored row where the text's vector really is.
    """

    rows: Rows
    own: Floats
    best: Floats
    place: Rows

    @property
    def displaced(self) -> NDArray[np.bool_]:
        """Rows whose vector clearly stands elsewhere."""
        return (self.best > self.own + 0.02) & (self.best > 0.5)

    @property
    def exact(self) -> bool:
        """Whether rows stand elsewhere exactly as they should be here."""
        return bool((self.displaced & (self.best > EXACT)).mean() >= TOUCHED / 2) if len(self.rows) else False

    @cached_property
    def astray(self) -> NDArray[np.bool_]:
        """Rows whose vector is that of another text, (r,).

        Either it is found exactly; or nearly all rows are displaced, each to a place of its own. A loud
        direction displaces rows too, but to a few places that everything is near to.
        """
        if self.exact:
            return self.displaced & (self.best > EXACT)
        displaced = self.displaced
        distinct = len(np.unique(self.place[displaced])) / max(int(displaced.sum()), 1)
        orderly = len(self.rows) > 0 and displaced.mean() >= MOSTLY and distinct >= ONE_TO_ONE
        return displaced if orderly else np.zeros_like(displaced)


def match_rows(rows: Rows, expected: Floats, stored: Floats) -> Match:
    """Find for each expected vector the stored row that fits it best."""
    own = np.einsum("rd,rd->r", expected, stored[rows]).astype(np.float32)
    best, place = own.copy(), rows.copy()
    wrong = np.flatnonzero(own < EXACT)
    for start in range(0, len(wrong), CHUNK):
        part = wrong[start : start + CHUNK]
        scores = expected[part] @ stored.T
        found = scores.argmax(axis=1)
        highest = scores[np.arange(len(part)), found]
        better = highest > own[part] + ROUNDING
        best[part] = np.where(better, highest, own[part])
        place[part] = np.where(better, found, rows[part])
    return Match(rows, own, best, place)


def realign_rows(vectors: Floats, match: Match) -> Floats:
    """Return vectors with the rows that stand at other ids put where they belong."""
    if not match.astray.any():
        return vectors
    mended = vectors.copy()
    mended[match.rows[match.astray]] = vectors[match.place[match.astray]]
    return mended

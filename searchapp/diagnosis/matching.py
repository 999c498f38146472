"""Stored rows held against the vectors that the model gives for their texts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.thresholds import EXACT

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
    def moved(self) -> NDArray[np.bool_]:
        """Rows whose vector stands elsewhere as it should be here."""
        return self.displaced & (self.best > EXACT)


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


def put_right(vectors: Floats, match: Match) -> Floats:
    """Put rows where they belong, if those that stand wrong are found exactly or are most of all."""
    which = match.moved if match.moved.any() else match.displaced
    if which.mean() < (0.001 if match.moved.any() else 0.6):
        return vectors
    mended = vectors.copy()
    mended[match.rows[which]] = vectors[match.place[which]]
    return mended

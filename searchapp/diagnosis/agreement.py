"""Stored vectors against what the control finds near, and against the model's own vectors of the texts."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.cloud import Sides
from searchapp.diagnosis.measures import CUTOFF, percentile_ranks, spread
from searchapp.encoders.vectors import Floats

Rows = NDArray[np.intp]

SAMPLE = 400  # documents whose neighbours are compared with the control's
NEIGHBOURS = 5
SHIFTS = (-3, -2, -1, 1, 2, 3)
CHUNK = 512  # rows whose cosines are held at a time


@dataclass(eq=False)
class Agreement:
    """How near texts are that the control finds near; 1 is the best, 0.5 chance.

    Two views of the vectors are compared, as they are and without the directions that could hide the rest,
    since the question is whether each vector is stored under the id of its text. All are unit vectors in the
    order of the stored rows.
    """

    control: Sides
    normalised: Sides
    without_dominant: Sides

    @cached_property
    def retrieved(self) -> Rows:
        """The rows of the ten documents that the control retrieves for each query, (q, 10), best first."""
        return nearest(self.control.queries, self.control.documents, CUTOFF)

    @cached_property
    def _near_documents(self) -> tuple[Rows, Rows]:
        sample = spread(len(self.control.documents), SAMPLE)
        return sample, _neighbours(sample, self.control.documents)

    @cached_property
    def _near_queries(self) -> Rows:
        return _neighbours(np.arange(len(self.control.queries)), self.control.queries)

    def of_documents(self, documents: Floats) -> NDArray[np.float64]:
        """Return how near each neighbour of a sample of (n, d) documents is, (s, m)."""
        sample, near = self._near_documents
        return percentile_ranks(near, documents[sample], documents, sample)

    def of_queries(self, queries: Floats) -> NDArray[np.float64]:
        """Return the same among the queries, (q, m)."""
        return percentile_ranks(self._near_queries, queries, queries, np.arange(len(queries)))

    @cached_property
    def documents_as_stored(self) -> float:
        """The agreement of the documents as they are."""
        return float(self.of_documents(self.normalised.documents).mean())

    @cached_property
    def _documents_without_dominant(self) -> float:
        return float(self.of_documents(self.without_dominant.documents).mean())

    @property
    def views(self) -> tuple[Sides, Sides]:
        """Both views, the one in which the documents agree better first."""
        if self.documents_as_stored >= self._documents_without_dominant:
            return self.normalised, self.without_dominant
        return self.without_dominant, self.normalised

    @property
    def documents(self) -> float:
        """The agreement of the documents, in the better view."""
        return max(self.documents_as_stored, self._documents_without_dominant)

    @cached_property
    def queries(self) -> float:
        """The agreement of the queries, in the better view."""
        views = (self.normalised, self.without_dominant)
        return max(float(self.of_queries(view.queries).mean()) for view in views)

    @cached_property
    def across(self) -> float:
        """How high the queries rank the documents that the control retrieves, in the clearer view."""
        views = (self.normalised, self.without_dominant)
        values = [
            float(percentile_ranks(self.retrieved, view.queries, view.documents).mean()) for view in views
        ]
        return min(values) if min(values) < 1 - max(values) else max(values)


def nearest(asked: Floats, documents: Floats, k: int) -> Rows:
    """Return the rows of the k nearest documents of each vector, best first, (a, k)."""
    k = min(k, len(documents))
    scores = asked @ documents.T
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def _neighbours(rows: Rows, vectors: Floats) -> Rows:
    """Return for each row the rows nearest to it, without itself, (r, m)."""
    near = nearest(vectors[rows], vectors, NEIGHBOURS + 1)
    return np.array([line[line != row][:NEIGHBOURS] for row, line in zip(rows, near, strict=True)])


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
        """Rows whose vector is clearly stored elsewhere, where it is not that of an equal text."""
        displaced = (self.best > self.same + limits.CLEARLY_CLOSER) & (self.best > limits.RESEMBLES)
        in_place = self.rows[self.same >= limits.EXACT]
        return displaced & ~np.isin(self.place, in_place)

    @property
    def in_place(self) -> bool:
        """Whether no row is misplaced, and many are at least like the vector of their texts."""
        resemble = self.same > limits.RESEMBLES
        return bool(len(resemble) and resemble.mean() > limits.MOSTLY / 2 and not self.misplaced.any())

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

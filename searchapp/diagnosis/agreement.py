"""Stored vectors against the control model's idea of what is near: it needs no judgement and no encoder."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.measures import CUT, agreement, spread

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]
Pair = tuple[Floats, Floats]
"""Vectors of documents and of queries."""

ASKED = 400  # documents whose neighbours are compared with the control's
NEAR = 5  # neighbours of each
SHIFTS = (-3, -2, -1, 1, 2, 3)


class Agreement:
    """How near texts are that the control finds near; 1 is the best, 0.5 chance.

    The vectors are looked at in two views, as they are and without the directions that may drown the rest,
    since the question is whether each stands at the id of its text.

    Args:
        control: the control's unit vectors, (n, d) and (q, d), in the order of the stored rows.
        units: the stored unit vectors.
        cleaned: the same without their loudest directions.
    """

    def __init__(self, control: Pair, units: Pair, cleaned: Pair) -> None:
        self._control = control
        self._units = units
        self._cleaned = cleaned

    @cached_property
    def found(self) -> Rows:
        """The rows of the ten documents that the control finds for each query, (q, 10), best first."""
        return nearest(self._control[1], self._control[0], CUT)

    @cached_property
    def _near(self) -> tuple[Rows, Rows]:
        sample = spread(len(self._control[0]), ASKED)
        return sample, _neighbours(sample, self._control[0])

    @cached_property
    def _near_queries(self) -> Rows:
        return _neighbours(np.arange(len(self._control[1])), self._control[1])

    def of_documents(self, documents: Floats) -> NDArray[np.float64]:
        """Return how near each neighbour of a sample of documents is, (s, m).

        Args:
            documents: (n, d) unit vectors in the order of the stored rows.
        """
        sample, near = self._near
        return agreement(near, documents[sample], documents, sample)

    def of_queries(self, queries: Floats) -> NDArray[np.float64]:
        """Return the same among the queries, (q, m)."""
        return agreement(self._near_queries, queries, queries, np.arange(len(queries)))

    @cached_property
    def plain(self) -> float:
        """That of the documents as they are stored."""
        return float(self.of_documents(self._units[0]).mean())

    @cached_property
    def _documents_cleaned(self) -> float:
        return float(self.of_documents(self._cleaned[0]).mean())

    @property
    def views(self) -> tuple[Pair, Pair]:
        """Both views, the one in which the documents agree better first."""
        both = (self._units, self._cleaned)
        return both if self.plain >= self._documents_cleaned else (both[1], both[0])

    @property
    def documents(self) -> float:
        """That of the documents, in the better view."""
        return max(self.plain, self._documents_cleaned)

    @cached_property
    def queries(self) -> float:
        """That of the queries, in the better view."""
        return max(float(self.of_queries(view[1]).mean()) for view in (self._units, self._cleaned))

    @cached_property
    def across(self) -> float:
        """How high the queries rank the documents that the control finds for them, in the clearer view."""
        values = [
            float(agreement(self.found, queries, documents).mean())
            for documents, queries in (self._units, self._cleaned)
        ]
        return min(values) if min(values) < 1 - max(values) else max(values)


def nearest(asked: Floats, documents: Floats, k: int) -> Rows:
    """Return the rows of the k nearest documents of each vector, best first, (a, k)."""
    k = min(k, len(documents))
    scores = asked @ documents.T
    found = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, found, axis=1), axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)


def _neighbours(rows: Rows, vectors: Floats) -> Rows:
    """Return for each row the rows nearest to it but itself, (r, m)."""
    near = nearest(vectors[rows], vectors, NEAR + 1)
    return np.array([line[line != own][:NEAR] for own, line in zip(rows, near, strict=True)])

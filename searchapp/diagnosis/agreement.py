"""Stored vectors against what the control model finds near: it takes neither judgements nor an encoder."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.cloud import Sides
from searchapp.diagnosis.measures import CUTOFF, percentile_ranks, spread
from searchapp.encoders.vectors import Floats

Rows = NDArray[np.intp]

SAMPLE = 400  # documents whose neighbours are compared with the control's
NEIGHBOURS = 5
SHIFTS = (-3, -2, -1, 1, 2, 3)


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

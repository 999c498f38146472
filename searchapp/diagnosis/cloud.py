"""Stored vectors as a cloud: both sides, their principal axes, and how the variance is spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.vectors import Floats, unit

FITTED_ON = 20_000  # rows that directions are computed from


@dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors as they are stored: ids in row order, (n, d) and (q, d) float32.

    `similarity` is how the pipeline compares them: `cosine`, or `dot` when norms count.
    """

    document_ids: Sequence[str]
    documents: Floats
    query_ids: Sequence[str]
    queries: Floats
    similarity: str = "cosine"


class Sides(NamedTuple):
    """Vectors of documents, (n, d), and of queries, (q, d)."""

    documents: Floats
    queries: Floats


@dataclass(frozen=True, eq=False)
class Cloud:
    """The finite vectors of both sides, of any norm, and the principal axes of the documents."""

    sides: Sides

    @cached_property
    def normalised(self) -> Sides:
        """The unit vectors."""
        return Sides(*map(unit, self.sides))

    @cached_property
    def axes(self) -> tuple[Floats, Floats, NDArray[np.float64]]:
        """Mean (d,), principal directions (d, d) as columns, and their variances, the largest first."""
        documents = self.sides.documents
        rows = unit(documents[:: max(1, len(documents) // FITTED_ON)])
        mean = rows.mean(axis=0).astype(np.float32)
        centred = (rows - mean).astype(np.float64)
        variances, directions = np.linalg.eigh(centred.T @ centred / len(rows))
        return mean, directions[:, ::-1].astype(np.float32), np.maximum(variances[::-1], 0.0)

    @cached_property
    def spectrum(self) -> NDArray[np.float64]:
        """The variances of the unit documents along their principal directions, (d,), largest first."""
        return spectrum(self.normalised.documents)

    @cached_property
    def participation(self) -> float:
        """How many directions share the variance of the documents."""
        return participation(self.spectrum)

    def projected(self, directions: Floats) -> Sides:
        """Return both sides centred and multiplied by (d, k) directions, as unit vectors."""
        mean, _, _ = self.axes
        projected = (np.matmul(side - mean, directions, dtype=np.float32) for side in self.normalised)
        return Sides(*map(unit, projected))


def spectrum(vectors: Floats) -> NDArray[np.float64]:
    """Return the eigenvalues of the covariance, (d,) float64, largest first."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    values = np.linalg.eigvalsh(centred.T @ centred / len(vectors))[::-1]
    return np.maximum(values, 0.0)


def participation(variances: NDArray[np.float64]) -> float:
    """Return the participation ratio of a spectrum: how many directions share the variance evenly.

    (sum of eigenvalues)^2 / sum of squared eigenvalues of the covariance, between 1 and d.
    """
    squares = float((variances**2).sum())
    return float(variances.sum()) ** 2 / squares if squares else 0.0

"""Stored vectors as a cloud: its principal axes and spectrum, and the fixes that can be tried on it alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.thresholds import OUTLYING
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


class Axes(NamedTuple):
    """Mean, (d,), principal directions, (d, d) as columns, and their variances, (d,), the largest first."""

    mean: Floats
    directions: Floats
    variances: NDArray[np.float64]


def principal_axes(vectors: Floats) -> Axes:
    """Return the principal axes of (n, d) vectors, computed from a sample of many."""
    rows = vectors[:: max(1, len(vectors) // FITTED_ON)]
    mean = rows.mean(axis=0).astype(np.float32)
    centred = (rows - mean).astype(np.float64)
    variances, directions = np.linalg.eigh(centred.T @ centred / len(rows))
    return Axes(mean, directions[:, ::-1].astype(np.float32), np.maximum(variances[::-1], 0.0))


@dataclass(frozen=True, eq=False)
class Cloud:
    """The finite vectors of both sides, of any norm, and the principal axes of the documents."""

    sides: Sides

    @cached_property
    def normalised(self) -> Sides:
        """The unit vectors."""
        return Sides(*map(unit, self.sides))

    @cached_property
    def axes(self) -> "Axes":
        """The principal axes of the unit documents."""
        return principal_axes(self.normalised.documents)

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
        mean = self.axes.mean
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


@dataclass(frozen=True)
class Fix:
    """One thing to try: `apply` returns what it makes of the vectors of both sides.

    `linear` maps principal axes to the (d, k) matrix that centred vectors are multiplied by, where the fix is
    no more than that: what it does to every vector of a static model it does to the rows of the table.
    `removes` is the number of directions that it removes.
    """

    name: str
    description: str
    apply: Callable[[Cloud], Sides]
    linear: Callable[[Axes], Floats] | None = None
    removes: int = 0

    def rows(self, rows: Floats, texts: Floats) -> Floats:
        """Return the rows of a table, (V, d), with the fix that is fitted on vectors of texts, (n, d)."""
        if self.linear is None:
            return rows
        axes = principal_axes(texts)
        fixed: Floats = np.matmul(rows - axes.mean, self.linear(axes), dtype=np.float32)
        return fixed


def linear(name: str, description: str, matrix: Callable[[Axes], Floats], removes: int = 0) -> Fix:
    """Return the fix that centres vectors and multiplies them by a matrix."""
    return Fix(name, description, lambda cloud: cloud.projected(matrix(cloud.axes)), matrix, removes)


def without_directions(k: int) -> Fix:
    """Return the fix that centres and removes the k directions of most variance.

    "All but the top" of Mu and Viswanath (ICLR 2018); nothing but the mean for k = 0.
    """

    def matrix(axes: Axes) -> Floats:
        top = axes.directions[:, :k]
        kept: Floats = np.eye(len(top), dtype=np.float32) - np.matmul(top, top.T, dtype=np.float32)
        return kept

    if not k:
        return linear("centre", "subtracting the mean document vector", matrix)
    what = f"centring and removing the {k} directions of most variance" if k > 1 else ONE_DIRECTION
    return linear(f"remove-{k}", what, matrix, k)


ONE_DIRECTION = "centring and removing the direction of most variance"


def whitening(power: float) -> Callable[[Axes], Floats]:
    """Return the map that divides every direction by a power of its variance; 0.5 makes them equal."""

    def matrix(axes: Axes) -> Floats:
        least = 1e-6 * axes.variances[0] + 1e-30
        scaled: Floats = axes.directions / (np.maximum(axes.variances, least) ** power).astype(np.float32)
        return scaled

    return matrix


def _leading(axes: Axes) -> Floats:
    return axes.directions[:, : max(1, axes.directions.shape[1] // 2)]


def normalise(cloud: Cloud) -> Sides:
    """Return unit vectors."""
    return cloud.normalised


def without_outlying_dimensions(cloud: Cloud) -> Sides:
    """Drop the dimensions whose variance is far above the median."""
    documents, queries = cloud.sides
    variance = cloud.normalised.documents.var(axis=0)
    quiet = variance <= OUTLYING * np.median(variance)
    return Sides(unit(documents[:, quiet]), unit(queries[:, quiet]))


def negate(cloud: Cloud) -> Sides:
    """Negate the queries."""
    return Sides(cloud.sides.documents, -cloud.sides.queries)


FIXES = {
    fix.name: fix
    for fix in (
        Fix("normalise", "normalising the vectors", normalise),
        *map(without_directions, (0, 1, 3, 5, 10)),
        linear("whiten", "giving every direction the same variance", whitening(0.5)),
        linear("soften", "dividing every direction by the fourth root of its variance", whitening(0.25)),
        Fix(
            "drop-outlying-dimensions",
            "dropping the dimensions of outlying variance",
            without_outlying_dimensions,
        ),
        linear("reduce", "keeping the first half of the principal components", _leading),
        Fix("negate", "negating the queries", negate),
    )
}
"""Every fix by its name, in the order in which equal gains are preferred."""

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


@dataclass(frozen=True)
class Fix:
    """One thing to try: `apply` returns what it makes of the vectors of both sides."""

    name: str
    description: str
    apply: Callable[[Cloud], Sides]


def normalise(cloud: Cloud) -> Sides:
    """Return unit vectors."""
    return cloud.normalised


def centre(cloud: Cloud) -> Sides:
    """Subtract the mean of the documents from both sides."""
    documents, queries = cloud.normalised
    mean = documents.mean(axis=0).astype(np.float32)
    return Sides(unit(documents - mean), unit(queries - mean))


def without_directions(k: int) -> Callable[[Cloud], Sides]:
    """Return the fix that centres and removes the k directions of most variance.

    "All but the top" of Mu and Viswanath (ICLR 2018).
    """

    def apply(cloud: Cloud) -> Sides:
        top = cloud.axes[1][:, :k]
        return cloud.projected(np.eye(len(top), dtype=np.float32) - top @ top.T)

    return apply


def whiten(cloud: Cloud, power: float = 0.5) -> Sides:
    """Divide every direction by a power of its variance; 0.5 gives all directions the same variance."""
    _, directions, variances = cloud.axes
    least = 1e-6 * variances[0] + 1e-30
    return cloud.projected(directions / (np.maximum(variances, least) ** power).astype(np.float32))


def soften(cloud: Cloud) -> Sides:
    """Whiten halfway: divide every direction by the fourth root of its variance."""
    return whiten(cloud, 0.25)


def without_outlying_dimensions(cloud: Cloud) -> Sides:
    """Drop the dimensions whose variance is far above the median."""
    documents, queries = cloud.sides
    variance = cloud.normalised.documents.var(axis=0)
    quiet = variance <= OUTLYING * np.median(variance)
    return Sides(unit(documents[:, quiet]), unit(queries[:, quiet]))


def reduce_to(share: float) -> Callable[[Cloud], Sides]:
    """Return the fix that keeps the leading share of the principal components."""

    def apply(cloud: Cloud) -> Sides:
        directions = cloud.axes[1]
        return cloud.projected(directions[:, : max(1, int(share * directions.shape[1]))])

    return apply


def negate(cloud: Cloud) -> Sides:
    """Negate the queries."""
    return Sides(cloud.sides.documents, -cloud.sides.queries)


FIXES = {
    fix.name: fix
    for fix in (
        Fix("normalise", "normalising the vectors", normalise),
        Fix("centre", "subtracting the mean document vector", centre),
        *(
            Fix(f"remove-{k}", f"centring and removing the {k} directions of most variance", apply)
            for k, apply in ((k, without_directions(k)) for k in (1, 3, 5, 10))
        ),
        Fix("whiten", "giving every direction the same variance", whiten),
        Fix("soften", "dividing every direction by the fourth root of its variance", soften),
        Fix(
            "drop-outlying-dimensions",
            "dropping the dimensions of outlying variance",
            without_outlying_dimensions,
        ),
        Fix("reduce", "keeping the first half of the principal components", reduce_to(0.5)),
        Fix("negate", "negating the queries", negate),
    )
}
"""Every fix by its name, in the order in which equal gains are preferred."""

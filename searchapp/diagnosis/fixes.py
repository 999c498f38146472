"""Fixes that can be tried on stored vectors alone, without encoding anything again."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from searchapp.diagnosis.cloud import Cloud, Sides
from searchapp.diagnosis.thresholds import OUTLYING
from searchapp.encoders.vectors import unit


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

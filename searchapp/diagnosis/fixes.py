"""Repairs that can be tried on stored vectors alone, without encoding anything again."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.vectors import unit

Floats = NDArray[np.float32]

FITTED_ON = 20_000  # rows that directions are computed from
LOUD = 6.0  # times the median variance of a dimension


@dataclass(frozen=True)
class Fix:
    """One thing to try: `apply` takes the documents' and the queries' vectors and returns both mended."""

    name: str
    description: str
    apply: Callable[[Floats, Floats], tuple[Floats, Floats]]


def normalise(documents: Floats, queries: Floats) -> tuple[Floats, Floats]:
    """Make unit vectors."""
    return unit(documents), unit(queries)


def centre(documents: Floats, queries: Floats) -> tuple[Floats, Floats]:
    """Subtract the mean of the documents from both."""
    mean = unit(documents).mean(axis=0).astype(np.float32)
    return unit(unit(documents) - mean), unit(unit(queries) - mean)


def without_directions(k: int) -> Callable[[Floats, Floats], tuple[Floats, Floats]]:
    """Return the repair that centres and removes the k directions of most variance.

    "All but the top" of Mu and Viswanath (ICLR 2018).
    """

    def apply(documents: Floats, queries: Floats) -> tuple[Floats, Floats]:
        mean, directions, _ = _axes(documents)
        top = directions[:, :k]
        keep: Floats = np.eye(len(top), dtype=np.float32) - top @ top.T
        return _moved(documents, mean, keep), _moved(queries, mean, keep)

    return apply


def whiten(documents: Floats, queries: Floats) -> tuple[Floats, Floats]:
    """Give every direction the same variance."""
    mean, directions, values = _axes(documents)
    scale: Floats = directions / np.sqrt(np.maximum(values, 1e-6 * values[0] + 1e-30)).astype(np.float32)
    return _moved(documents, mean, scale), _moved(queries, mean, scale)


def soften(documents: Floats, queries: Floats) -> tuple[Floats, Floats]:
    """Whiten half way: divide every direction by the fourth root of its variance."""
    mean, directions, values = _axes(documents)
    scale: Floats = directions / (np.maximum(values, 1e-6 * values[0] + 1e-30) ** 0.25).astype(np.float32)
    return _moved(documents, mean, scale), _moved(queries, mean, scale)


def without_loud_dimensions(documents: Floats, queries: Floats) -> tuple[Floats, Floats]:
    """Drop the dimensions whose variance is far above the median one."""
    variance = unit(documents).var(axis=0)
    quiet = variance <= LOUD * np.median(variance)
    return unit(documents[:, quiet]), unit(queries[:, quiet])


def reduce_to(share: float) -> Callable[[Floats, Floats], tuple[Floats, Floats]]:
    """Return the repair that keeps the leading share of the principal components."""

    def apply(documents: Floats, queries: Floats) -> tuple[Floats, Floats]:
        mean, directions, _ = _axes(documents)
        kept = directions[:, : max(1, int(share * directions.shape[1]))]
        return _moved(documents, mean, kept), _moved(queries, mean, kept)

    return apply


def negate(documents: Floats, queries: Floats) -> tuple[Floats, Floats]:
    """Turn the queries round."""
    return documents, -queries


FIXES = (
    Fix("normalise", "make every vector a unit vector", normalise),
    Fix("centre", "subtract the mean vector of the documents", centre),
    *(
        Fix(f"remove-{k}", f"centre and remove the {k} directions of most variance", without_directions(k))
        for k in (1, 3, 5, 10)
    ),
    Fix("whiten", "give every direction the same variance", whiten),
    Fix("soften", "divide every direction by the fourth root of its variance", soften),
    Fix("drop-loud-dimensions", "drop the dimensions of outlying variance", without_loud_dimensions),
    Fix("reduce", "keep the first half of the principal components", reduce_to(0.5)),
    Fix("negate", "turn the queries round", negate),
)
"""Every repair, in the order in which equal gains are preferred."""


def _moved(vectors: Floats, mean: Floats, directions: Floats) -> Floats:
    moved: Floats = np.matmul(unit(vectors) - mean, directions, dtype=np.float32)
    return unit(moved)


_LAST: list[tuple[Floats, tuple[Floats, Floats, NDArray[np.float64]]]] = []


def _axes(documents: Floats) -> tuple[Floats, Floats, NDArray[np.float64]]:
    """Return mean (d,), directions (d, d) as columns, and their variances, the largest first.

    The last answer is kept, since most repairs of the same vectors begin with it.
    """
    if _LAST and _LAST[0][0] is documents:
        return _LAST[0][1]
    rows = unit(documents[:: max(1, len(documents) // FITTED_ON)])
    mean = rows.mean(axis=0).astype(np.float32)
    centred = (rows - mean).astype(np.float64)
    values, directions = np.linalg.eigh(centred.T @ centred / len(rows))
    found = mean, directions[:, ::-1].astype(np.float32), np.maximum(values[::-1], 0.0)
    _LAST[:] = [(documents, found)]
    return found

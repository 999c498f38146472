"""Stored vectors against the control's without an encoder: whether both find the same texts alike.

Two models that read the same texts agree about which pairs are similar (Kriegeskorte et al., Frontiers in
Systems Neuroscience 2008, call it second-order similarity). Whatever is done to rows or texts of one side
lowers that for some pairs and not for others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.cloud import Sides
from searchapp.diagnosis.measures import spread
from searchapp.encoders.vectors import Floats, unit

Rows = NDArray[np.intp]
Matrix = NDArray[np.float64]

PROFILED = 1500  # documents that a query's profile is made of
COMPARED = 400  # rows whose pairs are compared
BATCHES = (4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128)
BACKGROUND = (20, 31, 53, 97, 151)  # distances of rows between which nothing is mixed


def centred(vectors: Floats) -> Floats:
    """Return unit vectors without their mean, which says nothing about pairs, (n, d)."""
    return unit(vectors - vectors.mean(axis=0))


def correlation(left: Matrix | Floats, right: Matrix | Floats) -> float:
    """Return the correlation of two lists of values, 0 where one does not vary."""
    if left.size < 3 or not left.std() or not right.std():
        return 0.0
    return float(np.corrcoef(left.ravel(), right.ravel())[0, 1])


def among(vectors: Floats) -> Matrix:
    """Return the cosines of all pairs of rows, (n (n - 1) / 2,)."""
    near = centred(vectors)
    return (near @ near.T)[np.triu_indices(len(near), 1)].astype(np.float64)


def profiles(asked: Floats, others: Floats) -> Matrix:
    """Return how near each row is to others, without what is usual for the row or the other, unit rows."""
    near = (centred(asked) @ centred(others).T).astype(np.float64)
    near -= near.mean(axis=0)
    near -= near.mean(axis=1, keepdims=True)
    scaled: Matrix = near / np.maximum(np.linalg.norm(near, axis=1, keepdims=True), 1e-12)
    return scaled


@dataclass(frozen=True, eq=False)
class Structure:
    """Unit vectors as stored and the control's, in the same rows."""

    stored: Sides
    control: Sides

    def query_profiles(self) -> Matrix:
        """Return how alike the profile of each stored query is to that of each text, (q, q)."""
        chosen = spread(len(self.stored.documents), PROFILED)
        sides = (self.stored, self.control)
        stored, control = (profiles(side.queries, side.documents[chosen]) for side in sides)
        return stored @ control.T

    def document_profiles(self, rows: Rows) -> Matrix:
        """Return how alike some stored documents' profiles over the queries are to each text's, (r, n)."""
        stored, control = (profiles(side.documents, side.queries) for side in (self.stored, self.control))
        return stored[rows] @ control.T

    def documents_in_place(self, rows: Rows) -> float:
        """Return how high each of these documents ranks its own text among all, 1 at best, 0.5 by chance."""
        alike = self.document_profiles(rows)
        own = alike[np.arange(len(rows)), rows][:, None]
        return float(((alike < own).sum(axis=1) / max(alike.shape[1] - 1, 1)).mean())

    def later_shift(self, rows: Rows, steps: Sequence[int]) -> tuple[int, int]:
        """Return which of `steps` documents are shifted by from some row on, and that row."""
        alike, total = self.document_profiles(rows), len(self.stored.documents)
        own = alike[np.arange(len(rows)), rows]
        best = (-np.inf, 0, 0)
        for step in steps:
            moved = alike[np.arange(len(rows)), np.clip(rows - step, 0, total - 1)]
            gains = np.concatenate([[0.0], np.cumsum((moved - own)[::-1])])[::-1]  # from each row to the end
            cut = int(gains.argmax())
            best = max(best, (float(gains[cut]), step, int(rows[cut]) if cut < len(rows) else total))
        return best[1], best[2]

    def commonest_steps(self, rows: Rows) -> list[int]:
        """Return the commonest distances, in rows, between stored documents and the texts that they fit."""
        places = self.document_profiles(rows).argmax(axis=1)
        steps, counts = np.unique(rows - places, return_counts=True)
        return [int(step) for step in steps[np.argsort(-counts)[:3]] if step]

    def mixed(self, side: str) -> "Mixed":
        """Return by how many standard deviations neighbouring rows are too much alike.

        The control says how alike two texts are; what the stored vectors add to that is compared between
        rows next to each other and rows far apart.
        """
        stored, control = (centred(getattr(each, side)) for each in (self.stored, self.control))
        total = len(stored)

        def pairs(vectors: Floats, distance: int) -> Floats:
            near: Floats = np.einsum("nd,nd->n", vectors[:-distance], vectors[distance:])
            return near

        far = [distance for distance in BACKGROUND if distance < total / 2]
        if not far:
            return Mixed(0.0)
        expected, seen = (np.concatenate([pairs(each, step) for step in far]) for each in (control, stored))
        slope, base = np.polyfit(expected, seen, 1)
        usual = max(float((seen - slope * expected - base).std()), 1e-9)
        next_to = pairs(control, 1)
        added = (pairs(stored, 1) - slope * next_to - base) / usual
        # A pair that the control finds alike may be more alike than a line says: such pairs do not count.
        usable = next_to < np.quantile(expected, 0.98)
        if usable.sum() < limits.FEWEST_QUERIES:
            return Mixed(0.0)
        steps = {}
        for size in BATCHES:
            across = (np.arange(1, total) % size == 0) & usable
            if across.sum() >= limits.FEWEST_BOUNDARIES:
                steps[size] = float(np.median(added[usable & ~across]) - np.median(added[across]))
        batch = max(steps, key=lambda size: steps[size], default=0)
        return Mixed(float(np.median(added[usable])), batch, steps.get(batch, 0.0))


@dataclass(frozen=True)
class Mixed:
    """How much more alike neighbouring rows are than their texts, in standard deviations of other pairs.

    `step` is how much more so within batches of the size `batch` than across their boundaries.
    """

    excess: float
    batch: int = 0
    step: float = 0.0

    @property
    def in_batches(self) -> bool:
        """Whether batches were averaged."""
        return self.step > limits.BATCHED and self.excess > limits.BATCHED / 2

    @property
    def found(self) -> bool:
        """Whether rows were mixed, in batches or otherwise."""
        return self.in_batches or self.excess > limits.BLENDED


@dataclass(frozen=True, eq=False)
class Part:
    """Rows that agree with each other, (p,), but not with the rest; three agreements of pairs."""

    rows: Rows
    inside: float
    rest: float
    between: float

    @property
    def foreign(self) -> bool:
        """Whether both groups agree with the control, but not with each other."""
        least = min(self.inside, self.rest)
        return least > limits.AGREES_INSIDE and self.between < limits.BETWEEN * least


def foreign_part(stored: Floats, control: Floats, fits: Matrix) -> Part | None:
    """Return the rows that another model seems to have made, None where there are no such rows.

    Args:
        stored: (n, d) unit vectors of a side.
        control: (n, d) the control's.
        fits: (n,) how well each fits the other side.
    """
    usual = float(np.quantile(fits, 0.9))
    odd = fits < limits.ODD * usual
    if usual < limits.FITTING or not limits.LEAST_PART <= odd.mean() <= 1 - limits.LEAST_PART:
        return None
    inside, rest = np.flatnonzero(odd), np.flatnonzero(~odd)
    inside, rest = (group[spread(len(group), COMPARED)] for group in (inside, rest))
    if len(inside) < limits.FEWEST_IN_PART or len(rest) < limits.FEWEST_IN_PART:
        return None
    alone, others = (correlation(among(stored[group]), among(control[group])) for group in (inside, rest))
    across = [centred(vectors[inside]) @ centred(vectors[rest]).T for vectors in (stored, control)]
    return Part(np.flatnonzero(odd), alone, others, correlation(*across))

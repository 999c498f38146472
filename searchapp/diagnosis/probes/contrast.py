"""What a cosine says: related pairs against random ones."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.measures import mean
from searchapp.diagnosis.probe import Observation, fact, probe
from searchapp.evaluation.metric import RELEVANT

QUERIES = 1000  # from which pairs are taken
SEED = 29


class Contrast(NamedTuple):
    """Cosines of related and of random pairs: their means, and how often a related one is the larger."""

    related: float
    random: float
    area: float


@probe("cosine-contrast")
def cosine_contrast(evidence: Evidence) -> Iterator[Observation]:
    """What does a cosine say?

    A mean cosine of 0.95 between related texts says nothing where unrelated ones have 0.94.
    """
    evidence.require_judgements()
    evidence.require_vectors()
    documents, queries = evidence.normalised
    related = [
        (query, row)
        for query, grades in enumerate(evidence.judged.grades[:QUERIES])
        for row, grade in grades.items()
        if grade >= RELEVANT and row >= 0
    ]
    if len(related) < limits.FEWEST_RELATED:
        raise CannotJudgeError(f"only {len(related)} judged pairs have both vectors")
    pairs = np.array(related, dtype=np.intp)
    strangers = np.random.default_rng(SEED).integers(len(documents), size=len(pairs))
    near, far = (
        np.einsum("pd,pd->p", queries[pairs[:, 0]], documents[rows]).astype(np.float64)
        for rows in (pairs[:, 1], strangers)
    )
    seen = contrast(near, far)
    yield fact("cosine-related", "mean cosine of queries with their relevant documents", seen.related)
    says_nothing = "so high that a cosine by itself says nothing" if seen.random > limits.CROWDED else ""
    yield fact("cosine-random", "the same with random documents", seen.random, says_nothing)
    remark = "no better than chance" if seen.area < limits.NO_CONTRAST else "1 at best, 0.5 by chance"
    yield fact("cosine-contrast", "related pairs nearer than random ones (AUC)", seen.area, remark)


def contrast(related: NDArray[np.float64], unrelated: NDArray[np.float64]) -> Contrast:
    """Compare cosines of related and of random pairs, (p,) and (r,).

    The area under the ROC curve is the share of pairs of one each in which the related one is the larger,
    ties counted half (Hanley and McNeil, 1982).
    """
    ordered = np.sort(unrelated)
    below = np.searchsorted(ordered, related, side="left")
    to = np.searchsorted(ordered, related, side="right")
    area = mean((below + to) / 2) / max(len(ordered), 1)
    return Contrast(mean(related), mean(unrelated), area)

"""Fuse two rankings: normalise the scores of each side, weight them and add them up.

Normalisations and sums are those of ranx (Bassani and Romelli, "ranx.fuse", CIKM 2022): a document that
one side did not retrieve adds nothing for that side. They are written in numpy here, because ranx stores
scores in dictionaries of strings, which takes some 20 ms per query; a test compares the two.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.records import Ranking

Scores = NDArray[np.float64]
TINY = 1e-9  # ranx's smallest divisor
RRF_K = 60  # of Cormack, Clarke and Büttcher (SIGIR 2009)


def _min_max(scores: Scores) -> Scores:
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / max(high - low, TINY)


def _sum(scores: Scores) -> Scores:
    low = float(scores.min())
    return (scores - low) / max(float(scores.sum()) - low * len(scores), TINY)


SCALES: dict[str, Callable[[Scores], Scores]] = {
    "min-max": _min_max,
    "max": lambda scores: scores / max(float(scores.max()), TINY),
    "sum": _sum,
    "zmuv": lambda scores: (scores - float(scores.mean())) / max(float(scores.std()), TINY),
    "rank": lambda scores: 1 - np.arange(len(scores)) / len(scores),
    "rrf": lambda scores: 1 / (RRF_K + np.arange(1, len(scores) + 1)),
}
"""ranx's normalisations, (n,) float64 best first -> (n,) float64; and the terms of its `rrf`."""


@dataclass(frozen=True)
class Fusion:
    """How two rankings are fused.

    `dense` and `bm25` are names in `SCALES`; `weight` is the weight of the dense side, between 0 and 1.
    `rrf` on both sides with equal weights is reciprocal rank fusion.
    """

    dense: str
    bm25: str
    weight: float

    def __str__(self) -> str:
        return f"{self.weight:g} {self.dense}(dense) + {1 - self.weight:g} {self.bm25}(BM25)"


@dataclass(frozen=True)
class Pair:
    """The results of both sides for one query.

    `ids` are all retrieved documents, those of the dense side first; `rows` (m,) says which of them are
    the m results of BM25. `dense` (n,) and `bm25` (m,) are float64 scores, best first.
    """

    ids: list[str]
    dense: Scores
    bm25: Scores
    rows: NDArray[np.intp]


def pair(dense: Ranking, bm25: Ranking) -> Pair:
    """Align two rankings of one query, so that they can be fused in several ways."""
    places = {name: row for row, name in enumerate(dense.document_ids)}
    rows = [places.setdefault(name, len(places)) for name in bm25.document_ids]
    return Pair(
        list(places),
        dense.scores.astype(np.float64),
        bm25.scores.astype(np.float64),
        np.array(rows, dtype=np.intp),
    )


def fuse(sides: Pair, fusion: Fusion, depth: int) -> Ranking:
    """Return the best `depth` documents of the fused ranking by the tie rule.

    Args:
        sides: the results of both sides.
        fusion: how to fuse them.
        depth: how many results to return, at least 1.
    """
    scores = np.zeros(len(sides.ids))
    if len(sides.dense):
        scores[: len(sides.dense)] = fusion.weight * SCALES[fusion.dense](sides.dense)
    if len(sides.bm25):
        scores[sides.rows] += (1 - fusion.weight) * SCALES[fusion.bm25](sides.bm25)
    return Ranking.from_scores(sides.ids, scores, depth)


def dense_alone(sides: Pair, depth: int) -> Ranking:
    """Return the best `depth` results of the dense side."""
    return Ranking.from_scores(sides.ids, sides.dense, depth)


def bm25_alone(sides: Pair, depth: int) -> Ranking:
    """Return the best `depth` results of BM25."""
    return Ranking.from_scores(sides.ids, sides.bm25, depth, sides.rows)

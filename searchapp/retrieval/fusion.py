"""One ranking made of two: the scores of either side brought to one scale, weighted and added.

Scales and sums are those of ranx (Bassani and Romelli, "ranx.fuse", CIKM 2022): a document that one
side did not find adds nothing for that side. They are written here in numpy, because ranx keeps scores
in dictionaries of strings, which takes some twenty milliseconds a query; a test holds both together.
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


def _max(scores: Scores) -> Scores:
    return scores / max(float(scores.max()), TINY)


def _sum(scores: Scores) -> Scores:
    low = float(scores.min())
    return (scores - low) / max(float(scores.sum()) - low * len(scores), TINY)


def _zmuv(scores: Scores) -> Scores:
    return (scores - float(scores.mean())) / max(float(scores.std()), TINY)


def _rank(scores: Scores) -> Scores:
    return 1 - np.arange(len(scores)) / len(scores)


def _rrf(scores: Scores) -> Scores:
    return 1 / (RRF_K + np.arange(1, len(scores) + 1))


SCALES: dict[str, Callable[[Scores], Scores]] = {
    "min-max": _min_max,
    "max": _max,
    "sum": _sum,
    "zmuv": _zmuv,
    "rank": _rank,
    "rrf": _rrf,
}
"""ranx's normalisations, (n,) float64 best first -> (n,) float64; and the terms of its `rrf`."""


@dataclass(frozen=True)
class Fusion:
    """How two rankings become one.

    `dense` and `bm25` are names in `SCALES`, `weight` is that of the dense side, between 0 and 1.
    Both sides by `rrf` with equal weights is reciprocal rank fusion.
    """

    dense: str
    bm25: str
    weight: float

    def __str__(self) -> str:
        return f"{self.weight:g} {self.dense}(dense) + {1 - self.weight:g} {self.bm25}(BM25)"


@dataclass(frozen=True)
class Pair:
    """What both sides found for one query.

    `ids` are all documents found, those of the dense side first; `rows` (m,) says which of them are the
    m results of BM25. `dense` (n,) and `bm25` (m,) are float64 scores, best first.
    """

    ids: list[str]
    dense: Scores
    bm25: Scores
    rows: NDArray[np.intp]


def pair(dense: Ranking, bm25: Ranking) -> Pair:
    """Bring two rankings of one query together, so that they can be fused in several ways."""
    places = {name: row for row, name in enumerate(dense.document_ids)}
    rows = [places.setdefault(name, len(places)) for name in bm25.document_ids]
    return Pair(
        list(places),
        dense.scores.astype(np.float64),
        bm25.scores.astype(np.float64),
        np.array(rows, dtype=np.intp),
    )


def fuse(found: Pair, fusion: Fusion, depth: int) -> Ranking:
    """Return the best `depth` documents of both sides together by the tie rule.

    Args:
        found: what both sides found.
        fusion: how to add it up.
        depth: how many results to keep, at least 1.
    """
    scores = np.zeros(len(found.ids))
    if len(found.dense):
        scores[: len(found.dense)] = fusion.weight * SCALES[fusion.dense](found.dense)
    if len(found.bm25):
        scores[found.rows] += (1 - fusion.weight) * SCALES[fusion.bm25](found.bm25)
    return Ranking.from_scores(found.ids, scores, depth)


def dense_alone(found: Pair, depth: int) -> Ranking:
    """Return what the dense side found, the best `depth`."""
    return Ranking.from_scores(found.ids, found.dense, depth)


def bm25_alone(found: Pair, depth: int) -> Ranking:
    """Return what BM25 found, the best `depth`."""
    return Ranking.from_scores(found.ids, found.bm25, depth, found.rows)

"""The best few of many scored documents, by the tie rule."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.records import Ranking


def top(
    ids: Sequence[str], rows: NDArray[np.integer[Any]], scores: NDArray[np.float32], depth: int
) -> Ranking:
    """Return what `Ranking.from_scores` returns, sorting only what can be among the best.

    Args:
        ids: the ids of all documents.
        rows: (n,) which of them have a score.
        scores: (n,) float32, larger is better.
        depth: how many to keep, at least 1; all when there are fewer.
    """
    if depth < len(scores):
        kept = np.flatnonzero(scores >= np.partition(scores, -depth)[-depth])
        rows, scores = rows[kept], scores[kept]
    return Ranking.from_scores([ids[row] for row in rows], scores, depth)

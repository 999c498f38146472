"""The reference that every index kind is held against: all inner products, in numpy, without FAISS."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from searchapp.index.index import exact_scores
from searchapp.records import Ranking


def exact_search(
    ids: Sequence[str], vectors: NDArray[np.float32], queries: NDArray[np.float32], depth: int
) -> list[Ranking]:
    """Rank all documents for each query and keep the best `depth`.

    Args:
        ids: the n document ids, in row order.
        vectors: (n, d) float32.
        queries: (q, d) float32.
        depth: how many results a query gets.
    """
    return [Ranking.from_scores(ids, exact_scores(vectors, query), depth) for query in queries]

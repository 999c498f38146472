"""Hybrid retrieval: dense and BM25 results, fused."""

import time
from collections.abc import Sequence

from searchapp.encoders.encoder import Encoder
from searchapp.index.index import Index
from searchapp.records import Query, Run
from searchapp.retrieval.bm25 import bm25_run
from searchapp.retrieval.dense import dense_run
from searchapp.retrieval.fusion import Fusion, Pair, fuse, pair

DEPTH = 1000  # results of each side that are fused, at least


def hybrid_run(
    index: Index, encoder: Encoder | None, fusion: Fusion, queries: Sequence[Query], depth: int
) -> tuple[Run, dict[str, float]]:
    """Fuse the results of both sides, and return the best `depth` of each query with the seconds spent.

    Raises:
        SearchappError: as `pairs_of`.
    """
    pairs, seconds = pairs_of(index, encoder, queries, max(depth, DEPTH))
    began = time.perf_counter()
    run = {query_id: fuse(sides, fusion, depth) for query_id, sides in pairs.items()}
    return run, seconds | {"fuse": time.perf_counter() - began}


def pairs_of(
    index: Index, encoder: Encoder | None, queries: Sequence[Query], depth: int = DEPTH
) -> tuple[dict[str, Pair], dict[str, float]]:
    """Search with both sides, and return the two results of each query with the seconds spent.

    Args:
        index: the index to search; BM25 reads the same documents.
        encoder: what the index was built with; loaded if None.
        queries: queries with distinct ids.
        depth: how many results of each side are fused.

    Raises:
        SearchappError: as `dense_run`, or no document has a word.
    """
    dense, seconds = dense_run(index, encoder, queries, depth)
    bm25, more = bm25_run(index, queries, depth)
    return {query.id: pair(dense[query.id], bm25[query.id]) for query in queries}, seconds | more

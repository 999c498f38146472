"""Hybrid retrieval: dense and BM25 results, fused."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from searchapp.encoders.encoder import Encoder
from searchapp.index.index import Index
from searchapp.records import Query, Run
from searchapp.retrieval.bm25 import BM25, bm25_retriever
from searchapp.retrieval.dense import dense_run
from searchapp.retrieval.fusion import Pair, fuse, pair
from searchapp.retrieval.fusion_config import choice_for
from searchapp.retrieval.modes import Retriever

DEPTH = 1000  # results of each side that are fused


def hybrid_retriever(index: Index, encoder: Encoder | None) -> Retriever:
    """Return the mode `hybrid` for an index, with the fusion chosen for it."""
    choice = choice_for(index)
    bm25 = bm25_retriever(index)

    def search(queries: Sequence[Query], depth: int) -> tuple[Run, dict[str, float]]:
        pairs, seconds = pairs_of(index, encoder, queries, max(depth, DEPTH))
        began = time.perf_counter()
        run = {query_id: fuse(sides, choice.fusion, depth) for query_id, sides in pairs.items()}
        return run, seconds | {"fuse": time.perf_counter() - began}

    def recipe(queries: Sequence[Query], depth: int) -> dict[str, Any]:
        fusion = asdict(choice.fusion) | {"chosen_by": choice.origin, "depth": max(depth, DEPTH)}
        dense = index.search_recipe(len(queries))
        return dense | {"fusion": fusion, BM25: bm25.recipe(queries, depth)}

    label = f"{index.manifest.recipe.model} and {bm25.label}, {choice.fusion} ({choice.origin})"
    return Retriever(label, search, recipe, bm25.libraries, choice.judgements)


def pairs_of(
    index: Index, encoder: Encoder | None, queries: Sequence[Query], depth: int = DEPTH
) -> tuple[dict[str, Pair], dict[str, float]]:
    """Search with both sides, and return the two results of each query with the seconds of each step.

    Args:
        index: the index to search; BM25 reads the same documents.
        encoder: what the index was built with; loaded if None.
        queries: queries with distinct ids.
        depth: how many results of each side are fused.

    Raises:
        SearchappError: as `dense_run`, or no document has a word.
    """
    dense, seconds = dense_run(index, encoder, queries, depth)
    bm25, more = bm25_retriever(index).search(queries, depth)
    return {query.id: pair(dense[query.id], bm25[query.id]) for query in queries}, seconds | more

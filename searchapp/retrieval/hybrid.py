"""The modes of retrieval: dense, BM25, and hybrid, which fuses the two."""

import logging
import time
from collections.abc import Sequence

from searchapp.encoders.encoder import Encoder
from searchapp.errors import SearchappError
from searchapp.index.index import Index
from searchapp.records import Hit, Query, Run
from searchapp.retrieval.bm25 import Bm25, open_bm25
from searchapp.retrieval.dense import check_queries, dense_run
from searchapp.retrieval.fusion import Fusion, Pair, fuse, pair
from searchapp.retrieval.fusion_config import choice_for
from searchapp.retrieval.searcher import encoder_of

logger = logging.getLogger(__name__)

DEPTH = 1000  # results of either side that are fused


def pairs_of(
    index: Index, encoder: Encoder, queries: Sequence[Query], depth: int = DEPTH
) -> tuple[dict[str, Pair], dict[str, float]]:
    """Search densely and by BM25, and return both sides of each query, with the seconds that took.

    Args:
        index: the index to search; BM25 reads the same documents.
        encoder: what the index was built with.
        queries: queries with distinct ids.
        depth: how many results of either side are fused.

    Raises:
        SearchappError: as `dense_run`, or no document has a word.
    """
    dense, seconds = dense_run(index, encoder, queries, depth)
    began = time.perf_counter()
    words = bm25_of(index).search(queries, depth)
    pairs = {query.id: pair(dense[query.id], words[query.id]) for query in queries}
    return pairs, seconds | {"bm25": time.perf_counter() - began}


def hybrid_run(
    index: Index, encoder: Encoder, fusion: Fusion, queries: Sequence[Query], depth: int
) -> tuple[Run, dict[str, float]]:
    """Fuse the results of both sides, `DEPTH` of each, and keep the best `depth` of each query.

    Raises:
        SearchappError: as `pairs_of`.
    """
    pairs, seconds = pairs_of(index, encoder, queries, max(depth, DEPTH))
    began = time.perf_counter()
    run = {query_id: fuse(found, fusion, depth) for query_id, found in pairs.items()}
    return run, seconds | {"fuse": time.perf_counter() - began}


def bm25_of(index: Index) -> Bm25:
    """Return the BM25 weights of the documents of an index."""
    return open_bm25(index.manifest.documents_digest, lambda: index.documents(index.all_ids()))


def answer(index: Index, mode: str, queries: Sequence[Query], k: int) -> dict[str, list[Hit]]:
    """Return the best k documents for each query, with their texts, by query id.

    Args:
        index: the index to search.
        mode: a name in `MODES`; only `bm25` does without the model of the index, and may find fewer.
        queries: queries with distinct ids.
        k: how many results a query gets.

    Raises:
        SearchappError: a query is empty, k is below 1 or above the number of documents, or the model of
            the index is not here.
    """
    check_queries(queries, k)
    if k > index.manifest.n_docs:
        raise SearchappError(
            f"k is {k}, but {index.manifest.corpus} has only {index.manifest.n_docs} documents.",
            f"Ask for at most -k {index.manifest.n_docs}.",
        )
    return {
        query_id: [
            Hit(rank, float(score), document)
            for rank, (score, document) in enumerate(
                zip(ranking.scores, index.documents(ranking.document_ids), strict=True), start=1
            )
        ]
        for query_id, ranking in _run(index, mode, queries, k).items()
    }


def _run(index: Index, mode: str, queries: Sequence[Query], k: int) -> Run:
    if mode == "bm25":
        _announce(index, "BM25")
        return bm25_of(index).search(queries, k)
    model = index.manifest.recipe.model
    if mode == "hybrid":
        choice = choice_for(index)
        _announce(index, f"{model} and BM25, {choice.fusion} ({choice.origin})")
        return hybrid_run(index, encoder_of(index), choice.fusion, queries, k)[0]
    _announce(index, model)
    return dense_run(index, encoder_of(index), queries, k)[0]


def _announce(index: Index, by: str) -> None:
    logger.info("Searching %s by %s (%s).", index.manifest.corpus, by, index.folder)

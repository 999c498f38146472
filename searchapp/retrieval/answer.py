"""Answer queries from an index: the best documents with their texts."""

import logging
from collections.abc import Sequence

from searchapp.errors import SearchappError
from searchapp.index.index import Index
from searchapp.records import Hit, Query
from searchapp.retrieval.modes import find_mode
from searchapp.retrieval.queries import check_queries

logger = logging.getLogger(__name__)


def answer(index: Index, mode: str, queries: Sequence[Query], k: int) -> dict[str, list[Hit]]:
    """Return the best k documents for each query, with their texts, by query id.

    Args:
        index: the index to search.
        mode: a name in `MODES`; `bm25` does not need the model of the index, and may return fewer.
        queries: queries with distinct ids.
        k: how many results each query gets.

    Raises:
        SearchappError: a query is empty, k is below 1 or above the number of documents, or the model of
            the index is missing.
    """
    check_queries(queries, k)
    if k > index.manifest.n_docs:
        raise SearchappError(
            f"k is {k}, but {index.manifest.corpus} has only {index.manifest.n_docs} documents.",
            f"Use -k {index.manifest.n_docs} or less.",
        )
    retriever = find_mode(mode).open(index, None)
    logger.info("Searching %s with %s (%s).", index.manifest.corpus, retriever.label, index.folder)
    run, _ = retriever.search(queries, k)
    return {
        query_id: [
            Hit(rank, float(score), document)
            for rank, (score, document) in enumerate(
                zip(ranking.scores, index.documents(ranking.document_ids), strict=True), start=1
            )
        ]
        for query_id, ranking in run.items()
    }

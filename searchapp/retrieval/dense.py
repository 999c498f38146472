"""Dense retrieval: queries encoded by the model of an index, compared with all its vectors."""

import logging
import time
from collections.abc import Sequence

from searchapp.encoders.encoder import Encoder
from searchapp.errors import SearchappError
from searchapp.index.index import Index
from searchapp.records import Query, Run

logger = logging.getLogger(__name__)

BATCH = 256  # queries searched at a time, so that the scores of a batch fit in memory


def dense_run(
    index: Index, encoder: Encoder, queries: Sequence[Query], depth: int
) -> tuple[Run, dict[str, float]]:
    """Search an index and return the run with the seconds that encoding and searching took.

    Args:
        index: the index to search.
        encoder: what the index was built with.
        queries: queries with distinct ids.
        depth: how many results a query gets; all documents when there are fewer.

    Raises:
        SearchappError: a query is empty, the depth is below 1, or the index is of another recipe.
    """
    check_queries(queries, depth)
    index.check_recipe(encoder.recipe)
    seconds = {"encode_queries": 0.0, "search": 0.0}
    run: Run = {}
    for start in range(0, len(queries), BATCH):
        batch = queries[start : start + BATCH]
        began = time.perf_counter()
        vectors = encoder.encode_queries(batch)
        encoded = time.perf_counter()
        rankings = index.search(vectors, depth)
        seconds["encode_queries"] += encoded - began
        seconds["search"] += time.perf_counter() - encoded
        run.update(zip((query.id for query in batch), rankings, strict=True))
    short = sum(len(ranking.document_ids) < min(depth, index.manifest.n_docs) for ranking in run.values())
    if short:
        logger.warning(
            "%d of %d queries have fewer than %d results: a %s index is not exact.",
            short, len(run), min(depth, index.manifest.n_docs), index.kind.name,
        )  # fmt: skip
    return run, seconds


def check_queries(queries: Sequence[Query], k: int) -> None:
    """Raise SearchappError when k is below 1 or a query is empty, before anything is loaded for it."""
    if k < 1:
        raise SearchappError(f"k is {k}.", "Ask for at least 1 result.")
    for query in queries:
        _check_text(query)


def _check_text(query: Query) -> None:
    if not query.text.strip():
        raise SearchappError(f"Query {query.id!r} is empty.", 'Give it some words: searchapp query "..."')
    try:
        query.text.encode()
    except UnicodeEncodeError as error:
        raise SearchappError(
            f"Query {query.id!r} is not valid Unicode (character {error.start + 1}).", "Type it as UTF-8."
        ) from error

"""Dense retrieval: queries are encoded with the model of an index and compared with its vectors."""

import logging
import time
from collections.abc import Sequence

from searchapp.encoders.encoder import Encoder
from searchapp.index.index import Index
from searchapp.records import Query, Run
from searchapp.retrieval.index_lookup import encoder_of

logger = logging.getLogger(__name__)

BATCH = 256  # queries searched at a time, so that their scores fit in memory


def dense_run(
    index: Index, encoder: Encoder | None, queries: Sequence[Query], depth: int
) -> tuple[Run, dict[str, float]]:
    """Search an index, and return the run with the seconds spent on encoding and on searching.

    Args:
        index: the index to search.
        encoder: what the index was built with; loaded if None.
        queries: queries with distinct ids.
        depth: how many results each query gets; all documents when there are fewer.

    Raises:
        SearchappError: the index was built with another recipe, or its model is missing.
    """
    encoder = encoder or encoder_of(index)
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
    expected = min(depth, index.manifest.n_docs)
    short = sum(len(ranking.document_ids) < expected for ranking in run.values())
    if short:
        problem = f"{short} of {len(run)} queries got fewer than {expected} results"
        logger.warning("%s: the index kind %s is approximate.", problem, index.kind.name)
    return run, seconds

"""The random baseline, the floor under every score: documents ranked by a hash."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from searchapp.records import Query, Ranking, Run

RANDOM = "random"  # the name of the model in results

_BITS = 24  # of a hash; a float32 represents them exactly


def random_run(ids: Sequence[str], queries: Sequence[Query], depth: int, seed: int = 0) -> Run:
    """Rank all documents for each query by a hash of seed, query id and document id.

    The ranking is therefore the same on every machine and for every order of the documents.

    Args:
        ids: the ids of all documents.
        queries: queries with distinct ids.
        depth: how many results each query gets.
        seed: each seed gives a different ranking.
    """
    documents = np.array([_hash(name) for name in ids], dtype=np.uint64)
    run = {}
    for query in queries:
        mixed = _mix(documents ^ np.uint64(_hash(f"{seed} {query.id}")))
        scores = (mixed >> np.uint64(64 - _BITS)).astype(np.float32) / np.float32(2**_BITS)
        run[query.id] = Ranking.from_scores(ids, scores, depth)
    return run


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every bit over all of them: the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))

"""What is retrieved by whatever is examined: the run, else the vectors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.evidence import CannotJudgeError, Evidence, Rows
from searchapp.diagnosis.measures import CUTOFF, rows_of_run
from searchapp.encoders.vectors import Floats
from searchapp.records import Ranking, Run

DEPTH = 1000  # of a run whose figures are compared with published ones


def retrieved_rows(evidence: Evidence, depth: int) -> Rows:
    """Return the first results of each query of the context as rows of its documents, (q, depth), or -1.

    Raises:
        CannotJudgeError: there are neither a run nor vectors, or no vector belongs to the corpus.
    """
    context = evidence.context
    if evidence.run is not None:
        names = [query.id for query in context.queries]
        return rows_of_run(evidence.require_run(), names, context.rows, depth)
    evidence.require_vectors()
    best = evidence.top if depth == CUTOFF else evidence.judged.top(*evidence.searched, depth)
    rows = np.full((len(context.queries), best.shape[1]), -1, dtype=np.intp)
    rows[evidence.query_rows] = evidence.document_rows[best]
    return rows


def scores_of_queries(evidence: Evidence) -> NDArray[np.float64] | None:
    """Return nDCG@10 of each query of the context, (q,), None where nothing is judged or retrieved."""
    if evidence.context.label_free:
        return None
    try:
        return evidence.context.judged.ndcg_of(retrieved_rows(evidence, CUTOFF))
    except CannotJudgeError:
        return None


def exact_run(evidence: Evidence, depth: int = DEPTH) -> Run:
    """Return the run of exact search over the stored vectors.

    Raises:
        CannotJudgeError: there are no vectors, or none belongs to the corpus.
    """
    evidence.require_vectors()
    return run_of(evidence, evidence.query_ids, evidence.searched.queries, depth)


def run_of(evidence: Evidence, query_ids: Sequence[str], queries: Floats, depth: int) -> Run:
    """Return the run of exact search over the stored documents for any queries, (q, d)."""
    documents = evidence.searched.documents
    run = {}
    best = evidence.judged.top(documents, queries, depth)
    for name, rows, query in zip(query_ids, best, queries, strict=True):
        ids = [evidence.document_ids[row] for row in rows]
        run[name] = Ranking(ids, (documents[rows] @ query).astype(np.float32))
    return run

"""What is retrieved by whatever is examined: the run, else the vectors."""

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.evidence import CannotJudgeError, Evidence, Rows
from searchapp.diagnosis.measures import CUTOFF, rows_of_run


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
    best = evidence.judged.top(*evidence.searched, depth)
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

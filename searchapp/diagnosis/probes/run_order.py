"""Whether the rankings of a run, given without its vectors, are stored under the right ids."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.agreement import SHIFTS
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.thresholds import LIKELY, RUN_GAIN, RUN_LEAST_GAIN, RUN_STRANGERS, STRONG
from searchapp.records import Run

Rows = NDArray[np.intp]

SHIFTED_TEXT = (
    "Read {by:+d} rows away in the order of the corpus, the {side} of the run score {shifted:.3f} instead of "
    "{score:.3f}."
)
DOCUMENTS_SHIFTED = Symptom("rows-offset", SHIFTED_TEXT, fix="moving the documents by {by:+d} rows")
QUERIES_SHIFTED = Symptom("queries-offset", SHIFTED_TEXT, fix="moving the queries by {by:+d} rows")
UNRELATED = Symptom(
    "order-lost",
    "The results are hardly closer to the query than other documents are: they rank above "
    "{agreement:percent} of the documents, according to the bundled model.",
    "Vectors that are unrelated to the texts give such a run too.",
)


@probe("run-order", DOCUMENTS_SHIFTED, QUERIES_SHIFTED, UNRELATED)
def run_order(evidence: Evidence) -> Iterator[Observation]:
    """Is the run stored under the right ids, and what does it score?"""
    evidence.require_run()
    evidence.require_judgements()
    context, run = evidence.context, evidence.run or {}
    names = [query.id for query in context.queries]
    judged = context.judged
    rows = context.rows_of_run(run, names)
    if not (rows >= 0).any():
        raise CannotJudgeError("the run and the corpus share no judged query, or no document")
    score = float(judged.ndcg_of(rows).mean())
    yield fact("run-score", "nDCG@10 of the run", score)
    yield fact("chance", "chance", judged.chance)
    size = len(context.documents)
    for side, symptom, shifted in (
        ("documents", DOCUMENTS_SHIFTED, {by: np.where(rows >= 0, (rows + by) % size, -1) for by in SHIFTS}),
        ("queries", QUERIES_SHIFTED, {by: _shifted_queries(evidence, run, names, by) for by in SHIFTS}),
    ):
        scores = {by: float(judged.ndcg_of(moved).mean()) for by, moved in shifted.items()}
        by = max(scores, key=scores.__getitem__)
        if scores[by] > score + max(RUN_LEAST_GAIN, RUN_GAIN * score):
            yield symptom.finding(
                STRONG, scores[by] - score, by=by, side=side, shifted=scores[by], score=score
            )
            return
    agreement = _agreement(evidence, rows)
    yield fact("run-agreement", "agreement of the run with the control", agreement, "0.5 is chance")
    if agreement < RUN_STRANGERS:
        yield UNRELATED.finding(LIKELY, agreement=agreement)


def _agreement(evidence: Evidence, rows: Rows) -> float:
    """Return the share of the documents that the control ranks below a result, on average."""
    control = evidence.context.control
    below = []
    for query, retrieved in enumerate(rows):
        known = retrieved[retrieved >= 0]
        if len(known):
            scores = control.documents @ control.queries[query]
            below.append(float((scores[:, None] < scores[known]).mean()))
    return float(np.mean(below))


def _shifted_queries(evidence: Evidence, run: Run, names: list[str], by: int) -> Rows:
    """Return for each query the results of the one so many places further in the query file, as rows."""
    context = evidence.context
    order = [name for name in context.all_queries if name in run or name in context.judgements]
    place = {name: row for row, name in enumerate(order)}
    read_as = {name: order[(place[name] + by) % len(order)] for name in names}
    return context.rows_of_run({name: run[other] for name, other in read_as.items() if other in run}, names)

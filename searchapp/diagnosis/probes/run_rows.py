"""Somebody's rankings without their vectors: do they stand at the right ids?"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.measures import CUT, judged_queries
from searchapp.diagnosis.probe import LIKELY, STRONG, CannotJudgeError, Fact, Finding, Observation
from searchapp.diagnosis.thresholds import RUN_GAIN, RUN_LEAST_GAIN, RUN_STRANGERS

STEPS = (-3, -2, -1, 1, 2, 3)
Rows = NDArray[np.intp]


def run_rows(evidence: Evidence) -> Iterator[Observation]:
    """Score the run as it is and read further up or down, and ask the control whether it fits the texts."""
    context = evidence.context
    trial = judged_queries(
        [document.id for document in context.documents],
        [query.id for query in context.queries],
        context.judgements,
    )
    names = [query.id for query in context.queries]
    rows = _rows(evidence, names)
    if not (rows >= 0).any():
        raise CannotJudgeError("the run and the corpus share no judged query, or no document")
    here = float(trial.ndcg_of(rows).mean())
    yield Fact("nDCG@10 of the run", here)
    yield Fact("chance", trial.chance)
    least = here + max(RUN_LEAST_GAIN, RUN_GAIN * here)
    documents = {
        step: float(trial.ndcg_of(_shifted(rows, step, len(context.documents))).mean()) for step in STEPS
    }
    queries = {step: float(trial.ndcg_of(_rows(evidence, names, step)).mean()) for step in STEPS}
    for cause, what, scores in (
        ("rows-offset", "documents", documents),
        ("queries-offset", "queries", queries),
    ):
        step = max(scores, key=scores.__getitem__)
        if scores[step] > least:
            yield Finding(cause, STRONG, (
                f"Read {step:+d} rows away in the order of the corpus, the {what} of the run score "
                f"{scores[step]:.3f} instead of {here:.3f}."
            ), gain=scores[step] - here, repaired=f"move the {what} by {step:+d} rows")  # fmt: skip
            return
    yield from _strangers(evidence, rows)


def _strangers(evidence: Evidence, rows: Rows) -> Iterator[Observation]:
    """Ask the control model whether what was found looks more like the query than any document does."""
    control = evidence.context.control
    places = []
    for query, found in enumerate(rows):
        known = found[found >= 0]
        if len(known):
            scores = control.documents @ control.queries[query]
            places.append(float((scores[:, None] < scores[known]).mean()))
    near = float(np.mean(places))
    yield Fact("agreement of the run with the control", near, "0.5 is chance")
    if near < RUN_STRANGERS:
        yield Finding("order-lost", LIKELY, (
            f"What the run finds looks no more like the query than other documents do: {near:.2f} of them "
            "are further away, by the bundled model."
        ), "Vectors that hold nothing of the texts give such a run too.")  # fmt: skip


def _rows(evidence: Evidence, names: list[str], step: int = 0) -> Rows:
    """Return the first ten of each query as rows of the context, (q, 10), -1 where there is none.

    Args:
        evidence: whose run it is.
        names: the queries.
        step: read for each query what the run has for the one so many places further in the file.
    """
    context, run = evidence.context, evidence.run or {}
    order = [name for name in context.all_queries if name in run or name in context.judgements]
    place = {name: row for row, name in enumerate(order)}
    rows = np.full((len(names), CUT), -1, dtype=np.intp)
    for query, name in enumerate(names):
        ranking = run.get(order[(place[name] + step) % len(order)] if step else name)
        found = [context.rows.get(one, -1) for one in ranking.document_ids[:CUT]] if ranking else []
        rows[query, : len(found)] = found
    return rows


def _shifted(rows: Rows, step: int, size: int) -> Rows:
    return np.where(rows >= 0, (rows + step) % size, -1)

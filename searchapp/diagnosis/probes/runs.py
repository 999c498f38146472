"""Rankings: their ids, depth and scores, and whether they are what exact search over the vectors gives."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.agreement import SHIFTS
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence, mean
from searchapp.diagnosis.measures import CUTOFF, rows_of_run
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.thresholds import LIKELY, NEAR_PROOF, PROOF, STRONG
from searchapp.evaluation.measures import parse_measure
from searchapp.records import Run

Rows = NDArray[np.intp]

DECIMALS = (0, 1, 2, 3)  # that a rounded score may have

SHALLOW = Symptom("shallow-run", "No query has more than {depth} results, but {wanted} are scored.")
ROUNDED = Symptom(
    "coarse-scores",
    "Of the first ten scores of a query, {distinct:percent} are distinct, and none has more than {decimals} "
    "decimals: ties decide the rest.",
    key="rounded-scores",
)
TIED = Symptom(
    "coarse-scores",
    "Of the first ten scores of a query, {distinct:percent} are distinct: ties decide the rest.",
    "An index that compresses vectors produces ties too.",
    key="tied-scores",
)
LAST = Symptom(
    "missing-as-last",
    "{lowest} queries have results with the lowest possible score. The last document of the corpus "
    "({last!r}) is among the results of {holding:percent} of the queries, ends {ending} of them, and is "
    "repeated in {repeated}.",
)
APPROXIMATE = Symptom(
    "approximate-search",
    "Only {overlap:percent} of the run's first ten are among the ten that exact search over the same vectors "
    "returns.",
    fix="searching exactly",
)

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


@probe("run-depth", SHALLOW)
def run_depth(evidence: Evidence) -> Iterator[Observation]:
    """Is the run deep enough for its metrics?"""
    run = evidence.require_run()
    depth = max((len(ranking.document_ids) for ranking in run.values()), default=0)
    cutoffs = [cutoff for name in evidence.reported if (cutoff := parse_measure(name).cutoff)]
    wanted = min(max(cutoffs, default=CUTOFF), len(evidence.context.documents))
    yield fact("run-depth", "depth of the run", depth)
    if depth < wanted:
        yield SHALLOW.finding(PROOF, depth=depth, wanted=wanted)


@probe("run-scores", LAST, ROUNDED, TIED)
def run_scores(evidence: Evidence) -> Iterator[Observation]:
    """Are the scores of the run plausible?"""
    run = evidence.require_run()
    if not run:
        raise CannotJudgeError("the run is empty")
    firsts = [ranking.scores[:CUTOFF] for ranking in run.values()]
    distinct = float(np.mean([len(np.unique(scores)) / len(scores) for scores in firsts]))
    yield fact("distinct-scores", "distinct scores among the first ten", distinct)
    yield from _missing_as_last(evidence, run)
    if distinct < limits.DISTINCT:
        every = np.concatenate(firsts).astype(np.float64)
        decimals = next((d for d in DECIMALS if np.abs(every - np.round(every, d)).max() < 1e-6), None)
        if decimals is None:
            yield TIED.finding(LIKELY, distinct=distinct)
        else:
            yield ROUNDED.finding(NEAR_PROOF, distinct=distinct, decimals=decimals)


def _missing_as_last(evidence: Evidence, run: Run) -> Iterator[Observation]:
    """Look for results with index -1, which in Python is the last document of a list."""
    last = evidence.context.documents[-1].id
    holding = [ranking for ranking in run.values() if last in ranking.document_ids]
    lowest = sum(
        bool((ranking.scores < limits.MISSING_SCORE).any() or np.isnan(ranking.scores).any())
        for ranking in run.values()
    )
    repeated = sum(ranking.document_ids.count(last) > 1 for ranking in holding)
    ending = sum(ranking.document_ids[-1] == last for ranking in holding)
    share = len(holding) / len(run)
    usual = max(limits.LAST_QUERIES / len(run), limits.LAST_RESULT)
    often = share > usual and ending > limits.LAST_ENDING * len(holding)
    if lowest or repeated or often:
        strength = PROOF if lowest or repeated else LIKELY
        yield LAST.finding(
            strength, lowest=lowest, last=last, holding=share, ending=ending, repeated=repeated
        )


@probe("run-search", APPROXIMATE)
def run_search(evidence: Evidence) -> Iterator[Observation]:
    """Does the run contain what exact search finds?"""
    run = evidence.require_run()
    evidence.require_vectors()
    shared = [(row, name) for row, name in enumerate(evidence.query_ids) if name in run]
    if not shared:
        raise CannotJudgeError("the run and the vectors share no query")
    documents, queries = evidence.searched
    row_of = {name: row for row, name in enumerate(evidence.document_ids)}
    kept = []
    for row, name in shared:
        ids = run[name].document_ids[:CUTOFF]
        least = float(documents[evidence.top[row][-1]] @ queries[row])
        near = documents[[row_of[document] for document in ids if document in row_of]] @ queries[row]
        kept.append(min(1.0, float((near >= least - 1e-6).sum()) / len(ids)))
    overlap = float(np.mean(kept))
    yield fact("exact-overlap", "first ten that exact search returns too", overlap)
    if overlap < limits.OVERLAP:
        retrieved = rows_of_run(run, evidence.query_ids, row_of)
        gain = evidence.score - mean(evidence.judged.ndcg_of(retrieved))
        yield APPROXIMATE.finding(STRONG, gain, overlap=overlap)


@probe("run-order", DOCUMENTS_SHIFTED, QUERIES_SHIFTED, UNRELATED)
def run_order(evidence: Evidence) -> Iterator[Observation]:
    """Is the run stored under the right ids, and what does it score?"""
    evidence.require_run()
    evidence.require_judgements()
    context, run = evidence.context, evidence.run or {}
    names = [query.id for query in context.queries]
    judged = context.judged
    rows = evidence.run_rows
    if not (rows >= 0).any():
        raise CannotJudgeError("the run and the corpus share no judged query, or no document")
    score = mean(evidence.run_per_query)
    size = len(context.documents)
    for side, symptom, shifted in (
        ("documents", DOCUMENTS_SHIFTED, {by: np.where(rows >= 0, (rows + by) % size, -1) for by in SHIFTS}),
        ("queries", QUERIES_SHIFTED, {by: _shifted_queries(evidence, run, names, by) for by in SHIFTS}),
    ):
        scores = {by: float(judged.ndcg_of(moved).mean()) for by, moved in shifted.items()}
        by = max(scores, key=scores.__getitem__)
        if scores[by] > score + max(limits.RUN_LEAST_GAIN, limits.RUN_GAIN * score):
            yield symptom.finding(
                STRONG, scores[by] - score, by=by, side=side, shifted=scores[by], score=score
            )
            return
    agreement = _agreement(evidence, rows)
    yield fact("run-agreement", "agreement of the run with the control", agreement, "0.5 is chance")
    if agreement < limits.RUN_STRANGERS:
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
    moved = {name: run[other] for name, other in read_as.items() if other in run}
    return rows_of_run(moved, names, context.rows)

"""Rankings: their depth and their scores."""

from collections.abc import Iterator

import numpy as np

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.measures import CUTOFF
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.thresholds import HINT, LIKELY, NEAR_PROOF, PROOF
from searchapp.evaluation.measures import parse_measure
from searchapp.records import Run

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
            # Fused ranks tie in pairs.
            yield TIED.finding(LIKELY if distinct < limits.MOST else HINT, distinct=distinct)
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

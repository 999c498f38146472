"""A rehearsal with queries held back chooses how long to teach; then everything is taught."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from searchapp.adaptation.exam import Exam, Values, weighted_mean
from searchapp.adaptation.teaching import Course, Plan, teach
from searchapp.encoders.vectors import Floats
from searchapp.evaluation.intervals import difference_intervals
from searchapp.retrieval.fusion import Fusion
from searchapp.retrieval.fusion_config import DEFAULT

logger = logging.getLogger(__name__)

FUSION = Fusion(DEFAULT.dense, DEFAULT.bm25, 0.35)
"""The fusion of a table that was taught titles and sentences alone, chosen on the train queries of SciFact
and the dev queries of NFCorpus, which such a table was not taught."""


@dataclass(frozen=True)
class Row:
    """One line of the account: nDCG@10 of a group of held-back queries in a mode, before and after.

    `interval` is a 95 % bootstrap interval of the gain.
    """

    group: str
    mode: str
    n_queries: int
    before: float
    after: float
    gain: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Step:
    """An epoch that is over: its number, that of all, and the mean nDCG@10 of the held-back groups."""

    part: str
    epoch: int
    epochs: int
    figure: float | None


Progress = Callable[[Step], None]


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """What came out of a rehearsal.

    `figures` holds the weighted mean of the groups before and after each epoch, `best` the best epoch,
    `table` (v, d) float32 the table after it; `rows` account for it.
    """

    figures: list[float]
    best: int
    table: Floats
    rows: list[Row]
    better: bool
    fusion: Fusion
    seconds: float
    interrupted: bool


def rehearse(
    course: Course, exam: Exam, table: Floats, plan: Plan, *, tune: bool, progress: Progress
) -> Rehearsal:
    """Teach what is not held back, and keep the table of the best epoch.

    With `tune`, the fusion with BM25 is chosen on the held-back queries too, else it is `FUSION`. An
    interruption (Ctrl-C) ends the rehearsal with the best table so far.

    Raises:
        KeyboardInterrupt: interrupted before the first epoch was over.
    """
    began = time.process_time()
    before = exam.dense(table)
    figures, best, kept, interrupted = [weighted_mean(exam.groups, before)], 0, table, False
    progress(Step("rehearsal", 0, plan.epochs, figures[0]))
    try:
        for epoch, taught in enumerate(teach(course, table, plan), start=1):
            figures.append(weighted_mean(exam.groups, exam.dense(taught)))
            progress(Step("rehearsal", epoch, plan.epochs, figures[-1]))
            if figures[-1] > figures[best]:
                best, kept = epoch, taught
    except KeyboardInterrupt:
        if not best:
            raise
        interrupted = True
    seconds = time.process_time() - began
    rows, fusion = _account(exam, before, table, kept, tune=tune)
    dense = np.concatenate(exam.dense(kept)) - np.concatenate(before)
    low, _ = difference_intervals({"gain": dense})["gain"]
    return Rehearsal(figures, best, kept, rows, bool(best) and low > 0, fusion, seconds, interrupted)


def finish(course: Course, table: Floats, plan: Plan, progress: Progress) -> Floats | None:
    """Return the table after teaching everything, (v, d) float32; None when interrupted."""
    tables = teach(course, table, plan)
    taught = None
    try:
        for epoch in range(1, plan.epochs + 1):
            taught = next(tables)
            progress(Step("all of it", epoch, plan.epochs, None))
    except KeyboardInterrupt:
        return None
    return taught


def _account(
    exam: Exam, before: Sequence[Values], table: Floats, taught: Floats, *, tune: bool
) -> tuple[list[Row], Fusion]:
    after = exam.dense(taught)
    hybrid_before = exam.fused(exam.pairs(table), DEFAULT)
    pairs = exam.pairs(taught)
    fusion, hybrid_after = exam.choose_fusion(pairs) if tune else (FUSION, exam.fused(pairs, FUSION))
    rows = []
    for place, group in enumerate(exam.groups):
        for mode, old, new in (("dense", before, after), ("hybrid", hybrid_before, hybrid_after)):
            rows.append(_row(group.name, mode, old[place], new[place]))
    return rows, fusion


def _row(group: str, mode: str, before: Values, after: Values) -> Row:
    gain = after - before
    interval = difference_intervals({"gain": gain})["gain"]
    return Row(group, mode, len(gain), _mean(before), _mean(after), _mean(gain), interval)


def _mean(values: Values) -> float:
    return fsum(values) / len(values)

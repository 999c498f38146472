"""Compare runs with a baseline: means, differences with their uncertainty, and the queries behind them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.corpora.corpus import Corpus
from searchapp.errors import SearchappError
from searchapp.evaluation.drilldown import Lookup, QueryChange
from searchapp.evaluation.intervals import difference_intervals
from searchapp.evaluation.measures import MAIN_MEASURES
from searchapp.evaluation.metric import NO_CUTOFF, Measure
from searchapp.evaluation.results import recipe_changes
from searchapp.evaluation.run_inputs import RunInput, read_rankings
from searchapp.evaluation.scoring import Scores, score
from searchapp.evaluation.significance import holm, randomisation_tests
from searchapp.evaluation.trec import warn_of_absent
from searchapp.records import Run

logger = logging.getLogger(__name__)

TIE = 1e-12
"""Two values of a query that differ by no more than this are tied."""

STORED_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Change:
    """The change of one measure, candidate minus baseline.

    `interval` is the 95 % bootstrap interval of the mean difference; `p` is the p-value of the
    randomisation test, `corrected_p` the same corrected for the number of candidates; `wins` and `losses`
    count the queries on which the candidate is better and worse.
    """

    metric: str
    baseline: float
    candidate: float
    difference: float
    interval: tuple[float, float]
    p: float
    corrected_p: float
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True)
class Comparison:
    """One candidate compared with the baseline.

    `recipe_changes` is where the recipes of stored results differ, name -> (baseline, candidate); `gains`
    and `losses` are the queries on which the first measure differs most, largest first; `per_query` is
    query id -> measure -> (baseline, candidate), for every judged query.
    """

    candidate: RunInput
    recipe_changes: dict[str, tuple[Any, Any]]
    changes: list[Change]
    gains: list[QueryChange]
    losses: list[QueryChange]
    per_query: dict[str, dict[str, tuple[float, float]]]


def compare_runs(
    corpus: Corpus, entries: Sequence[RunInput], measures: Sequence[Measure], shown: int
) -> list[Comparison]:
    """Compare every run with the first, on all judged queries of the corpus.

    There are at least two `entries` and one of the `measures`. By the first measure, the `shown` queries with
    the largest gains and as many with the largest losses are looked up.

    Raises:
        SearchappError: a run is damaged, has a document that is not in the corpus, shares no judged query
            with the corpus or with the baseline, or no longer scores what its result says.
    """
    runs = read_rankings(entries, corpus)
    for entry, run in zip(entries, runs, strict=True):
        _check_queries((entry, run), (entries[0], runs[0]), corpus)
    computed = list(dict.fromkeys([*measures, *MAIN_MEASURES]))  # the main ones to check stored results
    scores = [score(run, corpus.judgements, computed) for run in runs]
    for entry, scored in zip(entries, scores, strict=True):
        _check_stored(entry, scored)
    _remark_depths(entries, runs, max(measure.cutoff or NO_CUTOFF for measure in measures))
    baseline, *candidates = scores
    metrics = [measure.name for measure in measures]
    changes = _changes(baseline, candidates, metrics)
    first = metrics[0]
    extremes = [_extremes(scored.values[first] - baseline.values[first], shown) for scored in candidates]
    rows = sorted({row for gains, losses in extremes for row in (*gains, *losses)})
    lookup = Lookup(corpus, runs, scores, first, rows)
    return [
        Comparison(
            entry,
            recipe_changes(entries[0].result, entry.result),
            changes[number - 1],
            [lookup.query(row, number) for row in extremes[number - 1][0]],
            [lookup.query(row, number) for row in extremes[number - 1][1]],
            _per_query(baseline, scores[number], metrics),
        )
        for number, entry in enumerate(entries[1:], start=1)
    ]


def _changes(baseline: Scores, candidates: Sequence[Scores], metrics: Sequence[str]) -> list[list[Change]]:
    """Return the change of each measure, for each candidate."""
    differences = [
        {metric: scored.values[metric] - baseline.values[metric] for metric in metrics}
        for scored in candidates
    ]
    tests = [randomisation_tests(table) for table in differences]
    corrected = {metric: holm([test[metric] for test in tests]) for metric in metrics}
    before = baseline.means()
    changes = []
    for number, (candidate, table) in enumerate(zip(candidates, differences, strict=True)):
        after, intervals = candidate.means(), difference_intervals(table)
        changes.append(
            [
                Change(
                    metric,
                    before[metric],
                    after[metric],
                    after[metric] - before[metric],
                    intervals[metric],
                    tests[number][metric],
                    corrected[metric][number],
                    wins=int((table[metric] > TIE).sum()),
                    ties=int((np.abs(table[metric]) <= TIE).sum()),
                    losses=int((table[metric] < -TIE).sum()),
                )
                for metric in metrics
            ]
        )
    return changes


def _extremes(differences: NDArray[np.float64], shown: int) -> tuple[list[int], list[int]]:
    """Return the rows of the largest gains and of the largest losses, ties in row order."""
    falling, rising = (np.argsort(sign * differences, kind="stable").tolist() for sign in (-1, 1))
    gains = [row for row in falling if differences[row] > TIE][:shown]
    return gains, [row for row in rising if differences[row] < -TIE][:shown]


def _per_query(
    baseline: Scores, candidate: Scores, metrics: Sequence[str]
) -> dict[str, dict[str, tuple[float, float]]]:
    before, after = baseline.per_query(), candidate.per_query()
    return {
        name: {metric: (before[name][metric], after[name][metric]) for metric in metrics} for name in before
    }


def _check_queries(candidate: tuple[RunInput, Run], first: tuple[RunInput, Run], corpus: Corpus) -> None:
    """Check that a run can be compared with the baseline query by query, and warn of missing queries."""
    (entry, run), (baseline, baseline_run) = candidate, first
    if not run.keys() & corpus.judgements.keys():
        raise SearchappError(
            f"None of the {len(run)} queries of {entry.path} is judged (first: {next(iter(run))!r}; "
            f"a judged one: {next(iter(corpus.judgements))!r}).",
            f"Is it a run of another corpus or split than {corpus.id}?",
        )
    if not run.keys() & baseline_run.keys() & corpus.judgements.keys():
        raise SearchappError(
            f"{entry.path} and {baseline.path} share no judged query "
            f"(first: {next(iter(run))!r} and {next(iter(baseline_run))!r}).",
            "Are they runs of the same split?",
        )
    warn_of_absent(run, corpus.judgements, entry.label)


def _check_stored(entry: RunInput, scored: Scores) -> None:
    """Check that a run still scores what the result next to it says."""
    if entry.result is None:
        return
    for metric, mean in scored.means().items():
        stored = entry.result.metrics.get(metric, mean)
        if abs(mean - stored) > STORED_TOLERANCE:
            raise SearchappError(
                f"{entry.path} scores {metric} {mean:.5f}, but the result next to it says {stored:.5f}: "
                "one of the two files has changed.",
                f"Evaluate it again: searchapp eval {entry.result.corpus} --run-out DIR",
            )


def _remark_depths(entries: Sequence[RunInput], runs: Sequence[Run], cutoff: int) -> None:
    """Say where a run ends above the largest cutoff and another does not."""
    depths = [max(len(ranking.document_ids) for ranking in run.values()) for run in runs]
    for entry, depth in zip(entries, depths, strict=True):
        if depth < min(cutoff, max(depths)):
            logger.warning(
                "%s has a depth of %d; documents below it count as not retrieved%s.",
                entry.label, depth, "" if cutoff == NO_CUTOFF else f" at {cutoff}",
            )  # fmt: skip

"""Score a run: every measure for every judged query, with ranx or in numpy."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np
from numpy.typing import NDArray

from searchapp.errors import SearchappError
from searchapp.evaluation.intervals import bootstrap_intervals
from searchapp.evaluation.measures import DEFAULT_MEASURES, headline, parse_measure
from searchapp.evaluation.metric import JudgedRanking, Measure
from searchapp.records import Judgements, Ranking, Run

NO_RESULTS = Ranking([], np.zeros(0, dtype=np.float32))


@dataclass(frozen=True)
class Scores:
    """The per-query values of a run: `values[measure name]` is (q,) float64, with the queries in id order."""

    query_ids: list[str]
    values: dict[str, NDArray[np.float64]]

    def means(self) -> dict[str, float]:
        """Return the mean of each measure over the judged queries, summed without rounding error."""
        return {name: fsum(values) / len(values) for name, values in self.values.items()}

    def intervals(self) -> dict[str, tuple[float, float]]:
        """Return 95 % bootstrap intervals of the measures that a table shows."""
        shown = headline([parse_measure(name) for name in self.values])
        return bootstrap_intervals({measure.name: self.values[measure.name] for measure in shown})

    def of(self, query_ids: Container[str]) -> "Scores":
        """Return the values of some of the queries."""
        rows = [row for row, query_id in enumerate(self.query_ids) if query_id in query_ids]
        values = {name: of_all[rows] for name, of_all in self.values.items()}
        return Scores([self.query_ids[row] for row in rows], values)

    def per_query(self) -> dict[str, dict[str, float]]:
        """Return query id -> measure name -> value."""
        return {
            query_id: {name: float(values[row]) for name, values in self.values.items()}
            for row, query_id in enumerate(self.query_ids)
        }


def score(run: Run, judgements: Judgements, measures: Sequence[Measure] = DEFAULT_MEASURES) -> Scores:
    """Score a run against judgements with ranx; a judged query without results counts 0.

    Only ranks matter: a `Ranking` is already ordered by the tie rule, and ranx never sees its scores.

    Args:
        run: queries without judgements are ignored.
        judgements: grades above 0 are relevant, unjudged documents are not.
        measures: at least one.

    Raises:
        SearchappError: no query of the run is judged, or there are no measures.
    """
    from searchapp.evaluation.ranx_scorer import ranx_values

    query_ids = _judged_queries(run, judgements, measures)
    by_ranx = [measure for measure in measures if measure.metric.ranx]
    rankings = [(run.get(query_id, NO_RESULTS), judgements[query_id]) for query_id in query_ids]
    values = ranx_values(rankings, by_ranx) if by_ranx else {}
    if len(by_ranx) < len(measures):
        values |= numpy_values(run, judgements, set(measures).difference(by_ranx))
    return Scores(query_ids, {measure.name: values[measure.name] for measure in measures})


def score_in_numpy(run: Run, judgements: Judgements, measures: Sequence[Measure]) -> Scores:
    """Score as `score` does, to the same bits, without starting ranx; arguments and errors are the same."""
    return Scores(_judged_queries(run, judgements, measures), numpy_values(run, judgements, measures))


def numpy_values(
    run: Run, judgements: Judgements, measures: Iterable[Measure]
) -> dict[str, NDArray[np.float64]]:
    """Return measure name -> (q,) float64, with the judged queries in id order, even if the run has none."""
    queries = [JudgedRanking.of(run.get(query_id), judgements[query_id]) for query_id in sorted(judgements)]
    return {
        measure.name: np.array([measure.compute(query) for query in queries], dtype=np.float64)
        for measure in measures
    }


def _judged_queries(run: Run, judgements: Judgements, measures: Sequence[Measure]) -> list[str]:
    """Return the ids of the judged queries in order."""
    if not measures:
        raise SearchappError("There are no measures to score.", "Name some, such as --measure nDCG@10")
    if not run.keys() & judgements.keys():
        raise SearchappError(
            f"None of the {len(run)} queries of the run is judged (first: {next(iter(run), None)!r}; "
            f"a judged one: {next(iter(judgements), None)!r}).",
            "Compare the query ids of the run with those of the corpus: is it another split?",
        )
    return sorted(judgements)

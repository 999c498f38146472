"""Score a run: every metric at every cut for every judged query, by ranx's kernels."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import fsum

import numpy as np
from numpy.typing import NDArray

from searchapp.errors import SearchappError
from searchapp.evaluation.intervals import bootstrap_intervals
from searchapp.evaluation.ranx_kernels import KERNELS, kernel
from searchapp.records import Judgements, Ranking, Run

CUTS = (1, 3, 5, 10, 20, 100, 1000)
"""The cuts of MTEB."""

MAIN_METRICS = ("ndcg_at_10", "map_at_10", "mrr_at_10", "recall_at_100", "precision_at_10")
"""What a table shows and what gets an interval, where the cuts allow."""


@dataclass(frozen=True)
class Scores:
    """The values of one run: `values[metric]` is (q,) float64, one a judged query in id order."""

    query_ids: list[str]
    values: dict[str, NDArray[np.float64]]

    def means(self) -> dict[str, float]:
        """Return the mean of each metric over the judged queries, summed without rounding error."""
        return {metric: fsum(values) / len(values) for metric, values in self.values.items()}

    def intervals(self) -> dict[str, tuple[float, float]]:
        """Return 95 % bootstrap intervals of the main metrics."""
        main = {metric: self.values[metric] for metric in MAIN_METRICS if metric in self.values}
        return bootstrap_intervals(main) if main else {}

    def per_query(self) -> dict[str, dict[str, float]]:
        """Return query id -> metric -> value."""
        return {
            query_id: {metric: float(values[row]) for metric, values in self.values.items()}
            for row, query_id in enumerate(self.query_ids)
        }


def score(run: Run, judgements: Judgements, cuts: Sequence[int] = CUTS) -> Scores:
    """Score a run against judgements; a judged query without results counts 0.

    Only ranks matter: the order of a `Ranking` is the one tie rule, so ranx is given the ranks and
    never sees a score that it could order otherwise.

    Args:
        run: the rankings; queries without judgements are left out.
        judgements: the grades; a grade above 0 is relevant, unjudged documents are not.
        cuts: the k of each metric, at least 1.

    Raises:
        SearchappError: no query of the run is judged, or a cut is below 1.
    """
    if min(cuts, default=0) < 1:
        raise SearchappError(f"The cuts are {list(cuts)}.", "Name cuts of at least 1, such as --at 1,10,100.")
    if not run.keys() & judgements.keys():
        raise SearchappError(
            f"None of the {len(run)} queries of the run is judged (first: {next(iter(run), None)!r}; "
            f"a judged one: {next(iter(judgements), None)!r}).",
            "Compare the query ids of the run with those of the corpus: is it another split?",
        )
    query_ids = sorted(judgements)
    nothing = Ranking([], np.zeros(0, dtype=np.float32))
    pairs = [_by_rank(run.get(query_id, nothing), judgements[query_id]) for query_id in query_ids]
    values = {}
    for metric in KERNELS:
        compute = kernel(metric)
        for cut in cuts:
            name = f"{metric}_at_{cut}"
            values[name] = np.array([compute(judged, ranked, cut) for judged, ranked in pairs])
    return Scores(query_ids, values)


def _by_rank(ranking: Ranking, grades: dict[str, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what ranx's kernels read: judged (r, 2) with the best grade first, and ranked (n, 2).

    A document is named by its rank, so that no hash of an id can collide. Judged documents that were not
    found have negative names: ranx skips the ranks beyond the last relevant one.
    """
    depth = len(ranking.document_ids)
    ranks = {name: rank for rank, name in enumerate(ranking.document_ids, start=1) if name in grades}
    missing = count(-1, -1)
    rows = [(ranks.get(document_id) or next(missing), grade) for document_id, grade in grades.items()]
    rows.sort(key=lambda row: (-row[1], row[0]))
    judged = np.array(rows, dtype=np.float64).reshape(-1, 2)
    found = np.arange(1, depth + 1, dtype=np.float64)
    return judged, np.stack([found, found[::-1]], axis=1)

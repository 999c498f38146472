"""The definitions of a metric in which tools are known to differ, each able to recompute a score.

They need the ranking alone. Changes of the texts or the vectors are in `text_variants.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.corpora.corpus import Corpus
from searchapp.evaluation import metrics
from searchapp.evaluation.measures import measures_at
from searchapp.evaluation.metric import NO_CUTOFF, RELEVANT, Grades, JudgedRanking, Measure, Metric
from searchapp.evaluation.scoring import numpy_values
from searchapp.published.figures import cutoff_of
from searchapp.records import Judgements, Ranking, Run

QueryScores = Mapping[str, NDArray[np.float64]]
"""Metric -> (q,) float64, one value per judged query in id order."""


@dataclass(frozen=True)
class JudgedRun:
    """A run, the corpus that judges it, and the cutoffs of the claimed metrics."""

    corpus: Corpus
    run: Run
    cutoffs: tuple[int, ...]

    @cached_property
    def scores(self) -> QueryScores:
        """The scores by trec_eval's definitions."""
        return self.scored()

    def scored(
        self, measures: Sequence[Measure] = (), run: Run | None = None, judgements: Judgements | None = None
    ) -> QueryScores:
        """Return the scores of other measures, of another run, or by other judgements."""
        return numpy_values(
            self.run if run is None else run,
            self.corpus.judgements if judgements is None else judgements,
            measures or measures_at(self.cutoffs),
        )

    @cached_property
    def text_lengths(self) -> dict[str, int]:
        """Document id -> characters of its title and text, in corpus order."""
        return {item.id: len(f"{item.title} {item.text}".strip()) for item in self.corpus.documents()}

    @cached_property
    def positions(self) -> dict[str, int]:
        """Document id -> its position in the corpus."""
        return {name: position for position, name in enumerate(self.text_lengths)}


@dataclass(frozen=True)
class Definition:
    """A definition that some tool uses; `compute` returns the means of the metrics that it changes."""

    name: str
    description: str
    compute: Callable[[JudgedRun], dict[str, float]]


def mean_scores(scores: QueryScores) -> dict[str, float]:
    """Return the mean of each metric over the queries."""
    return {metric: fsum(values) / len(values) for metric, values in scores.items() if len(values)}


def _redefined(
    name: str, description: str, metric: Metric, compute: Callable[[JudgedRanking, int], float]
) -> Definition:
    """Return the definition that computes a metric in another way."""
    redefined = replace(metric, compute=compute)
    return Definition(
        name,
        description,
        lambda judged: mean_scores(judged.scored([redefined.at(cutoff) for cutoff in judged.cutoffs])),
    )


def _binary_gains(grades: Grades) -> Grades:
    return (grades >= RELEVANT).astype(np.float64)


def _ndcg_of_retrieved(query: JudgedRanking, cutoff: int) -> float:
    retrieved = query.retrieved[:cutoff]
    return metrics.ndcg(JudgedRanking(retrieved, -np.sort(-retrieved)), cutoff)


def _map_over_cutoff(query: JudgedRanking, cutoff: int) -> float:
    relevant = max(len(query.relevant), 1)
    return metrics.average_precision(query, cutoff) * relevant / min(relevant, cutoff)


def _whole_mrr(query: JudgedRanking, _cutoff: int) -> float:
    return metrics.reciprocal_rank(query, NO_CUTOFF)


def _queries_with_hits(judged: JudgedRun) -> dict[str, float]:
    """Average only over the queries with a relevant document above the cutoff."""
    means = {}
    for metric, values in judged.scores.items():
        hit = judged.scores[metrics.RECALL.at(cutoff_of(metric)).name] > 0
        if hit.any():
            means[metric] = float(values[hit].mean())
    return means


def _queries_with_results(judged: JudgedRun) -> dict[str, float]:
    """Average only over the judged queries that have results."""
    present = np.array([query_id in judged.run for query_id in sorted(judged.corpus.judgements)])
    return mean_scores({metric: values[present] for metric, values in judged.scores.items()})


def _all_queries(judged: JudgedRun) -> dict[str, float]:
    """Average over every query in the file, with unjudged ones as 0."""
    total = sum(1 for _ in judged.corpus.source.queries())
    return {metric: fsum(values) / total for metric, values in judged.scores.items()}


def _grade_2(judged: JudgedRun) -> dict[str, float]:
    """Count only grades of 2 or more as relevant, and average over the queries that have one."""
    judgements = {
        query_id: {name: grade for name, grade in grades.items() if grade > 1}
        for query_id, grades in judged.corpus.judgements.items()
    }
    present = np.array([bool(judgements[query_id]) for query_id in sorted(judgements)])
    scores = judged.scored(judgements=judgements)
    return mean_scores({metric: values[present] for metric, values in scores.items()})


def _rescored(judged: JudgedRun, change: Callable[[str, Ranking], Ranking]) -> dict[str, float]:
    """Return the means after a change of each ranking, which depends on the query id."""
    run = {query_id: change(query_id, ranking) for query_id, ranking in judged.run.items()}
    return mean_scores(judged.scored(run=run))


def _without_self_hits(judged: JudgedRun) -> dict[str, float]:
    """Remove documents that have the id of their query."""

    def without(query_id: str, ranking: Ranking) -> Ranking:
        rows = [row for row, name in enumerate(ranking.document_ids) if name != query_id]
        return Ranking([ranking.document_ids[row] for row in rows], ranking.scores[rows])

    return _rescored(judged, without)


def _ties_by(name: str, description: str, key: Callable[[JudgedRun, str, str], Any]) -> Definition:
    """Return the definition that breaks ties by a key of the judged run, the query id and the document id."""

    def compute(judged: JudgedRun) -> dict[str, float]:
        return _rescored(
            judged, lambda query_id, ranking: _break_ties(ranking, partial(key, judged, query_id))
        )

    return Definition(f"ties-by-{name}", f"ties broken by {description}", compute)


def _break_ties(ranking: Ranking, key: Callable[[str], Any]) -> Ranking:
    """Sort the documents of equal score by a key of their ids; the scores do not move."""
    ids = ranking.document_ids.copy()
    ends = np.flatnonzero(np.diff(ranking.scores, append=np.nan)) + 1  # NaN: the last group ends too
    for first, end in pairwise([0, *ends.tolist()]):
        if end - first > 1:
            ids[first:end] = sorted(ids[first:end], key=key)
    return Ranking(ids, ranking.scores)


def _relevance(judged: JudgedRun, query_id: str, document_id: str) -> int:
    return max(judged.corpus.judgements.get(query_id, {}).get(document_id, 0), 0)


def _depth(depth: int) -> Definition:
    def compute(judged: JudgedRun) -> dict[str, float]:
        means = _rescored(judged, lambda _id, full: Ranking(full.document_ids[:depth], full.scores[:depth]))
        return {metric: value for metric, value in means.items() if cutoff_of(metric) > depth}

    return Definition(f"depth-{depth}", f"rankings truncated to the top {depth}", compute)


def tie_range(judged: JudgedRun) -> dict[str, tuple[float, float]]:
    """Return the smallest and the largest mean of each metric that an order of the ties can give."""
    worst = _ties_by("relevance", "ascending grade", _relevance).compute(judged)
    best = _ties_by("relevance", "descending grade", lambda *ids: -_relevance(*ids)).compute(judged)
    return {metric: (worst[metric], best[metric]) for metric in best}


def padding_range(judged: JudgedRun) -> dict[str, tuple[float, float]]:
    """Return the mean of each metric with short rankings as they are, and with the best padding.

    Some tools pad a ranking to its depth with documents that were not retrieved, in an unspecified order;
    in the best one the relevant documents come first.
    """
    depth = max(judged.cutoffs)
    run = {}
    for query_id, grades in judged.corpus.judgements.items():
        ranking = judged.run.get(query_id)
        retrieved = ranking.document_ids if ranking else []
        missed = [name for name, grade in grades.items() if grade > 0 and name not in set(retrieved)]
        missed.sort(key=lambda name: -grades[name])
        ids = [*retrieved, *missed][: max(depth, len(retrieved))]
        run[query_id] = Ranking(ids, np.zeros(len(ids), dtype=np.float32))
    best = mean_scores(judged.scored(run=run))
    return {metric: (value, best[metric]) for metric, value in mean_scores(judged.scores).items()}


DEFINITIONS = (
    _redefined(
        "ndcg-exponential", "nDCG with gains of 2^grade - 1", metrics.NDCG, metrics.NDCG_EXPONENTIAL.compute
    ),
    _redefined(
        "ndcg-binary",
        "nDCG with binary gains: every relevant grade counts as 1",
        metrics.NDCG,
        partial(metrics.ndcg, gains=_binary_gains),
    ),
    _redefined(
        "ndcg-ideal-of-retrieved",
        "nDCG with an ideal ranking of the retrieved documents only",
        metrics.NDCG,
        _ndcg_of_retrieved,
    ),
    _redefined(
        "map-min-r-k",
        "MAP divided by min(R, k) instead of R, the number of relevant documents",
        metrics.MAP,
        _map_over_cutoff,
    ),
    _redefined("mrr-without-cut", "MRR over the whole ranking instead of the top k", metrics.MRR, _whole_mrr),
    Definition(
        "grade-2-only",
        "only grades of 2 or more counted as relevant, averaged over queries that have one",
        _grade_2,
    ),
    Definition(
        "answered-queries-only",
        "averaged only over queries with a relevant document in the top k",
        _queries_with_hits,
    ),
    Definition(
        "queries-with-results-only", "averaged only over judged queries with results", _queries_with_results
    ),
    Definition(
        "all-queries", "averaged over all queries in the file, with unjudged queries as 0", _all_queries
    ),
    Definition(
        "self-hits-removed", "results without documents whose id equals the query id", _without_self_hits
    ),
    _ties_by("ascending-id", "ascending document id", lambda _judged, _query_id, name: name),
    _ties_by(
        "corpus-order",
        "corpus order, as in a stable sort",
        lambda judged, _query_id, name: judged.positions[name],
    ),
    _ties_by(
        "reverse-corpus-order",
        "reverse corpus order",
        lambda judged, _query_id, name: -judged.positions[name],
    ),
    _ties_by(
        "length",
        "text length, longest first, as when a corpus is sorted before encoding",
        lambda judged, _query_id, name: (-judged.text_lengths[name], judged.positions[name]),
    ),
    _depth(10),
    _depth(20),
    _depth(100),
)
"""Every definition, the most common ones first."""

"""The definitions of a metric that are known to differ between tools, each able to recompute a score.

They need the ranking alone. What differs in the texts or the vectors is in `recipes.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.corpora.corpus import Corpus
from searchapp.evaluation.numpy_metrics import TREC_EVAL, Variant, reference_scores
from searchapp.records import Judgements, Ranking, Run

Values = Mapping[str, NDArray[np.float64]]
"""Metric -> (q,) one value a query."""


@dataclass(frozen=True)
class JudgedRun:
    """What a definition may read: the run, its corpus, and the cuts that are claimed."""

    corpus: Corpus
    run: Run
    cuts: tuple[int, ...]

    @property
    def judgements(self) -> Judgements:
        """The judgements of the corpus."""
        return self.corpus.judgements

    @cached_property
    def scores(self) -> Values:
        """The values by trec_eval's definitions."""
        return self.values()

    def values(self, variant: Variant = TREC_EVAL, run: Run | None = None) -> Values:
        """Return the values of a variant, or of another run."""
        return reference_scores(self.run if run is None else run, self.judgements, self.cuts, variant)

    @cached_property
    def lengths(self) -> dict[str, int]:
        """Document id -> letters of its text, in the order of the corpus."""
        return {item.id: len(f"{item.title} {item.text}".strip()) for item in self.corpus.documents()}

    @cached_property
    def stored(self) -> dict[str, int]:
        """Document id -> its place in the corpus."""
        return {name: place for place, name in enumerate(self.lengths)}


@dataclass(frozen=True)
class Definition:
    """A definition that some tool uses; `compute` gives the means of the metrics that it changes."""

    name: str
    description: str
    compute: Callable[[JudgedRun], dict[str, float]]


def mean_scores(values: Values) -> dict[str, float]:
    """Return the mean of each metric over the queries."""
    return {metric: fsum(column) / len(column) for metric, column in values.items() if len(column)}


def _only(family: str, scores: Mapping[str, float]) -> dict[str, float]:
    return {metric: value for metric, value in scores.items() if metric.startswith(f"{family}_at_")}


def _variant(family: str, **choices: str | bool | int) -> Callable[[JudgedRun], dict[str, float]]:
    variant = Variant(**choices)  # type: ignore[arg-type]
    return lambda ranked: _only(family, mean_scores(ranked.values(variant)))


def _answered(ranked: JudgedRun) -> dict[str, float]:
    """Average only over the queries that found something relevant at the cut."""
    scores = {}
    for metric, column in ranked.scores.items():
        hit = ranked.scores[f"recall_at_{metric.split('_at_')[1]}"] > 0
        if hit.any():
            scores[metric] = float(column[hit].mean())
    return scores


def _with_results(ranked: JudgedRun) -> dict[str, float]:
    """Average only over the judged queries that have results."""
    there = np.array([query_id in ranked.run for query_id in sorted(ranked.judgements)])
    return (
        mean_scores({metric: column[there] for metric, column in ranked.scores.items()})
        if there.any()
        else {}
    )


def _all_queries(ranked: JudgedRun) -> dict[str, float]:
    """Average over every query in the file, the unjudged ones as 0."""
    total = sum(1 for _ in ranked.corpus.source.queries())
    return {metric: fsum(column) / total for metric, column in ranked.scores.items()}


def _grade_2(ranked: JudgedRun) -> dict[str, float]:
    """Count only grades of 2 or more, and average over the queries that have one."""
    there = [max(ranked.judgements[name].values()) > 1 for name in sorted(ranked.judgements)]
    values = ranked.values(Variant(relevant_from=2))
    return mean_scores({metric: column[there] for metric, column in values.items()}) if any(there) else {}


def _no_self(ranked: JudgedRun) -> dict[str, float]:
    """Leave out a document that has the id of its query."""
    run = {}
    for query_id, ranking in ranked.run.items():
        kept = [row for row, name in enumerate(ranking.document_ids) if name != query_id]
        run[query_id] = Ranking([ranking.document_ids[row] for row in kept], ranking.scores[kept])
    return mean_scores(ranked.values(run=run))


def _reordered(key: Callable[[JudgedRun, str, str], Any]) -> Callable[[JudgedRun], dict[str, float]]:
    """Return the means when documents of equal score are ordered by a key of run, query and document."""

    def compute(ranked: JudgedRun) -> dict[str, float]:
        run = {
            query_id: _tied_by(ranking, partial(key, ranked, query_id))
            for query_id, ranking in ranked.run.items()
        }
        return mean_scores(ranked.values(run=run))

    return compute


def _tied_by(ranking: Ranking, key: Callable[[str], Any]) -> Ranking:
    """Order the documents of equal score by a key of their ids; the scores stay where they are."""
    ids = ranking.document_ids.copy()
    ends = np.flatnonzero(np.diff(ranking.scores, append=np.nan)) + 1  # NaN: the last group ends too
    for first, end in pairwise([0, *ends.tolist()]):
        if end - first > 1:
            ids[first:end] = sorted(ids[first:end], key=key)
    return Ranking(ids, ranking.scores)


def _by_relevance(ranked: JudgedRun, query_id: str, name: str) -> int:
    return max(ranked.judgements.get(query_id, {}).get(name, 0), 0)


def _shallow(depth: int) -> Callable[[JudgedRun], dict[str, float]]:
    def compute(ranked: JudgedRun) -> dict[str, float]:
        run = {
            query_id: Ranking(ranking.document_ids[:depth], ranking.scores[:depth])
            for query_id, ranking in ranked.run.items()
        }
        return {
            metric: value
            for metric, value in mean_scores(ranked.values(run=run)).items()
            if int(metric.split("_at_")[1]) > depth
        }

    return compute


def tie_range(ranked: JudgedRun) -> dict[str, tuple[float, float]]:
    """Return the least and the greatest mean of each metric that an order of the ties can give."""
    worst = _reordered(_by_relevance)(ranked)
    best = _reordered(lambda *which: -_by_relevance(*which))(ranked)
    return {metric: (worst[metric], best[metric]) for metric in best}


def padding_range(ranked: JudgedRun) -> dict[str, tuple[float, float]]:
    """Return the mean of each metric with lists as short as they are, and with them filled up at best.

    Some tools fill a list up to its depth with documents that were not found, in an order left open;
    at best those come first that are relevant.
    """
    depth = max(ranked.cuts)
    run = {}
    for query_id, grades in ranked.judgements.items():
        ranking = ranked.run.get(query_id)
        found = ranking.document_ids if ranking else []
        missed = [name for name, grade in grades.items() if grade > 0 and name not in set(found)]
        missed.sort(key=lambda name: -grades[name])
        ids = [*found, *missed][: max(depth, len(found))]
        run[query_id] = Ranking(ids, np.zeros(len(ids), dtype=np.float32))
    best = mean_scores(ranked.values(run=run))
    return {metric: (value, best[metric]) for metric, value in mean_scores(ranked.scores).items()}


DEFINITIONS = (
    Definition("ndcg-exponential", "nDCG with gains 2^grade - 1", _variant("ndcg", gain="exponential")),
    Definition("ndcg-binary", "nDCG with every relevant grade counted as 1", _variant("ndcg", gain="binary")),
    Definition(
        "ndcg-ideal-of-retrieved",
        "nDCG whose ideal ranking holds only documents that were retrieved",
        _variant("ndcg", ideal_of="retrieved"),
    ),
    Definition(
        "map-min-r-k",
        "MAP divided by min(R, k) instead of all R relevant documents",
        _variant("map", map_over="cut"),
    ),
    Definition(
        "mrr-without-cut", "MRR over the whole ranking instead of the top k", _variant("mrr", mrr_cut=False)
    ),
    Definition(
        "grade-2-only",
        "only grades of 2 or more count as relevant",
        _grade_2,
    ),
    Definition(
        "answered-queries-only",
        "averaged only over the queries that found something relevant in the top k",
        _answered,
    ),
    Definition(
        "queries-with-results-only", "averaged only over the judged queries that have results", _with_results
    ),
    Definition(
        "all-queries", "averaged over all queries of the file, those without judgements as 0", _all_queries
    ),
    Definition("self-hits-removed", "documents with the id of their query left out", _no_self),
    Definition(
        "ties-by-ascending-id",
        "equal scores ordered by ascending document id",
        _reordered(lambda _ranked, _query_id, name: name),
    ),
    Definition(
        "ties-by-corpus-order",
        "equal scores in the order of the corpus, as a stable sort leaves them",
        _reordered(lambda ranked, _query_id, name: ranked.stored[name]),
    ),
    Definition(
        "ties-by-reverse-corpus-order",
        "equal scores in the reverse order of the corpus",
        _reordered(lambda ranked, _query_id, name: -ranked.stored[name]),
    ),
    Definition(
        "ties-by-length",
        "equal scores with the longest text first, as when a corpus is sorted before it is encoded",
        _reordered(lambda ranked, _query_id, name: (-ranked.lengths[name], ranked.stored[name])),
    ),
    Definition("depth-10", "only 10 results a query were kept", _shallow(10)),
    Definition("depth-20", "only 20 results a query were kept", _shallow(20)),
    Definition("depth-100", "only 100 results a query were kept", _shallow(100)),
)
"""Every definition, the ones most often met first."""


def other_cuts(measured: Mapping[str, float], metric: str) -> Iterator[tuple[str, float]]:
    """Yield the same metric at the other cuts."""
    family = metric.split("_at_", maxsplit=1)[0]
    for name, value in measured.items():
        if name != metric and name.startswith(f"{family}_at_"):
            yield name, value

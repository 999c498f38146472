"""The results of a run as rows of documents, and what others think of them: the control model and BM25.

A run of an unknown model cannot be made again. But whatever ranks documents sensibly agrees with every other
sensible ranking in three ways, which faults break one at a time: on which documents are results, on their
order, and on the best document of all being among them.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.cloud import Sides
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.measures import CUTOFF, JudgedQueries, spearman, spread
from searchapp.encoders.vectors import Floats
from searchapp.errors import SearchappError
from searchapp.records import Run

Rows = NDArray[np.intp]

Searched = tuple[Sides, Rows, Rows]
"""Vectors, and which documents and queries of the context they belong to."""

MODEL = "the model"  # among the opinions
MOST_CELLS = 20_000_000  # similarities of queries and documents that are held for each opinion
SAMPLE = 300  # queries whose order is looked at
SPANS = ((1, 3), (3, 10), (10, 20), (20, 30))
LEADING = 30  # ranks of another ranking that are looked for among the results


@dataclass(frozen=True)
class Tendency:
    """A mean rank correlation over queries, 0 where the order means nothing, and that in standard errors."""

    mean: float = 0.0
    errors: float = 0.0

    @property
    def of_fair_order(self) -> float:
        """In how many standard errors a correlation of 0.2 would show."""
        return 0.2 * self.errors / self.mean if self.mean else 0.0


@dataclass(frozen=True, eq=False)
class Results:
    """Results of queries of a context.

    `queries` are rows of the context's queries, (q,); `rows` the documents of each, best first, without those
    that the corpus does not know; `scores` are theirs. `opinions` maps who is asked to the similarity of
    these queries with all documents, (q, n).
    """

    context: CorpusContext
    queries: Rows
    rows: Sequence[Rows]
    scores: Sequence[Floats]
    opinions: Mapping[str, Floats]

    @cached_property
    def judged(self) -> JudgedQueries:
        """The judgements of these queries."""
        every = self.context.judged
        return JudgedQueries(every.document_ids, [every.grades[query] for query in self.queries])

    @cached_property
    def grades(self) -> Floats:
        """The grades of all documents, (q, n), 0 where nothing is judged."""
        grades = np.zeros((len(self.queries), len(self.context.documents)), dtype=np.float32)
        for line, query in zip(grades, self.judged.grades, strict=True):
            present = [row for row in query if row >= 0]
            line[present] = [query[row] for row in present]
        return grades

    def ndcg(self, rows: Sequence[Rows]) -> NDArray[np.float64]:
        """Return nDCG@10 of other results of the same queries, (q,)."""
        return self.judged.ndcg_of(first_ten(rows))

    @cached_property
    def per_query(self) -> NDArray[np.float64]:
        """nDCG@10 of the results, (q,)."""
        return self.ndcg(self.rows)

    def gain(self, rows: Sequence[Rows]) -> Tendency:
        """Return what other results gain, and that in standard errors of the paired difference."""
        difference = self.ndcg(rows) - self.per_query
        error = float(difference.std()) / np.sqrt(max(len(difference), 1))
        mean = float(difference.mean()) if len(difference) else 0.0
        return Tendency(mean, mean / error if error else 0.0)

    def sorted_by(self, similarity: Floats) -> list[Rows]:
        """Return the same documents in the order of their similarity to the query."""
        return [
            rows[np.argsort(-line[rows], kind="stable")]
            for line, rows in zip(similarity, self.rows, strict=True)
        ]

    def order(self, similarity: Floats) -> Tendency:
        """Return the rank correlation of the order of results with their similarity to the query."""
        correlations, variances = [], []
        for place in spread(len(self.rows), SAMPLE):
            line, rows = similarity[place], self.rows[place]
            if len(rows) > 2 and np.ptp(line[rows]) > 0:
                correlations.append(spearman(-np.arange(len(rows)), line[rows]))
                variances.append(1 / (len(rows) - 1))  # of a meaningless one
        if not correlations:
            return Tendency()
        error = float(np.sqrt(np.sum(variances))) / len(correlations)
        return Tendency(float(np.mean(correlations)), float(np.mean(correlations)) / error)

    def standing(self, similarity: Floats) -> float:
        """Return the share of documents that are less similar to the query than a result, on average."""
        shares = []
        for line, rows in zip(similarity, self.rows, strict=True):
            below = np.searchsorted(np.sort(line), line[rows[:CUTOFF]])
            shares.append(float(below.mean()) / max(len(line) - 1, 1))
        return float(np.mean(shares))

    def found(self, similarity: Floats) -> NDArray[np.float64]:
        """Return how often the document at each of the first ranks by similarity is a result, (r,).

        The query itself does not count, where it is one of the documents.
        """
        similarity = similarity.copy()
        for line, query in zip(similarity, self.queries, strict=True):
            itself = self.context.rows.get(self.context.queries[query].id)
            if itself is not None:
                line[itself] = -np.inf
        best = np.argsort(-similarity, axis=1, kind="stable")[:, :LEADING]
        inside = [np.isin(line, rows) for line, rows in zip(best, self.rows, strict=True)]
        return np.asarray(np.mean(inside, axis=0), dtype=np.float64)


def rising(found: NDArray[np.float64], queries: int) -> tuple[int, int] | None:
    """Return the later ranks that are found clearly more often than the first one, None where none are."""
    first = float(found[0])
    later = {span: float(found[slice(*span)].mean()) for span in SPANS if span[1] <= len(found)}
    if not later:
        return None
    span = max(later, key=later.__getitem__)
    error = np.sqrt((first * (1 - first) + later[span] * (1 - later[span]) / 2) / max(queries, 1))
    clear = later[span] - first > max(limits.TOP_LOST_ERRORS * error, limits.TOP_LOST)
    return span if clear else None


def results_of(context: CorpusContext, run: Run, searched: Searched | None = None) -> Results:
    """Return the results of a run, of all queries of the context or of as many as memory allows.

    Args:
        context: the corpus.
        run: the run; queries without known results are left out.
        searched: the vectors of the model behind the run.
    """
    asked = np.array([row for row, query in enumerate(context.queries) if query.id in run], dtype=np.intp)
    if len(asked) * len(context.documents) > MOST_CELLS:
        asked = asked[spread(len(asked), max(MOST_CELLS // len(context.documents), 1))]
    context.progress("comparing the results with the control and BM25")
    kept, rows, scores = [], [], []
    for query in asked.tolist():
        ranking = run[context.queries[query].id]
        known = [place for place, name in enumerate(ranking.document_ids) if name in context.rows]
        if not known:
            continue
        kept.append(query)
        rows.append(np.array([context.rows[ranking.document_ids[place]] for place in known], dtype=np.intp))
        scores.append(ranking.scores[known])
    asked = np.array(kept, dtype=np.intp)
    control = context.control
    opinions = {"the control": control.queries[asked] @ control.documents.T}
    with suppress(SearchappError):  # there is no word to look for
        opinions["BM25"] = _bm25(context, asked)
    if searched is not None:
        opinions[MODEL] = _similarity(*searched, asked, len(context.documents))
    return Results(context, asked, rows, scores, opinions)


def _similarity(sides: Sides, document_rows: Rows, query_rows: Rows, asked: Rows, size: int) -> Floats:
    """Return the similarity of queries with all documents, (q, n); the lowest where one is not stored."""
    similarity = np.full((len(asked), size), np.finfo(np.float32).min, np.float32)
    place = {int(row): number for number, row in enumerate(query_rows)}
    for line, row in zip(similarity, asked.tolist(), strict=True):
        if row in place:
            line[document_rows] = sides.documents @ sides.queries[place[row]]
    return similarity


def _bm25(context: CorpusContext, queries: Rows) -> Floats:
    """Return the BM25 scores of queries and documents, (q, n); 0 where they share no word."""
    index = context.bm25
    columns = [context.rows[name] for name in index.ids]
    scores = np.zeros((len(queries), len(context.documents)), dtype=np.float32)
    for line, found in zip(scores, index.scores([context.queries[query] for query in queries]), strict=True):
        line[columns] = found
    return scores


def first_ten(rows: Sequence[Rows]) -> Rows:
    """Return the first ten results of each query, (q, 10), -1 where there is none."""
    first = np.full((len(rows), CUTOFF), -1, dtype=np.intp)
    for line, results in zip(first, rows, strict=True):
        line[: min(CUTOFF, len(results))] = results[:CUTOFF]
    return first

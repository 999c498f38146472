"""Measures that probes share: rankings from matrix products and their nDCG, percentile ranks, spectra."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.vectors import Floats, unit
from searchapp.evaluation.metric import RELEVANT, UNJUDGED, Grades, JudgedRanking
from searchapp.evaluation.metrics import dcg, ndcg
from searchapp.records import Judgements, Run, alphabetical_ranks, best_rows

CUTOFF = 10
CHUNK = 256  # queries whose scores are held at a time


@dataclass(frozen=True, eq=False)
class JudgedQueries:
    """Queries and their graded documents, on which vectors are scored.

    `document_ids` are in row order; `grades` holds for each query document row -> grade. nDCG@10 is defined
    as in `evaluation`, ties included.
    """

    document_ids: Sequence[str]
    grades: Sequence[dict[int, int]]

    @cached_property
    def _id_ranks(self) -> NDArray[np.intp]:
        return alphabetical_ranks(self.document_ids)

    @cached_property
    def _judged(self) -> list[Grades]:
        """The grades of each query, highest first."""
        return [np.array(sorted(grades.values(), reverse=True), np.float64) for grades in self.grades]

    def top(self, documents: Floats, queries: Floats, k: int = CUTOFF) -> NDArray[np.intp]:
        """Return the rows of the best k documents of each query, (q, k), by the tie rule.

        Args:
            documents: (n, d) float32; a row with NaN is never retrieved.
            queries: (q, d) float32.
            k: how many; all when there are fewer documents.
        """
        finite, asked = (np.nan_to_num(vectors, posinf=0, neginf=0) for vectors in (documents, queries))
        broken = ~np.isfinite(documents).all(axis=1)
        best = np.empty((len(queries), min(k, len(documents))), dtype=np.intp)
        for start in range(0, len(queries), CHUNK):
            scores = asked[start : start + CHUNK] @ finite.T
            scores[:, broken] = -np.inf
            for row, values in enumerate(scores, start=start):
                best[row] = best_rows(values, self._id_ranks, k)
        return best

    def ndcg(self, documents: Floats, queries: Floats) -> NDArray[np.float64]:
        """Return nDCG@10 of each query, (q,) float64; a query without a relevant document counts 0."""
        return self.ndcg_of(self.top(documents, queries))

    def ndcg_of(self, retrieved: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return nDCG@10 of rankings given as rows of documents, (q, k), -1 where there is none."""
        values = np.zeros(len(retrieved))
        for query, (grades, judged) in enumerate(zip(self.grades, self._judged, strict=True)):
            gains = np.array([grades.get(row, UNJUDGED) for row in retrieved[query].tolist()], np.float64)
            values[query] = ndcg(JudgedRanking(gains, judged), CUTOFF)
        return values

    @property
    def chance(self) -> float:
        """Expected nDCG@10 of a random order: every rank holds the mean gain of all documents."""
        size = len(self.document_ids)
        mean_dcg = dcg(np.full(min(CUTOFF, size), 1 / size))
        relevant = [judged[judged >= RELEVANT] for judged in self._judged]
        expected = [mean_dcg * gains.sum() / dcg(gains[:CUTOFF]) for gains in relevant if len(gains)]
        return float(sum(expected)) / max(len(self.grades), 1)


def judged_queries(
    document_ids: Sequence[str], query_ids: Sequence[str], judgements: Judgements
) -> JudgedQueries:
    """Return queries with their judgements; judged documents that are missing still raise the ideal."""
    rows = {document_id: row for row, document_id in enumerate(document_ids)}
    grades = []
    for query_id in query_ids:
        absent, judged = count(-2, -1), judgements[query_id].items()  # -1 is a rank without a result
        grades.append({(rows[name] if name in rows else next(absent)): grade for name, grade in judged})
    return JudgedQueries(document_ids, grades)


def rows_of_run(
    run: Run, query_ids: Sequence[str], rows: Mapping[str, int], depth: int = CUTOFF
) -> NDArray[np.intp]:
    """Return each query's first results as rows of documents, (q, depth), -1 where there is none."""
    results = np.full((len(query_ids), depth), -1, dtype=np.intp)
    for query, query_id in enumerate(query_ids):
        ids = run[query_id].document_ids[:depth] if query_id in run else []
        results[query, : len(ids)] = [rows.get(document_id, -1) for document_id in ids]
    return results


def mean(values: NDArray[np.float64]) -> float:
    """Return a mean, 0 of nothing."""
    return float(values.mean()) if len(values) else 0.0


def paired_gain(after: NDArray[np.float64], before: NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean difference of the scores of the same queries, (q,), and that in standard errors."""
    difference = after - before
    if not len(difference):
        return 0.0, 0.0
    error = float(difference.std()) / np.sqrt(len(difference))
    gain = float(difference.mean())
    return gain, gain / error if error else 0.0


def cosines(left: Floats, right: Floats) -> Floats:
    """Return the cosine of each row of one matrix with the same row of the other, (n,)."""
    products: Floats = np.einsum("nd,nd->n", unit(left), unit(right))
    return products


def spread(total: int, sample: int) -> NDArray[np.intp]:
    """Return `sample` rows spread evenly over `total`, all of them when there are fewer."""
    return np.unique(np.linspace(0, total - 1, min(total, sample)).round().astype(np.intp))


def percentile_ranks(
    near: NDArray[np.intp], queries: Floats, documents: Floats, itself: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """Return how high each query ranks documents that should be near it, (q, m), 1 best, 0.5 by chance.

    Args:
        near: (q, m) rows of these documents.
        queries: (q, d).
        documents: (n, d).
        itself: (q,) the row of the document that the query is itself, which is left out.
    """
    values = np.empty(near.shape)
    for start in range(0, len(queries), CHUNK):
        scores = queries[start : start + CHUNK] @ documents.T
        for query, line in enumerate(scores, start=start):
            if itself is not None:
                line[itself[query]] = -np.inf
            expected = line[near[query]]
            below = (line[None, :] < expected[:, None]).sum(axis=1)
            equal = (line[None, :] == expected[:, None]).sum(axis=1)
            values[query] = (below + (equal - 1) / 2) / max(len(line) - 1, 1)
    return values


def spearman(left: NDArray[Any], right: NDArray[Any]) -> float:
    """Return the rank correlation, 0 where one side does not vary."""
    from scipy.stats import spearmanr

    if np.ptp(left) == 0 or np.ptp(right) == 0:
        return 0.0
    return float(spearmanr(left, right).statistic)


@dataclass(frozen=True)
class Hubness:
    """How evenly the top ten of all queries are spread over the documents.

    `skew` is the skewness of how often a document is retrieved (N10; Radovanovic et al., JMLR 2010),
    `largest` the share of queries that retrieve the most frequent document, and `unique` how many documents
    are retrieved at all, as a share of those that could be.
    """

    skew: float
    largest: float
    unique: float


def hubness(retrieved: NDArray[np.intp], documents: int) -> Hubness:
    """Return the hubness of rankings given as rows of documents, (q, k)."""
    from scipy.stats import skew

    counts = np.bincount(retrieved[retrieved >= 0].ravel(), minlength=documents).astype(np.float64)
    possible = min(documents, retrieved.size)
    return Hubness(
        float(skew(counts)) if counts.std() else 0.0,
        float(counts.max()) / max(len(retrieved), 1),
        float((counts > 0).sum()) / possible,
    )

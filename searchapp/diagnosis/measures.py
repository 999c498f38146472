"""Numbers that probes share: rankings scored by matrix products, agreement of spaces, shape of a cloud."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.vectors import unit
from searchapp.records import Judgements, best_rows

Floats = NDArray[np.float32]

CUT = 10
CHUNK = 256  # queries whose scores are held at a time


@dataclass(frozen=True, eq=False)
class JudgedQueries:
    """What vectors are tried on: queries, and how good each document is for each of them.

    `name` says in plain words what a score on it means. `document_ids` are in row order; `grades` maps
    a query's row to document row -> grade. nDCG@10 is that of `evaluation.reference`, ties included.
    """

    name: str
    document_ids: Sequence[str]
    grades: Sequence[dict[int, int]]

    @cached_property
    def _best_id_first(self) -> NDArray[np.intp]:
        order = sorted(range(len(self.document_ids)), key=self.document_ids.__getitem__, reverse=True)
        return np.array(order, dtype=np.intp)

    @cached_property
    def _ideal(self) -> NDArray[np.float64]:
        ideal = []
        for grades in self.grades:
            best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:CUT]
            ideal.append(float((np.array(best) / np.log2(np.arange(2, len(best) + 2))).sum()))
        return np.array(ideal)

    def top(self, documents: Floats, queries: Floats, k: int = CUT) -> NDArray[np.intp]:
        """Return the rows of the best k documents of each query, (q, k), by the one tie rule.

        Args:
            documents: (n, d) float32; a row with NaN is never found.
            queries: (q, d) float32.
            k: how many; all when there are fewer documents.
        """
        order = self._best_id_first
        falling = -np.arange(len(order))
        k = min(k, len(order))
        shuffled = np.ascontiguousarray(np.nan_to_num(documents, posinf=0, neginf=0)[order])
        asked = np.nan_to_num(queries, posinf=0, neginf=0)
        broken = ~np.isfinite(documents[order]).all(axis=1)
        found = np.empty((len(queries), k), dtype=np.intp)
        for start in range(0, len(queries), CHUNK):
            scores = asked[start : start + CHUNK] @ shuffled.T
            scores[:, broken] = -np.inf
            for row, values in enumerate(scores, start=start):
                found[row] = order[best_rows(values, falling, k)]
        return found

    def ndcg(self, documents: Floats, queries: Floats) -> NDArray[np.float64]:
        """Return nDCG@10 of each query, (q,) float64; a query without a relevant document counts 0."""
        return self.ndcg_of(self.top(documents, queries))

    def ndcg_of(self, found: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return nDCG@10 of rankings given as rows of documents, (q, k); row -1 is no document."""
        discount = 1 / np.log2(np.arange(2, CUT + 2))
        values = np.zeros(len(found))
        for query, grades in enumerate(self.grades):
            gains = [max(grades.get(row, 0), 0) for row in found[query, :CUT].tolist()]
            if self._ideal[query]:
                values[query] = float(np.dot(gains, discount[: len(gains)])) / self._ideal[query]
        return values

    @property
    def chance(self) -> float:
        """Expected nDCG@10 of a random order: every place holds the mean gain of all documents."""
        discount = float((1 / np.log2(np.arange(2, min(CUT, len(self.document_ids)) + 2))).sum())
        totals = np.array([sum(max(grade, 0) for grade in grades.values()) for grades in self.grades])
        able = self._ideal > 0
        expected = discount * totals[able] / len(self.document_ids) / self._ideal[able]
        return float(expected.sum()) / max(len(self.grades), 1)


def judged_queries(
    document_ids: Sequence[str], query_ids: Sequence[str], judgements: Judgements, name: str = "nDCG@10"
) -> JudgedQueries:
    """Return the trial that judgements make; judged documents that are absent still raise the ideal."""
    rows = {document_id: row for row, document_id in enumerate(document_ids)}
    grades = []
    for query_id in query_ids:
        absent = iter(range(-1, -1 - len(judgements[query_id]), -1))
        grades.append(
            {
                (rows[document_id] if document_id in rows else next(absent)): grade
                for document_id, grade in judgements[query_id].items()
            }
        )
    return JudgedQueries(name, document_ids, grades)


def cosines(one: Floats, other: Floats) -> Floats:
    """Return the cosine of each row with the same row of the other, (n,)."""
    products: Floats = np.einsum("nd,nd->n", unit(one), unit(other))
    return products


def spread(count: int, sample: int) -> NDArray[np.intp]:
    """Return `sample` rows spread evenly over `count`, all of them when there are fewer."""
    return np.unique(np.linspace(0, count - 1, min(count, sample)).round().astype(np.intp))


def agreement(
    near: NDArray[np.intp], asked: Floats, documents: Floats, itself: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """Return how high each query ranks documents that ought to be near it, (q, m), 1 best, 0.5 by chance.

    Args:
        near: (q, m) rows of documents that another model finds near.
        asked: (q, d) the queries' vectors.
        documents: (n, d).
        itself: (q,) the row of a document that a query is itself, which is left out.
    """
    values = np.empty(near.shape)
    for start in range(0, len(asked), CHUNK):
        scores = asked[start : start + CHUNK] @ documents.T
        for row in range(len(scores)):
            query = start + row
            line = scores[row]
            if itself is not None:
                line = line.copy()
                line[itself[query]] = -np.inf
            expected = line[near[query]]
            below = (line[None, :] < expected[:, None]).sum(axis=1)
            equal = (line[None, :] == expected[:, None]).sum(axis=1)
            values[query] = (below + (equal - 1) / 2) / max(len(line) - 1, 1)
    return values


def participation(vectors: Floats) -> float:
    """Return the participation ratio of a cloud: how many directions share its variance evenly.

    (sum of eigenvalues)^2 / sum of squared eigenvalues of the covariance, between 1 and d.
    """
    values = spectrum(vectors)
    squares = float((values**2).sum())
    return float(values.sum()) ** 2 / squares if squares else 0.0


def spectrum(vectors: Floats) -> NDArray[np.float64]:
    """Return the eigenvalues of the covariance, (d,) float64, largest first."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    values = np.linalg.eigvalsh(centred.T @ centred / len(vectors))[::-1]
    return np.maximum(values, 0.0)


@dataclass(frozen=True)
class Hubs:
    """How evenly the top 10 of all queries are spread over the documents.

    `skew` is the skewness of how often a document is found (N10; Radovanovic et al., JMLR 2010),
    `largest` the share of queries that find the most found document, `unique` how many documents are
    found at all as a share of those that could be, `top` the row of the most found one.
    """

    skew: float
    largest: float
    unique: float
    top: int


def hubs(found: NDArray[np.intp], documents: int) -> Hubs:
    """Return the hubs of rankings given as rows, (q, k)."""
    counts = np.bincount(found[found >= 0].ravel(), minlength=documents).astype(np.float64)
    deviation = counts.std()
    skew = float((((counts - counts.mean()) / deviation) ** 3).mean()) if deviation else 0.0
    able = min(documents, found.size)
    return Hubs(
        skew, float(counts.max()) / max(len(found), 1), float((counts > 0).sum()) / able, int(counts.argmax())
    )

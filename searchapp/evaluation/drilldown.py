"""The queries behind a difference: their text, and the top documents of both runs with their grades."""

from collections.abc import Sequence
from dataclasses import dataclass

from searchapp.corpora.corpus import Corpus
from searchapp.evaluation.scoring import NO_RESULTS, Scores
from searchapp.records import Hit, Ranking, Run

TOP = 10
"""How many documents of each run are looked up for a query."""


@dataclass(frozen=True)
class JudgedHit:
    """A retrieved document and its grade, None when it was not judged."""

    hit: Hit
    grade: int | None

    @property
    def relevant(self) -> bool:
        """Whether the document has a grade above 0."""
        return self.grade is not None and self.grade > 0


@dataclass(frozen=True)
class QueryChange:
    """One query on which two runs differ: its values, and the top documents of both."""

    query_id: str
    text: str
    baseline: float
    candidate: float
    baseline_hits: list[JudgedHit]
    candidate_hits: list[JudgedHit]


class Lookup:
    """The texts and the top documents of some queries; the documents are read in one pass.

    The first of the `runs` is the baseline; `rows` are the queries to look up, as rows of the `scores`.
    """

    def __init__(
        self, corpus: Corpus, runs: Sequence[Run], scores: Sequence[Scores], metric: str, rows: Sequence[int]
    ) -> None:
        self._ids = scores[0].query_ids
        self._values = [scored.values[metric] for scored in scores]
        self._runs = runs
        self._grades = corpus.judgements
        self._texts = {query.id: query.text for query in corpus.queries} if rows else {}
        wanted = {name for row in rows for run in runs for name in _top(run, self._ids[row]).document_ids}
        self._documents = {item.id: item for item in corpus.documents() if item.id in wanted} if rows else {}

    def query(self, row: int, candidate: int) -> QueryChange:
        """Return how the baseline and run number `candidate` answer the query in a row."""
        query_id = self._ids[row]
        return QueryChange(
            query_id,
            self._texts[query_id],
            float(self._values[0][row]),
            float(self._values[candidate][row]),
            self._hits(self._runs[0], query_id),
            self._hits(self._runs[candidate], query_id),
        )

    def _hits(self, run: Run, query_id: str) -> list[JudgedHit]:
        best, grades = _top(run, query_id), self._grades[query_id]
        return [
            JudgedHit(Hit(rank, float(value), self._documents[name]), grades.get(name))
            for rank, (name, value) in enumerate(zip(best.document_ids, best.scores, strict=True), start=1)
        ]


def _top(run: Run, query_id: str) -> Ranking:
    """Return the top documents of a query, none where the run has no results."""
    ranking = run.get(query_id, NO_RESULTS)
    return Ranking(ranking.document_ids[:TOP], ranking.scores[:TOP])

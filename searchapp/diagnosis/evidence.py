"""Everything that a probe may read about one pipeline.

Three parts, each computing what is costly once, when a probe first asks for it: the `CorpusContext` (texts,
queries, judgements, the control model), the `Model` (what the encoder itself makes of them), and what the
pipeline left behind: `Vectors`, a run, reported scores, an index. All but the context may be missing. A probe
asks for what it cannot do without by a `require_` method, which raises `CannotJudgeError` with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.agreement import NEIGHBOURS, Agreement, Match, match_rows, realign_rows
from searchapp.diagnosis.cloud import Cloud, Sides, Vectors, without_directions
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.gains import own_scores, own_table, scores_fixed
from searchapp.diagnosis.measures import (
    Hubness,
    JudgedQueries,
    hubness,
    judged_queries,
    mean,
    paired_gain,
    rows_of_run,
)
from searchapp.diagnosis.model import Model, TableModel
from searchapp.diagnosis.results import Results, results_of
from searchapp.diagnosis.thresholds import FEWEST_DOCUMENTS, FEWEST_QUERIES
from searchapp.encoders.vectors import Floats
from searchapp.records import Run

if TYPE_CHECKING:
    from searchapp.diagnosis.probe import Finding

Rows = NDArray[np.intp]


class CannotJudgeError(Exception):
    """A probe lacks what it needs; the message says what, beginning in lower case."""


@dataclass(eq=False)
class Evidence:
    """What is known about one pipeline.

    `model` is said to have made `vectors`; of these, documents that the corpus does not know are left out
    below. A `run` is what is judged; `ranks` is the column of ranks of its file, in the order of the scores.
    `reported` maps metrics, under MTEB's names, to reported values. `changes` says what has changed since the
    index was built, None when there is no index. `damage` is what is wrong with the files of the vectors.
    """

    context: CorpusContext
    model: Model | None = None
    vectors: Vectors | None = None
    run: Run | None = None
    reported: Mapping[str, float] = field(default_factory=dict)
    changes: Sequence[str] | None = None
    damage: Sequence["Finding"] = ()
    ranks: Mapping[str, NDArray[np.float64]] | None = None

    # What a probe cannot do without.

    def require_stored(self) -> Vectors:
        """Return the vectors as they are stored, whether or not any belongs to the corpus."""
        if self.vectors is None:
            missing = "there are no stored vectors (name a model: -m MODEL)"
            raise CannotJudgeError("the stored vectors cannot be used" if self.damage else missing)
        return self.vectors

    def require_vectors(self) -> Vectors:
        """Return the vectors as they are stored; some are of documents and of queries of the corpus."""
        vectors = self.require_stored()
        for side, known in (("documents", self._known_rows), ("queries", self.query_rows)):
            if not len(known):
                raise CannotJudgeError(f"none of the stored {side} belongs to the corpus")
        return vectors

    def require_model(self) -> Model:
        """Return the model behind the vectors."""
        self.require_vectors()
        if self.model is None:
            raise CannotJudgeError("the encoder behind these vectors is not known (name it: --made-by MODEL)")
        return self.model

    def require_same_dimension(self) -> Model:
        """Return the model, which gives vectors of the stored dimension."""
        model = self.require_model()
        if not self.same_dimension:
            raise CannotJudgeError("the model gives vectors of another dimension")
        return model

    def require_table(self) -> TableModel:
        """Return the static model behind the vectors."""
        self.require_vectors()
        if not isinstance(self.model, TableModel):
            raise CannotJudgeError("this probe inspects the table of a static model, and there is none")
        return self.model

    def require_judgements(self) -> None:
        """Make sure that queries are judged."""
        if self.context.label_free:
            raise CannotJudgeError("nothing is judged")

    def require_run(self) -> Run:
        """Return the rankings that are not empty."""
        if self.run is None:
            raise CannotJudgeError("there is no run")
        return {name: ranking for name, ranking in self.run.items() if ranking.document_ids}

    def require_agreement(self) -> Agreement:
        """Return the agreement with the control, for which there must be enough texts."""
        self.require_vectors()
        if len(self.document_rows) < FEWEST_DOCUMENTS or len(self.query_rows) < FEWEST_QUERIES:
            raise CannotJudgeError(
                f"comparing with the control needs {FEWEST_DOCUMENTS} documents and {FEWEST_QUERIES} queries"
            )
        return self.agreement

    # The stored vectors, from as they are to as they should be.

    @cached_property
    def _known_rows(self) -> Rows:
        ids = self.require_stored().document_ids
        return np.flatnonzero([name in self.context.rows for name in ids])

    @cached_property
    def document_ids(self) -> list[str]:
        """The ids of the stored documents that the corpus knows, in stored order."""
        ids = self.require_stored().document_ids
        return [ids[row] for row in self._known_rows]

    @cached_property
    def document_rows(self) -> Rows:
        """For each of these documents, its row in the context, (n,)."""
        return np.array([self.context.rows[name] for name in self.document_ids], dtype=np.intp)

    @cached_property
    def query_rows(self) -> Rows:
        """For each query of the context that has a stored vector, its row in the context, (q,)."""
        stored = set(self.require_stored().query_ids)
        return np.flatnonzero([query.id in stored for query in self.context.queries])

    @cached_property
    def query_ids(self) -> list[str]:
        """The ids of these queries."""
        return [self.context.queries[row].id for row in self.query_rows]

    @cached_property
    def as_stored(self) -> Sides:
        """The vectors of these documents and queries, unchanged."""
        vectors = self.require_vectors()
        rows = {name: row for row, name in enumerate(vectors.query_ids)}
        queries = vectors.queries[[rows[name] for name in self.query_ids]]
        return Sides(vectors.documents[self._known_rows], queries)

    @cached_property
    def cloud(self) -> Cloud:
        """The same with zero for NaN and infinity, and what follows from them."""
        return Cloud(Sides(*(np.nan_to_num(side, posinf=0, neginf=0) for side in self.as_stored)))

    @property
    def normalised(self) -> Sides:
        """The finite vectors as unit vectors."""
        return self.cloud.normalised

    @cached_property
    def searched(self) -> Sides:
        """The vectors as the pipeline searches them: unit vectors for the cosine, else as stored."""
        return self.normalised if self.require_vectors().similarity == "cosine" else self.as_stored

    @cached_property
    def without_dominant(self) -> Sides:
        """The vectors without the directions that could hide whether rows are in place."""
        return without_directions(10).apply(self.cloud)

    @cached_property
    def realigned(self) -> Sides:
        """The unit vectors, each row moved to where the model says it belongs, where that is clear."""
        if not self.same_dimension:
            return self.normalised
        documents, queries = self.normalised
        return Sides(realign_rows(documents, self.match), realign_rows(queries, self.query_match))

    @cached_property
    def judged(self) -> JudgedQueries:
        """The judgements if there are any, else the control's nearest documents instead."""
        if not self.context.label_free:
            return judged_queries(self.document_ids, self.query_ids, self.context.judgements)
        near = self.agreement.retrieved[:, :NEIGHBOURS]
        return JudgedQueries(self.document_ids, [{int(row): 1 for row in rows} for rows in near])

    @cached_property
    def top(self) -> Rows:
        """The rows of the ten best documents of each query, by exact search."""
        return self.judged.top(*self.searched)

    @cached_property
    def per_query(self) -> NDArray[np.float64]:
        """The score of each query, (q,)."""
        return self.judged.ndcg_of(self.top)

    @cached_property
    def score(self) -> float:
        """The mean score of the stored vectors."""
        return mean(self.per_query)

    @cached_property
    def own_per_query(self) -> NDArray[np.float64]:
        """The score of each query with the model's own vectors, (q,), where it is static."""
        return own_scores(self)

    def score_of(self, documents: Floats, queries: Floats) -> float:
        """Return the mean score of other vectors in the same rows."""
        return mean(self.judged.ndcg(documents, queries))

    @cached_property
    def table(self) -> TableModel | None:
        """The static model whose own vectors are stored."""
        return own_table(self)

    @cached_property
    def per_query_fixed(self) -> dict[str, NDArray[np.float64]]:
        """The score of each query after each of `FIXES`, (q,), of the table where that can be mended."""
        return scores_fixed(self)

    def gain_of(self, fix: str) -> tuple[float, float]:
        """Return what a fix adds to the score, and that in standard errors of the paired difference."""
        return paired_gain(self.per_query_fixed[fix], self.per_query)

    @cached_property
    def gain_of_encoding_again(self) -> float | None:
        """What encoding every text again gains; None where the model is not static, as it would take long."""
        if not isinstance(self.model, TableModel):
            return None
        sides = self.model.documents[self.document_rows], self.model.queries[self.query_rows]
        return self.score_of(*sides) - self.score

    @cached_property
    def results(self) -> Results:
        """The results of the run as rows of documents, and what the control and BM25 think of them."""
        vectors = None if self.vectors is None else (self.searched, self.document_rows, self.query_rows)
        results = results_of(self.context, self.require_run(), vectors)
        if not results.rows:
            raise CannotJudgeError("the run and the corpus share no judged query, or no document")
        return results

    @cached_property
    def run_per_query(self) -> NDArray[np.float64]:
        """nDCG@10 of the run for each query of the context, (q,)."""
        self.require_judgements()
        names = [query.id for query in self.context.queries]
        return self.context.judged.ndcg_of(rows_of_run(self.require_run(), names, self.context.rows))

    @property
    def same_dimension(self) -> bool:
        """Whether there is a model, and it gives vectors of the stored dimension."""
        dimension = self.require_stored().documents.shape[1]
        return self.model is not None and self.model.encoder.recipe.dimension == dimension

    @cached_property
    def encoded_again(self) -> tuple[Rows, Floats]:
        """Stored rows whose documents the model encoded again, (r,), and their unit vectors, (r, d)."""
        model = self.require_model()
        known = {row: place for place, row in enumerate(model.sample)}
        rows = [row for row, document in enumerate(self.document_rows) if document in known]
        places = [known[self.document_rows[row]] for row in rows]
        return np.array(rows, dtype=np.intp), model.documents[places]

    @cached_property
    def match(self) -> Match:
        """Stored documents against the model's own vectors of their texts."""
        rows, expected = self.encoded_again
        return match_rows(rows, expected, self.normalised.documents)

    @cached_property
    def query_match(self) -> Match:
        """Stored queries against the model's own vectors of their texts."""
        rows, expected = np.arange(len(self.query_rows)), self.require_model().queries[self.query_rows]
        return match_rows(rows, expected, self.normalised.queries)

    @cached_property
    def agreement(self) -> Agreement:
        """The stored vectors against what the control model finds near."""
        control = self.context.control
        sides = Sides(control.documents[self.document_rows], control.queries[self.query_rows])
        return Agreement(sides, self.normalised, self.without_dominant)

    @cached_property
    def hubness(self) -> Hubness:
        """How evenly the top ten are spread over the documents."""
        return hubness(self.top, len(self.document_ids))

"""One pipeline under suspicion, as it would be met: everything that a probe may read.

Three parts, each computing a costly fact once, when a probe first asks for it: the `CorpusContext` (texts,
queries, judgements, the control model), the `Model` (what the encoder itself makes of them; absent for
precomputed vectors and other people's runs), and what the pipeline left behind: `Vectors`, a `run`, a
`reported` score. Any of the last three may be absent; a probe says in `needs` which it cannot do without.
Whoever only has a run constructs `Evidence(context, run=run, reported=...)`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.agreement import NEAR, Agreement
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.fixes import FIXES, without_directions
from searchapp.diagnosis.matching import Match, match_rows, realign_rows
from searchapp.diagnosis.measures import (
    Hubs,
    JudgedQueries,
    hubs,
    judged_queries,
    participation,
    spectrum,
)
from searchapp.diagnosis.model import Model
from searchapp.diagnosis.thresholds import FEWEST_DOCUMENTS, FEWEST_QUERIES
from searchapp.encoders.vectors import unit
from searchapp.errors import SearchappError
from searchapp.records import Run

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Vectors:
    """Stored vectors as they are: ids in row order, (n, d) and (q, d) float32.

    `similarity` is how the pipeline compares them: `cosine`, or `dot` when lengths count.
    """

    document_ids: Sequence[str]
    documents: Floats
    query_ids: Sequence[str]
    queries: Floats
    similarity: str = "cosine"


class Evidence:
    """What is known of one pipeline.

    Args:
        context: the texts, queries and judgements.
        model: the encoder that the vectors are said to come from.
        vectors: what is stored; ids that the corpus does not know are left out of what follows.
        run: rankings somebody made.
        reported: metric -> value somebody reported, by MTEB's names and as they wrote it.
        changes: what has changed since the index was built; None when the vectors are of no index.
    """

    def __init__(
        self,
        context: CorpusContext,
        model: Model | None = None,
        vectors: Vectors | None = None,
        run: Run | None = None,
        reported: Mapping[str, float] | None = None,
        changes: Sequence[str] | None = None,
    ) -> None:
        self.context = context
        self.model = model
        self.vectors = vectors
        self.run = run
        self.reported = reported or {}
        self.changes = changes

    @property
    def stored(self) -> Vectors:
        """The stored vectors; asked only by probes that need them."""
        if self.vectors is None:
            raise SearchappError("There are no stored vectors.", "Name a model: -m MODEL")
        return self.vectors

    # What is there.

    @cached_property
    def _document_rows(self) -> Rows:
        known = [row for row, name in enumerate(self.stored.document_ids) if name in self.context.rows]
        return np.array(known, dtype=np.intp)

    @cached_property
    def places(self) -> Rows:
        """For each stored document that the corpus knows, its place in the context, (n,)."""
        ids = self.stored.document_ids
        return np.array([self.context.rows[ids[row]] for row in self._document_rows], dtype=np.intp)

    @cached_property
    def query_places(self) -> Rows:
        """For each query of the context that has a stored vector, its place in the context, (q,)."""
        have = set(self.stored.query_ids)
        kept = [row for row, query in enumerate(self.context.queries) if query.id in have]
        return np.array(kept, dtype=np.intp)

    @cached_property
    def document_ids(self) -> list[str]:
        """The ids of the stored documents that the corpus knows, in stored order."""
        return [self.stored.document_ids[row] for row in self._document_rows]

    @cached_property
    def raw(self) -> tuple[Floats, Floats]:
        """The vectors of these documents and of the context's queries, as they are stored."""
        rows = {name: row for row, name in enumerate(self.stored.query_ids)}
        asked = [rows[self.context.queries[place].id] for place in self.query_places]
        return self.stored.documents[self._document_rows], self.stored.queries[asked]

    @cached_property
    def finite(self) -> tuple[Floats, Floats]:
        """`raw` with NaN and infinity as zero."""
        documents, queries = (np.nan_to_num(vectors, posinf=0, neginf=0) for vectors in self.raw)
        return documents, queries

    @cached_property
    def units(self) -> tuple[Floats, Floats]:
        """`finite` as unit vectors."""
        documents, queries = self.finite
        return unit(documents), unit(queries)

    @cached_property
    def compared(self) -> tuple[Floats, Floats]:
        """The vectors as the pipeline compares them: unit vectors for the cosine, else as stored."""
        return self.units if self.stored.similarity == "cosine" else self.raw

    # How good it is.

    @cached_property
    def trial(self) -> JudgedQueries:
        """Judgements where there are any; else the control's nearest documents stand in for them."""
        if not self.context.label_free:
            ids = [self.context.queries[place].id for place in self.query_places]
            return judged_queries(self.document_ids, ids, self.context.judgements)
        near = self.agreement.found[:, :NEAR]
        return JudgedQueries(
            "agreement with the control", self.document_ids, [{int(row): 1 for row in line} for line in near]
        )

    @cached_property
    def top(self) -> Rows:
        """The rows of the ten best documents of each query, by exact search."""
        self.context.progress("searching exactly")
        return self.trial.top(*self.compared)

    @cached_property
    def per_query(self) -> NDArray[np.float64]:
        """The score of each query of the trial, (q,)."""
        return self.trial.ndcg_of(self.top)

    @cached_property
    def score(self) -> float:
        """The mean score of the stored vectors on the trial."""
        return self.mean(self.per_query)

    def try_out(self, documents: Floats, queries: Floats) -> float:
        """Return the mean score of other vectors in the same rows."""
        return self.mean(self.trial.ndcg(documents, queries))

    @staticmethod
    def mean(values: NDArray[np.float64]) -> float:
        """Return a mean, 0 of nothing."""
        return float(values.mean()) if len(values) else 0.0

    @cached_property
    def repaired(self) -> dict[str, NDArray[np.float64]]:
        """The score of each query after each repair of `FIXES`, (q,)."""
        self.context.progress("trying repairs on the stored vectors")
        documents, queries = self.finite
        return {repair.name: self.trial.ndcg(*repair.apply(documents, queries)) for repair in FIXES}

    @cached_property
    def cleaned(self) -> tuple[Floats, Floats]:
        """The vectors without the directions that could drown the rest, to see whether rows are in place."""
        return without_directions(10)(*self.finite)

    @cached_property
    def encoded_anew(self) -> float:
        """The score of what the model itself gives for the texts (static models: all are encoded)."""
        assert self.model is not None  # noqa: S101 - asked only where there is a model
        return self.try_out(self.model.documents[self.places], self.model.queries[self.query_places])

    @property
    def gain_anew(self) -> float | None:
        """What encoding every text again gains; None where that is not to be had here."""
        if self.model is None or self.model.table is None:
            return None
        return self.encoded_anew - self.score

    # Whether rows are where they should be, by the model itself.

    @property
    def same_dimension(self) -> bool:
        """Whether the model gives vectors of the stored dimension."""
        return (
            self.model is not None and self.model.encoder.recipe.dimension == self.stored.documents.shape[1]
        )

    @cached_property
    def expected(self) -> tuple[Rows, Floats]:
        """Stored rows that were encoded anew, (r,), and the vectors the model gives for their texts."""
        assert self.model is not None  # noqa: S101 - asked only where there is a model
        known = {place: row for row, place in enumerate(self.model.rows)}
        rows = [row for row, place in enumerate(self.places) if place in known]
        return np.array(rows, dtype=np.intp), self.model.documents[[known[self.places[row]] for row in rows]]

    @cached_property
    def match(self) -> Match:
        """Stored documents against the model's own vectors of their texts."""
        rows, expected = self.expected
        return match_rows(rows, expected, self.units[0])

    @cached_property
    def query_match(self) -> Match:
        """Stored queries against the model's own vectors of their texts."""
        assert self.model is not None  # noqa: S101 - asked only where there is a model
        rows = np.arange(len(self.query_places))
        return match_rows(rows, self.model.queries[self.query_places], self.units[1])

    @cached_property
    def agreement(self) -> Agreement:
        """The stored vectors against the control model's idea of what is near."""
        control = self.context.control
        own = control.documents[self.places], control.queries[self.query_places]
        return Agreement(own, self.units, self.cleaned)

    @property
    def comparable(self) -> bool:
        """Whether there are enough texts to compare with the control."""
        return len(self.places) >= FEWEST_DOCUMENTS and len(self.query_places) >= FEWEST_QUERIES

    @cached_property
    def aligned(self) -> tuple[Floats, Floats]:
        """Unit vectors with every row put where the model says it belongs, where that is clear."""
        documents, queries = self.units
        if self.model is None or not self.same_dimension:
            return documents, queries
        return realign_rows(documents, self.match), realign_rows(queries, self.query_match)

    # The shape of the cloud.

    @cached_property
    def spectrum(self) -> NDArray[np.float64]:
        """The variances of the unit documents along their principal directions, (d,), largest first."""
        return spectrum(self.units[0])

    @cached_property
    def participation(self) -> float:
        """How many directions share the variance of the documents."""
        return participation(self.units[0])

    @cached_property
    def hubs(self) -> Hubs:
        """How evenly the top ten are spread over the documents."""
        return hubs(self.top, len(self.document_ids))

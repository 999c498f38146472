"""What is true whatever the pipeline did: the corpus, and what a control model makes of it."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.lint import lint
from searchapp.diagnosis.measures import JudgedQueries, judged_queries
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import BUNDLED
from searchapp.records import Document, Judgements, Query

Progress = Callable[[str], None]
"""Called with what is about to be done."""


class CorpusContext:
    """A corpus read into memory, mended where it must be so that the rest can be judged.

    `floors` keeps what random tables score, by tokenizer and shape. Documents whose id stands twice keep the
    first. The queries are the judged ones that have a text, or
    all of them where nothing is judged (or judgements are not to be used).

    Args:
        corpus: what the pipeline was run on.
        label_free: leave the judgements alone.
        progress: told what is about to be done.
    """

    def __init__(
        self, corpus: Corpus, *, label_free: bool = False, progress: Progress = lambda _what: None
    ) -> None:
        self.corpus = corpus
        self.progress = progress
        self.floors: dict[tuple[object, ...], float] = {}
        self._label_free = label_free

    @cached_property
    def documents(self) -> list[Document]:
        """The documents in stored order, one an id."""
        self.progress("reading the corpus")
        return list({document.id: document for document in reversed(list(self.corpus.documents()))}.values())[
            ::-1
        ]

    @cached_property
    def rows(self) -> dict[str, int]:
        """Document id -> place in `documents`."""
        return {document.id: row for row, document in enumerate(self.documents)}

    @cached_property
    def all_queries(self) -> dict[str, Query]:
        """Every query of the corpus by id, judged or not."""
        return {query.id: query for query in self.corpus.source.queries()}

    @cached_property
    def judgements(self) -> Judgements:
        """The judgements of the queries that have a text; empty when nothing is judged."""
        if self._label_free:
            return {}
        judgements = self.corpus.source.judgements()
        return {query: judgements[query] for query in sorted(judgements) if query in self.all_queries}

    @cached_property
    def problems(self) -> dict[str, str]:
        """What `lint` finds: name -> message."""
        return {problem.name: problem.message for problem in lint(self.corpus)}

    @property
    def label_free(self) -> bool:
        """Whether nothing is judged."""
        return not self.judgements

    @cached_property
    def queries(self) -> list[Query]:
        """The judged queries by ascending id, all queries where nothing is judged."""
        names = list(self.judgements) or sorted(self.all_queries)
        return [self.all_queries[name] for name in names]

    @cached_property
    def control(self) -> "Control":
        """The bundled model's vectors."""
        self.progress(f"encoding by the control model ({BUNDLED})")
        encoder = load_encoder(BUNDLED)
        return Control(encoder.encode_documents(self.documents), encoder.encode_queries(self.queries), self)


class Control:
    """What the bundled model makes of the corpus: a second opinion on which texts are near.

    Args:
        documents: (n, d) float32, in the context's order.
        queries: (q, d) float32, in the context's order.
        context: whose texts they are.
    """

    def __init__(
        self, documents: NDArray[np.float32], queries: NDArray[np.float32], context: CorpusContext
    ) -> None:
        self.documents = documents
        self.queries = queries
        self._context = context

    @cached_property
    def score(self) -> float | None:
        """Its nDCG@10; None where nothing is judged."""
        if self._context.label_free:
            return None
        return float(self.trial.ndcg(self.documents, self.queries).mean())

    @cached_property
    def trial(self) -> JudgedQueries:
        """The judgements over all documents."""
        ids = [document.id for document in self._context.documents]
        return judged_queries(ids, [query.id for query in self._context.queries], self._context.judgements)

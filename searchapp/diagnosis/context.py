"""What does not depend on the pipeline: the corpus, and what a control model makes of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.lint import lint
from searchapp.diagnosis.cloud import Sides
from searchapp.diagnosis.measures import JudgedQueries, judged_queries
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import BUNDLED
from searchapp.records import Document, Judgements, Query
from searchapp.retrieval.bm25 import Bm25, open_bm25

Progress = Callable[[str], None]
"""Called with what is about to be done."""


@dataclass(eq=False)
class CorpusContext:
    """A corpus in memory, repaired as far as it takes to judge the rest.

    Of documents with the same id, the first counts. The queries are the judged ones that have a text, or all
    of them where nothing is judged or `ignore_judgements`. `random_baselines` caches the scores of random
    tables by tokenizer and shape.
    """

    corpus: Corpus
    ignore_judgements: bool = False
    progress: Progress = lambda _what: None
    random_baselines: dict[tuple[object, ...], float] = field(default_factory=dict)

    @cached_property
    def documents(self) -> list[Document]:
        """The documents in corpus order, one per id."""
        self.progress("reading the corpus")
        first: dict[str, Document] = {}
        for document in self.corpus.documents():
            first.setdefault(document.id, document)
        return list(first.values())

    @cached_property
    def rows(self) -> dict[str, int]:
        """Document id -> row in `documents`."""
        return {document.id: row for row, document in enumerate(self.documents)}

    @cached_property
    def all_queries(self) -> dict[str, Query]:
        """Every query of the corpus by id, judged or not."""
        return {query.id: query for query in self.corpus.source.queries()}

    @cached_property
    def judgements(self) -> Judgements:
        """The judgements of the queries that have a text; empty when nothing is judged."""
        if self.ignore_judgements:
            return {}
        judgements = self.corpus.source.judgements()
        return {query: judgements[query] for query in sorted(judgements) if query in self.all_queries}

    @cached_property
    def problems(self) -> dict[str, str]:
        """What `lint` reports: name -> message."""
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
    def judged(self) -> JudgedQueries:
        """The judged queries with their grades, over all documents."""
        ids = [document.id for document in self.documents]
        return judged_queries(ids, [query.id for query in self.queries], self.judgements)

    @cached_property
    def control(self) -> Sides:
        """The bundled model's vectors of documents and queries: a second opinion on which texts are close."""
        self.progress(f"encoding with the control model ({BUNDLED})")
        encoder = load_encoder(BUNDLED)
        return Sides(encoder.encode_documents(self.documents), encoder.encode_queries(self.queries))

    @cached_property
    def bm25(self) -> Bm25:
        """The BM25 index of the documents, opened once.

        Raises:
            SearchappError: no document has a word.
        """
        return open_bm25(self.corpus.documents_digest, lambda: self.documents)

    @cached_property
    def control_score(self) -> float:
        """The control's nDCG@10; asked only where queries are judged."""
        return float(self.judged.ndcg(*self.control).mean())

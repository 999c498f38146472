"""Healthy pipelines to inject faults into: the bundled static table, and precomputed vectors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.source import Source
from searchapp.diagnosis.cloud import Vectors
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.model import Model, TableModel
from searchapp.diagnosis.tokens import TokenTable, token_table, truncate_to
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import Options
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.texts import assemble
from searchapp.records import Document, Judgements, Query, Recipe

Floats = NDArray[np.float32]
T = TypeVar("T")


@dataclass(frozen=True)
class Memory(Source):
    """A corpus in memory, to be damaged; it has the splits of `origin`, the undamaged one."""

    items: Sequence[Document]
    asked: Sequence[Query]
    grades: Judgements
    origin: Source | None = None

    @property
    def location(self) -> str:
        """Nowhere on disk."""
        return "memory"

    @property
    def split(self) -> str | None:
        """The split of the whole corpus."""
        return self.origin.split if self.origin else None

    def splits(self) -> list[str]:
        """List the splits of the whole corpus."""
        return self.origin.splits() if self.origin else []

    def with_split(self, split: str) -> Source:
        """Return another split of the whole corpus, undamaged."""
        assert self.origin is not None
        return self.origin.with_split(split)

    def documents(self) -> Iterator[Document]:
        """Yield the documents."""
        return iter(self.items)

    def queries(self) -> Iterator[Query]:
        """Yield the queries."""
        return iter(self.asked)

    def judgements(self) -> Judgements:
        """Return the judgements."""
        return self.grades

    def count(self) -> int:
        """Return the number of documents."""
        return len(self.items)


class TableEncoder:
    """An encoder over a token table that may have been damaged."""

    batch = 4096
    facts = None
    libraries: tuple[str, ...] = ()

    def __init__(self, table: TokenTable, options: Options | None = None) -> None:
        self.name = "damaged"
        self.table = table
        self.options = options or Options()
        length = None if self.options.max_length == "model" else self.options.max_length
        self.recipe = Recipe(
            model=self.name,
            revision=None,
            model_digest="",
            tokenizer_digest="",
            dimension=table.rows.shape[1],
            query_pooling="mean",
            document_pooling="mean",
            max_length=length,
            normalize=True,
            template=self.options.template,
            document_prompt=self.options.document_prompt,
            query_prompt=self.options.query_prompt,
        )

    @property
    def circumstances(self) -> Mapping[str, Any]:
        """Nothing to say."""
        return {}

    def with_options(self, options: Options) -> "TableEncoder":
        """Return the same table with other options."""
        return TableEncoder(self.table, options)

    def for_corpus(self, _sample: Sequence[str]) -> "TableEncoder":
        """Return this encoder."""
        return self

    def encode_documents(self, documents: Sequence[Document]) -> Floats:
        """Return one vector per document."""
        prompt = self.options.document_prompt
        return self.read([prompt + assemble(document, self.options.template) for document in documents])

    def encode_queries(self, queries: Sequence[Query]) -> Floats:
        """Return one vector per query."""
        return self.read([self.options.query_prompt + query.text for query in queries])

    def read(self, texts: Sequence[str]) -> Floats:
        """Return unit means, (n, d) float32."""
        return self.table.means(truncate_to(self.table.tokenize(texts), self.recipe.max_length))


def the(value: T | None) -> T:
    """Return what an injector relies on."""
    if value is None:
        raise ValueError("this fault needs a part that the pipeline lacks")
    return value


class Base:
    """One healthy pipeline on one corpus.

    Args:
        context: the corpus.
        model: the encoder, None where only vectors are there.
        vectors: what it stores, the queries those of the context.
    """

    def __init__(self, context: CorpusContext, model: Model | None, vectors: Vectors) -> None:
        self.context = context
        self.model = model
        self.vectors = vectors

    def evidence(
        self, model: Model | None = None, context: CorpusContext | None = None, **changes: Any
    ) -> Evidence:
        """Return evidence with some of the vectors' fields changed."""
        extra = {name: changes.pop(name) for name in ("run", "reported") if name in changes}
        return Evidence(
            context or self.context, model or self.model, replace(self.vectors, **changes), **extra
        )

    @cached_property
    def table(self) -> TokenTable:
        """The static table."""
        return self.table_model.table

    @property
    def table_model(self) -> TableModel:
        """The static model."""
        return the(self.model if isinstance(self.model, TableModel) else None)

    @cached_property
    def texts(self) -> list[str]:
        """The documents as they should be encoded."""
        return [assemble(document) for document in self.context.documents]

    @cached_property
    def healthy(self) -> float:
        """nDCG@10 without a fault."""
        return self.evidence().score

    def with_table(self, table: TokenTable, options: Options | None = None) -> Evidence:
        """Return evidence in which everything was encoded with this table."""
        model = table_model(table, self.context, options)
        if options is None and table.tokenize is self.table.tokenize:
            healthy = self.table_model
            model.__dict__["document_tokens"] = healthy.document_tokens  # the same texts and tokenizer
            model.__dict__["query_tokens"] = healthy.query_tokens
            model.__dict__["documents"] = table.means(healthy.document_tokens)
            model.__dict__["queries"] = table.means(healthy.query_tokens)
        return self.evidence(model, documents=model.documents, queries=model.queries)


def table_model(table: TokenTable, context: CorpusContext, options: Options | None = None) -> TableModel:
    """Return a table as a model on the texts of a context."""
    return TableModel(TableEncoder(table, options), context, lambda: table)


def static_base(corpus: Corpus) -> Base:
    """Return the bundled model's pipeline, with the encoder that damaged tables use too."""
    context = CorpusContext(corpus)
    encoder = load_encoder(BUNDLED)
    table = token_table(the(encoder if isinstance(encoder, StaticEncoder) else None))
    model = table_model(table, context)
    ids = [document.id for document in context.documents]
    return Base(
        context, model, Vectors(ids, model.documents, [query.id for query in context.queries], model.queries)
    )

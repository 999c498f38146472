"""What the model itself makes of the texts, whatever vectors are stored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.cloud import Sides
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.measures import spread
from searchapp.diagnosis.repaired_model import TableFix, fixed_rows
from searchapp.diagnosis.tokens import TokenTable, truncate_to
from searchapp.encoders.encoder import Encoder
from searchapp.encoders.options import DEFAULT_TEMPLATE
from searchapp.encoders.texts import assemble
from searchapp.encoders.tokenization import Tokens
from searchapp.encoders.vectors import Floats, unit
from searchapp.records import Document, Query

SLOW_SAMPLE = 64  # documents that a model other than a static one encodes again
TITLES = 400  # titles that are searched for
RANDOM_SEEDS = (11, 12)
OPENING = 12  # words of a text that replace a missing title


@dataclass(eq=False)
class Model:
    """An encoder on the texts of a context; everything is computed once, when it is first asked for."""

    encoder: Encoder
    context: CorpusContext

    @cached_property
    def sample(self) -> NDArray[np.intp]:
        """The documents of the context that are encoded again, (r,): only some, since it may be slow."""
        return spread(len(self.context.documents), SLOW_SAMPLE)

    @cached_property
    def documents(self) -> Floats:
        """Unit vectors of the documents of `sample`, (r, d) float32."""
        self.context.progress("encoding the documents again")
        return unit(self.encoder.encode_documents([self.context.documents[row] for row in self.sample]))

    @cached_property
    def queries(self) -> Floats:
        """Unit vectors of the queries, (q, d) float32."""
        self.context.progress("encoding the queries again")
        return unit(self.encoder.encode_queries(self.context.queries))

    def document_text(self, document: Document) -> str:
        """Return a document as it is given to the tokenizer, prompt included."""
        return self.encoder.recipe.document_prompt + assemble(document, self.encoder.options.template)

    def query_text(self, text: str) -> str:
        """Return a query as it is given to the tokenizer, prompt included."""
        return self.encoder.recipe.query_prompt + text

    def encode_as(self, side: str, texts: Sequence[str]) -> Floats:
        """Return unit vectors of texts encoded as `documents` or `queries`, (n, d) float32."""
        if side == "queries":
            queries = [Query(str(row), text) for row, text in enumerate(texts)]
            return unit(self.encoder.encode_queries(queries))
        documents = [Document(str(row), "", text) for row, text in enumerate(texts)]
        return unit(self.encoder.encode_documents(documents))

    def encode_changed(self, side: str, texts: Sequence[str], prompted: bool = True) -> Floats:
        """Return unit vectors of texts that replace those of a side; the prompt is added, (n, d) float32."""
        return self.encode_as(side, texts)

    def with_pooling(self, pooling: str) -> "Model":
        """Return a transformer with another pooling."""
        poolings: dict[str, Any] = {"query_pooling": pooling, "document_pooling": pooling}
        options = replace(self.encoder.options, **poolings)
        return Model(self.encoder.with_options(options), self.context)

    @cached_property
    def titled(self) -> NDArray[np.intp]:
        """Documents of the context whose titles (or opening words) are searched for, (k,)."""
        filled = np.flatnonzero([document.text.strip() != "" for document in self.context.documents])
        return filled[spread(len(filled), TITLES)] if len(filled) else filled

    @cached_property
    def titles(self) -> Floats:
        """Unit vectors of the titles of `titled` encoded as queries, (k, d) float32."""
        self.context.progress("encoding titles to search for their documents")
        return self.encode_as("queries", [title_of(self.context.documents[row]) for row in self.titled])


@dataclass(eq=False)
class TableModel(Model):
    """A static model, whose tokens and table can be inspected; it encodes every document again."""

    open_table: Callable[[], TokenTable]

    @cached_property
    def table(self) -> TokenTable:
        """Rows, vocabulary and tokenizer, opened when they are first needed."""
        return self.open_table()

    @cached_property
    def sample(self) -> NDArray[np.intp]:
        """Every document."""
        return np.arange(len(self.context.documents), dtype=np.intp)

    @cached_property
    def document_tokens(self) -> Tokens:
        """Token ids of the documents as they are encoded, not truncated."""
        return self.table.tokenize([self.document_text(document) for document in self.context.documents])

    @cached_property
    def query_tokens(self) -> Tokens:
        """Token ids of the queries as they are encoded, not truncated."""
        return self.table.tokenize([self.query_text(query.text) for query in self.context.queries])

    @cached_property
    def read(self) -> tuple[Tokens, Tokens]:
        """Token ids of documents and queries, truncated as the encoder truncates."""
        documents = [self.document_text(document) for document in self.context.documents]
        queries = [self.query_text(query.text) for query in self.context.queries]
        return self._read(documents, self.document_tokens), self._read(queries, self.query_tokens)

    def _read(self, texts: list[str], whole: Tokens) -> Tokens:
        length = self.encoder.recipe.max_length
        return whole if length is None else self.table.read(texts, length)

    def encoded_with(self, rows: Floats) -> Sides:
        """Return unit vectors of documents and queries with another table, as its copy would encode them."""
        documents, queries = (self.table.means(tokens, rows) for tokens in self.read)
        return Sides(documents, queries)

    def fixed(self, fix: TableFix) -> Floats:
        """Return the table with a fix, as `searchapp repair` writes it."""
        return fixed_rows(self.table.rows, self.read[0], self.table.unknown, fix)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How often each token occurs in the documents, (V,)."""
        return np.bincount(self.document_tokens.ids, minlength=len(self.table.rows))

    def encode_changed(self, side: str, texts: Sequence[str], prompted: bool = True) -> Floats:
        """Return unit vectors of texts that replace those of a side, (n, d) float32."""
        return self.means_of(self.table.tokenize(self._prompted(side, texts) if prompted else texts))

    def tokens_of(self, side: str, texts: Sequence[Document]) -> Tokens:
        """Return the token ids of documents, or of queries given as documents, prompts included."""
        template = self.encoder.options.template if side == "documents" else DEFAULT_TEMPLATE
        return self.table.tokenize(self._prompted(side, [assemble(text, template) for text in texts]))

    def _prompted(self, side: str, texts: Sequence[str]) -> list[str]:
        options = self.encoder.options
        prompt = options.query_prompt if side == "queries" else options.document_prompt
        return [prompt + text for text in texts]

    def means_of(self, tokens: Tokens, rows: Floats | None = None) -> Floats:
        """Return the unit means of n texts, truncated as the model truncates, (n, d) float32."""
        return self.table.means(truncate_to(tokens, self.encoder.recipe.max_length), rows)

    def random_baseline(self) -> float:
        """Return nDCG@10 of random tables with the same tokenizer and dimension, the mean of two seeds."""
        shape, max_length = self.table.rows.shape, self.encoder.recipe.max_length
        key = (self.table.tokenize, shape, max_length, self.encoder.options)
        baselines = self.context.random_baselines
        if key not in baselines:
            self.context.progress("scoring random embeddings")
            baselines[key] = float(np.mean([self._random_score(seed) for seed in RANDOM_SEEDS]))
        return baselines[key]

    def _random_score(self, seed: int) -> float:
        rows = np.random.default_rng(seed).standard_normal(self.table.rows.shape, dtype=np.float32)
        documents, queries = self.means_of(self.document_tokens, rows), self.means_of(self.query_tokens, rows)
        return float(self.context.judged.ndcg(documents, queries).mean())


def title_of(document: Document) -> str:
    """Return the title of a document, or the opening words of its text where it has none.

    >>> title_of(Document("1", "", "The Moon pulls."))
    'The Moon pulls.'
    """
    return document.title.strip() or " ".join(document.text.split()[:OPENING])

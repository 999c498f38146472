"""What the model under suspicion itself makes of the texts, whatever vectors are stored."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.measures import JudgedQueries, spread
from searchapp.diagnosis.tokens import TokenTable, cut, token_table
from searchapp.diagnosis.vocabulary import alignment, variant_pairs, without_loudest
from searchapp.encoders.encoder import Encoder
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.texts import assemble
from searchapp.encoders.tokenization import Tokens
from searchapp.encoders.vectors import unit
from searchapp.records import Document, Query

Floats = NDArray[np.float32]

SLOW_SAMPLE = 64  # documents that a model other than a static one encodes anew
KNOWN_ITEMS = 400
FLOOR_SEEDS = (11, 12)
OPENING = 12  # words of a text that stand for its title where it has none


class Model:
    """An encoder on the texts of a context; everything is computed once, when it is first asked for.

    Args:
        encoder: the model with its options.
        context: the texts.
        table: its inside; found here for a static model, None for others.
    """

    def __init__(self, encoder: Encoder, context: CorpusContext, table: TokenTable | None = None) -> None:
        self.encoder = encoder
        self.context = context
        self._table = table

    @property
    def name(self) -> str:
        """What `-m` takes."""
        return self.encoder.name

    @cached_property
    def table(self) -> TokenTable | None:
        """The inside of a static model, None for others."""
        if self._table is None and isinstance(self.encoder, StaticEncoder):
            return token_table(self.encoder)
        return self._table

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """Which documents of the context it encodes anew: all by a static model, else a sample."""
        count = len(self.context.documents)
        return spread(count, count if self.table is not None else SLOW_SAMPLE)

    @cached_property
    def documents(self) -> Floats:
        """Unit vectors of the documents of `rows`, (r, d) float32."""
        self.context.progress("encoding the documents anew")
        return unit(self.encoder.encode_documents([self.context.documents[row] for row in self.rows]))

    @cached_property
    def queries(self) -> Floats:
        """Unit vectors of the queries, (q, d) float32."""
        self.context.progress("encoding the queries anew")
        return unit(self.encoder.encode_queries(self.context.queries))

    def read_documents(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors of texts read as documents, (n, d) float32."""
        return unit(
            self.encoder.encode_documents([Document(str(row), "", text) for row, text in enumerate(texts)])
        )

    def read_queries(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors of texts read as queries, (n, d) float32."""
        return unit(self.encoder.encode_queries([Query(str(row), text) for row, text in enumerate(texts)]))

    @cached_property
    def known_items(self) -> NDArray[np.intp]:
        """Documents of the context whose titles (or opening words) are looked for, (k,)."""
        filled = [row for row, document in enumerate(self.context.documents) if document.text.strip()]
        return (
            np.array(filled, dtype=np.intp)[spread(len(filled), KNOWN_ITEMS)]
            if filled
            else np.zeros(0, dtype=np.intp)
        )

    @cached_property
    def titles(self) -> Floats:
        """Unit vectors of the titles of `known_items` read as queries, (k, d) float32."""
        self.context.progress("encoding titles to look for their documents")
        return self.read_queries([title_of(self.context.documents[row]) for row in self.known_items])

    @cached_property
    def document_tokens(self) -> Tokens:
        """Token ids of the documents as they are read, whole (static models)."""
        assert self.table is not None  # noqa: S101 - asked only of static models
        options = self.encoder.options
        return self.table.tokenize(
            [
                options.document_prompt + assemble(document, options.template)
                for document in self.context.documents
            ]
        )

    @cached_property
    def query_tokens(self) -> Tokens:
        """Token ids of the queries as they are read, whole (static models)."""
        assert self.table is not None  # noqa: S101 - asked only of static models
        return self.table.tokenize(
            [self.encoder.options.query_prompt + query.text for query in self.context.queries]
        )

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How often each token stands in the documents, (V,)."""
        assert self.table is not None  # noqa: S101 - asked only of static models
        return np.bincount(self.document_tokens.ids, minlength=len(self.table.rows))

    @cached_property
    def spellings(self) -> NDArray[np.intp]:
        """Ids of tokens that spell one word otherwise, (p, 2)."""
        assert self.table is not None  # noqa: S101 - asked only of static models
        return variant_pairs(self.table.vocabulary)

    @cached_property
    def quiet_rows(self) -> Floats:
        """The table without its mean and its loudest directions, which may hide the words, (V, d)."""
        assert self.table is not None  # noqa: S101 - asked only of static models
        return without_loudest(self.table.rows)

    @cached_property
    def aligned(self) -> float:
        """How often a spelling is nearer to its variant than to a stranger."""
        return alignment(self.quiet_rows, self.spellings)

    @cached_property
    def row_groups(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The group of equal rows that each token is in, (V,), and how many are in each group, (g,)."""
        assert self.table is not None  # noqa: S101 - asked only of static models
        rows = np.ascontiguousarray(self.table.rows)
        whole = rows.view(np.dtype((np.void, rows[0].nbytes))).ravel()
        _, group, sizes = np.unique(whole, return_inverse=True, return_counts=True)
        return group.ravel(), sizes

    def floor(self, trial: JudgedQueries) -> float:
        """Return nDCG@10 of random tables with the same tokenizer and dimension, the mean of two seeds."""
        assert self.table is not None  # noqa: S101 - asked only of static models
        length = self.encoder.recipe.max_length
        key = (self.table.tokenize, self.table.rows.shape, length, self.encoder.options)
        if key not in self.context.floors:
            self.context.progress("measuring the floor of random tables")
            self.context.floors[key] = float(np.mean([self._random(seed, trial) for seed in FLOOR_SEEDS]))
        return self.context.floors[key]

    def _random(self, seed: int, trial: JudgedQueries) -> float:
        assert self.table is not None  # noqa: S101 - asked only of static models
        length = self.encoder.recipe.max_length
        rows = np.random.default_rng(seed).standard_normal(self.table.rows.shape, dtype=np.float32)
        documents = self.table.means(cut(self.document_tokens, length), rows)
        queries = self.table.means(cut(self.query_tokens, length), rows)
        return float(trial.ndcg(documents, queries).mean())


def title_of(document: Document) -> str:
    """Return the title of a document, or the opening words of its text where it has none.

    >>> title_of(Document("1", "", "The Moon pulls."))
    'The Moon pulls.'
    """
    return document.title.strip() or " ".join(document.text.split()[:OPENING])

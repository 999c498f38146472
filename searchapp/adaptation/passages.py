"""What a corpus teaches without judgements: titles and sentences, as queries for the rest of a document."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.texts import assemble
from searchapp.encoders.vectors import Floats, unit
from searchapp.records import Document

SENTENCES = 3  # of a document at most
WORDS = (5, 60)  # of a sentence, at least and at most
BLOCK = 4096  # texts tokenised at a time

_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s)[^.!?\n]*)*[.!?]?")

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Passages:
    """The tokens of a corpus, as counts by text and token.

    `documents` is (n, v) for the n whole documents, `passages` (p, v) for the p titles and sentences, and
    `owner` (p,) the document of each; those of a document follow each other, its title first. `titled` (p,)
    tells which are titles.
    """

    ids: list[str]
    documents: sparse.csr_matrix
    passages: sparse.csr_matrix
    owner: Rows
    titled: NDArray[np.bool_]


def read_passages(encoder: StaticEncoder, documents: Iterable[Document]) -> Passages:
    """Return titles, sentences and whole documents as token counts, with the encoder's own truncation."""
    ids: list[str] = []
    whole, parts = _Counts(encoder), _Counts(encoder)
    owner: list[int] = []
    titled: list[bool] = []
    for row, document in enumerate(documents):
        ids.append(document.id)
        prompt = encoder.options.document_prompt
        whole.add(prompt + assemble(document, encoder.options.template))
        title = document.title.strip()
        sentences = sentences_of(document.text)
        for place, text in enumerate([title, *sentences] if title else sentences):
            parts.add(encoder.options.query_prompt + text)
            owner.append(row)
            titled.append(bool(title) and place == 0)
    return Passages(
        ids, whole.matrix(), parts.matrix(), np.array(owner, np.int64), np.array(titled, np.bool_)
    )


def sentences_of(text: str) -> list[str]:
    """Return the first sentences of a text that are neither too short nor too long to be a query.

    >>> sentences_of("Too short. The Moon pulls the sea twice a day.")
    ['The Moon pulls the sea twice a day.']
    """
    least, most = WORDS
    found: list[str] = []
    for match in _SENTENCE.finditer(text):
        sentence = match[0].strip()
        if least <= len(sentence.split()) <= most:
            found.append(sentence)
            if len(found) == SENTENCES:
                break
    return found


def count_tokens(encoder: StaticEncoder, texts: Iterable[str]) -> sparse.csr_matrix:
    """Return the token counts of texts, (n, v) float32; the unknown token counts for nothing."""
    counts = _Counts(encoder)
    for text in texts:
        counts.add(text)
    return counts.matrix()


class _Counts:
    """Collects texts and counts their tokens block by block."""

    def __init__(self, encoder: StaticEncoder) -> None:
        self._encoder = encoder
        self._texts: list[str] = []
        self._blocks: list[sparse.csr_matrix] = []

    def add(self, text: str) -> None:
        self._texts.append(text)
        if len(self._texts) == BLOCK:
            self._count()

    def matrix(self) -> sparse.csr_matrix:
        if self._texts or not self._blocks:
            self._count()
        return sparse.vstack(self._blocks, format="csr")

    def _count(self) -> None:
        model = self._encoder.model
        tokens = model.tokens(self._texts, self._encoder.recipe.max_length)
        shape = len(self._texts), len(model.rows)
        weights = (tokens.ids != (-1 if model.facts.unknown is None else model.facts.unknown)).astype(
            np.float32
        )
        counts = sparse.csr_matrix((weights, tokens.ids.astype(np.int32), tokens.offsets), shape=shape)
        counts.sum_duplicates()
        counts.eliminate_zeros()
        self._blocks.append(counts)
        self._texts = []


def shares_of(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return token counts, (n, v) float32, as shares of each text; a text without tokens stays empty."""
    totals = np.asarray(counts.sum(axis=1), dtype=np.float32).ravel()
    totals[totals == 0] = 1
    lengths = np.diff(counts.indptr)
    data = (counts.data / np.repeat(totals, lengths)).astype(np.float32)
    return sparse.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)


def vectors_of(counts: sparse.csr_matrix, table: Floats) -> Floats:
    """Return the unit vectors of texts by their token counts and a (v, d) float32 table, (n, d) float32."""
    return unit(np.asarray(shares_of(counts) @ table))

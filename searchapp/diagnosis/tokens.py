"""Inside a static model: its table, its vocabulary, and the tokens of texts."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.mean_pooling import mean_rows
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.tokenization import ReferenceTokenizer, Tokens, truncate
from searchapp.encoders.vectors import Floats, unit


@dataclass(frozen=True, eq=False)
class TokenTable:
    """The parts of a static model.

    `rows` is (V, d) float32, one row per token id; `vocabulary` holds the token of each id; `unknown` is the
    id that means leave out; `algorithm` is the tokenizer's as tokenizer.json names it; `scores` are the log
    probabilities of a Unigram vocabulary, (V,), else None.
    """

    rows: Floats
    vocabulary: Sequence[str]
    tokenize: Callable[[Sequence[str]], Tokens]
    unknown: int | None
    algorithm: str
    scores: NDArray[np.float64] | None = None

    def means(self, tokens: Tokens, rows: Floats | None = None) -> Floats:
        """Return the unit mean of the rows of each of n texts, (n, d) float32; `rows` replace the table's."""
        table = self.rows if rows is None else rows
        means = mean_rows(table, tokens.ids, tokens.offsets, self.unknown)
        return unit(means.astype(np.float32, copy=False))

    def known(self, ids: NDArray[np.integer]) -> NDArray[np.integer]:
        """Return token ids without the unknown one."""
        return ids if self.unknown is None else ids[ids != self.unknown]

    def pooled(self, tokens: Tokens, how: str) -> Floats:
        """Return unit vectors pooled by `max`, `first` or `last` instead of the mean, (n, d)."""
        vectors = np.zeros((len(tokens.offsets) - 1, self.rows.shape[1]), dtype=np.float32)
        for text, ids in enumerate(tokens.rows()):
            rows = self.rows[self.known(ids)]
            if len(rows):
                vectors[text] = rows.max(axis=0) if how == "max" else rows[0 if how == "first" else -1]
        return unit(vectors)


def token_table(encoder: StaticEncoder) -> TokenTable:
    """Return the table, vocabulary and tokenizer of a static model."""
    tokenizer = ReferenceTokenizer(encoder.files.tokenizer).tokenizer
    model = json.loads(tokenizer.to_str())["model"]
    rows = np.ascontiguousarray(encoder.model.rows, dtype=np.float32)
    vocabulary = [tokenizer.id_to_token(row) or "" for row in range(len(rows))]
    scores = np.array([score for _, score in model["vocab"]]) if model["type"] == "Unigram" else None
    unknown, algorithm = encoder.facts.unknown, str(model["type"])
    return TokenTable(rows, vocabulary, encoder.model.tokenize, unknown, algorithm, scores)


def truncate_to(tokens: Tokens, max_length: int | None) -> Tokens:
    """Return tokens truncated to a maximum length, unchanged when there is none."""
    return tokens if max_length is None else truncate(tokens, max_length)

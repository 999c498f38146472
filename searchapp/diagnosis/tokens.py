"""Inside a static model: its table, the tokens of texts, and whether rows belong to their tokens."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.mean_pooling import mean_rows
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.tokenization import ReferenceTokenizer, Tokens, truncate
from searchapp.encoders.vectors import Floats, unit

Pairs = NDArray[np.intp]

CHARACTERS = 4  # shorter words are too often parts of others
MOST_PAIRS = 4000
DOMINANT = 10  # directions removed from a table, so that they do not hide the words
MARKS = "▁Ġ"  # how tokenizers write a leading space


@dataclass(frozen=True, eq=False)
class TokenTable:
    """The parts of a static model.

    `rows` is (V, d) float32, one row per token id; `vocabulary` holds the token of each id; `unknown` is the
    id that means leave out; `algorithm` is the tokenizer's as tokenizer.json names it; `scores` are the log
    probabilities of a Unigram vocabulary, (V,), else None; `letters` the median length of a token, by which
    a text is truncated before it is tokenised.
    """

    rows: Floats
    vocabulary: Sequence[str]
    tokenize: Callable[[Sequence[str]], Tokens]
    unknown: int | None
    algorithm: str
    scores: NDArray[np.float64] | None = None
    letters: int | None = None

    def read(self, texts: Sequence[str], max_length: int | None) -> Tokens:
        """Return the tokens of texts, truncated as the encoder truncates."""
        if max_length is not None and self.letters:
            texts = [text[: max_length * self.letters] for text in texts]
        return truncate_to(self.tokenize(texts), max_length)

    def means(self, tokens: Tokens, rows: Floats | None = None) -> Floats:
        """Return the unit mean of the rows of each of n texts, (n, d) float32; `rows` replace the table's."""
        table = self.rows if rows is None else rows
        means = mean_rows(table, tokens.ids, tokens.offsets, self.unknown)
        return unit(means.astype(np.float32, copy=False))

    def known(self, ids: NDArray[np.integer]) -> NDArray[np.integer]:
        """Return token ids without the unknown one."""
        return ids if self.unknown is None else ids[ids != self.unknown]

    def pooled(self, tokens: Tokens, how: str) -> Floats:
        """Return unit vectors pooled by one of `POOLINGS` instead of the mean, (n, d)."""
        vectors = np.zeros((len(tokens.offsets) - 1, self.rows.shape[1]), dtype=np.float32)
        for text, ids in enumerate(tokens.rows()):
            known = self.known(ids)
            if len(known):
                vectors[text] = _POOL[how](self.rows[np.unique(known) if how == "distinct" else known])
        return unit(vectors)


POOLINGS = {
    "max": ("pooling", "with max pooling"),
    "min": ("pooling", "with min pooling"),
    "first": ("pooling", "with first pooling"),
    "last": ("pooling", "with last pooling"),
    "distinct": ("pooling", "with every token counted once"),
    "unit": ("flat-weights", "with the same weight for every token"),
}
"""How token vectors may be pooled: cause and description."""

_POOL: dict[str, Callable[[Floats], Floats]] = {
    "max": lambda rows: rows.max(axis=0),
    "min": lambda rows: rows.min(axis=0),
    "first": lambda rows: rows[0],
    "last": lambda rows: rows[-1],
    "distinct": lambda rows: rows.mean(axis=0),
    "unit": lambda rows: unit(rows).mean(axis=0),
}


def table_rows(encoder: StaticEncoder) -> Floats:
    """Return the rows that a static model averages, (v, d) float32, without dimensions that it drops."""
    return np.ascontiguousarray(encoder.model.rows[:, : encoder.facts.dimension], dtype=np.float32)


def token_table(encoder: StaticEncoder) -> TokenTable:
    """Return the table, vocabulary and tokenizer of a static model."""
    tokenizer = ReferenceTokenizer(encoder.files.tokenizer).tokenizer
    model = json.loads(tokenizer.to_str())["model"]
    rows = table_rows(encoder)
    vocabulary = [tokenizer.id_to_token(row) or "" for row in range(len(rows))]
    scores = np.array([score for _, score in model["vocab"]]) if model["type"] == "Unigram" else None
    facts, tokenize = encoder.facts, encoder.model.tokenize
    return TokenTable(
        rows, vocabulary, tokenize, facts.unknown, str(model["type"]), scores, facts.median_letters
    )


def truncate_to(tokens: Tokens, max_length: int | None) -> Tokens:
    """Return tokens truncated to a maximum length, unchanged when there is none."""
    return tokens if max_length is None else truncate(tokens, max_length)


def cut_tokens(tokens: Tokens, length: int, from_end: bool) -> Tokens:
    """Return the first tokens of each text, or the last ones."""
    if not from_end:
        return truncate(tokens, length)
    rows = [ids[-length:] for ids in tokens.rows()]
    return Tokens(np.concatenate(rows), np.cumsum([0, *map(len, rows)]).astype(np.int64))


def nearest_lengths(
    table: TokenTable, tokens: Tokens, stored: Floats, from_end: bool = False
) -> tuple[NDArray[np.int64], Floats]:
    """Return how many of its first (or last) tokens make each of n texts most like what is stored.

    `stored` holds (n, d) unit vectors. The answer is (n,) lengths and (n,) cosines.
    """
    lengths = np.zeros(len(stored), dtype=np.int64)
    near = np.zeros(len(stored), dtype=np.float32)
    for text, ids in enumerate(tokens.rows()):
        known = ids != (-1 if table.unknown is None else table.unknown)
        rows = np.where(known[:, None], table.rows[ids], 0)
        if len(rows):
            sums = np.cumsum(rows[::-1] if from_end else rows, axis=0, dtype=np.float64).astype(np.float32)
            cosines = unit(sums) @ stored[text]
            lengths[text], near[text] = int(cosines.argmax()) + 1, cosines.max()
    return lengths, near


def variant_pairs(vocabulary: Sequence[str]) -> Pairs:
    """Return the ids of tokens that are spelling variants of one word, (p, 2): case, plural, a leading space.

    >>> variant_pairs(["cats", "Tide", "▁tide", "tides", "moon"]).tolist()
    [[1, 2], [1, 3], [2, 3]]
    """
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, token in enumerate(vocabulary):
        word = token.lstrip(MARKS).removeprefix("##").casefold()
        if len(word) >= CHARACTERS and word.isalpha():
            rows_of[word].append(row)
    pairs = []
    for word, rows in rows_of.items():
        pairs += [(row, variant) for place, row in enumerate(rows) for variant in rows[place + 1 :]]
        pairs += [(row, plural) for row in rows for plural in rows_of.get(f"{word}s", ())]
    every = np.array(sorted(pairs), dtype=np.intp).reshape(-1, 2)
    count = min(len(every), MOST_PAIRS)
    return every[np.linspace(0, len(every) - 1, count).astype(np.intp)] if len(every) else every


def alignment(rows: Floats, pairs: Pairs, shift: int = 0) -> float:
    """Return how often a token is closer to its variant than to a stranger, 1 at best, 0.5 by chance.

    Args:
        rows: (V, d) float32, the table.
        pairs: (p, 2) ids of variants.
        shift: read the row of token i at i + shift; pairs that would fall outside are left out.
    """
    moved = pairs + shift
    moved = moved[((moved >= 0) & (moved < len(rows))).all(axis=1)]
    if not len(moved):
        return 0.5
    centre = rows[moved].mean(axis=(0, 1))
    left, right = (unit(rows[moved[:, side]] - centre) for side in (0, 1))
    near = np.einsum("pd,pd->p", left, right)
    wins = []
    for step in (len(moved) // 4 + 1, len(moved) // 3 + 1, len(moved) // 2 + 1):
        far = np.einsum("pd,pd->p", left, np.roll(right, step, axis=0))
        wins.append(float((near > far).mean() + (near == far).mean() / 2))
    return float(np.mean(wins))


def without_dominant(rows: Floats, fitted_on: Floats | None = None) -> Floats:
    """Return a table without its mean and its dominant directions, (V, d) float32.

    They are those of `fitted_on`, (n, d), where that is given: the rows that texts use.
    """
    fitted = rows if fitted_on is None or len(fitted_on) < rows.shape[1] else fitted_on
    mean = fitted.mean(axis=0)
    spread = fitted - mean
    k = min(DOMINANT, rows.shape[1] // 4)
    _, directions = np.linalg.eigh(spread.T.astype(np.float64) @ spread)
    top = directions[:, rows.shape[1] - k :].astype(np.float32)
    centred = rows - mean
    quiet: Floats = centred - np.matmul(centred @ top, top.T, dtype=np.float32)
    return quiet

"""Tokenizers that return flat token ids: `tokenizers`, and faster libraries (extra `fast`).

`fast_tokenizers.py` decides which one a model gets.
"""

import json
import re
from collections.abc import Sequence
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

LONG = 16_000  # characters; tokie splits texts from 65,536 bytes on, sometimes inside a word


class Tokens(NamedTuple):
    """The concatenated token ids of n texts: `ids` (t,) uint32 and `offsets` (n + 1,) int64."""

    ids: NDArray[np.uint32]
    offsets: NDArray[np.int64]

    def rows(self) -> list[NDArray[np.uint32]]:
        """Return the ids of each text."""
        return [self.ids[first:last] for first, last in pairwise(self.offsets)]


class TextTokenizer(Protocol):
    """A tokenizer that adds no special tokens and neither pads nor truncates."""

    library: str

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Return the token ids of texts."""


class ReferenceTokenizer:
    """The reference: the `tokenizers` library.

    `limit` is the number of tokens to which the file says that texts are truncated, which is not done here.
    """

    library = "tokenizers"

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(path))
        truncation = self.tokenizer.truncation
        self.limit: int | None = truncation["max_length"] if truncation else None
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Return the token ids of texts."""
        encodings = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return _flat([np.array(encoding.ids, dtype=np.uint32) for encoding in encodings])


class Gigatoken:
    """gigatoken, the fastest for BPE tokenizers."""

    library = "gigatoken"

    def __init__(self, path: Path) -> None:
        from gigatoken.gigatoken_rs import load_hf_json

        self._backend: Any = load_hf_json(_without_limits(path))

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Return the token ids of texts, encoded one by one: batches are not faster, and import awkward."""
        return _flat([self._backend.encode(text) for text in texts])


class Tokie:
    """tokie, the fastest for WordPiece tokenizers, and the fastest to load for all.

    Texts that it may get wrong, which are very long or contain unverified characters, go to `tokenizers`.

    Args:
        saved: the file that `save` has written, which loads faster.
        reference: tokenises what tokie may get wrong; loaded from `path` when it is needed.

    Raises:
        ValueError: the library does not support this tokenizer.
    """

    library = "tokie"

    def __init__(
        self, path: Path, saved: Path | None = None, reference: ReferenceTokenizer | None = None
    ) -> None:
        from tokie import Tokenizer, TokieError

        self._path = path
        self._loaded = reference
        try:
            self._backend: Any = Tokenizer.from_file(str(saved)) if saved else Tokenizer.from_json(str(path))
        except TokieError as error:
            raise ValueError(str(error)) from error
        self._backend.no_truncation()
        self._backend.no_padding()

    def save(self, path: Path) -> None:
        """Write the tokenizer in the library's own format."""
        self._backend.save(str(path))

    @cached_property
    def _reference(self) -> ReferenceTokenizer:
        return self._loaded or ReferenceTokenizer(self._path)

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Return the token ids of texts."""
        unverified = [row for row, text in enumerate(texts) if not _is_verified(text)]
        if not unverified:
            return self._fast(texts)
        verified = sorted(set(range(len(texts))).difference(unverified))
        ids: dict[int, NDArray[np.uint32]] = {}
        for rows, tokenize in ((verified, self._fast), (unverified, self._reference)):
            ids |= zip(rows, tokenize([texts[row] for row in rows]).rows(), strict=True)
        return _flat([ids[row] for row in range(len(texts))])

    def _fast(self, texts: Sequence[str]) -> Tokens:
        if not texts:
            return _flat([])
        ids, lengths = self._backend.encode_batch_flat(list(texts), add_special_tokens=False)
        return Tokens(ids, _offsets(lengths))


def _is_verified(text: str) -> bool:
    return len(text) <= LONG and "\x7f" not in text and (text.isascii() or not _unverified().search(text))


@cache
def _unverified() -> re.Pattern[str]:
    """Match a character outside the blocks for which tokie was verified to give equal ids.

    These are the assigned characters of Latin, Greek, Cyrillic, combining marks, punctuation, currency,
    arrows, mathematics, technical and other symbols.
    """
    return re.compile(
        "[^\x00-\x7e\x80-\u0377\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u052f\u1e00-\u1eff\u2000-\u205e"
        "\u2070\u2071\u2074-\u208e\u2090-\u209c\u20a0-\u20bf\u2100-\u214f\u2150-\u218b\u2190-\u23ff"
        "\u2460-\u2aff\ufb00-\ufb06]"
    )


def truncate(tokens: Tokens, max_length: int) -> Tokens:
    """Keep the first `max_length` tokens of each text."""
    lengths = np.diff(tokens.offsets)
    if not len(lengths) or lengths.max() <= max_length:
        return tokens
    position = np.arange(len(tokens.ids)) - np.repeat(tokens.offsets[:-1], lengths)
    return Tokens(tokens.ids[position < max_length], _offsets(np.minimum(lengths, max_length)))


def _without_limits(path: Path) -> bytes:
    """Return a tokenizer.json without the truncation and padding that may be saved in it."""
    data = path.read_bytes()
    if re.search(rb'"truncation":\s*null', data[:4096]) and re.search(rb'"padding":\s*null', data[:4096]):
        return data
    return json.dumps(json.loads(data) | {"truncation": None, "padding": None}).encode()


def _flat(rows: Sequence[NDArray[np.uint32]]) -> Tokens:
    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    ids = np.concatenate(rows) if len(rows) else np.zeros(0, dtype=np.uint32)
    return Tokens(ids, _offsets(lengths))


def _offsets(lengths: NDArray[Any]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])

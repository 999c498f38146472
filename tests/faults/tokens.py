"""Tokens of texts by the library `tokenizers`, and words in another language."""

import re
import zlib
from collections.abc import Sequence

from tests.faults.box import Box

WORDS = """
the le of de what quel is est in dans and et are sont to vers for pour a un an un on sur with avec who qui
how comment does fait do font by par from depuis which lequel that que not pas or ou be être have avoir
was était at chez as comme it cela this ce i je there là likes aime can peut
"""
FRENCH = dict(zip(WORDS.split()[::2], WORDS.split()[1::2], strict=True))
SYLLABLES = [
    "bou",
    "cha",
    "dre",
    "eur",
    "foi",
    "gné",
    "jou",
    "lai",
    "mar",
    "noi",
    "ouv",
    "pré",
    "qua",
    "rou",
    "sou",
    "tre",
    "vau",
    "yeu",
    "ché",
    "ment",
]
CYRILLIC = dict(zip("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстувщхыз", strict=True))


def encode_words(text: str, how: str) -> str:
    """Write a text in something like another language: Cyrillic letters, or French words for its words."""
    if how == "cyrillic":
        return "".join(CYRILLIC.get(letter, letter) for letter in text.lower())
    return re.sub(r"[A-Za-z]+", lambda word: FRENCH.get(word[0].lower()) or _french(word[0].lower()), text)


def _french(word: str) -> str:
    number = zlib.crc32(word.encode())
    parts = max(2, min(4, len(word) // 3))
    return "".join(SYLLABLES[(number >> (5 * part)) % len(SYLLABLES)] for part in range(parts))


def tokens_of(box: Box, texts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of texts."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(box.table().tokenizer)
    tokenizer.no_truncation()
    return [encoded.ids for encoded in tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def truncated_to(box: Box, texts: Sequence[str], length: int) -> list[str]:
    """Return texts truncated after a number of tokens."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(box.table().tokenizer)
    tokenizer.no_truncation()
    cut = []
    for text, encoded in zip(
        texts, tokenizer.encode_batch(list(texts), add_special_tokens=False), strict=True
    ):
        cut.append(text[: encoded.offsets[length - 1][1]] if len(encoded) > length else text)
    return cut

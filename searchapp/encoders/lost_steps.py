"""Tokenizers that lost a step, and what they are with that step restored."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from searchapp.encoders.tokenization import Tokens

FREQUENT_WORDS = 300
MARKED = 0.2  # share of a vocabulary that a mark must have
UNUSED = 0.01  # share of tokens below which a mark, or a change, is as good as absent
METASPACE, BYTE_LEVEL, CONTINUED = "▁", "Ġ", "##"
WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Mend:
    """A tokenizer with a lost step restored; `share` is the share of tokens or words that miss it."""

    cause: str
    share: float
    tokenize: Callable[[Sequence[str]], Tokens]


def frequent_words(texts: Iterable[str]) -> list[str]:
    """Return the words that occur in most texts, as they are written."""
    counts = Counter(word for text in texts for word in set(WORD.findall(text)))
    return [word for word, _ in counts.most_common(FREQUENT_WORDS)]


def mends(file: Path, texts: Sequence[str]) -> Iterator[Mend]:
    """Yield the mends that a tokenizer.json may need, judged by its vocabulary and by some texts."""
    parts = json.loads(file.read_text("utf-8"))
    names = _names(parts)
    tokens = [token for text in _encoded(parts)(texts) for token in text]
    words = [word for text in texts for word in WORD.findall(text)]
    capital = np.mean([word != word.lower() for word in words] or [False])
    lower = not any(name != name.lower() for name in names)
    if lower and capital > UNUSED and _keeps_case(parts, words):
        yield Mend("lowercasing-lost", float(capital), _flat(parts, str.lower))
    unknown = parts["model"].get("unk_token")
    if parts["model"]["type"] in {"WordPiece", "WordLevel"} and tokens:
        lost = tokens.count(unknown) / len(tokens)
        kind = (parts.get("pre_tokenizer") or {}).get("type")
        if kind in {None, "WhitespaceSplit"} and lost > UNUSED:
            yield Mend(
                "unknown-tokens", lost, _flat({**parts, "pre_tokenizer": {"type": "BertPreTokenizer"}})
            )
    for mark, restored in _marks(parts):
        share = float(np.mean([name.startswith(mark) for name in names] or [False]))
        used = sum(token.startswith(mark) for token in tokens) / max(len(tokens), 1)
        if share > MARKED and used < UNUSED:
            yield Mend("rebuilt-tokenizer", share, _flat(restored))


def _names(parts: dict[str, Any]) -> list[str]:
    """Return the tokens of a vocabulary without the special ones."""
    vocabulary = parts["model"]["vocab"]
    names = list(vocabulary) if isinstance(vocabulary, dict) else [name for name, _ in vocabulary]
    special = {token["content"] for token in parts.get("added_tokens", [])}
    return [name for name in names if name not in special and not re.fullmatch(r"[<\[].*[>\]]", name)]


def _marks(parts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield marks of the beginning or continuation of words, and the tokenizer that makes them."""
    blank = {"type": "Replace", "pattern": {"String": " "}, "content": METASPACE}
    steps = [{"type": "Prepend", "prepend": METASPACE}, blank]
    plain = {"type": "Sequence", "normalizers": steps}
    yield METASPACE, {**parts, "normalizer": plain, "pre_tokenizer": None}
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    yield BYTE_LEVEL, {**parts, "normalizer": None, "pre_tokenizer": byte_level}
    model = {**parts["model"], "continuing_subword_prefix": CONTINUED}
    yield CONTINUED, {**parts, "model": model}


def _keeps_case(parts: dict[str, Any], words: Sequence[str]) -> bool:
    capitals = [word for word in words if word != word.lower()][:20]
    encode = _encoded(parts)
    return encode(capitals) != encode([word.lower() for word in capitals])


def _encoded(parts: dict[str, Any]) -> Callable[[Sequence[str]], list[list[str]]]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(json.dumps(parts))
    return lambda texts: [one.tokens for one in tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def _flat(parts: dict[str, Any], change: Callable[[str], str] = str) -> Callable[[Sequence[str]], Tokens]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(json.dumps(parts))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def tokenize(texts: Sequence[str]) -> Tokens:
        encoded = tokenizer.encode_batch_fast([change(text) for text in texts], add_special_tokens=False)
        rows = [np.array(one.ids, dtype=np.uint32) for one in encoded]
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        return Tokens(np.concatenate([*rows, np.empty(0, np.uint32)]).astype(np.uint32), offsets)

    return tokenize

"""Tokenizers of every kind, trained on the spot, the texts to try them on, and models that use them."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import Encoder
from searchapp.encoders.fast_tokenizers import EDGE_CASES
from searchapp.encoders.static_model import ModelFacts
from searchapp.encoders.tokenization import Tokens
from searchapp.index.manifest import Manifest

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def sample_texts() -> list[str]:
    """Return every document and query of the bundled sample."""
    corpus = open_corpus("sample")
    documents = [f"{document.title} {document.text}".strip() for document in corpus.documents()]
    return documents + [query.text for query in corpus.queries]


SAMPLE = sample_texts()
WORDY = " ".join(SAMPLE)
MORE = (
    "   \t \r\n ",
    "\x00",
    "a\x00b\x01c",
    "\x7f",
    "before\x7fafter",
    "tab\tvertical\x0bform\x0cfeed\x1cseparator",
    "👨‍👩‍👧 👩🏽‍🚀 🏳️‍🌈 1️⃣ 🇺🇳🇺",
    "e\u0301\u0323 o\u0308\u0304 a" + "\u0301" * 30 + " \u200d\ufe0f",
    "اللغة العربية؟ ١٬٠٠٠ لا إله ـــ",
    "天地玄黃，宇宙洪荒。日月盈昃，辰宿列張。",
    "İstanbul ıssız ſtraße Straße ΌΣΟΣ",
)
LONG = (
    "honey" * 20_000,
    "天" * 3_000,
    (WORDY * (1 + 1_000_000 // len(WORDY)))[:1_000_000],
)
SHORT = (*EDGE_CASES, *MORE, *SAMPLE)
TEXTS = (*SHORT[:20], *LONG, *SHORT[20:])


def wordpiece(texts: Iterable[str], size: int, *, lowercase: bool) -> Tokenizer:
    """Return a tokenizer as BERT's, cased or uncased."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def byte_level(texts: Iterable[str], size: int) -> Tokenizer:
    """Return a tokenizer as GPT-2's."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def sentence_piece(texts: Iterable[str], size: int) -> Tokenizer:
    """Return a tokenizer as the bundled one: blanks are letters, unknown letters are bytes."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    special = ["<unk>", "<s>", "</s>", *BYTES]
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, max_token_length=16, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def unigram(texts: Iterable[str], size: int) -> Tokenizer:
    """Return a tokenizer as ALBERT's."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=["<unk>", "<s>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def word_level(texts: Iterable[str], size: int) -> Tokenizer:
    """Return a tokenizer of whole words."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(vocab_size=size, special_tokens=["[UNK]"], show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


TRAIN: dict[str, Callable[[Iterable[str], int], Tokenizer]] = {
    "uncased": lambda texts, size: wordpiece(texts, size, lowercase=True),
    "cased": lambda texts, size: wordpiece(texts, size, lowercase=False),
    "byte-level": byte_level,
    "sentence-piece": sentence_piece,
    "unigram": unigram,
    "words": word_level,
}
FASTEST = {"uncased": "tokie", "cased": "tokie", "byte-level": "gigatoken", "sentence-piece": "gigatoken"}


def save_tokenizer(kind: str, folder: Path, texts: Sequence[str] = SAMPLE, size: int = 2000) -> Path:
    """Train a tokenizer and return its tokenizer.json."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tokenizer.json"
    TRAIN[kind](texts, size).save(str(path))
    return path


def save_model(kind: str, folder: Path, texts: Sequence[str] = SAMPLE, size: int = 2000) -> Path:
    """Train a tokenizer, give each token a random row, and return the folder that model2vec writes."""
    from model2vec import StaticModel

    tokenizer = TRAIN[kind](texts, size)
    rows = (tokenizer.get_vocab_size(), 16)
    table = np.random.default_rng(7).standard_normal(rows, dtype=np.float32)
    StaticModel(table, tokenizer).save_pretrained(folder)
    return folder


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def ids_by_tokenizers(path: Path, texts: Sequence[str]) -> list[list[int]]:
    """Return the ids of each text by the library `tokenizers` itself, one text at a time."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def lists(tokens: Tokens) -> list[list[int]]:
    """Return the ids of each text."""
    return [row.tolist() for row in tokens.rows()]


def assert_same(tokens: Tokens, expected: Tokens) -> None:
    """Compare ids and boundaries of many texts."""
    np.testing.assert_array_equal(tokens.offsets, expected.offsets)
    np.testing.assert_array_equal(tokens.ids, expected.ids)


def own_cache(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Keep what searchapp can make again in a folder of the test; return where tokenizers are kept."""
    patch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "searchapp" / "tokenizers"


def lie(patch: pytest.MonkeyPatch, fast: Any, about: Callable[[list[str]], str | None]) -> None:
    """Make a fast tokenizer give another first id for the text that `about` picks among the texts."""
    honest = fast.__call__

    def lying(self: Any, texts: Sequence[str]) -> Tokens:
        tokens: Tokens = honest(self, texts)
        victim = about(list(texts))
        if victim is None:
            return tokens
        ids = tokens.ids.copy()
        ids[tokens.offsets[list(texts).index(victim)]] ^= 1
        return Tokens(ids, tokens.offsets)

    patch.setattr(fast, "__call__", lying)


def not_installed(patch: pytest.MonkeyPatch, *libraries: str) -> None:
    """Make libraries look as if they were not installed."""
    import importlib.util

    find = importlib.util.find_spec
    patch.setattr(
        "importlib.util.find_spec",
        lambda name, package=None: None if name in libraries else find(name, package),
    )


def facts_of(holder: Encoder | Manifest) -> ModelFacts:
    """Return what is known of a static model."""
    assert holder.facts is not None
    return holder.facts

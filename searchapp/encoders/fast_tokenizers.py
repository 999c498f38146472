"""Which tokenizer a model gets: a fast one if it gives the ids of `tokenizers`, otherwise `tokenizers`.

The fast libraries are young, so none is trusted: before a model uses one, it must give the same ids on edge
cases and on a sample of the corpus, of bounded length. A verified tokenizer is cached in a format that loads
fast, so that a query does not wait for `tokenizers`.
"""

import importlib.util
import logging
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from searchapp.encoders.tokenization import Gigatoken, ReferenceTokenizer, TextTokenizer, Tokens, Tokie
from searchapp.files import cache_folder, file_stamp, sha256

logger = logging.getLogger(__name__)

Fast = TypeVar("Fast", Gigatoken, Tokie)

FASTEST: dict[str, type[Gigatoken] | type[Tokie]] = {"BPE": Gigatoken, "WordPiece": Tokie}
"""The fastest tokenizer for each kind of tokenizer model."""

PROOF_TEXT = 8_000  # characters of a text on which a fast tokenizer is verified, and of all texts together;
PROOF_TOTAL = 256_000  # `tokenizers` takes seconds per million, so that a proof must not grow with the texts


def choose_tokenizer(
    path: Path, reference: ReferenceTokenizer, digest: str, sample: Sequence[str]
) -> tuple[TextTokenizer, str]:
    """Return the fastest tokenizer that gives the ids of the reference on a sample of the corpus, and why.

    `path` is the tokenizer.json that the reference was loaded from; a verified tokenizer is cached under
    its digest.
    """
    excerpts = _excerpts(sample)
    texts = [*EDGE_CASES, *excerpts]
    kind = type(reference.tokenizer.model).__name__
    proof = f"equal to tokenizers on {len(EDGE_CASES)} edge cases and {len(excerpts)} texts of the corpus"
    if any(len(text) > PROOF_TEXT for text in sample):
        proof += f" ({PROOF_TEXT:,} characters of the longer ones)"
    saved = _cached_file(digest)
    expected = cache(lambda: reference(texts))
    tokie, problem = _verified(lambda: Tokie(path, saved, reference), Tokie, reference, texts, expected)
    _update_cache(tokie, digest)
    if kind not in FASTEST:
        return reference, f"there is no faster one for {kind} models"
    fast: TextTokenizer | None = tokie
    if FASTEST[kind] is Gigatoken:
        fast, problem = _verified(lambda: Gigatoken(path), Gigatoken, reference, texts, expected)
    return (reference, problem) if fast is None else (fast, proof)


def cached_tokenizer(path: Path, digest: str) -> TextTokenizer:
    """Return the tokenizer that loads fastest: the verified one from the cache, otherwise `tokenizers`."""
    saved = _cached_file(digest)
    return Tokie(path, saved) if saved else ReferenceTokenizer(path)


def _excerpts(sample: Sequence[str]) -> list[str]:
    """Return texts of bounded length: of a long one the beginning, the middle and the end."""
    excerpts: list[str] = []
    left = PROOF_TOTAL
    for text in sample:
        if len(text) > PROOF_TEXT:
            part = PROOF_TEXT // 3
            middle = (len(text) - part) // 2
            excerpts.append(text[:part] + text[middle : middle + part] + text[-part:])
        else:
            excerpts.append(text)
        left -= len(excerpts[-1])
        if left < 0:
            return excerpts[:-1]
    return excerpts


def _verified(
    make: Callable[[], Fast],
    of: type[Fast],
    reference: ReferenceTokenizer,
    texts: Sequence[str],
    expected_tokens: Callable[[], Tokens],
) -> tuple[Fast | None, str]:
    """Return a fast tokenizer if it gives equal ids, text by text and in a batch; otherwise the problem."""
    library = of.library
    if importlib.util.find_spec(library) is None:
        return None, f"{library} would be faster, but is not installed (extra `fast`)"
    if defect := _known_defect(of, reference):
        return None, f"{library} is not trusted with {defect}"
    expected = expected_tokens()
    try:
        fast = make()
        single = [fast([text]).ids for text in texts]
        batch = fast(texts)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return None, f"{library} fails on it ({type(error).__name__}: {str(error)[:80]})"
    for text, ids, expected_ids in zip(texts, single, expected.rows(), strict=True):
        if not np.array_equal(ids, expected_ids):
            return None, f"{library} gives different ids for {text[:40]!r}"
    if not (np.array_equal(batch.ids, expected.ids) and np.array_equal(batch.offsets, expected.offsets)):
        return None, f"{library} gives different ids in a batch"
    return fast, ""


def _known_defect(of: type[Gigatoken] | type[Tokie], reference: ReferenceTokenizer) -> str:
    """Name what a library is known to get wrong, too rarely for the edge cases to show it."""
    added = reference.tokenizer.get_added_tokens_decoder().values()
    if of is Tokie and any(token.single_word for token in added):
        return "added tokens that must be whole words"
    if of is Gigatoken and re.search(r'"type":\s*"NFK?[CD]"', reference.tokenizer.to_str()):
        return "Unicode normalisation"
    return ""


def _update_cache(tokie: Tokie | None, digest: str) -> None:
    """Cache a verified tokenizer; remove the cached one when verification fails."""
    try:
        cached = _cache_files(digest)
        if tokie is None:
            for file in cached:
                file.unlink(missing_ok=True)
        elif not cached:
            from tempfile import TemporaryDirectory

            folder = cache_folder("tokenizers")
            with TemporaryDirectory(dir=folder) as unfinished:
                saved = Path(unfinished) / "tokenizer"
                tokie.save(saved)
                saved.replace(folder / f"{_cache_name(digest)}-{sha256(saved)}.tkz")
    except OSError as error:  # such as a full disk: a query then loads `tokenizers`
        logger.info("The tokenizer cannot be cached (%s).", error.strerror or error)


def _cached_file(digest: str) -> Path | None:
    """Return the cached tokenizer if it is undamaged: its name contains its own digest."""
    for file in _cache_files(digest):
        if sha256(file) == file.stem.rpartition("-")[2]:
            return file
        file.unlink(missing_ok=True)
    return None


def _cache_files(digest: str) -> list[Path]:
    name = _cache_name(digest)
    return list(cache_folder("tokenizers").glob(f"{name}-*.tkz")) if name else []


def _cache_name(digest: str) -> str | None:
    """Return the cache name of a tokenizer, which changes with the build of the library."""
    spec = importlib.util.find_spec("tokie")
    if spec is None or spec.origin is None:
        return None
    compiled = [path for path in Path(spec.origin).parent.iterdir() if path.suffix in {".so", ".pyd"}]
    build = "-".join(f"{size}-{time}" for size, time in file_stamp(compiled).values())
    return f"{digest[:32]}-{build}"


EDGE_CASES = (
    "",
    " ",
    "\n\t ",
    "a",
    " leading and trailing ",
    "two  blanks   three",
    "line\nbreak\r\nand\ttab",
    "don't won't it's",
    "U.S.A. e-mail co-operate 3.14 1,000,000 $5.00 50%",
    "https://example.org/a?b=c&d=e#f",
    "snake_case CamelCase ALLCAPS mIxEd",
    "<s> </s> <unk> [CLS] [SEP] [UNK] [MASK] [PAD] <|endoftext|>",
    "[UNK]a[UNK]",
    "##ing ##ed ▁ ▁▁word Ġword",
    "naïve café résumé Zürich Øresund Łódź Erdős",
    "e\u0301 a\u0308 n\u0303 \u0301alone",
    "ﬁ ﬂ ligatures and ½ ² ³",
    "Ελληνικά ΣΊΣΥΦΟΣ σίσυφος",
    "Русский текст Ёжик",
    "العربية نص ١٢٣",
    "עברית טקסט",
    "हिन्दी पाठ",
    "ภาษาไทย",
    "中文文本 日本語テキスト 한국어",
    "full width ＡＢＣ１２３，。",
    "emoji 😀 👩‍👩‍👧‍👦 🇩🇪 ✈️ ❤",
    "\u0000 \u0001 \u0007 \u001b[31m \u0085",
    "\u007f del\u007fete",
    "\t's \f-a a\u0000b a \u000b b",
    "\t's",
    "a\u0000b",
    "\u00a0no\u00a0break\u2003em\u200bzero\u200djoiner\ufeffmark\u00adsoft",
    "\u202eright to left\u202c",
    "– — … “quotes” ‘single’ «guillemets» • § ¶ © ® ™ € £ ¥",
    "µg ±5 °C ≤ ≥ ≠ × ÷ → ∑ √ ∞ α β γ",
    "𝐀𝐁𝐂 𝔘𝔫𝔦 𐍈",
    "x" * 99,
    "x" * 101,
    "supercalifragilisticexpialidocious" * 4,
    "1" * 300,
    "." * 300,
    "ab " * 2000,
    "!?.,;:'\"()[]{}<>@#$%^&*-_=+|\\/~`",
)
"""Texts on which tokenizers tend to differ; a fast one must agree with the reference on all of them."""

"""Which tokenizer a model gets: a fast one where it gives the ids of `tokenizers`, else that itself.

The fast libraries are young, so none is trusted: before one is used for a model it must agree on awkward
texts and on a sample of the corpus. A tokenizer that has proved itself is kept in a form that loads
quickly, so that a query need not wait for the ordinary one.
"""

import importlib.util
import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np

from searchapp.encoders.tokenization import Gigatoken, ReferenceTokenizer, TextTokenizer, Tokie
from searchapp.files import cache_folder, file_stamp, sha256

logger = logging.getLogger(__name__)

Fast = TypeVar("Fast", Gigatoken, Tokie)

FASTEST: dict[str, type[Gigatoken] | type[Tokie]] = {"BPE": Gigatoken, "WordPiece": Tokie}
"""The fastest tokenizer by kind of model."""


def choose_tokenizer(
    path: Path, ordinary: ReferenceTokenizer, digest: str, sample: Sequence[str]
) -> tuple[TextTokenizer, str]:
    """Return the fastest tokenizer that proves itself, and the sentence that says why it was chosen.

    Args:
        path: the tokenizer.json.
        ordinary: the reference, loaded from it.
        digest: of the file, under which a quick form is kept.
        sample: texts of the corpus that are to come.
    """
    from searchapp.encoders.edge_cases import EDGE_CASES

    texts = [*EDGE_CASES, *sample]
    kind = type(ordinary.tokenizer.model).__name__
    proof = f"equal to tokenizers on {len(EDGE_CASES)} awkward texts and {len(sample)} of the corpus"
    kept = _cached_file(digest)
    quick, missing = _verified(lambda: Tokie(path, kept, ordinary), Tokie, ordinary, texts)
    _update_cache(quick, digest)
    if kind not in FASTEST:
        return ordinary, f"there is no faster one for {kind} models"
    fast: TextTokenizer | None = quick
    problem = missing
    if FASTEST[kind] is Gigatoken:
        fast, problem = _verified(lambda: Gigatoken(path), Gigatoken, ordinary, texts)
    return (ordinary, problem) if fast is None else (fast, proof)


def cached_tokenizer(path: Path, digest: str) -> TextTokenizer:
    """Return the tokenizer that loads quickest: one that has been proved and kept, else the ordinary one."""
    kept = _cached_file(digest)
    return Tokie(path, kept) if kept else ReferenceTokenizer(path)


def _verified(
    make: Callable[[], Fast], of: type[Fast], ordinary: ReferenceTokenizer, texts: Sequence[str]
) -> tuple[Fast | None, str]:
    """Return a fast tokenizer if it gives equal ids one by one and together, else what speaks against it."""
    library = of.library
    if importlib.util.find_spec(library) is None:
        return None, f"{library} would be faster, but is not installed (extra `fast`)"
    doubt = _known_defect(of, ordinary)
    if doubt:
        return None, f"{library} is not trusted with {doubt}"
    expected = ordinary(texts)
    try:
        fast = make()
        ours = [fast([text]).ids for text in texts]
        together = fast(texts)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return None, f"{library} fails on it ({type(error).__name__}: {str(error)[:80]})"
    for text, ids, right in zip(texts, ours, expected.rows(), strict=True):
        if not np.array_equal(ids, right):
            return None, f"{library} gives other ids for {text[:40]!r}"
    if not (
        np.array_equal(together.ids, expected.ids) and np.array_equal(together.offsets, expected.offsets)
    ):
        return None, f"{library} gives other ids in a batch"
    return fast, ""


def _known_defect(of: type[Gigatoken] | type[Tokie], ordinary: ReferenceTokenizer) -> str:
    """Name what a library was seen to get wrong too rarely for the awkward texts to show it."""
    added = ordinary.tokenizer.get_added_tokens_decoder().values()
    if of is Tokie and any(token.single_word for token in added):
        return "added tokens that must be whole words"
    if of is Gigatoken and re.search(r'"type":\s*"NFK?[CD]"', ordinary.tokenizer.to_str()):
        return "Unicode normalisation"
    return ""


def _update_cache(quick: Tokie | None, digest: str) -> None:
    """Keep the quick form of a tokenizer that has proved itself, and none of one that has not."""
    try:
        kept = _cache_files(digest)
        if quick is None:
            for file in kept:
                file.unlink(missing_ok=True)
        elif not kept:
            folder = cache_folder("tokenizers")
            with TemporaryDirectory(dir=folder) as unfinished:
                saved = Path(unfinished) / "tokenizer"
                quick.save(saved)
                saved.replace(folder / f"{_cache_name(digest)}-{sha256(saved)}.tkz")
    except OSError as error:  # a full disk: a query loads the ordinary one then
        logger.info("The tokenizer's quick form is not kept (%s).", error.strerror or error)


def _cached_file(digest: str) -> Path | None:
    """Return the quick form of a tokenizer if it is as it was written; its name holds its own digest."""
    for file in _cache_files(digest):
        if sha256(file) == file.stem.rpartition("-")[2]:
            return file
        file.unlink(missing_ok=True)
    return None


def _cache_files(digest: str) -> list[Path]:
    name = _cache_name(digest)
    return list(cache_folder("tokenizers").glob(f"{name}-*.tkz")) if name else []


def _cache_name(digest: str) -> str | None:
    """Return the name of the quick form: that of the tokenizer and of the library's build."""
    spec = importlib.util.find_spec("tokie")
    if spec is None or spec.origin is None:
        return None
    compiled = [path for path in Path(spec.origin).parent.iterdir() if path.suffix in {".so", ".pyd"}]
    build = "-".join(f"{size}-{time}" for size, time in file_stamp(compiled).values())
    return f"{digest[:32]}-{build}"

"""Which tokenizer a model gets: a fast one where it gives the ids of `tokenizers`, else that itself.

The fast libraries are young, so none is trusted: before one is used for a model it must agree on awkward
texts and on a sample of the corpus. A tokenizer that has proved itself is kept in a form that loads
quickly, so that a query need not wait for the ordinary one.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from searchapp.encoders.tokenizing import Gigatoken, Ordinary, Tokenize, Tokie
from searchapp.files import cache_folder, file_stamp

Fast = TypeVar("Fast", Gigatoken, Tokie)

FASTEST: dict[str, type[Gigatoken] | type[Tokie]] = {"BPE": Gigatoken, "WordPiece": Tokie}
"""The fastest tokenizer by kind of model."""


def choose_tokenizer(
    path: Path, ordinary: Ordinary, digest: str, sample: Sequence[str]
) -> tuple[Tokenize, str]:
    """Return the fastest tokenizer that proves itself, and the sentence that says why it was chosen.

    Args:
        path: the tokenizer.json.
        ordinary: the reference, loaded from it.
        digest: of the file, under which a quick form is kept.
        sample: texts of the corpus that are to come.
    """
    from searchapp.encoders.awkward import AWKWARD

    texts = [*AWKWARD, *sample]
    kind = type(ordinary.tokenizer.model).__name__
    proof = f"equal to tokenizers on {len(AWKWARD)} awkward texts and {len(sample)} of the corpus"
    quick, missing = _proved(Tokie, path, ordinary, texts)
    if quick is not None:
        _keep(quick, digest)
    if kind not in FASTEST:
        return ordinary, f"there is no faster one for {kind} models"
    fast, problem = (quick, missing) if FASTEST[kind] is Tokie else _proved(Gigatoken, path, ordinary, texts)
    return (ordinary, problem) if fast is None else (fast, proof)


def quick_tokenizer(path: Path, digest: str) -> Tokenize:
    """Return the tokenizer that loads quickest: one that has been proved and kept, else the ordinary one."""
    kept = _quick_file(digest)
    return Tokie(path, kept) if kept is not None and kept.exists() else Ordinary(path)


def _proved(
    make: type[Fast], path: Path, ordinary: Ordinary, texts: Sequence[str]
) -> tuple[Fast | None, str]:
    """Return a fast tokenizer if it gives equal ids one by one and together, else what speaks against it."""
    library = make.library
    if importlib.util.find_spec(library) is None:
        return None, f"{library} would be faster, but is not installed (extra `fast`)"
    try:
        fast = make(path)
    except (ValueError, RuntimeError) as error:
        return None, f"{library} cannot read it ({str(error)[:80]})"
    expected = ordinary(texts)
    for text, ids in zip(texts, expected.rows(), strict=True):
        if not np.array_equal(fast([text]).ids, ids):
            return None, f"{library} gives other ids for {text[:40]!r}"
    together = fast(texts)
    if not (
        np.array_equal(together.ids, expected.ids) and np.array_equal(together.offsets, expected.offsets)
    ):
        return None, f"{library} gives other ids in a batch"
    return fast, ""


def _keep(quick: Tokie, digest: str) -> None:
    kept = _quick_file(digest)
    if kept is None or kept.exists():
        return
    temporary = kept.with_suffix(".new")
    quick.save(temporary)
    temporary.replace(kept)


def _quick_file(digest: str) -> Path | None:
    """Return the place of the quick form, which names the tokenizer and the build of the library."""
    spec = importlib.util.find_spec("tokie")
    if spec is None or spec.origin is None:
        return None
    compiled = [path for path in Path(spec.origin).parent.iterdir() if path.suffix in {".so", ".pyd"}]
    build = "-".join(f"{size}-{time}" for size, time in file_stamp(compiled).values())
    return cache_folder("tokenizers") / f"{digest[:32]}-{build}.tkz"

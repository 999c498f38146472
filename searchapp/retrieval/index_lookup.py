"""Which index a query goes to, and the model that built it."""

import logging
import shlex
from pathlib import Path
from typing import NoReturn

from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.names import PRECOMPUTED, full_name, pinned_name, split_name
from searchapp.errors import IndexMissingError, SearchappError
from searchapp.files import file_stamp, slug
from searchapp.index.index import Index, open_index
from searchapp.index.kinds import KINDS
from searchapp.index.layout import find_indexes
from searchapp.index.manifest import Manifest, read_manifest

logger = logging.getLogger(__name__)


def encoder_of(index: Index) -> Encoder:
    """Load the model that built an index.

    Raises:
        SearchappError: it is not here, or has changed.
    """
    manifest = index.manifest
    return load_encoder(pinned_name(manifest.recipe), manifest.options, manifest.facts)


def find_index(corpus: str | None = None, model: str | None = None, kind: str | None = None) -> Index:
    """Open the index that a query is meant for.

    Of several that fit, one with default options wins, then one of an exact kind, then the latest.

    Args:
        corpus: name of a corpus; any when None.
        model: name of a model; any when None.
        kind: kind of index; any when None.

    Raises:
        IndexMissingError: no index fits.
        SearchappError: the index is damaged, or its corpus has changed since.
    """
    folder, _ = _choose(corpus, model, kind)
    index = open_index(folder)
    _check_source(index)
    return index


def whole_indexes() -> tuple[list[tuple[Path, Manifest]], dict[Path, SearchappError]]:
    """Return the indexes that can be read with their manifests, and what is wrong with the others.

    So a damaged index does not keep the others from answering.
    """
    whole, damaged = [], {}
    for folder in find_indexes():
        try:
            whole.append((folder, read_manifest(folder)))
        except SearchappError as error:
            damaged[folder] = error
    return whole, damaged


def _choose(corpus: str | None, model: str | None, kind: str | None) -> tuple[Path, Manifest]:
    found, damaged = whole_indexes()
    if corpus is not None:
        wanted = {corpus}
        if not any(corpus in _names(manifest) for _, manifest in found):
            wanted = _documents_ids(corpus)
        found = [pair for pair in found if wanted & _names(pair[1])]
        slugs = {slug(name) for name in wanted}
        damaged = {folder: error for folder, error in damaged.items() if folder.parent.parent.name in slugs}
    if model is not None:
        found = [pair for pair in found if pair[1].recipe.model == full_name(model)]
    if kind is not None:
        found = [pair for pair in found if pair[1].kind == kind]
    if not found and damaged:
        raise next(iter(damaged.values()))
    for error in damaged.values():
        logger.warning("%s It is left out. %s", error.message, error.hint)
    if not found:
        wanted_parts = (" of {}", corpus), (" with {}", model), (" of kind {}", kind)
        wished = "".join(text.format(value) for text, value in wanted_parts if value)
        flags = [part for flag, value in (("-m", model), ("--kind", kind)) if value for part in (flag, value)]
        build = shlex.join(["searchapp", "index", corpus or "sample", *flags])
        raise IndexMissingError(f"There is no index{wished}.", f"Build it: {build}")
    found = [pair for pair in found if split_name(pair[1].recipe.model)[0] != PRECOMPUTED] or _refuse(found)
    return max(found, key=lambda pair: _preference(*pair, prefer_default=bool(corpus)))


def _preference(folder: Path, manifest: Manifest, *, prefer_default: bool) -> tuple[bool, bool, str]:
    exact = manifest.kind in KINDS and KINDS[manifest.kind].exact
    return prefer_default and "+" not in folder.parent.name, exact, manifest.created


def _refuse(found: list[tuple[Path, Manifest]]) -> NoReturn:
    folder, manifest = found[0]
    command = ["searchapp", "eval", manifest.corpus_id, "-m", manifest.recipe.model]
    raise SearchappError(
        f"The vectors of {folder} were made elsewhere, so no other query can be encoded for it.",
        f"Score its own queries: {shlex.join([*command, *manifest.options.flags()])}",
    )


def _names(manifest: Manifest) -> set[str]:
    return {manifest.corpus, manifest.corpus_id, manifest.documents_id}


def _documents_ids(corpus: str) -> set[str]:
    """Return what an index of this corpus may call it, though the corpus itself may be gone."""
    from searchapp.corpora.resolve import ALIASES, open_corpus

    try:
        return {corpus, open_corpus(corpus).documents_id}
    except SearchappError:
        return {corpus, ALIASES.get(corpus, corpus)}


def _check_source(index: Index) -> None:
    """Compare the corpus with the index when its files are there and not as they were."""
    built = index.manifest.stamp
    now = file_stamp(Path(name) for name in built)
    if any(built[name] != stamp for name, stamp in now.items()):
        from searchapp.corpora.resolve import open_corpus

        index.check_corpus(open_corpus(index.manifest.corpus_id))

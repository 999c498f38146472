"""Which index answers a query, and the model it was built with."""

import logging
import shlex
from pathlib import Path
from typing import NoReturn

from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.options import PRECOMPUTED, full_name, pinned_name, split_name
from searchapp.errors import IndexMissingError, SearchappError, did_you_mean
from searchapp.files import slug
from searchapp.index.index import Index, open_index
from searchapp.index.kinds import KINDS
from searchapp.index.layout import find_indexes
from searchapp.index.manifest import Manifest, read_manifest

logger = logging.getLogger(__name__)


def encoder_of(index: Index) -> Encoder:
    """Load the model that an index was built with.

    Raises:
        SearchappError: it is missing or damaged.
    """
    manifest = index.manifest
    return load_encoder(pinned_name(manifest.recipe), manifest.options, manifest.facts)


def find_index(corpus: str | None = None, model: str | None = None, kind: str | None = None) -> Index:
    """Open the index that a query is meant for.

    Of several that match, one with default options is preferred, then an exact one, then the latest.

    Args:
        corpus: name of a corpus; any when None.
        model: name of a model; any when None.
        kind: name of a kind; any when None.

    Raises:
        IndexMissingError: no index matches.
        SearchappError: the index is damaged, or its corpus has changed since it was built.
    """
    index = open_index(_choose(corpus, model, kind))
    if index.manifest.corpus_modified():
        from searchapp.corpora.resolve import open_corpus

        index.check_corpus(open_corpus(index.manifest.corpus_id))
    return index


def readable_indexes() -> tuple[list[tuple[Path, Manifest]], dict[Path, SearchappError]]:
    """Return the indexes that can be read with their manifests, and what is wrong with the others."""
    readable, damaged = [], {}
    for folder in find_indexes():
        try:
            readable.append((folder, read_manifest(folder)))
        except SearchappError as error:
            damaged[folder] = error
    return readable, damaged


def _choose(corpus: str | None, model: str | None, kind: str | None) -> Path:
    readable, damaged = readable_indexes()
    matches = readable
    if corpus is not None:
        names = {corpus}
        if not any(corpus in _names(manifest) for _, manifest in matches):
            names = _documents_ids(corpus)
        matches = [match for match in matches if names & _names(match[1])]
        slugs = {slug(name) for name in names}
        damaged = {folder: error for folder, error in damaged.items() if folder.parent.parent.name in slugs}
    if model is not None:
        matches = [match for match in matches if match[1].recipe.model == full_name(model)]
    if kind is not None:
        matches = [match for match in matches if match[1].kind == kind]
    if not matches and damaged:
        raise next(iter(damaged.values()))
    for error in damaged.values():
        logger.warning("%s This index is ignored. %s", error.message, error.hint)
    if not matches:
        _refuse_missing(corpus, model, kind, {manifest.recipe.model for _, manifest in readable})
    encodable = [match for match in matches if split_name(match[1].recipe.model)[0] != PRECOMPUTED]
    if not encodable:
        _refuse(*matches[0])

    def preference(match: tuple[Path, Manifest]) -> tuple[bool, bool, str]:
        folder, manifest = match
        default_options = corpus is not None and "+" not in folder.parent.name
        return default_options, manifest.kind in KINDS and KINDS[manifest.kind].exact, manifest.created

    return max(encodable, key=preference)[0]


def _refuse_missing(corpus: str | None, model: str | None, kind: str | None, built: set[str]) -> NoReturn:
    if corpus is not None:
        from searchapp.corpora.resolve import open_corpus

        open_corpus(corpus)  # an error for a name that is no corpus, which suggests the nearest
    parts = (" of {}", corpus), (" with {}", model), (" of kind {}", kind)
    asked = "".join(text.format(value) for text, value in parts if value)
    flags = [part for flag, value in (("-m", model), ("--kind", kind)) if value for part in (flag, value)]
    command = shlex.join(["searchapp", "index", corpus or "sample", *flags])
    namesakes = [repr(name) for name in sorted(built) if model and _last_part(name) == _last_part(model)]
    near = did_you_mean(model, sorted(built)) if model else ""
    near = f"Did you mean {' or '.join(namesakes)}? " if namesakes and not kind else near
    raise IndexMissingError(f"There is no index{asked}.", f"{near}Build it: {command}")


def _refuse(folder: Path, manifest: Manifest) -> NoReturn:
    command = ["searchapp", "eval", manifest.corpus_id, "-m", manifest.recipe.model]
    raise SearchappError(
        f"The vectors of {folder} are precomputed; new queries cannot be encoded.",
        f"Score the queries that came with them: {shlex.join([*command, *manifest.options.flags()])}",
    )


def _last_part(model: str) -> str:
    return model.rstrip("/").rpartition("/")[2]


def _names(manifest: Manifest) -> set[str]:
    return {manifest.corpus, manifest.corpus_id, manifest.documents_id}


def _documents_ids(corpus: str) -> set[str]:
    """Return what an index may call this corpus, which itself may be gone."""
    from searchapp.corpora.resolve import ALIASES, open_corpus

    try:
        return {corpus, open_corpus(corpus).documents_id}
    except SearchappError:
        return {corpus, ALIASES.get(corpus, corpus)}

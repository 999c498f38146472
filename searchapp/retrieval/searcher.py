"""Which index a query goes to, with the model that built it; and what a user's file of queries says."""

import json
import logging
import shlex
from collections.abc import Iterable
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
from searchapp.records import Query

logger = logging.getLogger(__name__)


def load_searcher(corpus: str | None = None, model: str | None = None) -> tuple[Index, Encoder]:
    """Open the index that a query is meant for, and load the model that built it.

    Raises:
        SearchappError: as `find_index` and `encoder_of`.
    """
    index = find_index(corpus, model)
    return index, encoder_of(index)


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


def parse_queries(lines: Iterable[str], source: str = "the file") -> list[Query]:
    r"""Read queries: a text, an id and a text with a tab between them, or a JSON object, one a line.

    Raises:
        SearchappError: no query at all, an id twice, or an object without "_id" and "text".

    >>> parse_queries(["what is umami", "q7\tgarlic"])
    [Query(id='1', text='what is umami'), Query(id='q7', text='garlic')]
    """
    queries: dict[str, Query] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        query = _query(line, number, f"{source}, line {number}")
        if query.id in queries:
            raise SearchappError(
                f"{source}, line {number}: query id {query.id!r} stands twice.", "Rename one."
            )
        queries[query.id] = query
    if not queries:
        raise SearchappError(f"There is no query in {source}.", 'Give it some words: searchapp query "..."')
    return list(queries.values())


def _query(line: str, number: int, where: str) -> Query:
    line = line.strip(" \r\n")
    if line.startswith("{"):
        try:
            record = json.loads(line)
            query_id, text = record["_id"], record["text"]
            if not isinstance(query_id, str | int) or not isinstance(text, str):
                raise ValueError("one of them is no string")
            return Query(str(query_id), text)
        except (ValueError, KeyError) as error:
            reason = f"{error} is missing" if isinstance(error, KeyError) else error
            raise SearchappError(
                f"{where}: no JSON object with '_id' and 'text' ({reason}).",
                'Write {"_id": "1", "text": "..."}.',
            ) from error
    query_id, tab, text = line.partition("\t")
    return Query(query_id.strip(), text.strip()) if tab else Query(str(number), line.strip())


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

"""Check the installation: what works offline, which indexes are intact and up to date."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from searchapp.corpora.resolve import list_corpora, open_corpus
from searchapp.encoders.encoder import model_digests
from searchapp.encoders.fast_tokenizers import EDGE_CASES
from searchapp.encoders.model_files import BUNDLED, find_model, reference_model
from searchapp.encoders.options import Options
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.transformer_encoder import TransformerEncoder
from searchapp.errors import SearchappError
from searchapp.index.layout import find_indexes
from searchapp.index.manifest import Manifest, damaged_files, read_manifest, rebuild_command
from searchapp.records import Query
from searchapp.retrieval.bm25 import LIBRARIES as BM25_LIBRARIES
from searchapp.settings import datasets_folder, indexes_folder, offline
from searchapp.versions import LIBRARIES, installed_versions

MODEL_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Check:
    """One thing that was checked; `status` is ok, warn or fail, `hint` the next step."""

    name: str
    status: str
    detail: str
    hint: str = ""


def run_checks() -> Iterator[Check]:
    """Yield the checks, the cheap ones first."""
    versions = installed_versions(*BM25_LIBRARIES, *TransformerEncoder.libraries)
    missing = [name for name in (*LIBRARIES, *BM25_LIBRARIES) if versions[name] == "not installed"]
    shown = ", ".join(f"{name} {version}" for name, version in versions.items())
    yield Check("versions", "fail" if missing else "ok", shown, f"pip install {' '.join(missing)}")
    mode = "no connections are made" if offline() else "missing corpora and models are downloaded on demand"
    yield Check("network", "ok", mode)
    yield _writable("indexes", indexes_folder(), "SEARCHAPP_INDEXES")
    yield _corpora()
    yield _bundled_model()
    for folder in find_indexes():
        yield _index(folder)


def _writable(name: str, folder: Path, variable: str) -> Check:
    folder = folder.absolute()
    if os.access(next(path for path in (folder, *folder.parents) if path.exists()), os.W_OK):
        return Check(name, "ok", f"{folder} is writable")
    return Check(name, "fail", f"{folder} is not writable", f"Set {variable} to a writable folder.")


def _corpora() -> Check:
    rows = list_corpora()
    broken = [row.problem for row in rows if row.problem]
    if broken:
        hint = "Remove the damaged files; they are downloaded again."
        return Check("corpora", "fail", "; ".join(broken), hint)
    local = [row.name for row in rows if row.here]
    return Check("corpora", "ok", f"{', '.join(local)} work offline; others are kept in {datasets_folder()}")


def _bundled_model() -> Check:
    """Compare the vectors of edge-case texts with model2vec's own."""
    try:
        encoder = StaticEncoder(find_model(BUNDLED), Options(normalize=False))
    except SearchappError as error:
        return Check("model", "fail", error.message, error.hint)
    queries = [Query(str(number), text) for number, text in enumerate(EDGE_CASES)]
    theirs = reference_model(encoder.files).encode(list(EDGE_CASES))
    difference = float(abs(encoder.encode_queries(queries) - theirs).max())
    facts = encoder.facts
    detail = (
        f"{BUNDLED} encodes as model2vec does (largest difference {difference:.1g} "
        f"on {len(EDGE_CASES)} texts); tokenised by {facts.tokenizer}: {facts.proof}"
    )
    status = "ok" if difference < MODEL_TOLERANCE else "fail"
    return Check("model", status, detail, "Reinstall it: pip install --force-reinstall wordllama")


def _index(folder: Path) -> Check:
    """Check every byte of an index, its corpus and its model."""
    try:
        manifest = read_manifest(folder)
    except SearchappError as error:
        return Check("index", "fail", error.message, error.hint)
    name = f"{folder}: {manifest.n_docs:,} documents"
    again = rebuild_command(manifest)
    damaged = damaged_files(folder, manifest)
    if damaged:
        return Check("index", "fail", f"{name}; damaged: {', '.join(damaged)}", again)
    changes = [*_corpus_changes(manifest), *_model_changes(manifest)]
    if changes:
        return Check("index", "warn", f"{name}; {'; '.join(changes)}", again)
    older = [f"{library} {version}" for library, version, _ in other_versions(manifest.versions)]
    if older:
        return Check("index", "warn", f"{name}; built with other versions: {', '.join(older)}", again)
    return Check("index", "ok", f"{name}; intact, corpus and model unchanged")


def _corpus_changes(manifest: Manifest) -> list[str]:
    try:
        corpus = open_corpus(manifest.corpus_id)
    except SearchappError:
        return []  # an index works without its corpus
    return [] if corpus.documents_digest == manifest.documents_digest else ["its corpus has changed"]


def _model_changes(manifest: Manifest) -> list[str]:
    try:
        return [f"its {part} has changed" for part in changed_parts(asdict(manifest.recipe))]
    except SearchappError:
        return ["its model cannot be found"]


def changed_parts(recipe: Mapping[str, Any]) -> list[str]:
    """Return which of `model` and `tokenizer` have changed since a recipe was written.

    Raises:
        SearchappError: the model cannot be found.
    """
    digests = zip(("model", "tokenizer"), model_digests(recipe["model"], recipe.get("revision")), strict=True)
    return [part for part, digest in digests if digest != recipe.get(f"{part}_digest")]


def other_versions(versions: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return each library whose installed version differs, with the stored and the installed version."""
    installed = installed_versions(*versions)
    return [(name, was, installed[name]) for name, was in versions.items() if installed[name] != was]

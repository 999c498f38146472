"""Build an index: encode the corpus once, resume after an interruption, commit only a complete index."""

import logging
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path

import numpy as np

from searchapp.corpora.corpus import Corpus
from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.options import Options
from searchapp.encoders.texts import assemble
from searchapp.errors import SearchappError
from searchapp.index import layout
from searchapp.index.checkpoint import PROGRESS, BuildState, Checkpoint, read_state
from searchapp.index.index import Index, open_index
from searchapp.index.kinds import DEFAULT_KIND, find_kind
from searchapp.index.kinds.kind import Kind
from searchapp.index.manifest import Manifest, data_files, read_manifest
from searchapp.versions import installed_versions

logger = logging.getLogger(__name__)

SAMPLE = 64  # documents on which a fast tokenizer is verified

Progress = Callable[[int], None]
"""Called with the number of documents done so far."""


def build_index(
    corpus: Corpus,
    encoder: Encoder,
    kind: str = DEFAULT_KIND,
    *,
    fresh: bool = False,
    progress: Progress = lambda _rows: None,
) -> Index:
    """Build the index of a corpus, or resume an interrupted build; a finished index is left alone.

    With `fresh`, it is rebuilt from scratch; the old index stays usable meanwhile.

    Raises:
        SearchappError: the finished index has other documents or another recipe and `fresh` is not set,
            there is no such kind, the corpus is empty or repeats an id, another process is building the
            index, or the disk is full.
    """
    chosen = find_kind(kind)
    folder = layout.index_folder(corpus, encoder.name, encoder.options, kind)
    if not fresh and layout.current_folder(folder).exists():
        index = open_index(folder)
        index.check_recipe(encoder.recipe)
        index.check_corpus(corpus)
        return index
    with layout.build_lock(folder):
        part = layout.part_folder(folder)
        if fresh and part.exists():
            shutil.rmtree(part)
        try:
            part.mkdir(exist_ok=True)
            _build(part, corpus, encoder, chosen, progress)
            layout.commit(folder)
        except KeyboardInterrupt:
            if not fresh:
                saved = read_state(part).rows
                logger.warning("%d documents are saved; run the same command again to resume.", saved)
            raise
        except (OSError, sqlite3.DatabaseError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SearchappError(
                f"The index cannot be written to {part} ({reason}).",
                "Free some space and run the command again to resume, set SEARCHAPP_INDEXES to another "
                "folder, or start from scratch with --fresh.",
            ) from error
    return open_index(folder)


def encoder_for(
    corpus: Corpus, model: str | Encoder, options: Options, kind: str = DEFAULT_KIND, *, fresh: bool = False
) -> Encoder:
    """Load the model for the index of a corpus: quickly when the index is ready, else in full.

    A hub model is loaded in the revision that the index was built with.
    An encoder that is already open keeps its options.

    Raises:
        SearchappError: the model is missing or damaged, or the index is damaged.
    """
    if isinstance(model, str):
        current = layout.current_folder(layout.index_folder(corpus, model, options, kind))
        if not fresh and current.exists():
            manifest = read_manifest(current)
            return load_encoder(model, options, manifest.facts, revision=manifest.recipe.revision)
    sample = [assemble(document, options.template) for document in islice(corpus.documents(), SAMPLE)]
    return load_encoder(model, options, sample=sample) if isinstance(model, str) else model.for_corpus(sample)


def _build(part: Path, corpus: Corpus, encoder: Encoder, kind: Kind, progress: Progress) -> None:
    stamp = corpus.stamp()
    state = _encode(part, corpus, encoder, progress)
    started = time.perf_counter()
    kind.build(np.load(part / layout.VECTORS, mmap_mode="r"), part / kind.file, kind.parameters)
    if corpus.stamp() != stamp:
        raise SearchappError(f"{corpus.location} changed during the build.", "Run the command again.")
    Manifest(
        corpus=corpus.name_anywhere,
        corpus_id=corpus.id,
        documents_id=corpus.documents_id,
        documents_digest=state.digest,
        location=corpus.location,
        stamp=stamp,
        n_docs=state.rows,
        n_zero=state.n_zero,
        zero_documents=state.zero_documents,
        max_norm=state.max_norm,
        recipe=encoder.recipe,
        options=encoder.options,
        facts=encoder.facts,
        similarity="cosine" if encoder.recipe.normalize else "dot",
        kind=kind.name,
        parameters=dict(kind.parameters),
        files=data_files(part, layout.VECTORS, kind.file, layout.DOCUMENTS),
        versions=installed_versions(*encoder.libraries),
        threads=os.cpu_count() or 1,
        seconds={"encode": state.seconds, "index": time.perf_counter() - started},
        created=datetime.now(timezone.utc).isoformat(),
    ).write(part)
    (part / PROGRESS).unlink()


def _encode(part: Path, corpus: Corpus, encoder: Encoder, progress: Progress) -> BuildState:
    """Write the vectors and the documents, resuming at the last checkpoint."""
    with closing(Checkpoint(part, corpus, encoder.recipe)) as checkpoint:
        documents = islice(corpus.documents(), checkpoint.state.rows, None)
        while batch := list(islice(documents, encoder.batch)):
            checkpoint.append(batch, encoder.encode_documents(batch))
            progress(checkpoint.state.rows)
        if not checkpoint.state.rows:
            raise SearchappError(f"{corpus.location} has no documents.", "An index needs at least one.")
        state = checkpoint.finish()
    if state.n_zero:
        names = ", ".join(state.zero_documents)
        reason = "none of their tokens is known, or all have rows of zeros"
        logger.warning("%d documents get zero vectors (%s): %s.", state.n_zero, names, reason)
    return state

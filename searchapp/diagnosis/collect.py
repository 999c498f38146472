"""From a model's name to the evidence: from its index if there is one, else from fresh vectors."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from searchapp.corpora.corpus import Corpus
from searchapp.diagnosis.cloud import Vectors
from searchapp.diagnosis.context import CorpusContext, Progress
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.model import Model, TableModel
from searchapp.diagnosis.tokens import token_table
from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.options import Options
from searchapp.encoders.precomputed import SIDES, PrecomputedEncoder, map_vectors
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.errors import SearchappError
from searchapp.index.build import build_index
from searchapp.index.index import open_index
from searchapp.index.kinds import DEFAULT_KIND
from searchapp.index.layout import current_folder, index_folder
from searchapp.index.manifest import recipe_differences
from searchapp.records import Run


def collect(
    corpus: Corpus,
    model: str | Encoder,
    options: Options,
    reported: Mapping[str, float] | None = None,
    *,
    kind: str = DEFAULT_KIND,
    label_free: bool = False,
    progress: Progress = lambda _what: None,
) -> Evidence:
    """Return the evidence of a model on a corpus.

    The stored vectors come from the index of this kind if there is one, stale or not. Else a static model
    encodes the corpus in memory, and for any other model an index is built. An opened model keeps its own
    options. `reported` maps metrics, under MTEB's names, to values; `label_free` ignores the judgements.

    Raises:
        SearchappError: the model cannot be found or is damaged, or the corpus has no documents or queries.
    """
    context = _context(corpus, label_free, progress)
    progress(f"loading {model if isinstance(model, str) else model.name}")
    encoder = load_encoder(model, options) if isinstance(model, str) else model
    similarity = "cosine" if encoder.options.normalize else "dot"
    if isinstance(encoder, PrecomputedEncoder):
        stored = _precomputed(Path(encoder.name.partition(":")[2]), similarity)
        return Evidence(context, vectors=stored, reported=reported or {})
    inspected = Model(encoder, context)
    if isinstance(encoder, StaticEncoder):
        inspected = TableModel(encoder, context, lambda: token_table(encoder))
    ids, documents, changes = _documents(context, encoder, kind)
    progress("encoding the queries")
    queries = encoder.encode_queries(context.queries)
    query_ids = [query.id for query in context.queries]
    stored = Vectors(ids, documents, query_ids, queries, similarity)
    return Evidence(context, inspected, stored, reported=reported or {}, changes=changes)


def collect_run(
    corpus: Corpus,
    run: Run,
    reported: Mapping[str, float] | None = None,
    *,
    label_free: bool = False,
    progress: Progress = lambda _what: None,
) -> Evidence:
    """Return the evidence of a run without its model and vectors; the arguments are as for `collect`.

    Raises:
        SearchappError: the corpus has no documents or queries.
    """
    return Evidence(_context(corpus, label_free, progress), run=run, reported=reported or {})


def _context(corpus: Corpus, label_free: bool, progress: Progress) -> CorpusContext:
    context = CorpusContext(corpus, label_free, progress)
    for what, there in (("documents", context.documents), ("queries", context.queries)):
        if not there:
            raise SearchappError(f"{corpus.location} has no {what}.", "A diagnosis needs at least one.")
    return context


def _documents(
    context: CorpusContext, encoder: Encoder, kind: str
) -> tuple[Sequence[str], NDArray[np.float32], list[str] | None]:
    """Return ids and vectors of the documents, and what has changed since their index was built."""
    corpus, progress = context.corpus, context.progress
    folder = index_folder(corpus, encoder.name, encoder.options, kind)
    if current_folder(folder).exists():
        index = open_index(folder)
        changes = recipe_differences(index.manifest.recipe, encoder.recipe)
        if index.manifest.documents_digest != corpus.documents_digest:
            changes.append("the documents of the corpus have changed")
        return index.all_ids(), np.asarray(index.vectors), changes
    if isinstance(encoder, StaticEncoder) and kind == DEFAULT_KIND:
        progress("encoding the documents")
        ids = [document.id for document in context.documents]
        return ids, encoder.encode_documents(context.documents), None
    total = len(context.documents)

    def built(rows: int) -> None:
        progress(f"encoding the documents ({rows:,} of {total:,})")

    index = build_index(corpus, encoder, kind, progress=built)
    return index.all_ids(), np.asarray(index.vectors), []


def _precomputed(folder: Path, similarity: str) -> Vectors:
    """Return the vectors of a folder, whether or not they match the corpus."""
    names = [(folder / f"{side}.txt").read_text("utf-8-sig").splitlines() for side in SIDES]
    arrays = [np.asarray(map_vectors(folder / f"{side}.npy"), dtype=np.float32) for side in SIDES]
    return Vectors(names[0], arrays[0], names[1], arrays[1], similarity)

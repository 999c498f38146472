"""From names to the evidence: vectors from an index, a folder or the model itself, and a run."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from searchapp.corpora.corpus import Corpus
from searchapp.diagnosis.cloud import Vectors
from searchapp.diagnosis.context import CorpusContext, Progress
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.model import Model, TableModel
from searchapp.diagnosis.stored import Stored, read_folder, read_index
from searchapp.diagnosis.tokens import token_table
from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.options import PRECOMPUTED, Options, split_name
from searchapp.encoders.precomputed import PrecomputedEncoder, VectorFiles
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.errors import SearchappError
from searchapp.evaluation.trec import read_ranked_run
from searchapp.index.build import build_index
from searchapp.index.kinds import DEFAULT_KIND
from searchapp.index.layout import current_folder, index_folder


def collect(
    corpus: Corpus,
    model: str | Encoder | None,
    options: Options,
    reported: Mapping[str, float] | None = None,
    *,
    run: Path | None = None,
    made_by: str | Encoder | None = None,
    kind: str = DEFAULT_KIND,
    label_free: bool = False,
    progress: Progress = lambda _what: None,
) -> Evidence:
    """Return the evidence of a model on a corpus, of a run, or of a run and the model behind it.

    The vectors of a model come from its index of this kind if there is one, stale or not. Else a static
    model encodes the corpus in memory, and for any other model an index is built. `npy:FOLDER` names stored
    vectors; `made_by` is then the model that is said to have made them. An opened model keeps its own
    options. `reported` maps metrics, under MTEB's names, to values; `label_free` ignores the judgements.

    Raises:
        SearchappError: a model, a folder or a run cannot be read, or the corpus has no documents or queries.
    """
    context = _context(corpus, label_free, progress)
    ranked, ranks = read_ranked_run(run) if run is not None else (None, None)
    common = Evidence(context, run=ranked, ranks=ranks, reported=reported or {})
    if model is None:
        return common
    if isinstance(model, PrecomputedEncoder):
        model = model.name
    if isinstance(model, str) and split_name(model)[0] == PRECOMPUTED:
        files = VectorFiles(split_name(model)[1])
        files.model_digest()  # an error when a file is missing
        stored = read_folder(files.folder, "cosine" if options.normalize else "dot")
        inspected = None if made_by is None else _inspected(_opened(made_by, options, progress), context)
        return _with(common, inspected, stored)
    encoder = _opened(model, options, progress)
    stored = _documents(context, encoder, kind)
    if stored.vectors is not None:
        progress("encoding the queries")
        query_ids = [query.id for query in context.queries]
        queries = encoder.encode_queries(context.queries)
        stored = replace(stored, vectors=replace(stored.vectors, query_ids=query_ids, queries=queries))
    return _with(common, _inspected(encoder, context), stored)


def _with(evidence: Evidence, model: Model | None, stored: Stored) -> Evidence:
    vectors, damage, changes = stored.vectors, stored.damage, stored.changes
    return replace(evidence, model=model, vectors=vectors, damage=damage, changes=changes)


def _context(corpus: Corpus, label_free: bool, progress: Progress) -> CorpusContext:
    context = CorpusContext(corpus, label_free, progress)
    for what, there in (("documents", context.documents), ("queries", context.all_queries)):
        if not there:
            raise SearchappError(f"{corpus.location} has no {what}.", "A diagnosis needs at least one.")
    return context


def _opened(model: str | Encoder, options: Options, progress: Progress) -> Encoder:
    progress(f"loading {model if isinstance(model, str) else model.name}")
    return load_encoder(model, options) if isinstance(model, str) else model


def _inspected(encoder: Encoder, context: CorpusContext) -> Model:
    if isinstance(encoder, StaticEncoder):
        return TableModel(encoder, context, lambda: token_table(encoder))
    return Model(encoder, context)


def _documents(context: CorpusContext, encoder: Encoder, kind: str) -> Stored:
    """Return ids and vectors of the documents, from the index, or made now; there are no queries yet."""
    corpus, progress = context.corpus, context.progress
    folder = index_folder(corpus, encoder.name, encoder.options, kind)
    if not current_folder(folder).exists():
        if isinstance(encoder, StaticEncoder) and kind == DEFAULT_KIND:
            progress("encoding the documents")
            ids = [document.id for document in context.documents]
            documents = encoder.encode_documents(context.documents)
            similarity = "cosine" if encoder.options.normalize else "dot"
            nothing = np.empty((0, documents.shape[1]), np.float32)
            return Stored(Vectors(ids, documents, [], nothing, similarity))
        total = len(context.documents)

        def built(rows: int) -> None:
            progress(f"encoding the documents ({rows:,} of {total:,})")

        build_index(corpus, encoder, kind, progress=built)
    return read_index(folder, corpus, encoder.recipe)

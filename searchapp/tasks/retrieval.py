"""Score a model on a corpus: index what is missing, search the judged queries, score the run."""

import logging
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.lint import dangling_judgements
from searchapp.encoders.encoder import Encoder
from searchapp.errors import SearchappError
from searchapp.evaluation.measures import DEFAULT_MEASURES, depth_for
from searchapp.evaluation.metric import Measure
from searchapp.evaluation.scoring import Scores, score
from searchapp.evaluation.trec import check_documents, warn_of_absent
from searchapp.index.build import Progress, build_index
from searchapp.index.kinds import DEFAULT_KIND
from searchapp.records import Result, Run
from searchapp.retrieval.bm25 import BM25, LIBRARIES, open_bm25
from searchapp.retrieval.modes import DENSE, MODES, Retriever
from searchapp.retrieval.queries import check_queries
from searchapp.retrieval.random_baseline import RANDOM, random_run
from searchapp.versions import installed_versions

logger = logging.getLogger(__name__)

TIE_RULE = "float32 score descending, then document id descending"


@dataclass(frozen=True)
class Evaluation:
    """A result, the run that was scored, every query's values, and a name of the corpus for files."""

    slug: str
    result: Result
    run: Run
    scores: Scores


def evaluate_model(
    corpus: Corpus,
    encoder: Encoder,
    *,
    mode: str = DENSE,
    measures: Sequence[Measure] = DEFAULT_MEASURES,
    kind: str = DEFAULT_KIND,
    allow_dangling: bool = False,
    progress: Progress = lambda _rows: None,
) -> Evaluation:
    """Score a model on the judged queries of a corpus; the index is built when there is none.

    Args:
        corpus: documents, queries and judgements.
        encoder: the model and its options.
        mode: a name in `MODES` of a mode that needs a model.
        measures: what to score; the largest cutoff is the depth of the run.
        kind: a name in `KINDS`.
        allow_dangling: score although judged documents are not in the corpus, as MTEB does.
        progress: called with the number of documents indexed.

    Raises:
        SearchappError: a stale index, a dangling judgement, or whatever `build_index` raises.
    """
    queries = corpus.queries  # read first: an error in them should not wait for the index
    depth = depth_for(measures)
    check_queries(queries, depth)
    index = build_index(corpus, encoder, kind, progress=progress)
    _check_judged(corpus, index.all_ids(), allow_dangling)
    retriever = MODES[mode].open(index, encoder)
    _warn_of_tuning(corpus, retriever)
    run, seconds = retriever.search(queries, depth)
    recipe = asdict(index.manifest.recipe) | {
        "query_prompt": encoder.recipe.query_prompt,
        "similarity": index.manifest.similarity,
        **retriever.recipe(queries, depth),
        "documents_digest": index.manifest.documents_digest,
    }
    encode = index.manifest.seconds["encode"] + seconds.pop("encode_queries")
    return _evaluation(
        corpus,
        run,
        measures,
        model=encoder.name,
        mode=mode,
        n_docs=index.manifest.n_docs,
        recipe={**recipe, **encoder.circumstances},
        seconds={"encode": encode, "search": sum(seconds.values())},
        libraries=encoder.libraries + retriever.libraries,
    )


def evaluate_bm25(
    corpus: Corpus, *, measures: Sequence[Measure] = DEFAULT_MEASURES, allow_dangling: bool = False
) -> Evaluation:
    """Score BM25 on the judged queries of a corpus; it needs neither a model nor an index.

    Args:
        corpus: documents, queries and judgements.
        measures: what to score; the largest cutoff is the depth of the run.
        allow_dangling: as in `evaluate_model`.

    Raises:
        SearchappError: a dangling judgement, or whatever `open_bm25` raises.
    """
    depth = depth_for(measures)
    check_queries(corpus.queries, depth)
    began = time.perf_counter()
    bm25 = open_bm25(corpus.documents_digest, corpus.documents)
    _check_judged(corpus, bm25.ids, allow_dangling)
    opened = time.perf_counter()
    run = bm25.search(corpus.queries, depth)
    return _evaluation(
        corpus,
        run,
        measures,
        model=BM25,
        mode=BM25,
        n_docs=len(bm25.ids),
        recipe=asdict(bm25.recipe),
        seconds={"encode": opened - began, "search": time.perf_counter() - opened},
        libraries=LIBRARIES,
    )


def evaluate_chance(
    corpus: Corpus,
    *,
    measures: Sequence[Measure] = DEFAULT_MEASURES,
    allow_dangling: bool = False,
    seed: int = 0,
) -> Evaluation:
    """Score a random ranking of the documents: the floor under every model.

    Args:
        corpus: documents, queries and judgements.
        measures: what to score; the largest cutoff is the depth of the run.
        allow_dangling: as in `evaluate_model`.
        seed: another seed gives another ranking.

    Raises:
        SearchappError: a dangling judgement, or a corpus without documents.
    """
    ids = [document.id for document in corpus.documents()]
    _check_judged(corpus, ids, allow_dangling)
    began = time.perf_counter()
    run = random_run(ids, corpus.queries, depth_for(measures), seed)
    return _evaluation(
        corpus,
        run,
        measures,
        model=RANDOM,
        mode=RANDOM,
        n_docs=len(ids),
        recipe={"documents_digest": corpus.documents_digest, "seed": seed},
        seconds={"encode": 0.0, "search": time.perf_counter() - began},
    )


def evaluate_run(
    corpus: Corpus,
    run: Run,
    name: str,
    *,
    measures: Sequence[Measure] = DEFAULT_MEASURES,
    allow_dangling: bool = False,
) -> Evaluation:
    """Score a run that somebody else made, such as a TREC file.

    Args:
        corpus: what the run was made on.
        run: its rankings.
        name: what to call it in tables.
        measures: what to score.
        allow_dangling: as in `evaluate_model`.

    Raises:
        SearchappError: the run names a document that is not in the corpus, or shares no query with it.
    """
    ids = {document.id for document in corpus.documents()}
    _check_judged(corpus, ids, allow_dangling)
    check_documents(run, ids, name, corpus.name)
    recipe = {"documents_digest": corpus.documents_digest}
    evaluation = _evaluation(
        corpus, run, measures, model=name, mode="run", n_docs=len(ids), recipe=recipe, seconds={}
    )
    warn_of_absent(run, corpus.judgements, name)
    return evaluation


def _evaluation(
    corpus: Corpus,
    run: Run,
    measures: Sequence[Measure],
    *,
    model: str,
    mode: str,
    n_docs: int,
    recipe: dict[str, Any],
    seconds: dict[str, float],
    libraries: Sequence[str] = (),
) -> Evaluation:
    started = time.perf_counter()
    scores = score(run, corpus.judgements, measures)
    result = Result(
        corpus=corpus.name,
        corpus_id=corpus.id,
        model=model,
        mode=mode,
        n_docs=n_docs,
        n_queries=len(run),
        n_judged=len(scores.query_ids),
        metrics=scores.means(),
        intervals=scores.intervals(),
        seconds=seconds | {"score": time.perf_counter() - started},
        recipe=recipe
        | {
            "queries_digest": corpus.queries_digest,
            "judgements_digest": corpus.judgements_digest,
            "depth": max((len(ranking.document_ids) for ranking in run.values()), default=0),
            "ties": TIE_RULE,
            "threads": os.cpu_count() or 1,
        },
        versions=installed_versions(*libraries),
    )
    return Evaluation(corpus.slug, result, run, scores)


def _warn_of_tuning(corpus: Corpus, retriever: Retriever) -> None:
    if corpus.judgements_digest in retriever.tuned_on:
        logger.warning("The fusion was tuned on the judgements of %s; this score is optimistic.", corpus.id)


def _check_judged(corpus: Corpus, document_ids: Iterable[str], allow_dangling: bool) -> None:
    dangling = dangling_judgements(corpus, document_ids)
    if not dangling:
        return
    message = (
        f"{len(dangling)} judged documents of {corpus.id} are not in the corpus (first: {dangling[0]!r})"
    )
    if not allow_dangling:
        raise SearchappError(
            f"{message}, which caps every score.",
            "Mend the judgements, or score all the same, as MTEB does: --allow-dangling",
        )
    logger.warning("%s; they count as never found.", message)

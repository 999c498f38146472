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
from searchapp.evaluation.scoring import CUTS, Scores, score
from searchapp.index.build import Progress, build_index
from searchapp.records import Result, Run
from searchapp.retrieval.dense import dense_run
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
    cuts: Sequence[int] = CUTS,
    kind: str = "flat",
    allow_dangling: bool = False,
    progress: Progress = lambda _rows: None,
) -> Evaluation:
    """Score a model on the judged queries of a corpus; the index is built when there is none.

    Args:
        corpus: documents, queries and judgements.
        encoder: the model and its options.
        cuts: the k of each metric; the largest is the depth of the run.
        kind: a name in `KINDS`.
        allow_dangling: score although judged documents are not in the corpus, as MTEB does.
        progress: called with the number of documents indexed.

    Raises:
        SearchappError: a stale index, a dangling judgement, or whatever `build_index` raises.
    """
    queries = corpus.queries  # read first: an error in them should not wait for the index
    index = build_index(corpus, encoder, kind, progress=progress)
    _check_judged(corpus, index.all_ids(), allow_dangling)
    depth = max(cuts, default=0)
    run, seconds = dense_run(index, encoder, queries, depth)
    recipe = asdict(index.manifest.recipe) | {
        "query_prompt": encoder.recipe.query_prompt,
        "similarity": index.manifest.similarity,
        "index": index.manifest.kind,
        "search": index.search_method(len(queries)),
        "documents_digest": index.manifest.documents_digest,
        **encoder.circumstances,
    }
    encode = index.manifest.seconds["encode"] + seconds["encode_queries"]
    return _evaluation(
        corpus,
        run,
        cuts,
        model=encoder.name,
        mode="dense",
        n_docs=index.manifest.n_docs,
        recipe=recipe,
        seconds={"encode": encode, "search": seconds["search"]},
    )


def evaluate_run(
    corpus: Corpus, run: Run, name: str, *, cuts: Sequence[int] = CUTS, allow_dangling: bool = False
) -> Evaluation:
    """Score a run that somebody else made, such as a TREC file.

    Args:
        corpus: what the run was made on.
        run: its rankings.
        name: what to call it in tables.
        cuts: the k of each metric.
        allow_dangling: as in `evaluate_model`.

    Raises:
        SearchappError: the run names a document that is not in the corpus, or shares no query with it.
    """
    ids = {document.id for document in corpus.documents()}
    _check_judged(corpus, ids, allow_dangling)
    for query_id, ranking in run.items():
        unknown = next((found for found in ranking.document_ids if found not in ids), None)
        if unknown is not None:
            raise SearchappError(
                f"The run {name} names document {unknown!r} (query {query_id!r}), which {corpus.name} lacks.",
                "Is it a run of another corpus, or are its ids written otherwise?",
            )
    recipe = {"documents_digest": corpus.documents_digest}
    return _evaluation(corpus, run, cuts, model=name, mode="run", n_docs=len(ids), recipe=recipe, seconds={})


def _evaluation(
    corpus: Corpus,
    run: Run,
    cuts: Sequence[int],
    *,
    model: str,
    mode: str,
    n_docs: int,
    recipe: dict[str, Any],
    seconds: dict[str, float],
) -> Evaluation:
    started = time.perf_counter()
    scores = score(run, corpus.judgements, cuts)
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
        versions=installed_versions(),
    )
    return Evaluation(corpus.slug, result, run, scores)


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

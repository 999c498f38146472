"""Retrieval: index what is missing, search the judged queries, score the run."""

import logging
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.lint import dangling_judgements
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.adaptation_record import adaptation_of
from searchapp.encoders.encoder import Encoder
from searchapp.encoders.options import Options
from searchapp.errors import SearchappError
from searchapp.evaluation.measures import DEFAULT_MEASURES, MAIN_MEASURES, depth_for
from searchapp.evaluation.metric import RELEVANT, Measure
from searchapp.evaluation.results import RUN_FILE
from searchapp.evaluation.scoring import score
from searchapp.evaluation.trec import check_documents, warn_of_absent
from searchapp.index.build import Progress, build_index, encoder_for
from searchapp.index.kinds import DEFAULT_KIND
from searchapp.records import Query, Result, Run
from searchapp.retrieval.bm25 import BM25, LIBRARIES, open_bm25
from searchapp.retrieval.modes import DENSE, HYBRID, Retriever, find_mode
from searchapp.retrieval.queries import check_queries
from searchapp.retrieval.random_baseline import RANDOM, random_run
from searchapp.tasks.adapted import adapted_recipe, with_groups
from searchapp.tasks.task import Evaluation, Task
from searchapp.versions import installed_versions

logger = logging.getLogger(__name__)

TIE_RULE = "float32 score descending, then document id descending"


@dataclass(frozen=True)
class RetrievalTask(Task):
    """Rank the documents of a corpus for its judged queries.

    The largest cutoff of the `measures` is the depth of the run. `mode` is a name in `MODES`, `kind` a name
    in `KINDS`. With `allow_dangling`, judged documents may be missing from the corpus, as in MTEB.
    """

    corpus: Corpus
    measures: Sequence[Measure] = DEFAULT_MEASURES
    mode: str = DENSE
    kind: str = DEFAULT_KIND
    allow_dangling: bool = False

    @property
    def name(self) -> str:
        """The name of the corpus."""
        return self.corpus.name

    @property
    def main_measure(self) -> Measure:
        """The first of the measures, or nDCG@10 if it is among them."""
        return MAIN_MEASURES[0] if MAIN_MEASURES[0] in self.measures else self.measures[0]

    @property
    def depth(self) -> int:
        """The number of results per query."""
        return depth_for(self.measures)

    def count(self) -> int | None:
        """Return the number of documents, None if the corpus does not know it."""
        return self.corpus.count()

    def open_encoder(self, model: str | Encoder, options: Options) -> Encoder:
        """Load a model, without the parts that queries do not need if there is an index."""
        return encoder_for(self.corpus, model, options, self.kind)

    def variants(self) -> Sequence[Task]:
        """Return dense and hybrid search with the same model."""
        return [self, replace(self, mode=HYBRID)]

    def baselines(self) -> Iterator[Evaluation]:
        """Yield BM25 and a random ranking."""
        yield self.evaluate_bm25()
        yield self.evaluate_random()

    def evaluate(self, encoder: Encoder, progress: Progress = lambda _count: None) -> Evaluation:
        """Score a model on the judged queries; the index is built when there is none.

        Raises:
            SearchappError: a stale index, a dangling judgement, or whatever `build_index` raises.
        """
        queries = self._checked_queries()  # first: an error in them should not wait for the index
        index = build_index(self.corpus, encoder, self.kind, progress=progress)
        self._check_documents(index.all_ids())
        retriever = find_mode(self.mode).open(index, encoder)
        _warn_of_tuning(self.corpus, retriever)
        run, seconds = retriever.search(queries, self.depth)
        recipe = asdict(index.manifest.recipe) | {
            "query_prompt": encoder.recipe.query_prompt,
            "similarity": index.manifest.similarity,
            **retriever.recipe(queries, self.depth),
            "documents_digest": index.manifest.documents_digest,
        }
        encode = index.manifest.seconds["encode"] + seconds.pop("encode_queries")
        adaptation = adaptation_of(index.manifest.recipe)
        if adaptation and not adaptation.applies_to(self.corpus.documents_id, self.corpus.documents_digest):
            adaptation = None
        if adaptation:
            recipe["adapted"] = adapted_recipe(adaptation, self.corpus)
        evaluation = self._score(
            run,
            model=encoder.name,
            mode=self.mode,
            n_docs=index.manifest.n_docs,
            recipe={**recipe, **encoder.circumstances},
            seconds={"encode": encode, "search": sum(seconds.values())},
            libraries=encoder.libraries + retriever.libraries,
        )
        return with_groups(evaluation, adaptation, self.corpus) if adaptation else evaluation

    def evaluate_without_model(self) -> Evaluation:
        """Score BM25."""
        return self.evaluate_bm25()

    def evaluate_bm25(self) -> Evaluation:
        """Score BM25, which needs neither a model nor an index.

        Raises:
            SearchappError: a dangling judgement, or whatever `open_bm25` raises.
        """
        queries = self._checked_queries()
        started = time.perf_counter()
        bm25 = open_bm25(self.corpus.documents_digest, self.corpus.documents)
        self._check_documents(bm25.ids)
        opened = time.perf_counter()
        run = bm25.search(queries, self.depth)
        return self._score(
            run,
            model=BM25,
            mode=BM25,
            n_docs=len(bm25.ids),
            recipe=asdict(bm25.recipe),
            seconds={"encode": opened - started, "search": time.perf_counter() - opened},
            libraries=LIBRARIES,
        )

    def evaluate_random(self, seed: int = 0) -> Evaluation:
        """Score a random ranking of the documents, the lower bound for any model.

        Raises:
            SearchappError: a dangling judgement, or a corpus without documents.
        """
        queries = self._checked_queries()
        ids = [document.id for document in self.corpus.documents()]
        self._check_documents(ids)
        started = time.perf_counter()
        run = random_run(ids, queries, self.depth, seed)
        return self._score(
            run,
            model=RANDOM,
            mode=RANDOM,
            n_docs=len(ids),
            recipe={"documents_digest": self.corpus.documents_digest, "seed": seed},
            seconds={"encode": 0.0, "search": time.perf_counter() - started},
        )

    def evaluate_run(self, run: Run, label: str, file: Path | None = None) -> Evaluation:
        """Score rankings from elsewhere, such as a TREC file; `label` names them in tables.

        Raises:
            SearchappError: the run names a document that is not in the corpus, or shares no query with it.
        """
        self._check_relevant()
        ids = [document.id for document in self.corpus.documents()]
        self._check_documents(ids)
        check_documents(run, set(ids), label, self.corpus.name)
        recipe = {"documents_digest": self.corpus.documents_digest}
        if file is not None:
            recipe[RUN_FILE] = str(file.resolve())
        evaluation = self._score(run, model=label, mode="run", n_docs=len(ids), recipe=recipe, seconds={})
        warn_of_absent(run, self.corpus.judgements, label)
        return evaluation

    def _score(
        self,
        run: Run,
        *,
        model: str,
        mode: str,
        n_docs: int,
        recipe: dict[str, Any],
        seconds: dict[str, float],
        libraries: Sequence[str] = (),
    ) -> Evaluation:
        started = time.perf_counter()
        scores = score(run, self.corpus.judgements, self.measures)
        result = Result(
            corpus=self.corpus.name,
            corpus_id=self.corpus.id,
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
                "queries_digest": self.corpus.queries_digest,
                "judgements_digest": self.corpus.judgements_digest,
                "depth": max((len(ranking.document_ids) for ranking in run.values()), default=0),
                "ties": TIE_RULE,
                "threads": os.cpu_count() or 1,
            },
            versions=installed_versions(*libraries),
        )
        return Evaluation(self.corpus.slug, result, run, scores)

    def _checked_queries(self) -> list[Query]:
        """Return the judged queries, which can be searched and scored."""
        self._check_relevant()
        check_queries(self.corpus.queries, self.depth)
        return self.corpus.queries

    def _check_relevant(self) -> None:
        grades = {grade for row in self.corpus.judgements.values() for grade in row.values()}
        if max(grades) < RELEVANT:
            raise SearchappError(
                f"No grade of {self.corpus.id} is above 0, so every score would be 0.",
                "A grade above 0 means relevant: check the column of grades in the judgements.",
            )

    def _check_documents(self, document_ids: Sequence[str]) -> None:
        """Check that ids are unique and that every judged document has one."""
        if len(set(document_ids)) < len(document_ids):
            name, _ = Counter(document_ids).most_common(1)[0]
            raise SearchappError(
                f"Duplicate document id {name!r} in {self.corpus.location}.", "Give each document its own id."
            )
        dangling = dangling_judgements(self.corpus, document_ids)
        if not dangling:
            return
        missing = f"{len(dangling)} judged documents of {self.corpus.id}"
        message = f"{missing} are not in the corpus (first: {dangling[0]!r})"
        if not self.allow_dangling:
            raise SearchappError(
                f"{message}, which caps every score.",
                f"Fix the judgements (`searchapp corpora {self.corpus.name}` says more), or score all the "
                "same, as MTEB does: --allow-dangling",
            )
        logger.warning("%s; they count as not retrieved.", message)


def open_retrieval(name: str, **settings: Any) -> RetrievalTask:
    """Return the task for the corpus with this name; `settings` are fields of `RetrievalTask`.

    Raises:
        SearchappError: there is no such corpus.
    """
    return RetrievalTask(open_corpus(name), **settings)


def _warn_of_tuning(corpus: Corpus, retriever: Retriever) -> None:
    if corpus.judgements_digest in retriever.tuned_on:
        logger.warning("The fusion was tuned on the judgements of %s; this score is optimistic.", corpus.id)

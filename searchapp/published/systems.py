"""What is measured against a claim: a model that searchapp runs, or a run that somebody made."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from searchapp.corpora.corpus import Corpus
from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.names import PRECOMPUTED, TRANSFORMER, split_name
from searchapp.encoders.options import Options
from searchapp.errors import SearchappError
from searchapp.evaluation.measures import measures_at
from searchapp.evaluation.results import read_result, result_files, run_file
from searchapp.evaluation.trec import read_run
from searchapp.index.build import encoder_for
from searchapp.published.claims import Claim, Source
from searchapp.published.definitions import JudgedRun
from searchapp.published.explain import Alternative
from searchapp.published.export import LOCAL
from searchapp.published.stemmer import stemmer_remarks
from searchapp.published.text_variants import TEXT_VARIANTS, search_in_memory, variants_of
from searchapp.records import Document, Problem, Result, Run
from searchapp.retrieval.bm25 import BM25, Bm25, Bm25Recipe, bm25_recipe
from searchapp.tasks.retrieval import Evaluation, evaluate_bm25, evaluate_model, evaluate_run

BM25_MODEL = "mteb/baseline-bm25s"
HYBRID = "hybrid"
LARGE = 100_000  # documents beyond which encoding them again takes its time


class ModelSystem:
    """A model that searchapp runs.

    Args:
        encoder: the model with its options.
        mode: `dense` or `hybrid`.
        progress: called with what is being done.
    """

    def __init__(self, encoder: Encoder, mode: str, progress: Callable[[str], None]) -> None:
        self._encoder = encoder
        self._mode = mode
        self._progress = progress

    def refusal(self, _corpus: Corpus) -> str:
        """Return nothing: a model can be run on any corpus."""
        return ""

    def evaluate(self, corpus: Corpus, cutoffs: Sequence[int]) -> Evaluation:
        """Score the model as `searchapp eval` does, judged documents that are absent allowed, as in MTEB."""
        encoder = encoder_for(corpus, self._encoder, self._encoder.options)

        def embedded(rows: int) -> None:
            self._progress(f"{corpus.name}: {rows:,} documents embedded with {encoder.name}")

        return evaluate_model(
            corpus,
            encoder,
            mode=self._mode,
            measures=measures_at(cutoffs),
            allow_dangling=True,
            progress=embedded,
        )

    def alternatives(self, corpus: Corpus, cutoffs: tuple[int, ...], *, thorough: bool) -> list[Alternative]:
        """Return other texts and vectors, then other splits.

        Precomputed vectors cannot be made otherwise. A transformer takes minutes for each, and a large
        corpus does too, so these wait for thoroughness.
        """

        @cache
        def documents() -> list[Document]:
            return list(corpus.documents())

        def options(changed: Options) -> Callable[[], JudgedRun]:
            def rank() -> JudgedRun:
                encoder = self._encoder.with_options(changed)
                return JudgedRun(
                    corpus, search_in_memory(documents(), corpus.queries, encoder, max(cutoffs)), cutoffs
                )

            return rank

        splits = split_alternatives(
            other_splits(corpus), lambda other: self.evaluate(other, cutoffs).run, cutoffs
        )
        kind, _ = split_name(self._encoder.name)
        slow = kind == TRANSFORMER or (corpus.count() or 0) > LARGE
        if kind == PRECOMPUTED or self._mode != "dense" or (slow and not thorough):
            return splits
        changes = [
            Alternative(change.name, change.description, options(changed))
            for change, changed in variants_of(self._encoder.options)
        ]
        return changes + splits

    def remarks(self, _claim: Claim, _result: Result) -> list[Problem]:
        """Return nothing: a model's figures have no cause of their own to differ."""
        return []


class Bm25System:
    """BM25, as MTEB's `baseline-bm25s` computes it."""

    def refusal(self, _corpus: Corpus) -> str:
        """Return nothing: BM25 can be run on any corpus."""
        return ""

    def evaluate(self, corpus: Corpus, cutoffs: Sequence[int]) -> Evaluation:
        """Score BM25 as `searchapp eval --mode bm25` does, judged documents that are absent allowed."""
        return evaluate_bm25(corpus, measures=measures_at(cutoffs), allow_dangling=True)

    def alternatives(self, corpus: Corpus, cutoffs: tuple[int, ...], *, thorough: bool) -> list[Alternative]:
        """Return other texts, other parameters, and other splits; all of them are quick."""
        usual = bm25_recipe(corpus.documents_digest)

        def by(recipe: Bm25Recipe) -> Callable[[], JudgedRun]:
            def rank() -> JudgedRun:
                index = Bm25.build(recipe, corpus.documents())
                return JudgedRun(corpus, index.search(corpus.queries, max(cutoffs)), cutoffs)

            return rank

        changed = [
            *(
                (change.name, change.description, replace(usual, template=change.fields["template"]))
                for change in TEXT_VARIANTS
                if change.fields.keys() == {"template"}
            ),
            ("lucene-parameters", "k1 1.2 and b 0.75, Lucene's own", replace(usual, k1=1.2, b=0.75)),
            ("anserini-parameters", "k1 0.9 and b 0.4, Anserini's own", replace(usual, k1=0.9, b=0.4)),
        ]
        return [
            *(Alternative(name, description, by(recipe)) for name, description, recipe in changed),
            *split_alternatives(
                other_splits(corpus), lambda other: self.evaluate(other, cutoffs).run, cutoffs
            ),
        ]

    def remarks(self, claim: Claim, result: Result) -> list[Problem]:
        """Return what the installed stemmer has to do with it."""
        return stemmer_remarks(claim, result)


class RunSystem:
    """Runs that somebody made: a TREC file, a result of ours, or a folder of them.

    Args:
        path: the file or folder.

    Raises:
        SearchappError: nothing there can be read, or a result has no run beside it.
    """

    def __init__(self, path: Path) -> None:
        self._runs: dict[str, Run] = {}
        for file in _run_files(path):
            self._runs[file.stem] = read_run(file)

    def refusal(self, corpus: Corpus) -> str:
        """Say that no run is of this corpus, or that several are."""
        names = self._fitting(corpus)
        if len(names) > 1:
            return f"several runs are of {corpus.id}: {', '.join(names)}; name one"
        return "" if names else f"no run holds a judged query of {corpus.id}"

    def evaluate(self, corpus: Corpus, cutoffs: Sequence[int]) -> Evaluation:
        """Score the run that shares queries with the corpus."""
        (name,) = self._fitting(corpus)
        measures = measures_at(cutoffs)
        return evaluate_run(corpus, self._runs[name], name, measures=measures, allow_dangling=True)

    def alternatives(self, corpus: Corpus, cutoffs: tuple[int, ...], *, thorough: bool) -> list[Alternative]:
        """Return the other splits whose queries the run holds."""
        (name,) = self._fitting(corpus)
        run = self._runs[name]
        held = [other for other in other_splits(corpus) if run.keys() & other.judgements.keys()]
        return split_alternatives(held, lambda _other: run, cutoffs)

    def remarks(self, _claim: Claim, _result: Result) -> list[Problem]:
        """Return nothing: how the run was made is not known."""
        return []

    def _fitting(self, corpus: Corpus) -> list[str]:
        return [name for name, run in self._runs.items() if run.keys() & corpus.judgements.keys()]


def choose_system(
    source: Source,
    model: str | None,
    mode: str | None,
    options: Options,
    against: Path | None,
    progress: Callable[[str], None] = lambda _step: None,
) -> tuple[ModelSystem | Bm25System | RunSystem | None, str]:
    """Return what is to be measured, or None and the reason why there is nothing.

    Args:
        source: what is claimed; it may name a model that is here.
        model: the model that the user named.
        mode: how to rank; None for what the model of the source needs.
        options: what shapes its vectors.
        against: runs that are there already.
        progress: called with what is being done.

    Raises:
        SearchappError: the model that the user named, or the run, is not there or damaged.
    """
    if against is not None:
        return RunSystem(against), ""
    if mode == BM25 or (mode is None and model is None and _is_bm25(source.model or "")):
        return Bm25System(), ""
    if model is not None:
        return ModelSystem(load_encoder(model, options), mode or "dense", progress), ""
    if source.model is None:
        return None, "the source names no model; name one with -m, or a run with --against"
    for name, way in _meant(source.model, mode):
        try:
            return ModelSystem(load_encoder(name, options), way, progress), ""
        except SearchappError:
            continue
    return None, f"{source.model} is not here; name a model with -m, or a run with --against"


def _is_bm25(name: str) -> bool:
    return name.startswith(BM25_MODEL) or name.removeprefix(LOCAL) == BM25


def _meant(name: str, mode: str | None) -> Iterator[tuple[str, str]]:
    """Yield what a source's model can be here, name and mode; `searchapp export` names modes behind it."""
    own = name.removeprefix(LOCAL)
    yield own, mode or "dense"
    if own == name:
        yield f"st:{name}", mode or "dense"
    if own.endswith(f"-{HYBRID}") and mode in {None, HYBRID}:
        yield own.removesuffix(f"-{HYBRID}"), HYBRID


def other_splits(corpus: Corpus) -> list[Corpus]:
    """Return the other splits of a corpus."""
    return [corpus.with_split(split) for split in corpus.splits() if split != corpus.split]


def split_alternatives(
    splits: Sequence[Corpus], rank: Callable[[Corpus], Run], cutoffs: tuple[int, ...]
) -> list[Alternative]:
    """Return an attempt for each split.

    Args:
        splits: other splits than the one that was measured.
        rank: gives the run on one of them.
        cutoffs: the k of each metric.
    """

    def attempt(split: Corpus) -> Alternative:
        return Alternative(
            "other-split",
            f"the split {split.split!r} instead",
            lambda: JudgedRun(split, rank(split), cutoffs),
        )

    return [attempt(split) for split in splits]


def _run_files(path: Path) -> list[Path]:
    if path.is_dir():
        results = result_files(path)
        if not results:
            raise SearchappError(f"{path} holds no results.", "`searchapp eval --run-out DIR` writes them.")
        return [_run_of(result) for result in results]
    return [_run_of(path) if path.suffix == ".json" else path]


def _run_of(path: Path) -> Path:
    read_result(path)
    file = run_file(path)
    if not file.exists():
        raise SearchappError(f"The run of {path} is not beside it ({file.name}).", "Keep the two together.")
    return file

"""What is measured against a claim: a model, BM25, or runs that another system computed."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from searchapp.corpora.corpus import Corpus
from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.options import PRECOMPUTED, TRANSFORMER, Options, split_name
from searchapp.errors import SearchappError
from searchapp.evaluation.measures import measures_at
from searchapp.evaluation.results import read_result, result_files, run_file
from searchapp.evaluation.trec import read_run
from searchapp.index.build import build_index, encoder_for
from searchapp.published.claims import Claim, Source
from searchapp.published.definitions import JudgedRun
from searchapp.published.explain import Alternative
from searchapp.published.export import LOCAL
from searchapp.published.stemmer import stemmer_remarks
from searchapp.published.text_variants import TEXT_VARIANTS, search_in_memory, variants_of
from searchapp.records import Document, Problem, Result, Run
from searchapp.retrieval.bm25 import BM25, Bm25, Bm25Recipe, bm25_recipe, open_bm25
from searchapp.retrieval.modes import DENSE, HYBRID, find_mode
from searchapp.tasks.retrieval import RetrievalTask
from searchapp.tasks.task import Evaluation

BM25_MODEL = "mteb/baseline-bm25s"
LARGE = 100_000  # encoding more documents again takes minutes

Variant = tuple[str, str, Callable[[], Run]]
"""A name, a description, and what ranks the corpus in that way."""


class System(ABC):
    """What is measured: a model, BM25, or precomputed runs."""

    @abstractmethod
    def evaluate(self, corpus: Corpus, cutoffs: Sequence[int]) -> Evaluation:
        """Score the system like `searchapp eval --allow-dangling`, which is what MTEB does."""

    @abstractmethod
    def _rank(self, corpus: Corpus, depth: int) -> Run:
        """Return the system's run on a corpus, without scoring it."""

    def refusal(self, _corpus: Corpus) -> str:
        """Return why the system cannot be measured on a corpus; empty when it can."""
        return ""

    def remarks(self, _claim: Claim, _result: Result) -> list[Problem]:
        """Return known reasons why this system's figures differ from published ones."""
        return []

    def alternatives(self, corpus: Corpus, cutoffs: tuple[int, ...], *, thorough: bool) -> list[Alternative]:
        """Return other ways to rank a corpus that may explain a figure, then its other splits.

        Ways that take minutes are included only if `thorough`.
        """
        depth = max(cutoffs)

        def judged(split: Corpus, rank: Callable[[], Run]) -> Callable[[], JudgedRun]:
            return lambda: JudgedRun(split, rank(), cutoffs)

        variants = [
            Alternative(name, description, judged(corpus, rank))
            for name, description, rank in self._variants(corpus, depth, thorough)
        ]
        splits = [corpus.with_split(split) for split in corpus.splits() if split != corpus.split]
        return variants + [
            Alternative(
                "other-split",
                f"the split {split.split!r} instead",
                judged(split, partial(self._rank, split, depth)),
            )
            for split in splits
            if not self.refusal(split)
        ]

    def _variants(self, _corpus: Corpus, _depth: int, _thorough: bool) -> Iterator[Variant]:
        """Yield other ways to rank the same split."""
        yield from ()


class ModelSystem(System):
    """A model that searchapp runs, in a retrieval mode that needs one."""

    def __init__(self, encoder: Encoder, mode: str, progress: Callable[[str], None]) -> None:
        self._encoder = encoder
        self._mode = mode
        self._progress = progress

    def evaluate(self, corpus: Corpus, cutoffs: Sequence[int]) -> Evaluation:
        """Score the model on a corpus; its index is built first if necessary."""
        encoder = encoder_for(corpus, self._encoder, self._encoder.options)
        return _task(corpus, cutoffs, self._mode).evaluate(encoder, partial(self._report, corpus))

    def _rank(self, corpus: Corpus, depth: int) -> Run:
        encoder = encoder_for(corpus, self._encoder, self._encoder.options)
        index = build_index(corpus, encoder, progress=partial(self._report, corpus))
        run, _ = find_mode(self._mode).open(index, encoder).search(corpus.queries, depth)
        return run

    def _variants(self, corpus: Corpus, depth: int, thorough: bool) -> Iterator[Variant]:
        """Yield other texts and vectors, where encoding them is possible and not too slow."""
        kind, _ = split_name(self._encoder.name)
        slow = kind == TRANSFORMER or (corpus.count() or 0) > LARGE
        if kind == PRECOMPUTED or self._mode != DENSE or (slow and not thorough):
            return

        @cache
        def documents() -> list[Document]:
            return list(corpus.documents())

        def rank(options: Options) -> Run:
            encoder = self._encoder.with_options(options)
            return search_in_memory(documents(), corpus.queries, encoder, depth)

        for variant, options in variants_of(self._encoder.options):
            yield variant.name, variant.description, partial(rank, options)

    def _report(self, corpus: Corpus, rows: int) -> None:
        self._progress(f"{corpus.name}: {rows:,} documents encoded with {self._encoder.name}")


class Bm25System(System):
    """BM25 as MTEB's `baseline-bm25s` computes it."""

    def evaluate(self, corpus: Corpus, cutoffs: Sequence[int]) -> Evaluation:
        """Score BM25 on a corpus."""
        return _task(corpus, cutoffs).evaluate_bm25()

    def _rank(self, corpus: Corpus, depth: int) -> Run:
        return open_bm25(corpus.documents_digest, corpus.documents).search(corpus.queries, depth)

    def _variants(self, corpus: Corpus, depth: int, _thorough: bool) -> Iterator[Variant]:
        """Yield other texts and other parameters; all of them are quick."""
        usual = bm25_recipe(corpus.documents_digest)

        def rank(recipe: Bm25Recipe) -> Run:
            return Bm25.build(recipe, corpus.documents()).search(corpus.queries, depth)

        for variant in TEXT_VARIANTS:
            if variant.fields.keys() == {"template"}:
                recipe = replace(usual, template=variant.fields["template"])
                yield variant.name, variant.description, partial(rank, recipe)
        for name, k1, b in (("lucene", 1.2, 0.75), ("anserini", 0.9, 0.4)):
            description = f"the defaults of {name.title()}, k1 = {k1} and b = {b}"
            yield f"{name}-parameters", description, partial(rank, replace(usual, k1=k1, b=b))

    def remarks(self, claim: Claim, result: Result) -> list[Problem]:
        """Report the installed stemmer where it changes the figures."""
        return stemmer_remarks(claim, result)


class RunSystem(System):
    """Runs that were computed before: a TREC file, a result of `searchapp eval`, or a folder of results.

    Raises:
        SearchappError: nothing there can be read, or the run of a result is missing.
    """

    def __init__(self, path: Path) -> None:
        self._runs = {file.stem: read_run(file) for file in _run_files(path)}

    def refusal(self, corpus: Corpus) -> str:
        """Report that no run shares a judged query with the corpus, or that several do."""
        names = self._matching(corpus)
        if len(names) > 1:
            return f"several runs are for {corpus.id}: {', '.join(names)}; name one"
        return "" if names else f"no run has a judged query of {corpus.id}"

    def evaluate(self, corpus: Corpus, cutoffs: Sequence[int]) -> Evaluation:
        """Score the run that shares judged queries with the corpus."""
        (name,) = self._matching(corpus)
        return _task(corpus, cutoffs).evaluate_run(self._runs[name], name)

    def _rank(self, corpus: Corpus, _depth: int) -> Run:
        (name,) = self._matching(corpus)
        return self._runs[name]

    def _matching(self, corpus: Corpus) -> list[str]:
        return [name for name, run in self._runs.items() if run.keys() & corpus.judgements.keys()]


def is_of_bm25(source: Source) -> bool:
    """Tell whether the figures of a source are those of BM25."""
    claimed = source.model or ""
    return claimed.startswith(BM25_MODEL) or claimed.removeprefix(LOCAL) == BM25


def choose_system(
    source: Source,
    model: str | Encoder | None,
    mode: str | None,
    options: Options,
    against: Path | None,
    progress: Callable[[str], None] = lambda _step: None,
) -> tuple[System | None, str]:
    """Return the system to measure, or None and the reason why there is none.

    Args:
        source: what is claimed; it may name a model that is available.
        model: the model that the user named, or an opened one.
        mode: how to rank; None for the mode of the source's model.
        options: what shapes the vectors.
        against: precomputed runs.
        progress: called with a description of the current step.

    Raises:
        SearchappError: the model or the run that the user named is missing or damaged.
    """
    if against is not None:
        return RunSystem(against), ""
    if mode == BM25 or (mode is None and model is None and is_of_bm25(source)):
        return Bm25System(), ""
    if model is not None:
        encoder = load_encoder(model, options) if isinstance(model, str) else model
        return ModelSystem(encoder, mode or DENSE, progress), ""
    if source.model is None:
        return None, "the source names no model; name one with -m, or a run with --against"
    for name, candidate_mode in _candidates(source.model, mode):
        try:
            return ModelSystem(load_encoder(name, options), candidate_mode, progress), ""
        except SearchappError:
            continue
    return None, f"{source.model} is not on this machine; name a model with -m, or a run with --against"


def _candidates(name: str, mode: str | None) -> Iterator[tuple[str, str]]:
    """Yield the models and modes that a source's model may be; `searchapp export` appends the mode."""
    bare = name.removeprefix(LOCAL)
    yield bare, mode or DENSE
    if bare == name:
        yield f"{TRANSFORMER}:{name}", mode or DENSE
    if bare.endswith(f"-{HYBRID}") and mode in {None, HYBRID}:
        yield bare.removesuffix(f"-{HYBRID}"), HYBRID


def _run_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [_run_of(path) if path.suffix == ".json" else path]
    results = result_files(path)
    if not results:
        raise SearchappError(f"{path} has no results.", "`searchapp eval --run-out DIR` writes them.")
    return [_run_of(result) for result in results]


def _run_of(result: Path) -> Path:
    read_result(result)
    run = run_file(result)
    if not run.exists():
        raise SearchappError(f"The run of {result} is missing ({run.name}).", "Keep both in one folder.")
    return run


def _task(corpus: Corpus, cutoffs: Sequence[int], mode: str = DENSE) -> RetrievalTask:
    """Return the task as MTEB scores it: judged documents may be missing from the corpus."""
    return RetrievalTask(corpus, measures_at(cutoffs), mode, allow_dangling=True)

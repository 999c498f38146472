"""Find the runs that a user wants to compare, and check that they can be compared."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.resolve import open_corpus
from searchapp.errors import SearchappError, did_you_mean_path
from searchapp.evaluation.results import holds_result, read_result, result_files, run_file
from searchapp.evaluation.trec import check_documents, read_run
from searchapp.records import Result, Run

logger = logging.getLogger(__name__)

DIGESTS = {"documents_digest": "documents", "judgements_digest": "judgements"}
"""What two runs must share: name in the recipe -> what an error calls it."""


@dataclass(frozen=True)
class RunInput:
    """One run of a comparison.

    `label` is unique among them, `path` is its TREC file, `result` is what `searchapp eval` stored next to
    it, None for a run by another tool.
    """

    label: str
    path: Path
    result: Result | None


def open_run_inputs(names: Sequence[str], corpus_name: str | None = None) -> tuple[Corpus, list[RunInput]]:
    """Find the runs that a user names and their common corpus; rankings are not read yet.

    Args:
        names: result files, their stems, TREC files, or folders with one result of the corpus.
        corpus_name: the corpus of the runs; results know theirs, TREC files do not.

    Raises:
        SearchappError: a name matches nothing or several results, a file is damaged, the results are of
            different documents or judgements, or the corpus has changed since.
    """
    corpus = None if corpus_name is None else open_corpus(corpus_name)
    inputs = [_find(name, corpus) for name in names]
    stored = [(path, result) for path, result in inputs if result is not None]
    for path, result in stored[1:]:
        _check_same(stored[0], (path, result))
    if corpus is None:
        if not stored:
            raise SearchappError(
                f"{inputs[0][0]} does not say which corpus it is a run of.",
                "Name the corpus, as in: searchapp compare OURS.trec THEIRS.trec -c nfcorpus",
            )
        result = stored[0][1]
        corpus = replace(open_corpus(result.corpus_id), name=result.corpus)
    for path, result in stored:
        _check_here(path, result, corpus)
    if len({result.recipe.get("queries_digest") for _, result in stored}) > 1:
        logger.warning("The runs were made with different query texts.")
    labels = [path.stem.removeprefix(f"{corpus.slug}.") for path, _ in inputs]
    return corpus, [
        RunInput(label if labels.count(label) == 1 else str(path), path, result)
        for label, (path, result) in zip(labels, inputs, strict=True)
    ]


def read_rankings(entries: Sequence[RunInput], corpus: Corpus) -> list[Run]:
    """Read the rankings of runs, in the order of the entries.

    Raises:
        SearchappError: a file is damaged, or has a document that is not in the corpus.
    """
    document_ids = {document.id for document in corpus.documents()}
    runs = []
    for entry in entries:
        run = read_run(entry.path)
        check_documents(run, document_ids, str(entry.path), corpus.name)
        runs.append(run)
    return runs


def run_labels(paths: Sequence[Path]) -> list[str]:
    """Return a name for each run: its file name without extension, or more where several have the same.

    >>> run_labels([Path("bm25.trec"), Path("a/dense.trec"), Path("b/dense.trec")])
    ['bm25', 'a/dense', 'b/dense']
    >>> run_labels([Path("dense.trec"), Path("dense.txt")])
    ['dense.trec', 'dense.txt']
    """
    stems = Counter(path.stem for path in paths)
    without = Counter(str(path.with_suffix("")) for path in paths)
    repeated = {Path(name).name for name, count in without.items() if count > 1}

    def label(path: Path) -> str:
        if stems[path.stem] == 1:
            return path.stem
        return str(path) if path.stem in repeated else str(path.with_suffix(""))

    return [label(path) for path in paths]


def _find(name: str, corpus: Corpus | None) -> tuple[Path, Result | None]:
    """Return the TREC file that a user names, and the result next to it if there is one."""
    path = Path(name).expanduser()
    if path.is_dir():
        path = _only_result(path, corpus)
    elif not path.exists():
        path = next(
            (candidate for end in (".json", ".trec") if (candidate := Path(f"{path}{end}")).exists()), path
        )
    if not path.exists():
        raise SearchappError(
            f"There is no run {name!r}: no result, no TREC file and no folder of that name.",
            f"{did_you_mean_path(path)}`searchapp eval CORPUS --run-out DIR` stores runs; name DIR, or a "
            "file in it.",
        )
    if path.suffix == ".json":
        run = run_file(path)
        if not run.exists():
            raise SearchappError(
                f"{path} has no run next to it: {run.name} is missing.",
                "A comparison needs the rankings: evaluate again with --run-out.",
            )
        return run, read_result(path)
    stored = path.with_suffix(".json")
    known = path.suffix == ".trec" and stored.exists() and holds_result(stored)
    return path, read_result(stored) if known else None


def _only_result(folder: Path, corpus: Corpus | None) -> Path:
    """Return the only result of a corpus in a folder, or the only one of any corpus when None."""
    files = result_files(folder)
    matching = [path for path in files if corpus is None or read_result(path).corpus_id == corpus.id]
    if len(matching) == 1:
        return matching[0]
    of = "" if corpus is None else f" of {corpus.name}"
    if matching:
        stems = "\n".join(str(path.with_suffix("")) for path in matching)
        raise SearchappError(
            f"{folder} has {len(matching)} results{of}: which one?",
            f"Name one, or its corpus with -c:\n{stems}",
        )
    raise SearchappError(
        f"{folder} has no result{of}.", "`searchapp eval CORPUS --run-out DIR` writes results there."
    )


def _check_same(baseline: tuple[Path, Result], candidate: tuple[Path, Result]) -> None:
    (baseline_path, before), (path, after) = baseline, candidate
    for key, what in DIGESTS.items():
        if before.recipe.get(key) != after.recipe.get(key):
            digests = (f"{result.corpus_id} {_short(result.recipe.get(key))}" for result in (after, before))
            raise SearchappError(
                f"{path} and {baseline_path} cannot be compared: they are of different {what} "
                f"({', '.join(digests)}).",
                "Evaluate both on the same corpus: searchapp eval CORPUS --run-out DIR",
            )


def _check_here(path: Path, result: Result, corpus: Corpus) -> None:
    for key, what in DIGESTS.items():
        if result.recipe.get(key) != getattr(corpus, key):
            message = f"The {what} of {corpus.name} have changed since {path} was written."
            if result.corpus_id != corpus.id:
                message = f"{path} is a run of {result.corpus_id}; {corpus.name} has other {what}."
            raise SearchappError(message, f"Evaluate it again: searchapp eval {corpus.name} --run-out DIR")


def _short(digest: object) -> str:
    return digest[:12] if isinstance(digest, str) else "without a digest"

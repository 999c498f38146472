"""The runs that are to be compared: found by what a user calls them, and fit to be compared or refused."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.resolve import open_corpus
from searchapp.errors import SearchappError
from searchapp.evaluation.results import holds_result, read_result, result_files, run_file
from searchapp.evaluation.trec import check_documents, read_run
from searchapp.records import Result, Run

logger = logging.getLogger(__name__)

DIGESTS = {"documents_digest": "documents", "judgements_digest": "judgements"}
"""What two runs must have in common, by its name in a recipe."""


@dataclass(frozen=True)
class RunInput:
    """One run that takes part in a comparison.

    `label` tells it apart from the others, `path` is its TREC file, `result` is what `searchapp eval`
    stored beside it, None for a run that another tool made.
    """

    label: str
    path: Path
    result: Result | None


def open_run_inputs(names: Sequence[str], corpus_name: str | None = None) -> tuple[Corpus, list[RunInput]]:
    """Find the runs that a user names and the corpus that all of them are of; rankings are not read yet.

    Args:
        names: result files, their stems, TREC files, or folders that hold one result of the corpus.
        corpus_name: what they are runs of; results know theirs, TREC files do not.

    Raises:
        SearchappError: a name stands for nothing or for several results, a file is damaged, the results
            are of different documents or judgements, or those here are others.
    """
    corpus = None if corpus_name is None else open_corpus(corpus_name)
    found = [_find(name, corpus) for name in names]
    stored = [(path, result) for path, result in found if result is not None]
    for path, result in stored[1:]:
        _check_same(stored[0], (path, result))
    if corpus is None:
        if not stored:
            raise SearchappError(
                f"{found[0][0]} does not say what corpus it is a run of.",
                "Name the corpus, as in: searchapp compare OURS.trec THEIRS.trec -c nfcorpus",
            )
        result = stored[0][1]
        corpus = replace(open_corpus(result.corpus_id), name=result.corpus)
    for path, result in stored:
        _check_here(path, result, corpus)
    if len({result.recipe.get("queries_digest") for _, result in stored}) > 1:
        logger.warning("The texts of the queries were not the same for all runs.")
    labels = [path.stem.removeprefix(f"{corpus.slug}.") for path, _ in found]
    return corpus, [
        RunInput(label if labels.count(label) == 1 else str(path), path, result)
        for label, (path, result) in zip(labels, found, strict=True)
    ]


def read_rankings(entries: Sequence[RunInput], corpus: Corpus) -> list[Run]:
    """Read the rankings of runs, in the order of the entries.

    Raises:
        SearchappError: a file is damaged, or names a document that the corpus lacks.
    """
    document_ids = {document.id for document in corpus.documents()}
    runs = []
    for entry in entries:
        run = read_run(entry.path)
        check_documents(run, document_ids, str(entry.path), corpus.name)
        runs.append(run)
    return runs


def _find(name: str, corpus: Corpus | None) -> tuple[Path, Result | None]:
    """Return the TREC file that a name stands for, and the result beside it if there is one."""
    path = Path(name).expanduser()
    if path.is_dir():
        path = _only_result(path, corpus)
    elif not path.exists():
        path = next((whole for end in (".json", ".trec") if (whole := Path(f"{path}{end}")).exists()), path)
    if not path.exists():
        raise SearchappError(
            f"There is no run {name!r}: no result, no TREC file and no folder of that name.",
            "`searchapp eval CORPUS --run-out DIR` keeps runs; name DIR, or a file in it.",
        )
    if path.suffix == ".json":
        run = run_file(path)
        if not run.exists():
            raise SearchappError(
                f"{path} has no run beside it: {run.name} is missing.",
                "A comparison needs the rankings: evaluate again with --run-out.",
            )
        return run, read_result(path)
    beside = path.with_suffix(".json")
    known = path.suffix == ".trec" and beside.exists() and holds_result(beside)
    return path, read_result(beside) if known else None


def _only_result(folder: Path, corpus: Corpus | None) -> Path:
    """Return the one result of a folder that is of a corpus, or of any when None."""
    files = result_files(folder)
    fitting = [path for path in files if corpus is None or read_result(path).corpus_id == corpus.id]
    if len(fitting) == 1:
        return fitting[0]
    of = "" if corpus is None else f" of {corpus.name}"
    if fitting:
        held = "\n".join(str(path.with_suffix("")) for path in fitting)
        raise SearchappError(
            f"{folder} holds {len(fitting)} results{of}: which one?",
            f"Name it, or its corpus with -c:\n{held}",
        )
    raise SearchappError(
        f"{folder} holds no result{of}.", "`searchapp eval CORPUS --run-out DIR` writes results there."
    )


def _check_same(first: tuple[Path, Result], other: tuple[Path, Result]) -> None:
    (path, result), (second, theirs) = first, other
    for key, what in DIGESTS.items():
        ours, its = (one.recipe.get(key) for one in (result, theirs))
        if ours != its:
            raise SearchappError(
                f"{second} and {path} cannot be compared: they are of different {what} "
                f"({theirs.corpus_id} {_short(its)}, {result.corpus_id} {_short(ours)}).",
                "Evaluate both on the same corpus: searchapp eval CORPUS --run-out DIR",
            )


def _check_here(path: Path, result: Result, corpus: Corpus) -> None:
    for key, what in DIGESTS.items():
        if result.recipe.get(key) != getattr(corpus, key):
            message = f"The {what} of {corpus.name} are no longer those that {path} was made on."
            if result.corpus_id != corpus.id:
                message = (
                    f"{path} is a run of {result.corpus_id}, whose {what} are not those of {corpus.name}."
                )
            raise SearchappError(message, f"Evaluate it again: searchapp eval {corpus.name} --run-out DIR")


def _short(digest: object) -> str:
    return digest[:12] if isinstance(digest, str) else "without a digest"

"""What can be reproduced: a model card, MTEB result files, or a model of the shipped table."""

from pathlib import Path

from searchapp.errors import SearchappError
from searchapp.published import table
from searchapp.published.claims import NOTHING_SCORED, Claim, Source, TaskEntry
from searchapp.published.model_card import read_model_card
from searchapp.published.mteb_files import model_of, read_result_file, result_files
from searchapp.records import Problem

_KINDS = "A source is a model card (README.md), an MTEB result file or folder, or a published model's name."


def read_source(name: str) -> Source:
    """Read what a source claims about retrieval.

    Args:
        name: the path of a model card, of an MTEB result file or of a folder of them (one model's), or
            the name of a model that the shipped table knows, in any case.

    Raises:
        SearchappError: there is no such source, it is of no known kind, it holds two results of one
            task, or nothing in it is a claim about retrieval. A file of a folder that cannot be read
            is no error while others can: it stands in `Source.problems`.
    """
    source = scan_source(name)
    if source.claims:
        return source
    if source.problems:
        first = source.problems[0]
        raise SearchappError(first.message, first.hint)
    empty = next((entry for entry in source.entries if not entry.figures), None)
    if empty is not None:
        raise SearchappError(
            f"{empty.where}: nothing was scored; {empty.task} has no scores.", NOTHING_SCORED
        )
    raise SearchappError(
        f"{name} claims nothing about retrieval; it speaks of {source.tasks} other tasks.", _KINDS
    )


def scan_source(name: str) -> Source:
    """Read a source as `read_source` does, and return it though it claim nothing about retrieval.

    Raises:
        SearchappError: there is no such source, it is of no known kind, or it holds two results of one
            task.
    """
    path = Path(name).expanduser()
    if name and path.is_dir():
        card = path / "README.md"
        return _card(name, card) if card.exists() else _folder(name, path)
    if path.is_file():
        return _card(name, path) if path.suffix.casefold() in {".md", ".markdown"} else _file(name, path)
    if path.suffix.casefold() in {".md", ".json"} or name.startswith((".", "/", "~")):
        raise SearchappError(f"There is no {path}.", _KINDS)
    return _known(name)


def _card(name: str, path: Path) -> Source:
    model, entries, claims = read_model_card(path)
    return _source(name, "model card", model, None, entries, claims)


def _file(name: str, path: Path) -> Source:
    entry, claims = read_result_file(path)
    return _source(name, "MTEB result", *model_of(path), [entry], claims)


def _folder(name: str, folder: Path) -> Source:
    files = result_files(folder)
    if not files:
        raise SearchappError(f"{folder} holds no result files, nor a README.md.", _KINDS)
    entries: list[TaskEntry] = []
    claims: list[Claim] = []
    problems: list[Problem] = []
    read: dict[str, Path] = {}
    for path in files:
        try:
            entry, more = read_result_file(path)
        except SearchappError as error:
            problems.append(Problem("unreadable", error.message, error.hint))
            continue
        _check_alone(folder, entry.task, path, read)
        read[entry.task] = path
        entries.append(entry)
        claims += more
    model = model_of(next(iter(read.values()), files[0]))
    return _source(name, "MTEB results", *model, entries, claims, problems)


def _check_alone(folder: Path, task: str, path: Path, read: dict[str, Path]) -> None:
    """Raise when a result is not of the model of those that were read, or of a task that was."""
    other = read.get(task) or next((one for one in read.values() if one.parent != path.parent), None)
    if other is not None:
        what = f"two results of {task}" if task in read else "results of several models or revisions"
        raise SearchappError(
            f"{folder} holds {what}: {other} and {path}.",
            f"Keep one of each task, and name the folder of one revision of a model, such as {path.parent}.",
        )


def _known(name: str) -> Source:
    model = table.find_model(name)
    entries, claims = table.results(model)
    revisions = {score.revision for score in table.scores_of(model)}
    return _source(
        name, "published table", model, revisions.pop() if len(revisions) == 1 else None, entries, claims
    )


def _source(
    name: str,
    kind: str,
    model: str | None,
    revision: str | None,
    entries: list[TaskEntry],
    claims: list[Claim],
    problems: list[Problem] | None = None,
) -> Source:
    tasks = len({entry.task for entry in entries})
    return Source(name, kind, model, revision, tuple(claims), tasks, tuple(entries), tuple(problems or ()))

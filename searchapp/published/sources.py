"""What can be reproduced: a model card, MTEB result files, or a published model by name."""

from pathlib import Path

from searchapp.encoders.model_files import is_static
from searchapp.errors import SearchappError
from searchapp.published import table
from searchapp.published.claims import NOTHING_SCORED, Claim, Source, TaskEntry
from searchapp.published.model_card import read_model_card
from searchapp.published.mteb_files import find_result_files, model_and_revision, read_result_file
from searchapp.records import Problem

_KINDS = "A source is a model card (README.md), an MTEB result file or folder, or a published model's name."


def read_source(name: str) -> Source:
    """Read what a source claims about retrieval.

    Args:
        name: the path of a model card, an MTEB result file or a folder of them (for one model), or the
            name of a model in the table of published figures, in upper or lower case.

    Raises:
        SearchappError: `scan_source` raises it, or nothing in the source is about retrieval. An unreadable
            file in a folder is not an error while others can be read; see `Source.problems`.
    """
    source = scan_source(name)
    if source.claims:
        return source
    if source.problems:
        first = source.problems[0]
        raise SearchappError(first.message, first.hint)
    empty = next((entry for entry in source.entries if not entry.figures), None)
    if empty is not None:
        raise SearchappError(f"{empty.where}: {empty.task} has no scores.", NOTHING_SCORED)
    raise SearchappError(
        f"{name} claims nothing about retrieval; all its tasks ({source.tasks}) are of other types.", _KINDS
    )


def scan_source(name: str) -> Source:
    """Read a source like `read_source`, but accept one that claims nothing about retrieval.

    Raises:
        SearchappError: there is no such source, its kind is unknown, or it holds two results for one task.
    """
    path = Path(name).expanduser()
    if name and path.is_dir():
        card = path / "README.md"
        return _card(name, card) if card.exists() else _folder(name, path)
    if path.is_file():
        return _card(name, path) if path.suffix.casefold() in {".md", ".markdown"} else _file(name, path)
    if path.suffix.casefold() in {".md", ".json"} or name.startswith((".", "/", "~")):
        raise SearchappError(f"There is no {path}.", _KINDS)
    return _published_model(name)


def _card(name: str, path: Path) -> Source:
    model, entries, claims = read_model_card(path)
    if is_static(path.parent):  # the card of the model beside it
        model = str(path.parent.resolve())
    return Source(name, "model card", model, None, tuple(claims), tuple(entries))


def _file(name: str, path: Path) -> Source:
    entry, claims = read_result_file(path)
    return Source(name, "MTEB result", *model_and_revision(path), tuple(claims), (entry,))


def _folder(name: str, folder: Path) -> Source:
    files = find_result_files(folder)
    if not files:
        raise SearchappError(f"{folder} contains neither result files nor a README.md.", _KINDS)
    entries: list[TaskEntry] = []
    claims: list[Claim] = []
    problems: list[Problem] = []
    file_of: dict[str, Path] = {}
    for path in files:
        try:
            entry, claims_of_file = read_result_file(path)
        except SearchappError as error:
            problems.append(Problem("unreadable", error.message, error.hint))
            continue
        _check_unique(folder, entry.task, path, file_of)
        file_of[entry.task] = path
        entries.append(entry)
        claims += claims_of_file
    model, revision = model_and_revision(next(iter(file_of.values()), files[0]))
    return Source(name, "MTEB results", model, revision, tuple(claims), tuple(entries), tuple(problems))


def _check_unique(folder: Path, task: str, path: Path, file_of: dict[str, Path]) -> None:
    """Raise when a result repeats a task that was read, or belongs to another model or revision."""
    clash = file_of.get(task) or next((file for file in file_of.values() if file.parent != path.parent), None)
    if clash is not None:
        what = f"two results for {task}" if task in file_of else "results of several models or revisions"
        raise SearchappError(
            f"{folder} holds {what}: {clash} and {path}.",
            f"Keep one result per task, and name the folder of one revision, such as {path.parent}.",
        )


def _published_model(name: str) -> Source:
    model = table.find_model(name)
    entries, claims = table.claims_of(model)
    revisions = {score.revision for score in table.scores_of(model)}
    revision = revisions.pop() if len(revisions) == 1 else None
    return Source(name, "published table", model, revision, tuple(claims), tuple(entries))

"""The published figures that travel with searchapp: a row a model and task, and some results in full."""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from searchapp.errors import SearchappError
from searchapp.published.claims import Claim, TaskEntry
from searchapp.published.mteb_files import read_document
from searchapp.tasks.mteb import TASKS, bare_name, find_task

DATA = Path(__file__).parent / "data"
TABLE = "leaderboard.csv.gz"
RESULTS = "results.json.gz"
METRICS = ("ndcg_at_10", "map_at_10", "mrr_at_10", "recall_at_100")
"""What the table holds of each model; a metric that was not published is left out."""


@dataclass(frozen=True)
class Score:
    """The published metrics of one model on one split of one task, as fractions."""

    task: str
    split: str
    model: str
    revision: str
    dataset_revision: str | None
    mteb_version: str | None
    metrics: dict[str, float]

    @property
    def ndcg(self) -> float:
        """nDCG@10, which every row has."""
        return self.metrics["ndcg_at_10"]


def scores(task: str, split: str) -> list[Score]:
    """Return the published scores on a split of a task, a row a model, the best nDCG@10 first.

    Args:
        task: MTEB's name.
        split: `test`, or `dev` for MSMARCO, of which both are published.
    """
    rows = _rows(line for line in _lines() if line.startswith(f"{task},{split},"))
    return sorted(rows, key=lambda score: (-score.ndcg, score.model))


def all_scores() -> Iterator[Score]:
    """Yield every row of the table."""
    return _rows(_lines())


def scores_of(model: str) -> list[Score]:
    """Return what is published of a model: a row a task and split."""
    return [score for score in all_scores() if score.model == model]


def published_tasks() -> dict[tuple[str, str], int]:
    """Return (task, split) -> how many models are published."""
    counts: dict[tuple[str, str], int] = {}
    for line in _lines():
        task, split, _ = line.split(",", 2)
        counts[task, split] = counts.get((task, split), 0) + 1
    return counts


def find_published(name: str) -> tuple[str, str]:
    """Return the task and split that a name stands for: a corpus of searchapp's, an id, or MTEB's name.

    A name without a split stands for the one whose figures MTEB publishes.

    Raises:
        SearchappError: nothing is published for it here; what is, is named.
    """
    known = published_tasks()
    task = find_task(name)
    if task is not None and (task.name, task.split) in known:
        return task.name, task.split
    wanted = bare_name(name).casefold()
    for title, split in known:
        split_id = TASKS[title].id_of(split) if title in TASKS else title
        if wanted in {split_id, title.casefold()}:
            return title, split
    raise SearchappError(
        f"No figures are published here for {name!r}.",
        f"There are some for {', '.join(sorted({title for title, _ in known}))}.",
    )


def find_model(name: str) -> str:
    """Return a published model's name as it is written; upper and lower case are the same.

    The organisation may be left out where one model only has the rest of the name.

    Raises:
        SearchappError: there is no such model, or several; near matches are named.
    """
    models = dict.fromkeys(score.model for score in all_scores())
    wanted = name.casefold()
    found = [model for model in models if model.casefold() == wanted]
    found = found or [model for model in models if model.casefold().rsplit("/", 1)[-1] == wanted]
    if len(found) == 1:
        return found[0]
    folded = {model.casefold(): model for model in models}
    folded |= {short.rsplit("/", 1)[-1]: model for short, model in folded.items()}
    near = found or list(dict.fromkeys(folded[match] for match in get_close_matches(wanted, folded)))
    raise SearchappError(
        f"{name!r} is neither a file nor one of the {len(models)} published models that searchapp knows.",
        f"Did you mean {', '.join(near)}?" if near else "`searchapp models --published nfcorpus` lists them.",
    )


def results(model: str) -> tuple[list[TaskEntry], list[Claim]]:
    """Return what is published of a model: every metric of the tasks whose result files are here."""
    full = {row["document"]["task_name"]: row["document"] for row in full_results() if row["model"] == model}
    documents = [
        full.get(score.task)
        or {
            "mteb_dataset_name": score.task,
            "dataset_revision": score.dataset_revision,
            "mteb_version": score.mteb_version,
            score.split: score.metrics,
        }
        for score in scores_of(model)
    ]
    read = [read_document(document, f"published figures of {model}") for document in documents]
    return [entry for entry, _ in read], [claim for _, claims in read for claim in claims]


def full_results() -> list[dict[str, Any]]:
    """Return the result files that are here: model, revision, and the document with its retrieval metrics."""
    return cast(list[dict[str, Any]], json.loads(_unpacked(RESULTS)))


def as_csv() -> str:
    """Return the table of scores as CSV."""
    return _unpacked(TABLE)


def _unpacked(name: str) -> str:
    return gzip.decompress((DATA / name).read_bytes()).decode()


def _lines() -> list[str]:
    return as_csv().splitlines()[1:]


def _rows(lines: Iterable[str]) -> Iterator[Score]:
    """Yield the scores of lines of the table: task, split, model, revisions, version, metrics."""
    for task, split, model, revision, dataset_revision, version, *values in csv.reader(lines):
        metrics = {metric: float(value) for metric, value in zip(METRICS, values, strict=True) if value != ""}
        known = None if dataset_revision == "None" else dataset_revision
        yield Score(task, split, model, revision, known, version or None, metrics)

"""The published figures that come with searchapp: one row per model and task, and some full results."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from searchapp.corpora.resolve import ALIASES
from searchapp.errors import SearchappError, did_you_mean
from searchapp.published.claims import Claim, TaskEntry
from searchapp.published.mteb_files import read_document
from searchapp.tasks.mteb import TASKS, bare_name, find_task

DATA = Path(__file__).parent / "data"
TABLE = "leaderboard.csv.gz"
RESULTS = "results.json.gz"
METRICS = ("ndcg_at_10", "map_at_10", "mrr_at_10", "recall_at_100")
"""The metrics in the table; one that was not published is left out."""


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
    """Return the published scores on a split of an MTEB task, one row per model, best nDCG@10 first.

    MSMARCO has published figures for `test` and `dev`, the other tasks for `test`.
    """
    rows = _rows(line for line in _lines() if line.startswith(f"{task},{split},"))
    return sorted(rows, key=lambda score: (-score.ndcg, score.model))


def all_scores() -> Iterator[Score]:
    """Yield every row of the table."""
    return _rows(_lines())


def scores_of(model: str) -> list[Score]:
    """Return the published scores of a model, one row per task and split."""
    return [score for score in all_scores() if score.model == model]


def published_tasks() -> dict[tuple[str, str], int]:
    """Return (task, split) -> the number of models with published scores."""
    return Counter((task, split) for task, split, _ in (line.split(",", 2) for line in _lines()))


def find_published_task(name: str) -> tuple[str, str]:
    """Return the MTEB task and split for a corpus name, an ir_datasets id, or MTEB's own name.

    A name without a split refers to the split on which MTEB publishes figures.

    Raises:
        SearchappError: the table has no figures for it; the message lists the tasks that it has.
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
    titles = sorted({title for title, _ in known})
    near = did_you_mean(name, [*titles, *ALIASES])
    raise SearchappError(
        f"The table of published figures has none for {name!r}.",
        f"{near}It has figures for {', '.join(titles)}.",
    )


def find_model(name: str) -> str:
    """Return the exact name of a published model; case is ignored.

    The organisation may be omitted if the rest of the name is unique.

    Raises:
        SearchappError: there is no such model, or several; the message lists near matches.
    """
    models = dict.fromkeys(score.model for score in all_scores())
    wanted = name.casefold()
    equal = [model for model in models if model.casefold() == wanted]
    equal = equal or [model for model in models if model.casefold().rsplit("/", 1)[-1] == wanted]
    if len(equal) == 1:
        return equal[0]
    folded = {model.casefold(): model for model in models}
    folded |= {short.rsplit("/", 1)[-1]: model for short, model in folded.items()}
    near = equal or list(dict.fromkeys(folded[match] for match in get_close_matches(wanted, folded)))
    raise SearchappError(
        f"{name!r} is neither a file nor one of the {len(models)} models in the table of published figures.",
        f"Did you mean {', '.join(near)}?" if near else "`searchapp models --published nfcorpus` lists them.",
    )


def claims_of(model: str) -> tuple[list[TaskEntry], list[Claim]]:
    """Return what is published about a model: every metric of a task where its result file is packed."""
    full = {
        row["document"]["task_name"]: row["document"] for row in packed_results() if row["model"] == model
    }
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


def packed_results() -> list[dict[str, Any]]:
    """Return the packed result files: model, revision, and the document with its retrieval metrics."""
    return cast(list[dict[str, Any]], json.loads(_unpacked(RESULTS)))


def as_csv() -> str:
    """Return the table of scores as CSV."""
    return _unpacked(TABLE)


def _unpacked(name: str) -> str:
    return gzip.decompress((DATA / name).read_bytes()).decode()


def _lines() -> list[str]:
    return as_csv().splitlines()[1:]


def _rows(lines: Iterable[str]) -> Iterator[Score]:
    """Yield the scores in lines of the table: task, split, model, revisions, MTEB version, metrics."""
    for task, split, model, revision, dataset_revision, version, *values in csv.reader(lines):
        metrics = {metric: float(value) for metric, value in zip(METRICS, values, strict=True) if value != ""}
        stated = None if dataset_revision == "None" else dataset_revision
        yield Score(task, split, model, revision, stated, version or None, metrics)

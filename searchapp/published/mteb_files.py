"""MTEB result files, of its versions 1 and 2 and of the layout before 1.11, one or a folder of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from searchapp.errors import SearchappError
from searchapp.evaluation.measures import MTEB_METRICS, measure_named
from searchapp.evaluation.metrics import NDCG
from searchapp.evaluation.results import RESULT_SCHEMA
from searchapp.files import read_json
from searchapp.published.claims import Claim, TaskEntry
from searchapp.published.figures import (
    MTEB_DECIMALS,
    decimals_of,
    is_number,
    read_figures,
    to_fractions,
)
from searchapp.tasks.mteb import find_task

MODEL_META = "model_meta.json"
NO_REVISION = "no_revision_available"

_MADE_BY = "Name a result file as MTEB writes it, or the folder that holds them."
_BESIDE = ("scores", "task_name", "mteb_dataset_name", "dataset_revision", "mteb_version", "evaluation_time",
           "kg_co2_emissions", "date", "evaluation_phases")  # fmt: skip


def result_files(folder: Path) -> list[Path]:
    """Return the JSON files below a folder that may be results; what MTEB keeps beside them is left out."""
    return [
        path
        for path in sorted(folder.rglob("*.json"))
        if path.name != MODEL_META
        and not path.stem.endswith("_predictions")
        and "experiments" not in path.relative_to(folder).parts
    ]


def model_of(path: Path) -> tuple[str | None, str | None]:
    """Return the model and revision that a result file is of, None where neither says.

    `model_meta.json` beside it is asked first, then the folders `<org>__<model>/<revision>`.
    """
    folder = path.absolute().parent
    model: object = folder.parent.name.replace("__", "/", 1) if "__" in folder.parent.name else None
    revision: object = folder.name if model else None
    meta = folder / MODEL_META
    if meta.exists() and isinstance(stated := _read(meta), dict):
        model, revision = stated.get("name") or model, stated.get("revision") or revision
    return _text(model), None if revision == NO_REVISION else _text(revision)


def read_result_file(path: Path) -> tuple[TaskEntry, list[Claim]]:
    """Read a result file: what it holds, and what it claims about retrieval.

    Raises:
        SearchappError: it is not valid JSON, not a result, or holds a figure that is none.
    """
    return read_document(_read(path), str(path))


def read_document(document: Any, where: str) -> tuple[TaskEntry, list[Claim]]:
    """Read the content of a result file.

    Args:
        document: the decoded JSON.
        where: how to name it.

    Raises:
        SearchappError: it is no result, or holds a figure that is none.
    """
    if not isinstance(document, dict):
        raise SearchappError(f"{where} is no MTEB result: it holds no mapping.", _MADE_BY)
    if document.get("schema") == RESULT_SCHEMA:
        raise SearchappError(
            f"{where} is a result of searchapp, no published one.",
            "To check whether it would come out the same today: searchapp doctor RESULT\n"
            "To make MTEB's files of it: searchapp export RESULT --mteb DIR",
        )
    task = document.get("task_name", document.get("mteb_dataset_name"))
    if not isinstance(task, str) or not task:
        raise SearchappError(f"{where} is no MTEB result: it names no task.", _MADE_BY)
    parts = list(_parts(document, where))
    seconds = document.get("evaluation_time")
    if seconds is None:  # before 1.11 every split had its own
        times = [split.get("evaluation_time") for _, _, split in parts]
        seconds = sum(filter(is_number, times)) or None
    figures = {
        f"{split} {subset} {metric}": float(value)
        for split, subset, part in parts
        for metric, value in part.items()
        if is_number(value) and metric != "evaluation_time"
    }
    codes = dict.fromkeys(code for _, _, part in parts for code in _codes(part))
    entry = TaskEntry(task, where, figures, tuple(codes), float(seconds) if is_number(seconds) else None)
    return entry, [_claim(document, entry, *part) for part in parts if _is_retrieval(entry, part[2])]


def _read(path: Path) -> Any:
    return read_json(path, object, _MADE_BY, allow_nan=True)  # MTEB writes NaN for a score without a value


def _parts(document: Mapping[str, Any], where: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (split, subset, metrics) of a document."""
    if "scores" in document:
        splits = document["scores"]
        if not isinstance(splits, dict):
            raise SearchappError(f"{where}: `scores` is no mapping of splits.", _MADE_BY)
        for split, subsets in splits.items():
            if not isinstance(subsets, list) or not all(isinstance(part, dict) for part in subsets):
                raise SearchappError(f"{where}: the scores of {split!r} are no list of mappings.", _MADE_BY)
            for part in subsets:
                yield split, str(part.get("hf_subset", "default")), part
        return
    for split, content in document.items():  # as written before MTEB 1.11
        if split in _BESIDE or not isinstance(content, dict):
            continue
        subsets = {name: part for name, part in content.items() if isinstance(part, dict)}
        nested = subsets and not any(
            map(is_number, (v for k, v in content.items() if k != "evaluation_time"))
        )
        for subset, part in subsets.items() if nested else [("default", content)]:
            yield split, subset, part


def _codes(part: Mapping[str, Any]) -> tuple[str, ...]:
    codes = part.get("languages")
    return tuple(filter(lambda code: isinstance(code, str), codes)) if isinstance(codes, list) else ()


def _is_retrieval(entry: TaskEntry, part: Mapping[str, Any]) -> bool:
    """Tell whether these are the metrics of a retrieval task, whose main one is an nDCG."""
    measures = {name: measure_named(name) for name in part}
    gains = [part[name] for name, measure in measures.items() if measure and measure.metric is NDCG]
    return bool(gains) and (
        find_task(entry.task) is not None or part.get("main_score") is None or part["main_score"] in gains
    )


def _claim(
    document: Mapping[str, Any], entry: TaskEntry, split: str, subset: str, part: dict[str, Any]
) -> Claim:
    where = f"{entry.where}, {split}" + ("" if subset == "default" else f" {subset}")
    written = read_figures(part, where)
    percent = any(value > 1 for value in written.values())
    figures = to_fractions(written, percent=percent, where=where)
    task = find_task(entry.task)
    return Claim(
        task=task.name if task else entry.task,
        split=split,
        corpus=task.corpus if task else None,
        metrics={metric: float(value) for metric, value in figures.items()},
        decimals=decimals_of(figures, {metric.name: MTEB_DECIMALS for metric in MTEB_METRICS}),
        where=where,
        subset=subset,
        languages=_codes(part),
        dataset_revision=_text(document.get("dataset_revision")),
        mteb_version=_text(part.get("mteb_version") or document.get("mteb_version")),
        evaluation_time=entry.evaluation_time,
        remarks=("The figures are percentages; MTEB writes fractions.",) if percent else (),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value not in {"", "None"} else None

"""MTEB result files as written by versions 1 and 2, and in the layout before 1.11."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from searchapp.errors import SearchappError
from searchapp.evaluation.measures import MTEB_METRICS, measure_named
from searchapp.evaluation.metrics import NDCG
from searchapp.evaluation.results import RESULT_SCHEMA
from searchapp.files import read_json
from searchapp.published.claims import Claim, TaskEntry
from searchapp.published.figures import MTEB_DECIMALS, decimals_of, is_number, read_figures, to_fractions
from searchapp.tasks.mteb import find_task

MODEL_META = "model_meta.json"
NO_REVISION = "no_revision_available"

_EXPECTED = "Name a result file written by MTEB, or the folder that holds them."
_NOT_SPLITS = ("scores", "task_name", "mteb_dataset_name", "dataset_revision", "mteb_version",
               "evaluation_time", "kg_co2_emissions", "date", "evaluation_phases")  # fmt: skip


def find_result_files(folder: Path) -> list[Path]:
    """Return the JSON files below a folder that may be results, without MTEB's other files."""
    return [
        path
        for path in sorted(folder.rglob("*.json"))
        if path.name != MODEL_META
        and not path.stem.endswith("_predictions")
        and "experiments" not in path.relative_to(folder).parts
    ]


def model_and_revision(path: Path) -> tuple[str | None, str | None]:
    """Return the model and the revision that a result file belongs to, None where they are not stated.

    A `model_meta.json` in the same folder takes precedence over the folders `<org>__<model>/<revision>`.
    """
    folder = path.absolute().parent
    model: object = folder.parent.name.replace("__", "/", 1) if "__" in folder.parent.name else None
    revision: object = folder.name if model else None
    meta = folder / MODEL_META
    if meta.exists() and isinstance(stated := read_json(meta, object, _EXPECTED, allow_nan=True), dict):
        model, revision = stated.get("name") or model, stated.get("revision") or revision
    return _text(model), None if revision == NO_REVISION else _text(revision)


def read_result_file(path: Path) -> tuple[TaskEntry, list[Claim]]:
    """Read a result file: what it holds, and what it claims about retrieval.

    Raises:
        SearchappError: it is not valid JSON, or `read_document` raises it.
    """
    document = read_json(path, object, _EXPECTED, allow_nan=True)  # NaN: a score without a value
    return read_document(document, str(path))


def read_document(document: Any, where: str) -> tuple[TaskEntry, list[Claim]]:
    """Read the content of a result file, decoded from JSON; `where` is what errors call it.

    Raises:
        SearchappError: it is not an MTEB result, or a figure in it is not a number.
    """
    if not isinstance(document, dict):
        raise SearchappError(f"{where} is not an MTEB result: it is not a JSON object.", _EXPECTED)
    if document.get("schema") == RESULT_SCHEMA:
        raise SearchappError(
            f"{where} is a result of searchapp, not a published one.",
            "To check whether it is still reproducible: searchapp doctor RESULT\n"
            "To convert it to MTEB's format: searchapp export RESULT --mteb DIR",
        )
    task = document.get("task_name", document.get("mteb_dataset_name"))
    if not isinstance(task, str) or not task:
        raise SearchappError(f"{where} is not an MTEB result: it names no task.", _EXPECTED)
    subsets = list(_subsets(document, where))
    seconds = document.get("evaluation_time")
    if seconds is None:  # before 1.11, each split had its own
        seconds = sum(filter(is_number, (scores.get("evaluation_time") for _, _, scores in subsets))) or None
    figures = {
        f"{split} {subset} {metric}": float(value)
        for split, subset, scores in subsets
        for metric, value in scores.items()
        if is_number(value) and metric != "evaluation_time"
    }
    codes = dict.fromkeys(code for _, _, scores in subsets for code in _languages(scores))
    entry = TaskEntry(task, where, figures, tuple(codes), float(seconds) if is_number(seconds) else None)
    return entry, [_claim(document, entry, *subset) for subset in subsets if _is_retrieval(entry, subset[2])]


def _subsets(document: Mapping[str, Any], where: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (split, subset, scores) of a document."""
    if "scores" in document:
        splits = document["scores"]
        if not isinstance(splits, dict):
            raise SearchappError(f"{where}: `scores` is not a mapping of splits.", _EXPECTED)
        for split, subsets in splits.items():
            if not isinstance(subsets, list) or not all(isinstance(scores, dict) for scores in subsets):
                raise SearchappError(
                    f"{where}: the scores of {split!r} are not a list of mappings.", _EXPECTED
                )
            for scores in subsets:
                yield split, str(scores.get("hf_subset", "default")), scores
        return
    for split, content in document.items():  # the layout before MTEB 1.11
        if split in _NOT_SPLITS or not isinstance(content, dict):
            continue
        by_subset = {name: scores for name, scores in content.items() if isinstance(scores, dict)}
        if any(is_number(value) for name, value in content.items() if name != "evaluation_time"):
            by_subset = {}
        for subset, scores in (by_subset or {"default": content}).items():
            yield split, subset, scores


def _languages(scores: Mapping[str, Any]) -> tuple[str, ...]:
    codes = scores.get("languages")
    return tuple(code for code in codes if isinstance(code, str)) if isinstance(codes, list) else ()


def _is_retrieval(entry: TaskEntry, scores: Mapping[str, Any]) -> bool:
    """Tell whether these are the scores of a retrieval task, whose main score is an nDCG."""
    measures = {name: measure_named(name) for name in scores}
    ndcg = [scores[name] for name, measure in measures.items() if measure and measure.metric is NDCG]
    main = scores.get("main_score")
    return bool(ndcg) and (find_task(entry.task) is not None or main is None or main in ndcg)


def _claim(
    document: Mapping[str, Any], entry: TaskEntry, split: str, subset: str, scores: dict[str, Any]
) -> Claim:
    where = f"{entry.where}, {split}" + ("" if subset == "default" else f" {subset}")
    written = read_figures(scores, where)
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
        languages=_languages(scores),
        dataset_revision=_text(document.get("dataset_revision")),
        mteb_version=_text(scores.get("mteb_version") or document.get("mteb_version")),
        evaluation_time=entry.evaluation_time,
        remarks=("The figures are percentages; MTEB writes fractions.",) if percent else (),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value not in {"", "None"} else None

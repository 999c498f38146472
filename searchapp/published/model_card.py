"""The metrics in the front matter of a Hugging Face model card."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import yaml

from searchapp.errors import SearchappError
from searchapp.published.claims import Claim, TaskEntry
from searchapp.published.figures import (
    Figures,
    decimals_of,
    is_number,
    read_figures,
    to_fractions,
    usual_decimals,
)
from searchapp.tasks.mteb import bare_name, find_task

_EXAMPLE = "A card with metrics begins with `---`, YAML that contains `model-index`, and `---`."
_FIX = "Fix the YAML front matter."


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, in C where PyYAML was built with it (7 times as fast on a long card)."""


# YAML 1.1 requires a decimal point in 9e-05; JSON, YAML 1.2 and the writers of cards do not.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read_model_card(path: Path) -> tuple[str | None, list[TaskEntry], list[Claim]]:
    """Return the model that a card describes, what the card holds, and what it claims about retrieval.

    Raises:
        SearchappError: the file cannot be read, its front matter is not a YAML mapping with a
            `model-index`, or a figure is not a number. The message names the file and the line or block.
    """
    index = _front_matter(path).get("model-index")
    if not index:
        raise SearchappError(f"{path} has no `model-index`, so it claims no metrics.", _EXAMPLE)
    models = _mappings(index, f"{path}: `model-index`")
    name = next((name for model in models if isinstance(name := model.get("name"), str)), None)
    mappings = [
        mapping
        for number, model in enumerate(models, start=1)
        for mapping in _mappings(model.get("results", []), f"{path}: `results` of model {number}")
    ]
    blocks = [_read_block(mapping, path, number) for number, mapping in enumerate(mappings, start=1)]
    written = [(claim, figures) for _, claim, figures in blocks if claim is not None]
    return name, [entry for entry, _, _ in blocks], _claims(written)


def _front_matter(path: Path) -> dict[str, Any]:
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise SearchappError(f"{path} cannot be read ({error.strerror}).", "Check the name.") from error
    except UnicodeDecodeError as error:
        raise SearchappError(f"{path} is not UTF-8 text.", _EXAMPLE) from error
    if not lines or lines[0].rstrip() != "---":
        raise SearchappError(f"{path} has no YAML front matter: its first line is not `---`.", _EXAMPLE)
    end = next((i for i, line in enumerate(lines[1:], start=1) if line.rstrip() in {"---", "..."}), None)
    if end is None:
        raise SearchappError(f"{path}: the front matter has no closing line `---`.", _EXAMPLE)
    try:
        front = yaml.load("\n".join(lines[1:end]), _Loader)  # noqa: S506 - it is a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}, line {mark.line + 2}" if mark else str(path)
        raise SearchappError(f"{where}: not valid YAML ({error.problem}).", _FIX) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # a date such as 2024-13-01
        raise SearchappError(f"{path}: the front matter is not valid YAML ({error}).", _FIX) from error
    if not isinstance(front, dict):
        kind = "empty" if front is None else f"a {type(front).__name__}"
        raise SearchappError(f"{path}: the front matter is {kind}, not a mapping.", _EXAMPLE)
    return front


def _mappings(value: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise SearchappError(f"{what} is not a list of mappings.", _EXAMPLE)
    return cast(list[dict[str, Any]], value)


def _read_block(block: dict[str, Any], path: Path, number: int) -> tuple[TaskEntry, Claim | None, Figures]:
    """Return a block; for retrieval, with a claim still without metrics, and the figures as written."""
    where = f"{path}, block {number}"
    task, dataset = block.get("task"), block.get("dataset")
    if not isinstance(task, dict) or not isinstance(dataset, dict):
        raise SearchappError(f"{where}: it does not name a task and a dataset.", _EXAMPLE)
    name = bare_name(str(dataset.get("name") or dataset.get("type") or f"block {number}"))
    where = f"{where} ({name})"
    metrics = _mappings(block.get("metrics", []), f"{where}: `metrics`")
    values = {str(metric.get("type")): metric.get("value") for metric in metrics}
    split, subset = str(dataset.get("split") or "test"), str(dataset.get("config") or "default")
    stated = {f"{split} {subset} {metric}": float(v) for metric, v in values.items() if is_number(v)}
    known = find_task(name) or find_task(str(dataset.get("type")))
    entry = TaskEntry(known.name if known else name, where, stated)
    if str(task.get("type")).casefold() != "retrieval":
        return entry, None, {}
    corpus = known.corpus if known else None
    revision = str(dataset["revision"]) if dataset.get("revision") else None
    claim = Claim(entry.task, split, corpus, {}, {}, where, subset, dataset_revision=revision)
    return entry, claim, read_figures(values, where)


def _claims(written: Sequence[tuple[Claim, Figures]]) -> list[Claim]:
    """Return the claims of a card with their metrics, after inferring the unit of each block."""
    percentages = any(value > 1 for _, figures in written for value in figures.values())
    read = []
    for claim, figures in written:
        percent, remarks = _unit(figures, percentages)
        read.append((claim, to_fractions(figures, percent=percent, where=claim.where), remarks))
    usual = usual_decimals(figures for _, figures, _ in read)
    return [
        replace(
            claim,
            metrics={metric: float(value) for metric, value in figures.items()},
            decimals=decimals_of(figures, usual),
            remarks=remarks,
        )
        for claim, figures, remarks in read
    ]


def _unit(figures: Figures, percentages: bool) -> tuple[bool, tuple[str, ...]]:
    """Tell whether a block holds percentages, with a remark where that is not certain.

    Cards hold percentages. A block without any figure above 1 may hold fractions: it does if no block of
    the card has such a figure (see `percentages`), or if even its recall at 100 or deeper would be below
    one percent.
    """
    if not figures or any(value > 1 for value in figures.values()):
        return True, ()
    if not percentages or figures.keys() & {"recall_at_100", "recall_at_1000"}:
        return False, ("The figures are read as fractions; model cards hold percentages.",)
    return True, ("No figure is above 1; they are read as percentages, like the rest of the card.",)

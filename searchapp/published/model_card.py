"""The metrics in the front matter of a Hugging Face model card."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
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

_EXAMPLE = "A card with metrics begins with `---`, YAML that holds `model-index`, and `---`."


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, in C where PyYAML was built with it (7 times as fast on a long card)."""


# YAML 1.1 asks for a point in 9e-05; JSON and YAML 1.2, and what writes cards, do not.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read_model_card(path: Path) -> tuple[str | None, list[TaskEntry], list[Claim]]:
    """Return the model that a card speaks of, what it holds, and what it claims about retrieval.

    Raises:
        SearchappError: the file cannot be read, its front matter is no YAML, no mapping or has no
            `model-index`, or a figure is none. File and line, or block, are named.
    """
    front = _front_matter(path)
    index = front.get("model-index")
    if not index:
        raise SearchappError(f"{path} has no `model-index`, so it claims no metrics.", _EXAMPLE)
    models = _mappings(index, f"{path}: `model-index`")
    model = next((name for one in models if isinstance(name := one.get("name"), str)), None)
    blocks = [
        block
        for number, one in enumerate(models, start=1)
        for block in _mappings(one.get("results", []), f"{path}: the results of model {number}")
    ]
    read = [_read_block(block, path, number) for number, block in enumerate(blocks, start=1)]
    return model, [block.entry for block in read], _claims(read)


def _front_matter(path: Path) -> dict[str, Any]:
    lines = _lines(path)
    if not lines or lines[0].rstrip() != "---":
        raise SearchappError(f"{path} has no YAML front matter: its first line is not `---`.", _EXAMPLE)
    end = next((i for i, line in enumerate(lines[1:], start=1) if line.rstrip() in {"---", "..."}), None)
    if end is None:
        raise SearchappError(f"{path}: the front matter has no end, a second line `---`.", _EXAMPLE)
    try:
        front = yaml.load("\n".join(lines[1:end]), _Loader)  # noqa: S506 - it is a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}, line {mark.line + 2}" if mark else str(path)
        raise SearchappError(f"{where}: this is no YAML ({error.problem}).", "Mend the card.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # a date such as 2024-13-01
        raise SearchappError(f"{path}: the front matter is no YAML ({error}).", "Mend the card.") from error
    if not isinstance(front, dict):
        kind = "empty" if front is None else f"a {type(front).__name__}"
        raise SearchappError(f"{path}: the front matter is {kind}, no mapping.", _EXAMPLE)
    return front


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise SearchappError(f"{path} cannot be read ({error.strerror}).", "Check the name.") from error
    except UnicodeDecodeError as error:
        raise SearchappError(f"{path} is not UTF-8 text.", _EXAMPLE) from error


def _mappings(value: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise SearchappError(f"{what} is no list of mappings.", _EXAMPLE)
    return cast(list[dict[str, Any]], value)


@dataclass(frozen=True)
class _Block:
    """A block of `model-index`; of retrieval, the claim is without its figures, which are as written."""

    entry: TaskEntry
    claim: Claim | None
    figures: Figures


def _read_block(block: dict[str, Any], path: Path, number: int) -> _Block:
    where = f"{path}, block {number}"
    task, dataset = block.get("task"), block.get("dataset")
    if not isinstance(task, dict) or not isinstance(dataset, dict):
        raise SearchappError(f"{where}: it names no task or no dataset.", _EXAMPLE)
    name = bare_name(str(dataset.get("name") or dataset.get("type") or f"block {number}"))
    where = f"{where} ({name})"
    metrics = _mappings(block.get("metrics", []), f"{where}: `metrics`")
    values = {str(metric.get("type")): metric.get("value") for metric in metrics}
    split, subset = str(dataset.get("split") or "test"), str(dataset.get("config") or "default")
    stated = {f"{split} {subset} {metric}": float(v) for metric, v in values.items() if is_number(v)}
    known = find_task(name) or find_task(str(dataset.get("type")))
    entry = TaskEntry(known.name if known else name, where, stated)
    if str(task.get("type")).casefold() != "retrieval":
        return _Block(entry, None, {})
    claim = Claim(
        task=entry.task,
        split=split,
        corpus=known.corpus if known else None,
        metrics={},
        decimals={},
        where=where,
        subset=subset,
        dataset_revision=str(dataset["revision"]) if dataset.get("revision") else None,
    )
    return _Block(entry, claim, read_figures(values, where))


def _claims(blocks: Sequence[_Block]) -> list[Claim]:
    """Return the claims of a card with their figures, the unit of each block found out."""
    percentages = any(value > 1 for block in blocks for value in block.figures.values())
    read = []
    for block in blocks:
        if block.claim is not None:
            percent, remarks = _unit(block.figures, percentages)
            figures = to_fractions(block.figures, percent=percent, where=block.claim.where)
            read.append((block.claim, figures, remarks))
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
    """Tell whether a block holds percentages, and what there is to say about it.

    Cards hold percentages. A block without any figure above 1 may hold fractions: it does when no
    block has one, or when even its recall at 100 or deeper would be below one percent.

    Args:
        figures: as written.
        percentages: whether the card has a figure above 1.
    """
    if not figures or any(value > 1 for value in figures.values()):
        return True, ()
    if not percentages or figures.keys() & {"recall_at_100", "recall_at_1000"}:
        return False, ("The figures are read as fractions; model cards hold percentages.",)
    return True, ("No figure is above 1; they are read as percentages, like the rest of the card.",)

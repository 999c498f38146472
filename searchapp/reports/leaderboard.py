"""A leaderboard as a table, JSON or CSV."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.text import Text

from searchapp.evaluation.trec import csv_lines
from searchapp.published.leaderboard import Row
from searchapp.published.table import METRICS
from searchapp.reports.machine import to_json
from searchapp.reports.terminal import metric_title, plain_table, render, short_model
from searchapp.reports.text import printable

PUBLISHED_SCHEMA = "searchapp/published/1"
OWN = ">"


def leaderboard_lines(task: str, split: str, rows: Sequence[Row], form: str) -> Iterator[str]:
    """Yield a leaderboard as lines.

    Args:
        task: MTEB's name of the task.
        split: of the task.
        rows: the best first.
        form: `table`, `json` or `csv`.
    """
    if form == "json":
        document = {"schema": PUBLISHED_SCHEMA, "task": task, "split": split}
        yield to_json(document | {"rows": [asdict(row) for row in rows]})
    elif form == "csv":
        yield from csv_lines([_flat(row) for row in rows])
    else:
        titles = [metric_title(metric) for metric in METRICS]
        headers = ["", "rank", "model", *titles, "mteb", "revision"]
        table = plain_table(headers, [_cells(row) for row in rows], numbers=["rank", *titles])
        yield render(table, Text(_legend(task, split, rows)))


def _flat(row: Row) -> dict[str, Any]:
    metrics = {metric: row.metrics.get(metric, "") for metric in METRICS}
    flat = asdict(row)
    del flat["metrics"]
    return flat | metrics | {"own": str(row.own).lower()}


def _cells(row: Row) -> list[Text]:
    shown = [f"{row.metrics[metric]:.5f}" if metric in row.metrics else "" for metric in METRICS]
    cells = [str(row.rank), short_model(row.model), *shown, row.mteb_version or "", (row.revision or "")[:12]]
    style = "bold green" if row.own else ""
    return [Text(OWN if row.own else ""), *(Text(printable(cell), style=style) for cell in cells)]


def _legend(task: str, split: str, rows: Sequence[Row]) -> str:
    own = sum(row.own for row in rows)
    marked = f" {own} of your own, marked {OWN}, with the rank they would have." if own else ""
    return f"{len(rows) - own} published models on {task}, {split}.{marked}"

"""A leaderboard of published models and the user's own results."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.text import Text

from searchapp.evaluation.measures import measure_title
from searchapp.published.leaderboard import Row
from searchapp.published.table import METRICS
from searchapp.reports.formats import Report
from searchapp.reports.markup import Table
from searchapp.reports.terminal import plain_table, render, short_models
from searchapp.reports.text import printable

PUBLISHED_SCHEMA = "searchapp/published/1"
OWN = ">"


def leaderboard_report(task: str, split: str, rows: Sequence[Row]) -> Report:
    """Report the leaderboard of a split of an MTEB task, best model first."""

    def document() -> dict[str, Any]:
        head = {"schema": PUBLISHED_SCHEMA, "task": task, "split": split}
        return head | {"rows": [asdict(row) for row in rows]}

    def table() -> Table:
        titles = [measure_title(metric) for metric in METRICS]
        headers = ["", "rank", "model", *titles, "mteb", "revision"]
        models = short_models(row.model for row in rows)
        return Table(headers, [_cells(row, models[row.model]) for row in rows], numbers=["rank", *titles])

    def text() -> Iterator[str]:
        yield render(plain_table(table()), Text(_legend(task, split, rows)))

    return Report(document, text, lambda: [_flat(row) for row in rows], table)


def _flat(row: Row) -> dict[str, Any]:
    metrics = {metric: row.metrics.get(metric, "") for metric in METRICS}
    flat = asdict(row)
    del flat["metrics"]
    return flat | metrics | {"own": str(row.own).lower()}


def _cells(row: Row, model: str) -> list[Text]:
    shown = [f"{row.metrics[metric]:.5f}" if metric in row.metrics else "" for metric in METRICS]
    cells = [str(row.rank), model, *shown, row.mteb_version or "", (row.revision or "")[:12]]
    style = "bold green" if row.own else ""
    return [Text(OWN if row.own else ""), *(Text(printable(cell), style=style) for cell in cells)]


def _legend(task: str, split: str, rows: Sequence[Row]) -> str:
    own = sum(row.own for row in rows)
    marked = f" {own} of your own (marked {OWN}), at the rank they would have." if own else ""
    return f"{len(rows) - own} published models on {task}, {split}.{marked}"

"""A report holds what a command produced; each format here writes one part of it as lines."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from searchapp.reports.markup import Table, latex_lines, markdown_lines, table_of_rows

if TYPE_CHECKING:
    from searchapp.records import Run

TAG = "searchapp"
"""The last column of a TREC run."""


@dataclass(frozen=True)
class Report:
    """What a command produced; a part is computed only when the format needs it.

    Attributes:
        document: the JSON document.
        text: the lines for a terminal.
        rows: flat rows with unrounded values, None where nothing comes in rows.
        table: the rows as a paper would show them; derived from `rows` when None.
        run: a TREC run, None where there is none.
        failed: the check that the command made failed (exit code 3).
    """

    document: Callable[[], object]
    text: Callable[[], Iterable[str]]
    rows: Callable[[], Iterable[Mapping[str, object]]] | None = None
    table: Callable[[], Table] | None = None
    run: "Callable[[], Run] | None" = None
    failed: bool = False

    def as_rows(self) -> Iterable[Mapping[str, object]]:
        """Return the rows, none when the report has no rows."""
        return self.rows() if self.rows else []

    def as_table(self) -> Table:
        """Return the table for markdown and LaTeX."""
        return self.table() if self.table else table_of_rows(list(self.as_rows()))


@dataclass(frozen=True)
class Format:
    """A way to write a report.

    `needs` is `document`, `text`, `rows` or `run`; commands whose report has that part offer the format.
    """

    needs: str
    lines: Callable[[Report], Iterable[str]]

    def suits(self, report: Report) -> bool:
        """Tell whether a report has the part that this format needs."""
        return getattr(report, self.needs) is not None


def to_json(data: object) -> str:
    """Return data as indented JSON; numbers keep every digit, NaN is an error."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)


def ndjson_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield one compact JSON object per row."""
    return (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)


def _csv(report: Report) -> Iterator[str]:
    from searchapp.evaluation.trec import csv_lines

    return csv_lines(list(report.as_rows()))


def _trec(report: Report) -> Iterator[str]:
    from searchapp.evaluation.trec import run_lines

    return run_lines(report.run() if report.run else {}, TAG)


FORMATS = {
    "table": Format("text", lambda report: report.text()),
    "json": Format("document", lambda report: [to_json(report.document())]),
    "ndjson": Format("rows", lambda report: ndjson_lines(report.as_rows())),
    "csv": Format("rows", _csv),
    "trec": Format("run", _trec),
    "markdown": Format("rows", lambda report: markdown_lines(report.as_table())),
    "latex": Format("rows", lambda report: latex_lines(report.as_table())),
}
"""Every output format by its name; an entry added here appears in the help of every command that suits."""


def formats_for(parts: Sequence[str]) -> list[str]:
    """Return the names of the formats for a report that has these parts besides document and text."""
    return [name for name, form in FORMATS.items() if form.needs in {"text", "document", *parts}]

"""Tables for a terminal; in a pipe the same tables, plain and as wide as they need to be."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from searchapp.records import Problem
from searchapp.reports.markup import Table
from searchapp.reports.text import printable

PIPE_WIDTH = 10_000  # no row of a table is folded
FOLDED = 6  # characters: a column of words is never narrower
GAP = 2  # spaces between columns


def render(*parts: RenderableType) -> str:
    """Return tables as text, with colours only when standard output is a terminal.

    A table that does not fit a narrow terminal exceeds its width: no number is truncated, no column dropped.
    """
    terminal = sys.stdout.isatty()
    sized = terminal or "COLUMNS" in os.environ
    console = Console(width=None if sized else PIPE_WIDTH, force_terminal=terminal, highlight=False)
    console.width = max(console.width, *(_least_width(part) for part in parts))
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def plain_table(shown: Table) -> RichTable:
    """Return a table without a frame, whose columns of numbers are right-aligned and never folded."""
    table = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    cells = [
        [cell if isinstance(cell, Text) else Text(printable(cell)) for cell in row] for row in shown.rows
    ]
    for place, header in enumerate(shown.headers):
        right = header in shown.numbers
        longest = max([len(header), *(row[place].cell_len for row in cells)])
        least = longest if right else min(longest, FOLDED)
        justify: JustifyMethod = "right" if right else "left"
        table.add_column(header, justify=justify, no_wrap=right, overflow="fold", min_width=least)
    for row in cells:
        table.add_row(*row)
    return table


def _least_width(part: RenderableType) -> int:
    """Return the width below which a table would lose something, 0 for anything else."""
    if not isinstance(part, RichTable):
        return 0
    return sum((column.min_width or 0) + GAP for column in part.columns)


def findings_text(findings: Sequence[Problem]) -> Group:
    """Return findings, each with its next step indented beneath."""
    parts: list[RenderableType] = []
    for finding in findings:
        parts.append(Text(f"{finding.name}: {printable(finding.message)}"))
        parts.append(Padding(Text(printable(finding.hint)), (0, 0, 0, 4)))
    return Group(*parts)


def short_model(name: str) -> str:
    """Return a model's name fit for a column: of a folder only its last part.

    >>> short_model("st:/models/tiny"), short_model("org/name")
    ('st:tiny', 'org/name')
    """
    kind, colon, rest = name.rpartition(":")
    return f"{kind}{colon}{rest.rsplit('/', 1)[-1]}" if rest.startswith("/") else name


def short_models(names: Iterable[str]) -> dict[str, str]:
    """Return name -> short name, or the name itself where two models would be called the same.

    >>> short_models(["/a/tiny", "/b/tiny", "/b/base"])
    {'/a/tiny': '/a/tiny', '/b/tiny': '/b/tiny', '/b/base': 'base'}
    """
    short = {name: short_model(name) for name in names}
    counts = Counter(short.values())
    return {name: shown if counts[shown] == 1 else name for name, shown in short.items()}

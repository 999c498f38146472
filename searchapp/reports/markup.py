"""Tables for documents: Markdown and LaTeX, with everything escaped that either would interpret."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchapp.reports.text import printable

if TYPE_CHECKING:
    from rich.text import Text

MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$&#])")
LATEX_SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # behind the end of a row it would begin an argument, as would a star
    "*": "{*}",
}


@dataclass(frozen=True)
class Table:
    """A table to show: headers, rows of formatted cells, and the headers of the right-aligned columns."""

    headers: Sequence[str]
    rows: "Sequence[Sequence[str | Text]]"
    numbers: Collection[str] = ()

    def alignments(self) -> list[str]:
        """Return `r` or `l` for each column."""
        return ["r" if header in self.numbers else "l" for header in self.headers]


def table_of_rows(rows: Sequence[Mapping[str, object]]) -> Table:
    """Return flat rows as a table: floats have 5 decimals, columns of numbers are right-aligned.

    >>> table_of_rows([{"model": "a", "n": 1234, "P@1": 1 / 3}]).rows
    [['a', '1,234', '0.33333']]
    """
    headers = list(rows[0]) if rows else []
    numbers = [name for name in headers if all(_is_number(row[name]) for row in rows)]
    return Table(headers, [[cell(row[name]) for name in headers] for row in rows], numbers)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def cell(value: object) -> str:
    """Return a value as a table shows it: 5 decimals, thousands separated, nothing for None."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.5f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def markdown_lines(table: Table) -> Iterator[str]:
    """Yield a table in GitHub's Markdown."""
    yield _markdown_row([escape_markdown(header) for header in table.headers])
    yield _markdown_row(["---:" if side == "r" else "---" for side in table.alignments()])
    for row in table.rows:
        yield _markdown_row([escape_markdown(str(value)) for value in row])


def latex_lines(table: Table) -> Iterator[str]:
    r"""Yield a table as a LaTeX tabular in the style of booktabs (`\usepackage{booktabs}`)."""
    yield f"\\begin{{tabular}}{{{''.join(table.alignments())}}}"
    yield "\\toprule"
    yield _latex_row(table.headers)
    yield "\\midrule"
    for row in table.rows:
        yield _latex_row(list(map(str, row)))
    yield "\\bottomrule"
    yield "\\end{tabular}"


def escape_markdown(text: str) -> str:
    r"""Return text on one line so that Markdown shows it literally.

    >>> print(escape_markdown("ndcg_at_10 | <b>"))
    ndcg\_at\_10 \| \<b\>
    """
    return MARKDOWN_SPECIAL.sub(r"\\\1", printable(text))


def escape_latex(text: str) -> str:
    r"""Return text on one line so that LaTeX sets it literally.

    >>> print(escape_latex("95 % of a_b"))
    95 \% of a\_b
    """
    return "".join(LATEX_SPECIAL.get(character, character) for character in printable(text))


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _latex_row(cells: Sequence[str]) -> str:
    return f"{' & '.join(map(escape_latex, cells))} \\\\"

"""The results of a query as text, laid out without rich, which takes longer to load than the search takes."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

from searchapp.records import Hit
from searchapp.reports.text import matches, printable, snippet

LINES = 2  # of text under each title
PIPE_WIDTH = 10_000  # characters: in a pipe each text is one line
SNIPPET = 160  # characters of a text in a pipe


def hits_lines(query: str, hits: Sequence[Hit]) -> Iterator[str]:
    """Yield rank, score, id and title of each result, and under it a snippet around matching words.

    Matching words are bold on a terminal; in a pipe every line is as long as it needs to be.
    """
    terminal = sys.stdout.isatty()
    sized = terminal or "COLUMNS" in os.environ
    width = shutil.get_terminal_size().columns if sized else PIPE_WIDTH
    ids = [printable(hit.document.id) for hit in hits]
    id_width = max(map(len, ids), default=2)
    yield f"rank   score  {'id':<{id_width}}  title and text"
    margin = " " * (len("rank   score  ") + id_width + 2)
    room = max(20, width - len(margin))
    for hit, name in zip(hits, ids, strict=True):
        title = textwrap.wrap(printable(hit.document.title), room)
        length = room * LINES * 9 // 10 if sized else SNIPPET  # lines break between words
        text = textwrap.wrap(snippet(hit.document.text, query, length), room)
        first, *rest = [_marked(line, query) if terminal else line for line in [*title, *text] or [""]]
        yield f"{hit.rank:>4}  {hit.score:6.4f}  {name:<{id_width}}  {first}".rstrip()
        yield from (f"{margin}{line}" for line in rest)


def _marked(line: str, query: str) -> str:
    for start, end in reversed(matches(line, query)):
        line = f"{line[:start]}\x1b[1m{line[start:end]}\x1b[0m{line[end:]}"
    return line

"""searchapp query: search an index."""

from typing import TYPE_CHECKING

import click

from searchapp.cli.options import Choice, kind_option, offline_option, report_options
from searchapp.retrieval.modes import DENSE, MODES

RESULTS = 10  # where -k is not given
if TYPE_CHECKING:
    from searchapp.reports.formats import Report


@click.command("query")
@click.argument("text", nargs=-1)
@click.option("-c", "--corpus", help="Corpus to search; without it the only or the latest index.")
@click.option("-m", "--model", help="Model of the index; without it the latest.")
@kind_option(None, "Kind of index; without it an exact one if there is one.")
@click.option("--mode", type=Choice(lambda: MODES), default=DENSE, show_default=True, help="How to rank.")
@click.option("-k", type=int, help=f"Results a query gets. [default: {RESULTS}, or all documents]")
@click.option(
    "-i", "--input", "source", help="Read queries from a file, one a line, or from - (standard input)."
)
@report_options("rows", "run")
@offline_option
def command(
    text: tuple[str, ...],
    corpus: str | None,
    model: str | None,
    kind: str | None,
    mode: str,
    k: int | None,
    source: str | None,
) -> "Report":
    """Search an index for TEXT.

    A line of -i FILE is a query, or an id and a query with a tab between them, or a JSON object
    with "_id" and "text". Of --mode bm25 and hybrid the texts are those that the index holds.
    """
    from searchapp.records import Query
    from searchapp.reports.answers import answer_report
    from searchapp.retrieval.answer import answer
    from searchapp.retrieval.index_lookup import find_index
    from searchapp.retrieval.queries import parse_queries

    if bool(text) == (source is not None):
        raise click.UsageError('Give a query ("...") or a file of queries (-i FILE), one of the two.')
    queries = [Query("1", " ".join(text))] if source is None else parse_queries(_lines(source), source)
    index = find_index(corpus, model, kind)
    depth = min(RESULTS, index.manifest.n_docs) if k is None else k
    answers = answer(index, mode, queries, depth)
    return answer_report(queries, answers, index.manifest, mode)


def _lines(source: str) -> list[str]:
    from searchapp.errors import SearchappError

    try:
        with click.open_file(source, encoding="utf-8-sig") as stream:
            return list(stream)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise SearchappError(
            f"{source} cannot be read ({reason}).", "One query a line, as UTF-8 text."
        ) from error

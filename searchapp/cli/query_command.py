"""searchapp query: search an index."""

import click

from searchapp.cli.completion import CORPUS, MODEL
from searchapp.cli.options import Command, kind_option, mode_option, reject, report_options
from searchapp.reports.formats import Report

RESULTS = 10  # where -k is not given


@click.command("query", cls=Command)
@click.argument("text", nargs=-1)
@click.option("-c", "--corpus", type=CORPUS, help="Corpus to search.  [default: the one of the latest index]")
@click.option("-m", "--model", type=MODEL, help="Model of the index.  [default: the one of the latest index]")
@kind_option(None, unset="an exact one if there is one")
@mode_option()
@click.option(
    "-k", type=int, help=f"Results per query. [default: {RESULTS}, or all documents if there are fewer]"
)
@click.option(
    "-i",
    "--input",
    "source",
    metavar="FILE",
    help="Read queries from a file, one per line, or from standard input (-).",
)
@report_options("rows", "run")
def command(
    text: tuple[str, ...],
    corpus: str | None,
    model: str | None,
    kind: str | None,
    mode: str,
    k: int | None,
    source: str | None,
) -> Report:
    """Search an index for TEXT.

    Each line of -i FILE is a query, an id and a query separated by a tab, or a JSON object with "_id" and
    "text". The modes bm25 and hybrid search the texts that are stored in the index.
    """
    from searchapp.records import Query
    from searchapp.reports.answers import answer_report
    from searchapp.retrieval.answer import answer
    from searchapp.retrieval.index_lookup import find_index
    from searchapp.retrieval.modes import find_mode
    from searchapp.retrieval.queries import parse_queries

    if bool(text) == (source is not None):
        raise click.UsageError('Give either a query ("...") or a file of queries (-i FILE).')
    if corpus is not None and not find_mode(mode).needs_model:
        reject({"model", "kind"}, f"-c and --mode {mode}, which reads the texts of CORPUS")
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
            f"{source} cannot be read ({reason}).", "It must be UTF-8 text with one query per line."
        ) from error

"""searchapp corpora: list the corpora on this machine, or check one."""

import click

from searchapp.cli.completion import CORPUS
from searchapp.cli.options import Command, report_options
from searchapp.reports.formats import Report


@click.command("corpora", cls=Command)
@click.argument("name", required=False, metavar="[CORPUS]", type=CORPUS)
@report_options("rows")
def command(name: str | None) -> Report:
    """List the corpora on this machine, or check one: counts, digests, and problems.

    Exit 3 when CORPUS has a fault, with which `eval` refuses it or would score it wrongly.
    """
    from searchapp.corpora.resolve import list_corpora, open_corpus
    from searchapp.reports.catalogues import corpora_report, corpus_report

    if name is None:
        return corpora_report(list_corpora())
    from searchapp.corpora.lint import describe

    return corpus_report(*describe(open_corpus(name)))

"""searchapp doctor: check what is installed, what works offline, what is stale."""

from typing import TYPE_CHECKING

import click

from searchapp.cli.options import offline_option, report_options

if TYPE_CHECKING:
    from searchapp.reports.formats import Report


@click.command("doctor")
@click.argument("results", nargs=-1, metavar="[RESULT]...")
@report_options("rows")
@offline_option
def command(results: tuple[str, ...]) -> "Report":
    """Check the installation, the models, the corpora and every byte of the indexes; exit 3 on a failure.

    With RESULT, a file or a folder that `searchapp eval --run-out` wrote, check instead whether it would
    come out the same today: versions, corpus, model, tokenizer and stemmer, and what would be different.
    """
    from searchapp.doctor.checks import run_checks
    from searchapp.doctor.provenance import check_results
    from searchapp.reports.catalogues import checks_report

    return checks_report(list(check_results(list(results)) if results else run_checks()))

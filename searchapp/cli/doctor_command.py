"""searchapp doctor: check what is installed, what works offline, what is stale."""

import click

from searchapp.cli.options import Command, report_options
from searchapp.reports.formats import Report


@click.command("doctor", cls=Command)
@click.argument("results", nargs=-1, metavar="[RESULT]...")
@report_options("rows")
def command(results: tuple[str, ...]) -> Report:
    """Check the installation, models, corpora and every byte of the indexes; exit 3 on a failure.

    With RESULT, a file or folder written by `searchapp eval --run-out`, check instead whether the same
    evaluation would give the same result today: versions, corpus, model, tokenizer and stemmer.
    """
    from searchapp.doctor.checks import run_checks
    from searchapp.doctor.provenance import check_results
    from searchapp.reports.catalogues import checks_report

    return checks_report(list(check_results(list(results)) if results else run_checks()))

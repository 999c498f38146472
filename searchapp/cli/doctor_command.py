"""searchapp doctor: check what is installed, what works offline, what is stale."""

from dataclasses import asdict

import click

from searchapp.cli.options import json_option, offline_option


@click.command("doctor")
@click.argument("results", nargs=-1, metavar="[RESULT]...")
@json_option
@offline_option
@click.pass_context
def command(context: click.Context, results: tuple[str, ...], as_json: bool) -> None:
    """Check the installation, the models, the corpora and every byte of the indexes; exit 3 on a failure.

    With RESULT, a file or a folder that `searchapp eval --run-out` wrote, check instead whether it would
    come out the same today: versions, corpus, model, tokenizer and stemmer, and what would be different.
    """
    from searchapp.doctor.checks import run_checks
    from searchapp.doctor.provenance import check_results
    from searchapp.reports.catalogues import checks_text
    from searchapp.reports.machine import to_json

    checks = list(check_results(list(results)) if results else run_checks())
    click.echo(to_json({"checks": [asdict(check) for check in checks]}) if as_json else checks_text(checks))
    context.exit(3 if any(check.status == "fail" for check in checks) else 0)

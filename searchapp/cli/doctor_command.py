"""searchapp doctor: check what is installed, what works offline, what is stale."""

from dataclasses import asdict

import click

from searchapp.cli.options import json_option, offline_option


@click.command("doctor")
@json_option
@offline_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Check the installation, the models, the corpora and every byte of the indexes; exit 3 on a failure."""
    from searchapp.diagnosis.doctor import run_checks
    from searchapp.reports.catalogues import checks_text
    from searchapp.reports.machine import to_json

    checks = list(run_checks())
    click.echo(to_json({"checks": [asdict(check) for check in checks]}) if as_json else checks_text(checks))
    context.exit(3 if any(check.status == "fail" for check in checks) else 0)

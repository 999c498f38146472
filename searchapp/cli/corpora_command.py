"""searchapp corpora: list the corpora that are here, or look into one."""

from dataclasses import asdict

import click

from searchapp.cli.options import json_option, offline_option


@click.command("corpora")
@click.argument("name", required=False, metavar="[CORPUS]")
@json_option
@offline_option
def command(name: str | None, as_json: bool) -> None:
    """List the corpora that work offline, or look into one: counts, digests, and what is wrong with it."""
    from searchapp.corpora.listing import list_corpora
    from searchapp.corpora.resolve import open_corpus
    from searchapp.reports.catalogues import corpora_text, corpus_text
    from searchapp.reports.machine import to_json

    if name is None:
        rows = list_corpora()
        click.echo(to_json({"corpora": [asdict(row) for row in rows]}) if as_json else corpora_text(rows))
        return
    from searchapp.corpora.lint import describe

    facts, findings = describe(open_corpus(name))
    shown = to_json({**facts, "findings": [asdict(finding) for finding in findings]})
    click.echo(shown if as_json else corpus_text(facts, findings))

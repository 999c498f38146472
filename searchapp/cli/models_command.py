"""searchapp models: list the models that work without a network, or the published ones of a corpus."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from searchapp.cli.options import json_option, offline_option

if TYPE_CHECKING:
    from searchapp.records import Result


@click.command("models")
@click.option("--published", metavar="CORPUS", help="List the published scores on this corpus instead.")
@click.option(
    "--with",
    "own",
    multiple=True,
    metavar="RESULT",
    help="Result of `eval --run-out`, or a folder of them, to rank; may stand several times.",
)
@click.option("--format", "form", type=click.Choice(("table", "json", "csv")), help="[default: table]")
@json_option
@offline_option
def command(published: str | None, own: tuple[str, ...], form: str | None, as_json: bool) -> None:
    """List the models that work without a network: bundled, cached, or used by an index.

    With --published, list the models whose scores on a corpus are published, the best first; results of
    `searchapp eval --run-out DIR` are ranked among them by --with DIR.
    """
    if published is not None:
        from searchapp.published.leaderboard import leaderboard
        from searchapp.published.table import find_published
        from searchapp.reports.leaderboard import leaderboard_lines

        task, split = find_published(published)
        rows = leaderboard(task, split, _results(own))
        for line in leaderboard_lines(task, split, rows, "json" if as_json else form or "table"):
            click.echo(line)
        return
    if own or form:
        raise click.UsageError("--with and --format go with --published.")
    from searchapp.encoders.listing import list_models
    from searchapp.reports.catalogues import models_text
    from searchapp.reports.machine import to_json
    from searchapp.retrieval.searcher import whole_indexes

    indexes, _ = whole_indexes()
    models = list_models(manifest.recipe.model for _, manifest in indexes)
    click.echo(to_json({"models": [asdict(row) for row in models]}) if as_json else models_text(models))


def _results(names: tuple[str, ...]) -> "list[Result]":
    from searchapp.evaluation.results import find_results, read_results

    return [result for name in names for file in find_results(name) for result in read_results(file)]

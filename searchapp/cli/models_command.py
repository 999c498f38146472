"""searchapp models: list the models that work offline, or those with published scores on a corpus."""

from typing import TYPE_CHECKING

import click

from searchapp.cli.completion import CORPUS
from searchapp.cli.options import Command, report_options
from searchapp.reports.formats import Report

if TYPE_CHECKING:
    from searchapp.records import Result


@click.command("models", cls=Command)
@click.option("--published", type=CORPUS, help="List the published scores on this corpus instead.")
@click.option(
    "--with",
    "results",
    multiple=True,
    metavar="RESULT",
    help="Rank these results of `eval --run-out` among the published ones; repeatable.",
)
@report_options("rows")
def command(published: str | None, results: tuple[str, ...]) -> Report:
    """List the models that work offline: bundled, cached, or used by an index.

    With --published, list the models that have published scores on a corpus instead, best first.
    """
    if published is not None:
        from searchapp.published.leaderboard import leaderboard
        from searchapp.published.table import find_published_task
        from searchapp.reports.leaderboard import leaderboard_report

        task, split = find_published_task(published)
        return leaderboard_report(task, split, leaderboard(task, split, _read(results)))
    if results:
        raise click.UsageError("--with needs --published.")
    from searchapp.encoders.listing import list_models
    from searchapp.reports.catalogues import models_report
    from searchapp.retrieval.index_lookup import readable_indexes

    indexes, _ = readable_indexes()
    return models_report(list_models(manifest.recipe.model for _, manifest in indexes))


def _read(names: tuple[str, ...]) -> "list[Result]":
    from searchapp.evaluation.results import find_results, read_results

    return [result for name in names for file in find_results(name) for result in read_results(file)]

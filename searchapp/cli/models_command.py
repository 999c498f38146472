"""searchapp models: list the models that work without a network, or the published ones of a corpus."""

from typing import TYPE_CHECKING

import click

from searchapp.cli.options import offline_option, report_options

if TYPE_CHECKING:
    from searchapp.records import Result
    from searchapp.reports.formats import Report


@click.command("models")
@click.option("--published", metavar="CORPUS", help="List the published scores on this corpus instead.")
@click.option(
    "--with",
    "own",
    multiple=True,
    metavar="RESULT",
    help="Result of `eval --run-out`, or a folder of them, to rank; may stand several times.",
)
@report_options("rows")
@offline_option
def command(published: str | None, own: tuple[str, ...]) -> "Report":
    """List the models that work without a network: bundled, cached, or used by an index.

    With --published, list the models whose scores on a corpus are published, the best first; results of
    `searchapp eval --run-out DIR` are ranked among them by --with DIR.
    """
    if published is not None:
        from searchapp.published.leaderboard import leaderboard
        from searchapp.published.table import find_published_task
        from searchapp.reports.leaderboard import leaderboard_report

        task, split = find_published_task(published)
        return leaderboard_report(task, split, leaderboard(task, split, _results(own)))
    if own:
        raise click.UsageError("--with needs --published.")
    from searchapp.encoders.listing import list_models
    from searchapp.reports.catalogues import models_report
    from searchapp.retrieval.index_lookup import whole_indexes

    indexes, _ = whole_indexes()
    return models_report(list_models(manifest.recipe.model for _, manifest in indexes))


def _results(names: tuple[str, ...]) -> "list[Result]":
    from searchapp.evaluation.results import find_results, read_results

    return [result for name in names for file in find_results(name) for result in read_results(file)]

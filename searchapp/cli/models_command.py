"""searchapp models: list the models that work without a network."""

from dataclasses import asdict

import click

from searchapp.cli.options import json_option, offline_option


@click.command("models")
@json_option
@offline_option
def command(as_json: bool) -> None:
    """List the models that work without a network: bundled, cached, or used by an index."""
    from searchapp.encoders.listing import list_models
    from searchapp.reports.catalogues import models_text
    from searchapp.reports.machine import to_json
    from searchapp.retrieval.searcher import whole_indexes

    indexes, _ = whole_indexes()
    rows = list_models(manifest.recipe.model for _, manifest in indexes)
    click.echo(to_json({"models": [asdict(row) for row in rows]}) if as_json else models_text(rows))

"""searchapp indexes: list, show or remove built indexes."""

from dataclasses import asdict

import click

from searchapp.cli.options import json_option, offline_option


@click.command("indexes")
@click.argument("names", nargs=-1, metavar="[INDEX]...")
@click.option("--remove", is_flag=True, help="Delete the indexes named.")
@json_option
@offline_option
def command(names: tuple[str, ...], remove: bool, as_json: bool) -> None:
    """List the built indexes, show the manifest of those named, or --remove them.

    INDEX is a corpus (`nfcorpus`), a corpus and a model (`nfcorpus/wordllama`), or the folder of an
    index.
    """
    from searchapp.index.layout import match_indexes, remove_index
    from searchapp.index.listing import list_indexes
    from searchapp.index.manifest import read_manifest
    from searchapp.reports.catalogues import indexes_text
    from searchapp.reports.machine import to_json

    if remove and not names:
        raise click.UsageError("Name the indexes to remove; `searchapp indexes` lists them.")
    if remove:
        for folder in match_indexes(names):
            remove_index(folder)
            click.echo(f"removed {folder}")
    elif names:
        manifests = {str(folder): asdict(read_manifest(folder)) for folder in match_indexes(names)}
        click.echo(to_json(manifests))
    else:
        rows = list_indexes()
        click.echo(to_json({"indexes": [asdict(row) for row in rows]}) if as_json else indexes_text(rows))

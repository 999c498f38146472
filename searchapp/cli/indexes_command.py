"""searchapp indexes: list, show or remove indexes."""

from dataclasses import asdict

import click

from searchapp.cli.completion import INDEX
from searchapp.cli.options import Command, report_options
from searchapp.reports.formats import Report


@click.command("indexes", cls=Command)
@click.argument("names", nargs=-1, metavar="[INDEX]...", type=INDEX)
@click.option("--remove", is_flag=True, help="Delete the named indexes.")
@report_options("rows")
def command(names: tuple[str, ...], remove: bool) -> Report:
    """List all indexes, show the manifests of the named ones, or remove them.

    INDEX is a corpus (`nfcorpus`), a corpus and a model (`nfcorpus/wordllama`), or the folder of an index.
    """
    from searchapp.index.layout import match_indexes, remove_index
    from searchapp.index.listing import list_indexes
    from searchapp.index.manifest import read_manifest
    from searchapp.reports.catalogues import indexes_report, manifests_report, removed_report

    if remove and not names:
        raise click.UsageError("Name the indexes to remove; `searchapp indexes` lists them all.")
    if remove:
        folders = match_indexes(names)
        for folder in folders:
            remove_index(folder)
        return removed_report(folders)
    if names:
        return manifests_report(
            {str(folder): asdict(read_manifest(folder)) for folder in match_indexes(names)}
        )
    return indexes_report(list_indexes())

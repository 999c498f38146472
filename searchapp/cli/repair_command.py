"""searchapp repair: write a copy of a static model with a fix applied to its table."""

from pathlib import Path

import click

from searchapp.cli.completion import CORPUS
from searchapp.cli.options import PATH, Choice, Command, model_option, report_options
from searchapp.reports.formats import Report


def _fixes() -> list[str]:
    from searchapp.diagnosis.repaired_model import TABLE_FIXES

    return list(TABLE_FIXES)


@click.command("repair", cls=Command)
@click.argument("corpus", type=CORPUS)
@model_option
@click.option("-o", "--output", type=PATH, required=True, help="Folder for the new model.")
@click.option(
    "--fix",
    type=Choice(_fixes),
    metavar="FIX",
    help="What to do to the table; a diagnosis says which fix pays. [default: remove-10]",
)
@click.option(
    "--remove", type=click.IntRange(min=0), metavar="K", help="Centre, and remove K directions: a short form."
)
@report_options()
def command(corpus: str, model: str, output: Path, fix: str | None, remove: int | None) -> Report:
    """Write a copy of a static model with a fix applied to its table, fitted on the texts of CORPUS.

    This is the fix whose gain `searchapp diagnose` measures. Only the texts of CORPUS are read, never its
    judgements, so scores on CORPUS remain valid.
    """
    if fix and remove is not None:
        raise click.UsageError("--fix and --remove both say what to do: leave one out.")
    from searchapp.corpora.resolve import open_corpus
    from searchapp.diagnosis.cloud import without_directions
    from searchapp.diagnosis.repaired_model import TABLE_FIXES, repaired_table, write_model
    from searchapp.encoders.encoder import load_encoder
    from searchapp.encoders.static_encoder import StaticEncoder
    from searchapp.errors import SearchappError

    source, encoder = open_corpus(corpus), load_encoder(model)
    if not isinstance(encoder, StaticEncoder):
        raise SearchappError(
            f"{model} is not a static model, so it has no table to repair.",
            "Repair works on static models only.",
        )
    chosen = TABLE_FIXES[fix] if fix else without_directions(10 if remove is None else remove)
    table = repaired_table(encoder, list(source.documents()), chosen)
    write_model(output, encoder, table)
    facts = {
        "folder": str(output),
        "model": model,
        "corpus": corpus,
        "fix": chosen if isinstance(chosen, str) else chosen.name,
    }
    return Report(
        lambda: {"schema": "searchapp/repair/1", **facts, "shape": list(table.shape)},
        lambda: [
            f"{output}: {len(table):,} rows of {table.shape[1]} dimensions, after {facts['fix']}",
            f"Score it: searchapp eval {corpus} -m {output}",
        ],
    )

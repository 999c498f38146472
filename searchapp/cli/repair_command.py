"""searchapp repair: write a static model without its loudest directions."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from searchapp.cli.options import model_option, offline_option, report_options

if TYPE_CHECKING:
    from searchapp.reports.formats import Report


@click.command("repair")
@click.argument("corpus")
@model_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the new model."
)
@click.option(
    "--remove", type=click.IntRange(min=1), default=10, show_default=True, help="Directions to remove."
)
@report_options()
@offline_option
def command(corpus: str, model: str, output: Path, remove: int) -> "Report":
    """Write a static model whose vectors on CORPUS are centred and lack their loudest directions.

    It is the repair that `searchapp diagnose` measures where a few directions without meaning dominate.
    Only the texts of CORPUS are read, never its judgements, so a score on it stays honest.
    """
    from searchapp.corpora.resolve import open_corpus
    from searchapp.diagnosis.repaired_model import mended_table, write_model
    from searchapp.encoders.encoder import load_encoder
    from searchapp.encoders.static_encoder import StaticEncoder
    from searchapp.errors import SearchappError
    from searchapp.reports.formats import Report

    source, encoder = open_corpus(corpus), load_encoder(model)
    if not isinstance(encoder, StaticEncoder):
        raise SearchappError(f"{model} is no static model: it has no table to mend.", "Mend what makes it.")
    table = mended_table(encoder, list(source.documents()), remove)
    write_model(output, encoder, table)
    facts = {"folder": str(output), "model": model, "corpus": corpus, "removed": remove}
    return Report(
        lambda: {"schema": "searchapp/repair/1", **facts, "shape": list(table.shape)},
        lambda: [
            f"{output}: {len(table):,} rows without {remove} directions of {table.shape[1]}",
            f"Score it: searchapp eval {corpus} -m {output}",
        ],
    )

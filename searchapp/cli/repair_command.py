"""searchapp repair: write a copy of a static model with its dominant directions removed."""

from pathlib import Path

import click

from searchapp.cli.completion import CORPUS
from searchapp.cli.options import PATH, Command, model_option, report_options
from searchapp.reports.formats import Report


@click.command("repair", cls=Command)
@click.argument("corpus", type=CORPUS)
@model_option
@click.option("-o", "--output", type=PATH, required=True, help="Folder for the new model.")
@click.option(
    "--remove", type=click.IntRange(min=1), default=10, show_default=True, help="Number of directions."
)
@report_options()
def command(corpus: str, model: str, output: Path, remove: int) -> Report:
    """Write a copy of a static model with its dominant directions removed, centred on CORPUS.

    This is the fix that `searchapp diagnose` measures where a few uninformative directions dominate. Only
    the texts of CORPUS are read, never its judgements, so scores on CORPUS remain valid.
    """
    from searchapp.corpora.resolve import open_corpus
    from searchapp.diagnosis.repaired_model import repaired_table, write_model
    from searchapp.encoders.encoder import load_encoder
    from searchapp.encoders.static_encoder import StaticEncoder
    from searchapp.errors import SearchappError

    source, encoder = open_corpus(corpus), load_encoder(model)
    if not isinstance(encoder, StaticEncoder):
        raise SearchappError(
            f"{model} is not a static model, so it has no table to repair.",
            "Repair works on static models only.",
        )
    table = repaired_table(encoder, list(source.documents()), remove)
    write_model(output, encoder, table)
    facts = {"folder": str(output), "model": model, "corpus": corpus, "removed": remove}
    return Report(
        lambda: {"schema": "searchapp/repair/1", **facts, "shape": list(table.shape)},
        lambda: [
            f"{output}: {len(table):,} rows without {remove} directions of {table.shape[1]}",
            f"Score it: searchapp eval {corpus} -m {output}",
        ],
    )

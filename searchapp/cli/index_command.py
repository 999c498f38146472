"""searchapp index: embed a corpus into an index on disk."""

from dataclasses import asdict
from datetime import datetime, timezone

import click

from searchapp.cli.options import encoding_options, json_option, kind_option, model_option, offline_option
from searchapp.encoders.options import Options


@click.command("index")
@click.argument("corpus")
@model_option
@kind_option()
@click.option("--fresh", is_flag=True, help="Build anew; the old index works until the new one is whole.")
@encoding_options
@json_option
@offline_option
def command(corpus: str, model: str, kind: str, fresh: bool, options: Options, as_json: bool) -> None:
    """Embed CORPUS into an index on disk, or go on where an interrupted build stopped.

    CORPUS is `sample`, a BEIR name (`nfcorpus`), an ir_datasets id (`beir/nfcorpus/dev`) or a BEIR
    folder. A finished index of the same corpus and model is kept as it is.
    """
    from searchapp.corpora.resolve import open_corpus
    from searchapp.index.build import build_index, encoder_for
    from searchapp.reports.machine import to_json
    from searchapp.reports.progress import progress_bar

    source = open_corpus(corpus)
    encoder = encoder_for(source, model, options, kind, fresh=fresh)
    started = datetime.now(timezone.utc).isoformat()
    with progress_bar(f"Embedding {corpus}", source.count) as progress:
        index = build_index(source, encoder, kind, fresh=fresh, progress=progress)
    manifest = index.manifest
    if manifest.created < started:
        click.echo("The index is up to date; nothing was done.", err=True)
    if as_json:
        click.echo(to_json({"folder": str(index.folder), **asdict(manifest)}))
        return
    rate = manifest.n_docs / max(manifest.seconds["encode"], 1e-9)
    click.echo(f"{index.folder}")
    click.echo(
        f"{manifest.n_docs:,} documents by {model}, {manifest.recipe.dimension} dimensions, "
        f"{manifest.similarity}; embedded in {manifest.seconds['encode']:.2f} s ({rate:,.0f} a second)"
    )

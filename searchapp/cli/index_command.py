"""searchapp index: embed a corpus into an index on disk."""

from datetime import datetime, timezone

import click

from searchapp.cli.completion import CORPUS
from searchapp.cli.options import (
    Command,
    encoding_options,
    kind_option,
    model_option,
    reject_for_models,
    report_options,
)
from searchapp.encoders.options import Options
from searchapp.reports.formats import Report


@click.command("index", cls=Command)
@click.argument("corpus", type=CORPUS)
@model_option
@kind_option()
@click.option("--fresh", is_flag=True, help="Rebuild from scratch; the old index stays usable meanwhile.")
@encoding_options
@report_options()
def command(corpus: str, model: str, kind: str, fresh: bool, options: Options) -> Report:
    """Embed CORPUS into an index on disk; an interrupted build is resumed.

    CORPUS is `sample`, a BEIR name (`nfcorpus`), an ir_datasets id (`beir/nfcorpus/dev`) or the path of a
    corpus. An up-to-date index of the same corpus and model is left as it is.
    """
    from searchapp.api import build_index
    from searchapp.corpora.resolve import open_corpus
    from searchapp.reports.catalogues import built_report
    from searchapp.reports.progress import progress_bar

    reject_for_models([model])
    source = open_corpus(corpus)
    started = datetime.now(timezone.utc).isoformat()
    with progress_bar(f"Embedding {corpus}", source.count) as progress:
        index = build_index(source, model, options=options, kind=kind, fresh=fresh, progress=progress)
    if index.manifest.created < started:
        click.echo("The index is already up to date.", err=True)
    return built_report(index.folder, index.manifest, model)

"""searchapp tune: choose how hybrid search fuses dense and BM25 results."""

import click

from searchapp.cli.options import encoding_options, json_option, kind_option, model_option, offline_option
from searchapp.encoders.options import Options


@click.command("tune")
@click.argument("corpus")
@model_option
@click.option("--split", "splits", multiple=True, help="Split to choose on; may stand several times.")
@kind_option()
@encoding_options
@json_option
@offline_option
def command(
    corpus: str, model: str, splits: tuple[str, ...], kind: str, options: Options, as_json: bool
) -> None:
    """Choose how --mode hybrid fuses dense and BM25 results of CORPUS, and record it beside the index.

    Scales and weights are tried on the judgements of the dev split, or else of train. The split that
    scores are reported on is never read.
    """
    from searchapp.evaluation.tuning import FUSIONS, METRIC, keep, tune, tuning_details, tuning_splits
    from searchapp.index.build import encoder_for
    from searchapp.reports.machine import to_json
    from searchapp.reports.progress import progress_bar
    from searchapp.reports.tunings import tuning_document, tuning_lines

    chosen = tuning_splits(corpus, splits)
    encoder = encoder_for(chosen[0], model, options, kind)
    with (
        progress_bar(f"Embedding {corpus} by {model}", chosen[0].count) as indexed,
        progress_bar("Trying fusions", lambda: len(FUSIONS)) as tried,
    ):
        tuning, index = tune(chosen, encoder, kind, indexed=indexed, tried=tried)
    path = keep(tuning, index)
    if as_json:
        click.echo(to_json(tuning_document(tuning, tuning_details(tuning, index), path)))
        return
    for line in tuning_lines(tuning, METRIC):
        click.echo(line)
    click.echo(f"Recorded in {path}; --mode hybrid uses it for this model and these documents.", err=True)

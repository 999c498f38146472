"""searchapp tune: choose how hybrid search fuses dense and BM25 results."""

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


@click.command("tune", cls=Command)
@click.argument("corpus", type=CORPUS)
@model_option
@click.option(
    "--split",
    "splits",
    multiple=True,
    metavar="SPLIT",
    help="Split to tune on; repeatable. [default: dev or train]",
)
@kind_option()
@encoding_options
@report_options("rows")
def command(corpus: str, model: str, splits: tuple[str, ...], kind: str, options: Options) -> Report:
    """Choose how --mode hybrid fuses dense and BM25 rankings of CORPUS, and record the choice with the index.

    Score scales and weights are tried on the judgements of the dev split, or of train where there is no
    dev. The split that scores are reported on is never read.
    """
    from searchapp.evaluation.tuning import (
        FUSIONS,
        METRIC,
        record_tuning,
        tune,
        tuning_details,
        tuning_splits,
    )
    from searchapp.index.build import encoder_for
    from searchapp.reports.progress import progress_bar
    from searchapp.reports.tunings import tuning_report

    reject_for_models([model])
    chosen = tuning_splits(corpus, splits)
    encoder = encoder_for(chosen[0], model, options, kind)
    with (
        progress_bar(f"Embedding {corpus} with {model}", chosen[0].count) as indexed,
        progress_bar("Trying fusions", lambda: len(FUSIONS)) as tried,
    ):
        tuning, index = tune(chosen, encoder, kind, indexed=indexed, tried=tried)
    path = record_tuning(tuning, index)
    click.echo(f"Recorded in {path}; --mode hybrid now uses it for this model and corpus.", err=True)
    return tuning_report(tuning, METRIC, tuning_details(tuning, index), path)

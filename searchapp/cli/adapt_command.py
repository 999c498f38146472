"""searchapp adapt: teach a static model a corpus, and account for what it gained."""

from pathlib import Path

import click

from searchapp.cli.completion import CORPUS, MODEL
from searchapp.cli.options import PATH, Command, model_option, report_options
from searchapp.reports.formats import Report


@click.command("adapt", cls=Command)
@click.argument("corpus", type=CORPUS)
@model_option
@click.option("-o", "--output", type=PATH, required=True, help="Folder for the adapted model.")
@click.option(
    "--judgements",
    metavar="SPLIT|FILE",
    help="Also learn from these judgements: a split such as train, or a qrels file.",
)
@click.option(
    "--teacher",
    type=MODEL,
    metavar="MODEL",
    help="Also learn this model's similarities: st:NAME_OR_PATH or npy:FOLDER.",
)
@click.option("--quick", is_flag=True, help="Take a third of the time: fewer epochs, no final training.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Random seed.")
@report_options("rows")
def command(
    corpus: str, model: str, output: Path, judgements: str | None, teacher: str | None, quick: bool, seed: int
) -> Report:
    """Teach a static model CORPUS, and say what the gain is worth.

    Titles and sentences are queries for the rest of their documents; with --judgements, judged queries are
    taught too. Some queries are held back to choose by and to measure the gain, about seen documents and
    about new ones. The split that scores are reported on is never read. A model that did not get better is
    not written (exit code 3). Ctrl-C keeps the best model so far.
    """
    from searchapp.api import adapt
    from searchapp.reports.adaptations import adaptation_report
    from searchapp.reports.progress import epochs

    with epochs() as progress:
        record, written = adapt(
            corpus, output, model, judgements=judgements, teacher=teacher, quick=quick, seed=seed,
            progress=progress,
        )  # fmt: skip
    return adaptation_report(record, output, corpus, written=written)

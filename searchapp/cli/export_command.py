"""searchapp export: write results as MTEB files, model-card YAML or TREC runs."""

from pathlib import Path

import click

from searchapp.cli.options import Command, report_options
from searchapp.reports.formats import Report

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("export", cls=Command)
@click.argument("names", nargs=-1, required=True, metavar="RESULT...")
@click.option("--mteb", type=FOLDER, metavar="DIR", help="Write MTEB result files to this folder.")
@click.option("--model-index", "card", is_flag=True, help="Print the model-index YAML for a model card.")
@click.option("--trec", type=FOLDER, metavar="DIR", help="Copy the TREC runs to this folder.")
@report_options()
def command(names: tuple[str, ...], mteb: Path | None, card: bool, trec: Path | None) -> Report:
    """Export results as MTEB files, model-card YAML or TREC runs.

    RESULT is a file written by `searchapp eval --run-out`, its run, or a folder of them. Figures are
    rounded as MTEB rounds them, so `searchapp reproduce` finds exported figures exact.
    """
    from searchapp.evaluation.results import find_results, read_results
    from searchapp.published.export import card_text, copy_runs, model_index, mteb_documents, write_files

    if sum((mteb is not None, card, trec is not None)) != 1:
        raise click.UsageError("Choose one of --mteb DIR, --model-index and --trec DIR.")
    files = [file for name in names for file in find_results(name)]
    if trec is not None:
        written = copy_runs(files, trec)
    else:
        results = [result for file in files for result in read_results(file)]
        if mteb is None:
            index = model_index(results)
            return Report(lambda: {"model-index": index}, lambda: [card_text(index)])
        written = write_files(mteb, mteb_documents(results))
    paths = list(map(str, written))
    return Report(lambda: {"files": paths}, lambda: paths)

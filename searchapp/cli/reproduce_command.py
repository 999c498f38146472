"""searchapp reproduce: hold published figures against measured ones."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from searchapp.cli.options import Choice, encoding_options, offline_option, report_options
from searchapp.encoders.options import Options
from searchapp.retrieval.modes import MODES

if TYPE_CHECKING:
    from searchapp.reports.formats import Report


@click.command("reproduce")
@click.argument("source")
@click.option("-m", "--model", help="Model to run; without it the one that SOURCE names.")
@click.option("--mode", type=Choice(lambda: MODES), help="How to rank; without it what SOURCE's model needs.")
@click.option(
    "-c", "--corpus", "corpora", multiple=True, help="Corpus to run; without it those that are here."
)
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="Compare this instead: a TREC run, a result of `eval --run-out`, or a folder of them.",
)
@click.option("--thorough", is_flag=True, help="Look for explanations even where each takes minutes.")
@encoding_options
@report_options("rows")
@offline_option
def command(
    source: str,
    model: str | None,
    mode: str | None,
    corpora: tuple[str, ...],
    against: Path | None,
    thorough: bool,
    options: Options,
) -> "Report":
    """Compare every figure that SOURCE publishes with what is measured here; exit 3 when one differs.

    SOURCE is a model card with a model-index, an MTEB result file, a folder of them, or the name of a
    model in the table that comes with searchapp (`searchapp models --published nfcorpus`). A figure is
    exact when it is equal at the published precision. Where it is not, the definitions that are known
    to differ between tools are tried, and those that yield the published figure are named; exit 3 is
    for figures that none of them explains.
    """
    from searchapp.published.consistency import check_consistency
    from searchapp.published.reproduce import check_compared, reproduce
    from searchapp.published.sources import read_source
    from searchapp.published.systems import choose_system
    from searchapp.reports.progress import steps
    from searchapp.reports.reproductions import reproduction_report

    if against is not None and (model or mode or options != Options()):
        raise click.UsageError("--against compares a run that is there; leave models, modes and vectors out.")
    if mode is not None and not MODES[mode].needs_model and (model or options != Options()):
        raise click.UsageError("--mode bm25 has no model or vectors.")
    read = read_source(source)
    with steps() as progress:
        pipeline, reason = choose_system(read, model, mode, options, against, progress)
        done = list(reproduce(read, pipeline, reason, corpora=corpora, thorough=thorough, progress=progress))
    if against is not None:
        check_compared(done, str(against))
    found = check_consistency(read)
    return reproduction_report(read, done, found)

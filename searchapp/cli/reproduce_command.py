"""searchapp reproduce: compare published figures with what is measured here."""

from pathlib import Path

import click

from searchapp.cli.completion import CORPUS, MODEL
from searchapp.cli.options import (
    PATH,
    VECTOR_OPTIONS,
    Command,
    encoding_options,
    mode_option,
    reject,
    reject_for_models,
    report_options,
)
from searchapp.encoders.options import Options
from searchapp.reports.formats import Report
from searchapp.retrieval.modes import DENSE, find_mode


@click.command("reproduce", cls=Command)
@click.argument("source")
@click.option("-m", "--model", type=MODEL, help="Model to run. [default: the one that SOURCE names]")
@mode_option(None, "How to rank. [default: as the model of SOURCE does]")
@click.option(
    "-c",
    "--corpus",
    "corpora",
    multiple=True,
    type=CORPUS,
    help="Corpus to run; repeatable. [default: those on this machine]",
)
@click.option(
    "--against",
    type=PATH,
    help="Compare with this instead: a TREC run, a result of `eval --run-out`, or a folder of them.",
)
@click.option("--thorough", is_flag=True, help="Also try explanations that take minutes each.")
@encoding_options
@report_options("rows")
def command(
    source: str,
    model: str | None,
    mode: str | None,
    corpora: tuple[str, ...],
    against: Path | None,
    thorough: bool,
    options: Options,
) -> Report:
    """Compare every figure that SOURCE publishes with what is measured here.

    SOURCE is a model card with a model-index, an MTEB result file, a folder of such files, or a model in
    the bundled table of published scores (`searchapp models --published nfcorpus`). A figure is exact when
    it is equal at the published precision. For the others, known differences between tools are tried, and
    those that yield the published figure are named; exit 3 when a figure remains unexplained.
    """
    from searchapp.api import reproduce
    from searchapp.published.consistency import check_consistency
    from searchapp.published.sources import read_source
    from searchapp.published.systems import is_of_bm25
    from searchapp.reports.progress import steps
    from searchapp.reports.reproductions import reproduction_report

    if against is not None:
        reject({"model", "mode", "thorough", *VECTOR_OPTIONS}, "--against, which compares existing results")
    if mode is not None and mode != DENSE:
        reject({"thorough"}, f"--mode {mode}")
    if mode is not None and not find_mode(mode).needs_model:
        reject({"model", *VECTOR_OPTIONS}, f"--mode {mode}")
    if model is not None:
        reject_for_models([model])
    read = read_source(source)
    if mode is None and model is None and against is None and is_of_bm25(read):
        reject({"thorough", *VECTOR_OPTIONS}, f"{source}, which is BM25")
    with steps() as progress:
        done = reproduce(
            read, model, mode=mode, corpora=corpora, against=against, thorough=thorough, options=options,
            progress=progress
        )  # fmt: skip
    return reproduction_report(read, done, check_consistency(read))

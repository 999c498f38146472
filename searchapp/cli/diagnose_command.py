"""searchapp diagnose: explain a low score and measure what a fix would gain."""

import math
from pathlib import Path

import click

from searchapp.cli.completion import CORPUS, MODEL
from searchapp.cli.options import (
    PATH,
    VECTOR_OPTIONS,
    Choice,
    Command,
    encoding_options,
    kind_option,
    reject,
    reject_for_models,
    report_options,
)
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import PRECOMPUTED, Options, split_name
from searchapp.reports.formats import Report


def _reported(text: str) -> tuple[str, float]:
    from searchapp.errors import SearchappError
    from searchapp.evaluation.measures import parse_measure

    name, _, number = text.partition("=")
    try:
        metric, score = parse_measure(name).name, float(number)
    except (ValueError, SearchappError):
        score = math.nan
    if not 0 <= score <= 100:
        raise click.BadParameter(f"{text!r} is not a score such as ndcg_at_10=0.0239.")
    return metric, score


def _probes() -> list[str]:
    from searchapp.diagnosis.registry import PROBES

    return list(PROBES)


@click.command("diagnose", cls=Command)
@click.argument("corpus", metavar="[CORPUS]", required=False, type=CORPUS)
@click.option("-c", "--corpus", "also_corpus", type=CORPUS, help="The same as the argument CORPUS.")
@click.option(
    "-m",
    "--model",
    type=MODEL,
    help=f"Model to examine, or npy:FOLDER with its vectors; with --run, the one behind the run. "
    f"[default: {BUNDLED}]",
)
@click.option("--run", type=PATH, help="Examine this TREC run; -m names the model behind it, if you have it.")
@click.option(
    "--made-by",
    type=MODEL,
    help="The model that made the vectors of -m npy:FOLDER: both are compared.",
)
@click.option(
    "--mteb",
    metavar="PATH",
    help="Examine MTEB result files, a folder of them, or a model card; runs nothing.",
)
@click.option(
    "--reported",
    multiple=True,
    type=_reported,
    metavar="METRIC=VALUE",
    help="A reported score, such as ndcg_at_10=0.0239; repeatable.",
)
@click.option(
    "--probe",
    "probes",
    type=Choice(_probes),
    multiple=True,
    metavar="PROBE",
    help="Run only this probe; repeatable.",
)
@kind_option(text="Kind of index to read the document vectors from.")
@click.option("--label-free", is_flag=True, help="Ignore relevance judgements.")
@click.option("--quick", is_flag=True, help="Skip BM25 and the random-embedding baseline.")
@encoding_options
@report_options("rows")
def command(
    corpus: str | None,
    also_corpus: str | None,
    model: str | None,
    run: Path | None,
    made_by: str | None,
    mteb: str | None,
    reported: tuple[tuple[str, float], ...],
    probes: tuple[str, ...],
    kind: str,
    label_free: bool,
    quick: bool,
    options: Options,
) -> Report:
    """Explain a low score and measure what a fix would gain; exit 3 when a fault is found.

    Examines a model and its index on CORPUS, precomputed vectors (-m npy:FOLDER), a run (--run) or published
    files (--mteb). The more you name, the more can be proved: --run with -m, npy: with --made-by.
    """
    name = corpus or also_corpus
    if mteb is not None:
        reject(
            {
                "corpus",
                "also_corpus",
                "model",
                "run",
                "made_by",
                "probes",
                "reported",
                "kind",
                "label_free",
                "quick",
            }
            | set(VECTOR_OPTIONS),
            "--mteb, which examines files only",
        )
        from searchapp.diagnosis.published_files import diagnose_files
        from searchapp.reports.diagnoses import files_report

        return files_report(diagnose_files(mteb))
    if name is None or (corpus and also_corpus):
        raise click.UsageError("Name one corpus: searchapp diagnose CORPUS -m MODEL.")
    if run is not None and model is None:
        reject({"kind", *VECTOR_OPTIONS}, "--run without -m MODEL, since no vectors are made")
    precomputed = split_name(model or "")[0] == PRECOMPUTED
    if precomputed:
        reject({"kind"}, "-m npy:FOLDER, which needs no index")
    if precomputed and made_by is None:
        reject(set(VECTOR_OPTIONS) - {"normalize"}, "-m npy:FOLDER without --made-by MODEL")
    elif run is None or model is not None:
        reject_for_models([made_by or model or BUNDLED])
    if made_by is not None and not precomputed:
        raise click.UsageError("--made-by names the model behind -m npy:FOLDER; without that, use -m MODEL.")

    from searchapp.api import diagnose
    from searchapp.reports.diagnoses import Subject, diagnosis_report
    from searchapp.reports.progress import steps

    with steps() as progress:
        diagnosis = diagnose(
            name, model, run=run, made_by=made_by, reported=dict(reported), probes=probes, quick=quick,
            label_free=label_free, options=options, kind=kind, progress=progress
        )  # fmt: skip
    return diagnosis_report(diagnosis, Subject(name, model or ("" if run else BUNDLED), run, made_by))

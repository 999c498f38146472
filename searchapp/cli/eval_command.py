"""searchapp eval: score models or runs on corpora with relevance judgements."""

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from searchapp.cli import completion
from searchapp.cli.measure_options import MeasureCommand, measure_option
from searchapp.cli.options import (
    VECTOR_OPTIONS,
    encoding_options,
    examples,
    kind_option,
    mode_option,
    offline_option,
    reject,
    report_options,
)
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import Options
from searchapp.evaluation.measures import CUTOFFS, measures_at
from searchapp.retrieval.modes import DENSE, MODES

if TYPE_CHECKING:
    from searchapp.corpora.corpus import Corpus
    from searchapp.evaluation.metric import Measure
    from searchapp.reports.formats import Report
    from searchapp.tasks.retrieval import Evaluation


def _cutoffs(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    if value is None:
        return None
    parts = [part.strip() for part in value.split(",")]
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise click.BadParameter(f"{value!r} is not a list of cutoffs of at least 1, such as 1,10,100.")
    return tuple(sorted({int(part) for part in parts}))


@click.command(
    "eval",
    cls=MeasureCommand,
    epilog=examples(
        "searchapp eval sample --baselines",
        'searchapp eval nfcorpus scifact -m ./my-model --measure "nDCG@10 R@100"',
        "searchapp eval sample --run-out results --format markdown",
    ),
)
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", shell_complete=completion.corpora)
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    shell_complete=completion.models,
    help=f"Model to score; repeatable.  [default: {BUNDLED}]",
)
@kind_option()
@mode_option()
@click.option("--baselines", is_flag=True, help="Also score BM25, hybrid and a random ranking.")
@click.option(
    "--run",
    "runs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Score this TREC run instead of a model; repeatable.",
)
@click.option(
    "--at",
    "cutoffs",
    metavar="K,K,...",
    callback=_cutoffs,
    help=f"Cutoffs of nDCG, MAP, MRR, R and P.  [default: {','.join(map(str, CUTOFFS))}]",
)
@measure_option('Score these measures instead, such as "nDCG@10 P@5 Rprec"; repeatable.')
@click.option(
    "--run-out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write TREC runs and results to this folder.",
)
@click.option(
    "--per-query", is_flag=True, help="Print the values of every query, or write them to a CSV in --run-out."
)
@click.option(
    "--allow-dangling", is_flag=True, help="Score even if judged documents are missing from the corpus."
)
@encoding_options
@report_options("rows")
@offline_option
def command(
    corpora: tuple[str, ...],
    run_out: Path | None,
    per_query: bool,
    options: Options,
    **arguments: Any,
) -> "Report":
    """Score models on every CORPUS, with 95 % intervals over the judged queries.

    Missing indexes are built; --mode bm25 needs neither a model nor an index. Figures equal those of
    trec_eval and MTEB.
    """
    from searchapp.reports.evaluations import evaluation_report, save_evaluation

    evaluations = []
    for evaluation in _evaluations(corpora, options=options, **arguments):
        evaluations.append(evaluation)
        if run_out is not None:
            save_evaluation(run_out, evaluation, options, per_query=per_query)
    return evaluation_report(evaluations, per_query=per_query and run_out is None)


def _evaluations(
    corpora: tuple[str, ...],
    models: tuple[str, ...],
    *,
    mode: str,
    baselines: bool,
    runs: tuple[Path, ...],
    cutoffs: tuple[int, ...] | None,
    measures: "list[Measure]",
    allow_dangling: bool,
    options: Options,
    kind: str,
) -> "Iterator[Evaluation]":
    from searchapp.corpora.resolve import open_corpus
    from searchapp.tasks.retrieval import evaluate_bm25, evaluate_chance

    needs_model = MODES[mode].needs_model
    if measures:
        reject({"cutoffs"}, "--measure, which names cutoffs itself (nDCG@10)")
    if runs:
        reject({"models", "mode", "kind", "baselines", *VECTOR_OPTIONS}, "--run")
    elif not needs_model:
        reject({"models", "kind", "baselines", *VECTOR_OPTIONS}, f"--mode {mode}")
    elif baselines:
        reject({"mode"}, "--baselines, which scores dense and hybrid")
    sources = [open_corpus(name) for name in corpora]
    settings: dict[str, Any] = {
        "measures": measures or measures_at(cutoffs or CUTOFFS), "allow_dangling": allow_dangling
    }  # fmt: skip
    if runs:
        yield from _score_runs(sources, runs, **settings)
        return
    for model, source in product(models or (BUNDLED,), sources):
        first = baselines and model == (models or (BUNDLED,))[0]
        if needs_model:
            modes = (DENSE, "hybrid") if baselines else (mode,)
            yield from _score_model(source, model, modes, options=options, kind=kind, **settings)
        if first or not needs_model:
            yield evaluate_bm25(source, **settings)
        if first:
            yield evaluate_chance(source, **settings)


def _score_runs(
    sources: "Sequence[Corpus]", paths: Sequence[Path], **settings: Any
) -> "Iterator[Evaluation]":
    """Yield the evaluation of each run, named after its file, or after its path where names collide."""
    from searchapp.evaluation.trec import read_run
    from searchapp.tasks.retrieval import evaluate_run

    if len(sources) > 1:
        raise click.UsageError("--run needs exactly one CORPUS.")
    stems = [path.stem for path in paths]
    for path in paths:
        name = path.stem if stems.count(path.stem) == 1 else str(path.with_suffix(""))
        yield evaluate_run(sources[0], read_run(path), name, **settings)


def _score_model(
    source: "Corpus", model: str, modes: Sequence[str], *, options: Options, kind: str, **settings: Any
) -> "Iterator[Evaluation]":
    from searchapp.index.build import encoder_for
    from searchapp.reports.progress import progress_bar
    from searchapp.tasks.retrieval import evaluate_model

    encoder = encoder_for(source, model, options, kind)
    for mode in modes:
        with progress_bar(f"Embedding {source.name} with {model}", source.count) as progress:
            yield evaluate_model(source, encoder, mode=mode, kind=kind, progress=progress, **settings)

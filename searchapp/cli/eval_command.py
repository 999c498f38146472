"""searchapp eval: score models or runs on corpora with relevance judgements."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from searchapp.cli.completion import CORPUS, MODEL
from searchapp.cli.options import (
    PATH,
    VECTOR_OPTIONS,
    MeasureCommand,
    encoding_options,
    kind_option,
    measure_option,
    mode_option,
    positive,
    reject,
    reject_for_models,
    report_options,
)
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import Options
from searchapp.evaluation.measures import CUTOFFS, measures_at
from searchapp.evaluation.metric import LARGEST_CUTOFF
from searchapp.reports.formats import Report
from searchapp.retrieval.modes import find_mode

if TYPE_CHECKING:
    from searchapp.evaluation.metric import Measure
    from searchapp.tasks.task import Evaluation, Task


def _cutoffs(value: str) -> tuple[int, ...]:
    cutoffs = {positive(part.strip()) or 0 for part in value.split(",")}
    if not all(0 < cutoff <= LARGEST_CUTOFF for cutoff in cutoffs):
        raise click.BadParameter(
            f"{value!r} is not a list of cutoffs from 1 to {LARGEST_CUTOFF:,}, such as 1,10,100."
        )
    return tuple(sorted(cutoffs))


@click.command("eval", cls=MeasureCommand)
@click.argument("names", nargs=-1, required=True, metavar="TASK...", type=CORPUS)
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    type=MODEL,
    help=f"Model to score; repeatable.  [default: {BUNDLED}]",
)
@kind_option()
@mode_option()
@click.option("--baselines", is_flag=True, help="Also score BM25, hybrid and a random ranking.")
@click.option(
    "--run",
    "runs",
    multiple=True,
    type=PATH,
    metavar="FILE",
    help="Score this TREC run instead of a model; repeatable.",
)
@click.option(
    "--at",
    "cutoffs",
    metavar="K,K,...",
    type=_cutoffs,
    help=f"Cutoffs of nDCG, MAP, MRR, R and P.  [default: {','.join(map(str, CUTOFFS))}]",
)
@measure_option('Score these measures instead, such as "nDCG@10 P@5 Rprec"; repeatable.')
@click.option("--run-out", type=PATH, metavar="DIR", help="Write TREC runs and results to this folder.")
@click.option(
    "--per-query", is_flag=True, help="Print the values of every query, or write them to a CSV in --run-out."
)
@click.option(
    "--allow-dangling", is_flag=True, help="Score even if judged documents are missing from the corpus."
)
@encoding_options
@report_options("rows")
def command(
    names: tuple[str, ...], run_out: Path | None, per_query: bool, options: Options, **arguments: Any
) -> Report:
    """Score models on each TASK, usually a corpus, with 95 % intervals over the judged queries.

    Missing indexes are built; --mode bm25 needs neither a model nor an index. Figures equal those of
    trec_eval and MTEB.
    """
    from searchapp.reports.evaluations import evaluation_report, save_evaluation

    evaluations = []
    for evaluation in _evaluations(names, options=options, **arguments):
        evaluations.append(evaluation)
        if run_out is not None:
            save_evaluation(run_out, evaluation, options, per_query=per_query)
    return evaluation_report(evaluations, per_query=per_query and run_out is None)


def _evaluations(
    names: tuple[str, ...],
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
    from searchapp.tasks.open_task import open_task

    _reject_useless(names, models, mode, baselines=baselines, runs=runs, measures=measures)
    scored = measures or measures_at(cutoffs or CUTOFFS)
    settings = {"measures": scored, "mode": mode, "kind": kind, "allow_dangling": allow_dangling}
    tasks = [open_task(name, **settings) for name in names]
    if runs:
        yield from _score_runs(tasks[0], runs)
        return
    if not find_mode(mode).needs_model:
        yield from (task.evaluate_without_model() for task in tasks)
        return
    for number, model in enumerate(models or (BUNDLED,)):
        for task in tasks:
            yield from _score_model(task, model, options, variants=baselines)
            if baselines and number == 0:
                yield from task.baselines()


def _reject_useless(
    names: Sequence[str],
    models: Sequence[str],
    mode: str,
    *,
    baselines: bool,
    runs: Sequence[Path],
    measures: "Sequence[Measure]",
) -> None:
    """Fail where an option would have no effect on what is scored."""
    if measures:
        reject({"cutoffs"}, "--measure, which names cutoffs itself (nDCG@10)")
    if runs:
        reject({"models", "mode", "kind", "baselines", *VECTOR_OPTIONS}, "--run")
        if len(names) > 1:
            raise click.UsageError("--run needs exactly one TASK.")
    elif not find_mode(mode).needs_model:
        reject({"models", "kind", "baselines", *VECTOR_OPTIONS}, f"--mode {mode}")
    elif baselines:
        reject({"mode"}, "--baselines, which scores dense and hybrid")
    if not runs:
        reject_for_models(models or [BUNDLED])


def _score_runs(task: "Task", paths: Sequence[Path]) -> "Iterator[Evaluation]":
    """Yield the evaluation of each run."""
    from searchapp.evaluation.run_inputs import run_labels
    from searchapp.evaluation.trec import read_run

    for path, label in zip(paths, run_labels(paths), strict=True):
        yield task.evaluate_run(read_run(path), label, path)


def _score_model(task: "Task", model: str, options: Options, *, variants: bool) -> "Iterator[Evaluation]":
    from searchapp.reports.progress import progress_bar

    encoder = task.open_encoder(model, options)
    for variant in task.variants() if variants else [task]:
        with progress_bar(f"Embedding {task.name} with {model}", task.count) as progress:
            yield variant.evaluate(encoder, progress)

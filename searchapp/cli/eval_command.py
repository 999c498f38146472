"""searchapp eval: score models or runs on corpora with relevance judgements."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from searchapp.cli import completion
from searchapp.cli.measure_options import MeasureCommand, measure_option
from searchapp.cli.options import (
    encoding_options,
    examples,
    kind_option,
    mode_option,
    offline_option,
    report_options,
)
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import Options
from searchapp.evaluation.measures import CUTOFFS, measures_at
from searchapp.index.kinds import DEFAULT_KIND
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
@click.option("--run", type=click.Path(path_type=Path), help="Score this TREC run instead of a model.")
@click.option(
    "--at",
    "cutoffs",
    metavar="K,K,...",
    callback=_cutoffs,
    help=f"Cutoffs of nDCG, MAP, MRR, R and P. [default: {','.join(map(str, CUTOFFS))}]",
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
    models: tuple[str, ...],
    run_out: Path | None,
    per_query: bool,
    **wishes: Any,
) -> "Report":
    """Score models on every CORPUS, with 95 % intervals over the judged queries.

    Missing indexes are built; --mode bm25 needs neither a model nor an index. Figures equal those of
    trec_eval and MTEB.
    """
    from searchapp.reports.evaluations import evaluation_report, save_evaluation

    evaluations = []
    for evaluation in _evaluations(corpora, models, **wishes):
        evaluations.append(evaluation)
        if run_out is not None:
            save_evaluation(run_out, evaluation, wishes["options"], per_query=per_query)
    return evaluation_report(evaluations, per_query=per_query and run_out is None)


def _evaluations(
    corpora: tuple[str, ...],
    models: tuple[str, ...],
    *,
    mode: str,
    baselines: bool,
    run: Path | None,
    cutoffs: tuple[int, ...] | None,
    measures: "list[Measure]",
    allow_dangling: bool,
    options: Options,
    kind: str,
) -> "Iterator[Evaluation]":
    from searchapp.corpora.resolve import open_corpus
    from searchapp.evaluation.trec import read_run
    from searchapp.tasks.retrieval import evaluate_bm25, evaluate_chance, evaluate_run

    if cutoffs and measures:
        raise click.UsageError("--at sets the cutoffs of the usual metrics; with --measure, write nDCG@10.")
    sources = [open_corpus(name) for name in corpora]
    scored = measures or measures_at(cutoffs or CUTOFFS)
    asked: dict[str, Any] = {"measures": scored, "allow_dangling": allow_dangling}
    if run is not None:
        if len(sources) > 1 or models or mode != DENSE or baselines or kind != DEFAULT_KIND:
            raise click.UsageError(
                "--run scores one run on one corpus, without a model, mode, index or baseline."
            )
        yield evaluate_run(sources[0], read_run(run), run.stem, **asked)
        return
    needs_model = MODES[mode].needs_model
    if not needs_model and (models or baselines or options != Options() or kind != DEFAULT_KIND):
        raise click.UsageError(
            f"--mode {mode} uses neither a model nor an index; --baselines shows it beside a model."
        )
    for number, model in enumerate(models or (BUNDLED,)):
        for source in sources:
            if needs_model:
                modes = (DENSE, "hybrid") if baselines else (mode,)
                yield from _evaluate(source, model, modes, options=options, kind=kind, **asked)
            if not needs_model or (baselines and number == 0):
                yield evaluate_bm25(source, **asked)
            if baselines and number == 0:
                yield evaluate_chance(source, **asked)


def _evaluate(
    source: "Corpus", model: str, modes: tuple[str, ...], *, options: Options, kind: str, **asked: Any
) -> "Iterator[Evaluation]":
    from searchapp.index.build import encoder_for
    from searchapp.reports.progress import progress_bar
    from searchapp.tasks.retrieval import evaluate_model

    encoder = encoder_for(source, model, options, kind)
    for mode in modes:
        with progress_bar(f"Embedding {source.name} by {model}", source.count) as progress:
            yield evaluate_model(source, encoder, mode=mode, kind=kind, progress=progress, **asked)

"""Evaluations: what is shown, and the files that are written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from searchapp.encoders.options import Options, model_slug
from searchapp.evaluation.measures import headline, measure_title, parse_measure
from searchapp.evaluation.metric import NO_CUTOFF
from searchapp.evaluation.results import RESULT_SCHEMA, check_replaceable
from searchapp.evaluation.trec import csv_lines, per_query_lines, run_lines
from searchapp.files import write_text
from searchapp.index.kinds import DEFAULT_KIND
from searchapp.published.leaderboard import standings_of
from searchapp.records import Result
from searchapp.reports.formats import Report, to_json
from searchapp.reports.markup import Table
from searchapp.reports.terminal import plain_table, render, short_models
from searchapp.reports.text import printable
from searchapp.retrieval.modes import DENSE
from searchapp.tasks.task import Evaluation

INTERVALS = 3
"""Of more measures than this, a table shows the interval of the first only."""

NAMES = ("corpus", "model", "mode")
"""What tells the rows of several evaluations apart."""


def evaluation_report(evaluations: Sequence[Evaluation], *, per_query: bool = False) -> Report:
    """Report evaluations; with `per_query`, the values of every query too."""
    results = [evaluation.result for evaluation in evaluations]

    def document() -> dict[str, Any]:
        values = [evaluation.scores.per_query() for evaluation in evaluations] if per_query else []
        return results_document(results, values)

    def rows() -> list[dict[str, Any]]:
        return _query_rows(evaluations) if per_query else list(map(result_row, with_groups(results)))

    def text() -> Iterator[str]:
        yield render(plain_table(results_table(results)))
        if len(results) == 1 and len(_shown(results)) < len(results[0].metrics):
            yield render(plain_table(grid_table(results[0].metrics)))
        yield from standing_lines(results)
        yield from _adapted_lines(results)
        if per_query:
            yield from csv_lines(_query_rows(evaluations))

    return Report(document, text, rows, table=None if per_query else lambda: results_table(results))


def results_document(
    results: Sequence[Result], per_query: Sequence[Mapping[str, Mapping[str, float]]] = ()
) -> dict[str, Any]:
    """Return the document that scripts read: schema and results, with every query's values on demand."""
    rows = [asdict(result) for result in results]
    for row, values in zip(rows, per_query, strict=False):
        row["per_query"] = values
    return {"schema": RESULT_SCHEMA, "results": rows}


def result_row(result: Result) -> dict[str, Any]:
    """Return the flat row of a result: what was scored, then one column per metric."""
    named = {key: getattr(result, key) for key in ("corpus", "model", "mode", "n_docs", "n_judged")}
    return named | result.metrics


def with_groups(results: Sequence[Result]) -> Iterator[Result]:
    """Yield results, each followed by its groups of queries as results of their own."""
    for result in results:
        yield result
        for name, group in result.groups.items():
            yield replace(result, corpus=f"{result.corpus}, {name}", groups={}, **vars(group))


def _adapted_lines(results: Sequence[Result]) -> Iterator[str]:
    """Yield what adapted models were taught, and what that means for their scores."""
    models = short_models(result.model for result in results)
    for result in results:
        adapted = result.recipe.get("adapted")
        if not adapted:
            continue
        line = f"{models[result.model]}, {result.mode}: adapted on {adapted['on']}"
        if result.groups:
            counts = " and ".join(f"{group.n_judged} about {name}" for name, group in result.groups.items())
            line += f"; of these {result.n_judged} queries, {counts}"
        if adapted["queries_taught"]:
            line += f"; {adapted['queries_taught']} of them were taught"
        if adapted["training_score"]:
            line += ", so this is a training score"
        yield printable(line)


def _query_rows(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """Return one row per query, with the corpus, model and mode it belongs to."""
    return [
        {**{name: getattr(evaluation.result, name) for name in NAMES}, "query_id": query_id, **values}
        for evaluation in evaluations
        for query_id, values in evaluation.scores.per_query().items()
    ]


def standing_lines(results: Sequence[Result]) -> Iterator[str]:
    """Yield how each result ranks among published models; several results are told apart by name."""
    models = short_models(result.model for result in results)
    for result, standing in standings_of(results):
        names = dict.fromkeys((models[result.model], result.mode))
        yield printable(f"{', '.join(names)}: {standing}" if len(results) > 1 else str(standing))


def _shown(results: Sequence[Result]) -> list[str]:
    """Return the names of the measures that the table of results shows."""
    return [measure.name for measure in headline([parse_measure(name) for name in results[0].metrics])]


def save_evaluation(
    folder: Path, evaluation: Evaluation, options: Options, *, per_query: bool = False
) -> None:
    """Write `<corpus>.<model>.<mode>[.<kind>]`: a TREC run, the result as JSON, per-query values as CSV.

    An earlier result of the same evaluation is replaced; `options` tell the files of different vectors apart.

    Raises:
        SearchappError: the folder cannot be written, or files of something else have these names.
    """
    result = evaluation.result
    model = model_slug(result.model, options if "model_digest" in result.recipe else Options())
    kind = result.recipe.get("index", DEFAULT_KIND)
    stem = f"{evaluation.slug}.{model}.{result.mode}{'' if kind == DEFAULT_KIND else f'.{kind}'}"
    files = {f"{stem}.trec": run_lines(evaluation.run, tag=model)}
    if per_query:
        files[f"{stem}.per-query.csv"] = per_query_lines(evaluation.scores.per_query())
    texts = {folder / name: "".join(f"{line}\n" for line in lines) for name, lines in files.items()}
    run, *others = texts
    check_replaceable(folder / stem, result, texts[run], others)
    texts[folder / f"{stem}.json"] = to_json(results_document([result])) + "\n"
    for path, text in texts.items():
        write_text(path, text)


def results_table(results: Sequence[Result]) -> Table:
    """Return one row per result; a column `95 %` is the interval of the measure to its left.

    The mode has a column only where it tells rows apart.
    """
    metrics = _shown(results)
    with_interval = [
        metric
        for metric in (metrics if len(metrics) <= INTERVALS else metrics[:1])
        if all(metric in result.intervals for result in results)
    ]
    modes = {result.mode for result in results} != {DENSE}
    headers = ["corpus", "model", *(["mode"] if modes else [])]
    names = len(headers)
    for metric in metrics:
        headers += [measure_title(metric), *(["95 %"] if metric in with_interval else [])]
    rows = []
    models = short_models(result.model for result in results)
    for result in with_groups(results):
        row = [result.corpus, models[result.model], *([result.mode] if modes else [])]
        for metric in metrics:
            row.append(f"{result.metrics[metric]:.5f}")
            if metric in with_interval:
                low, high = result.intervals[metric]
                row.append(f"{low:.3f}-{high:.3f}")
        rows.append(row)
    return Table(headers, rows, numbers=headers[names:])


def grid_table(metrics: Mapping[str, float]) -> Table:
    """Return figures by measure name as a table: one row per metric, one column per cutoff.

    A last column, `all`, is for measures without a cutoff.
    """
    measures = {name: parse_measure(name) for name in metrics}
    shown = {(measure.metric, measure.cutoff): f"{metrics[name]:.5f}" for name, measure in measures.items()}
    cutoffs = sorted({cutoff for _, cutoff in shown}, key=lambda cutoff: cutoff or NO_CUTOFF)
    rows = [
        [metric.title, *(shown.get((metric, cutoff), "") for cutoff in cutoffs)]
        for metric in dict.fromkeys(metric for metric, _ in shown)
    ]
    headers = ["", *("all" if cutoff is None else f"@{cutoff}" for cutoff in cutoffs)]
    return Table(headers, rows, numbers=headers[1:])

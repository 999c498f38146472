"""Evaluations: tables and rows to show, and files to keep."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from searchapp.encoders.options import Options, model_slug
from searchapp.evaluation.scoring import MAIN_METRICS
from searchapp.evaluation.trec import csv_lines, per_query_lines, write_run
from searchapp.files import write_text
from searchapp.published.leaderboard import standings_of
from searchapp.records import Result
from searchapp.reports.machine import ndjson, result_row, results_document, to_json
from searchapp.reports.terminal import grid_table, render, results_table, short_model
from searchapp.reports.text import printable
from searchapp.tasks.retrieval import Evaluation

NAMES = ("corpus", "model", "mode")  # that tell the rows of several evaluations apart


def evaluation_lines(
    evaluations: Sequence[Evaluation], form: str, *, per_query: bool = False
) -> Iterator[str]:
    """Yield evaluations as lines.

    Args:
        evaluations: what to show.
        form: `table`, `json`, `ndjson` or `csv`.
        per_query: show every query's values too.
    """
    results = [evaluation.result for evaluation in evaluations]
    if form == "json":
        values = [evaluation.scores.per_query() for evaluation in evaluations] if per_query else []
        yield to_json(results_document(results, values))
    elif form in {"ndjson", "csv"}:
        rows = _query_rows(evaluations) if per_query else [result_row(result) for result in results]
        yield from ndjson(rows) if form == "ndjson" else csv_lines(rows)
    else:
        yield render(results_table(results, _main_metrics(list(results[0].metrics))))
        if len(results) == 1:
            yield render(grid_table(results[0]))
        yield from standing_lines(results)
        if per_query:
            yield from csv_lines(_query_rows(evaluations))


def _query_rows(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """Return one row a query, named by what it is of."""
    return [
        {**{name: getattr(one.result, name) for name in NAMES}, "query_id": query_id, **values}
        for one in evaluations
        for query_id, values in one.scores.per_query().items()
    ]


def standing_lines(results: Sequence[Result]) -> Iterator[str]:
    """Yield where each result stands among the published ones; named where there are several results."""
    for result, standing in standings_of(results):
        names = dict.fromkeys((short_model(result.model), result.mode))
        yield printable(f"{', '.join(names)}: {standing}" if len(results) > 1 else str(standing))


def _main_metrics(names: Sequence[str]) -> list[str]:
    """Return the metrics of the summary: the main ones, at the largest cut where theirs was not asked for."""
    chosen = []
    for metric in MAIN_METRICS:
        same = [name for name in names if name.startswith(f"{metric.split('_at_')[0]}_at_")]
        chosen.append(metric if metric in names else max(same, key=lambda name: int(name.split("_at_")[1])))
    return chosen


def save_evaluation(
    folder: Path, evaluation: Evaluation, options: Options, *, per_query: bool = False
) -> None:
    """Write `<corpus>.<model>.<mode>` as a TREC run, its result as JSON and every query's values as CSV.

    Args:
        folder: where to; other files of that name are replaced.
        evaluation: what to keep.
        options: what shaped the vectors, if there are any, so that each choice has files of its own.
        per_query: write the CSV too.

    Raises:
        SearchappError: the folder cannot be written.
    """
    result = evaluation.result
    model = model_slug(result.model, options if "model_digest" in result.recipe else Options())
    stem = f"{evaluation.slug}.{model}.{result.mode}"
    write_run(folder / f"{stem}.trec", evaluation.run, tag=model)
    write_text(folder / f"{stem}.json", to_json(results_document([result])) + "\n")
    if per_query:
        lines = per_query_lines(evaluation.scores.per_query())
        write_text(folder / f"{stem}.per-query.csv", "".join(f"{line}\n" for line in lines))

"""Evaluations: what is shown of them, and the files that are kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from searchapp.encoders.options import Options, model_slug
from searchapp.evaluation.results import RESULT_SCHEMA
from searchapp.evaluation.scoring import MAIN_METRICS
from searchapp.evaluation.trec import csv_lines, per_query_lines, write_run
from searchapp.files import write_text
from searchapp.published.leaderboard import standings_of
from searchapp.records import Result
from searchapp.reports.formats import Report, to_json
from searchapp.reports.markup import Table
from searchapp.reports.terminal import METRIC_NAMES, metric_title, plain_table, render, short_model
from searchapp.reports.text import printable
from searchapp.tasks.retrieval import Evaluation

INTERVAL_SHOWN = "ndcg_at_10"
NAMES = ("corpus", "model", "mode")
"""What tells the rows of several evaluations apart."""


def evaluation_report(evaluations: Sequence[Evaluation], *, per_query: bool = False) -> Report:
    """Report evaluations; with `per_query`, the values of every query too."""
    results = [evaluation.result for evaluation in evaluations]

    def document() -> dict[str, Any]:
        values = [evaluation.scores.per_query() for evaluation in evaluations] if per_query else []
        return results_document(results, values)

    def rows() -> list[dict[str, Any]]:
        return _query_rows(evaluations) if per_query else [result_row(result) for result in results]

    def text() -> Iterator[str]:
        yield render(plain_table(results_table(results)))
        if len(results) == 1:
            yield render(plain_table(grid_table(results[0])))
        yield from standing_lines(results)
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
    """Return the main metrics, each at its usual cutoff or else at the largest one asked for."""
    chosen = []
    for metric in MAIN_METRICS:
        same = [name for name in names if name.startswith(f"{metric.split('_at_')[0]}_at_")]
        if same:
            largest = max(same, key=lambda name: int(name.split("_at_")[1]))
            chosen.append(metric if metric in names else largest)
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


def results_table(results: Sequence[Result]) -> Table:
    """Return one row per result; the column `95 %` is the interval of the metric to its left.

    The mode has a column only where it tells rows apart.
    """
    metrics = _main_metrics(list(results[0].metrics))
    modes = {result.mode for result in results} != {"dense"}
    headers = ["corpus", "model", *(["mode"] if modes else [])]
    names = len(headers)
    for metric in metrics:
        headers += [metric_title(metric), *(["95 %"] if metric == INTERVAL_SHOWN else [])]
    rows = []
    for result in results:
        row = [result.corpus, short_model(result.model), *([result.mode] if modes else [])]
        for metric in metrics:
            row.append(f"{result.metrics[metric]:.5f}")
            if metric == INTERVAL_SHOWN:
                low, high = result.intervals[metric]
                row.append(f"{low:.3f}-{high:.3f}")
        rows.append(row)
    return Table(headers, rows, numbers=headers[names:])


def grid_table(result: Result) -> Table:
    """Return every metric of one result: one row per metric, one column per cutoff."""
    names = list(dict.fromkeys(name.split("_at_")[0] for name in result.metrics))
    cuts = list(dict.fromkeys(name.split("_at_")[1] for name in result.metrics))
    rows = [
        [METRIC_NAMES[name], *(f"{result.metrics[f'{name}_at_{cut}']:.5f}" for cut in cuts)] for name in names
    ]
    headers = ["", *(f"@{cut}" for cut in cuts)]
    return Table(headers, rows, numbers=headers[1:])

"""Claimed and measured figures, with verdicts and explanations of the differences."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.text import Text

from searchapp.evaluation.measures import measure_title
from searchapp.published.claims import Source
from searchapp.published.reproduce import Reproduction
from searchapp.published.verdicts import Comparison, Verdict
from searchapp.records import Problem, Result
from searchapp.reports.evaluations import grid_table
from searchapp.reports.formats import Report
from searchapp.reports.markup import Table
from searchapp.reports.terminal import findings_text, plain_table, render
from searchapp.reports.text import printable

SCHEMA = "searchapp/reproduction/1"
STYLES = {
    Verdict.EXACT: "green",
    Verdict.CLOSE: "yellow",
    Verdict.DIFFERS: "bold red",
    Verdict.NOT_RUN: "dim",
}
MAIN = "ndcg_at_10"


def reproduction_report(
    source: Source, reproductions: Sequence[Reproduction], contradictions: Sequence[Problem]
) -> Report:
    """Report the claims of a source, what was measured, and the inconsistencies in the source."""
    return Report(
        lambda: _document(source, reproductions, contradictions),
        lambda: _lines(source, reproductions, contradictions),
        lambda: _rows(reproductions),
        lambda: _table(reproductions),
        failed=any(one.unexplained for one in reproductions),
    )


def _rows(reproductions: Sequence[Reproduction]) -> list[dict[str, Any]]:
    """Return one row per claimed figure."""
    return [
        {
            "task": one.claim.task,
            "split": one.claim.split,
            "metric": figure.metric,
            "claimed": figure.claimed,
            "measured": figure.measured,
            "difference": figure.difference,
            "verdict": figure.verdict.value,
            "explained_by": _explained_by(figure, one),
        }
        for one in reproductions
        for figure in one.comparisons
    ]


def _lines(
    source: Source, reproductions: Sequence[Reproduction], contradictions: Sequence[Problem]
) -> Iterator[str]:
    """Yield the inconsistencies in the source, a summary of all claims, and the figures of each."""
    yield _headline(source)
    if contradictions:
        yield render(Text(f"\nInconsistencies in the source: {len(contradictions)}"))
        yield render(findings_text(contradictions))
    yield ""
    yield _summary(reproductions)
    for reproduction in reproductions:
        if reproduction.result is None:
            yield f"\n{_title(reproduction)}: not run: {printable(reproduction.reason)}"
            yield _claimed_grid(reproduction)
        else:
            yield f"\n{_title(reproduction)}: {_measured(reproduction.result)}"
            yield render(plain_table(_figures(reproduction)))
            yield from _reasons(reproduction)


def _document(
    source: Source, reproductions: Sequence[Reproduction], contradictions: Sequence[Problem]
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "source": source.name,
        "kind": source.kind,
        "model": source.model,
        "revision": source.revision,
        "contradictions": [asdict(finding) for finding in contradictions],
        "tasks": [
            {
                "claim": asdict(one.claim),
                "reason": one.reason,
                "figures": [
                    {**asdict(comparison), "difference": comparison.difference}
                    for comparison in one.comparisons
                ],
                "explanations": [asdict(explanation) for explanation in one.explanations],
                "remarks": [asdict(remark) for remark in one.remarks],
                "unexplained": one.unexplained,
                "result": None if one.result is None else asdict(one.result),
            }
            for one in reproductions
        ],
    }


def _headline(source: Source) -> str:
    model = f" for {printable(source.model)}" if source.model else ""
    claims = len(source.claims)
    others = source.tasks - len({(claim.task, claim.split) for claim in source.claims})
    more = f", other tasks: {others}" if others > 0 else ""
    return f"{printable(source.name)}: {source.kind}{model}, retrieval tasks: {claims}{more}"


def _title(reproduction: Reproduction) -> str:
    return printable(f"{reproduction.claim.task} ({reproduction.claim.split})")


def _measured(result: Result) -> str:
    """Return what was measured: the model, what it was taught, and the mode unless it is dense search."""
    modes = [] if result.mode in {"dense", "run"} else [result.mode]
    adapted = result.recipe.get("adapted")
    taught = [f"adapted on {adapted['on']}"] if adapted else []
    return printable(", ".join(dict.fromkeys([result.model, *taught, *modes])))


def _summary(reproductions: Sequence[Reproduction]) -> str:
    verdicts = list(Verdict)
    rows = []
    for one in reproductions:
        main = next((comparison for comparison in one.comparisons if comparison.metric == MAIN), None)
        cells: list[str | Text] = [one.claim.task, one.claim.split]
        cells += [_number(one.count(verdict), STYLES[verdict]) for verdict in verdicts]
        cells += [_figure(main.claimed) if main else "", _figure(main.measured) if main else ""]
        rows.append(cells)
    numbers = [*(verdict.value for verdict in verdicts), "nDCG@10 claimed", "measured"]
    return render(plain_table(Table(("task", "split", *numbers), rows, numbers)))


def _number(count: int, style: str) -> Text:
    return Text(str(count), style=style if count else "dim")


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.5f}"


def _claimed_grid(reproduction: Reproduction) -> str:
    """Return the claimed figures of a task: one row per metric, one column per cutoff."""
    claimed = {comparison.metric: comparison.claimed for comparison in reproduction.comparisons}
    return render(plain_table(grid_table(claimed)))


FIGURES = ("claimed", "measured", "difference")


def _figures(reproduction: Reproduction) -> Table:
    """Return the figures of a task: claimed, measured, and what explains a difference."""
    rows: list[list[str | Text]] = []
    for comparison in reproduction.comparisons:
        difference = comparison.difference
        rows.append(
            [
                measure_title(comparison.metric),
                _figure(comparison.claimed),
                _figure(comparison.measured),
                "" if difference is None else f"{round(difference, 5) + 0.0:+.5f}",  # no -0.00000
                Text(comparison.verdict.value, style=STYLES[comparison.verdict]),
                _explained_by(comparison, reproduction),
            ]
        )
    return Table(("", *FIGURES, "verdict", "explained by"), rows, FIGURES)


def _table(reproductions: Sequence[Reproduction]) -> Table:
    """Return the figures of all tasks in one table."""
    rows = [[one.claim.task, one.claim.split, *row] for one in reproductions for row in _figures(one).rows]
    return Table(("task", "split", "metric", *FIGURES, "verdict", "explained by"), rows, FIGURES)


def _explained_by(comparison: Comparison, reproduction: Reproduction) -> str:
    names = [one.name for one in reproduction.explanations if comparison.metric in one.metrics]
    if comparison.verdict in {Verdict.CLOSE, Verdict.DIFFERS}:
        names = names or [remark.name for remark in reproduction.remarks]
    return ", ".join(names)


def _reasons(reproduction: Reproduction) -> Iterator[str]:
    for one in reproduction.explanations:
        lost = f", but contradicts {one.lost} that are exact" if one.lost else ""
        yield (
            f"{one.name} explains {len(one.metrics)} of {one.of} figures that are not exact{lost}: "
            f"{printable(one.description)}."
        )
    if reproduction.remarks:
        yield render(findings_text(reproduction.remarks))
    if reproduction.unexplained:
        yield f"No known definition yields {', '.join(map(measure_title, reproduction.unexplained))}."

"""searchapp compare: tell whether runs differ significantly."""

from typing import TYPE_CHECKING

import click

from searchapp.cli.completion import CORPUS
from searchapp.cli.options import MeasureCommand, measure_option, report_options, usage_error
from searchapp.reports.formats import Report

if TYPE_CHECKING:
    from searchapp.evaluation.gates import Gate
    from searchapp.evaluation.metric import Measure


def _gate(text: str) -> "Gate":
    from searchapp.evaluation.gates import parse_gate

    return usage_error(lambda: parse_gate(text))


@click.command("compare", cls=MeasureCommand)
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@click.option("-c", "--corpus", type=CORPUS, help="Corpus of TREC runs; results of `eval` name theirs.")
@measure_option('Measures to compare, such as "nDCG@10 P@5"; repeatable. [default: the main ones]')
@click.option(
    "--gate",
    "gates",
    multiple=True,
    type=_gate,
    metavar="MEASURE>=CHANGE",
    help='Exit 3 when a measure drops by more and significantly, such as "nDCG@10>=-0.005"; repeatable.',
)
@click.option(
    "--show",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="How many of the largest gains, and of the largest losses, to show.",
)
@report_options("rows", not_in_rows=("show",))
def command(
    runs: tuple[str, ...], corpus: str | None, measures: "list[Measure]", gates: "tuple[Gate, ...]", show: int
) -> Report:
    """Compare every RUN with the first, query by query.

    RUN is a result of `searchapp eval --run-out DIR` (DIR, a file in it or its stem), or a TREC run, which
    needs -c. The report has means and changes with 95 % bootstrap intervals, p-values of a paired
    randomisation test (Holm-corrected for several candidates), and the queries with the largest gains
    and losses, with the grades of both sides' top documents.
    """
    from searchapp.evaluation.comparison import compare_runs
    from searchapp.evaluation.gates import judge
    from searchapp.evaluation.measures import MAIN_MEASURES, parse_measure
    from searchapp.evaluation.run_inputs import open_run_inputs
    from searchapp.reports.comparisons import comparison_report

    if len(runs) < 2:
        raise click.UsageError("Name at least two runs: first the baseline, then the candidates.")
    gated = [parse_measure(gate.metric) for gate in gates]
    wanted = list(dict.fromkeys([*(measures or MAIN_MEASURES), *gated]))
    where, entries = open_run_inputs(runs, corpus)
    comparisons = compare_runs(where, entries, wanted, show)
    verdicts = [
        judge(gate, comparison.candidate.label, change)
        for gate in gates
        for comparison in comparisons
        for change in comparison.changes
        if change.metric == gate.metric
    ]
    return comparison_report(where, entries[0], comparisons, verdicts)

"""searchapp compare: tell whether the difference between runs is real."""

from typing import TYPE_CHECKING

import click

from searchapp.cli.measure_options import MeasureCommand, measure_option, usage_error
from searchapp.cli.options import offline_option, report_options

if TYPE_CHECKING:
    from searchapp.evaluation.gates import Gate
    from searchapp.evaluation.metric import Measure
    from searchapp.reports.formats import Report


def _gates(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> "list[Gate]":
    from searchapp.evaluation.gates import parse_gate

    return usage_error(lambda: [parse_gate(value) for value in values])


@click.command("compare", cls=MeasureCommand)
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@click.option("-c", "--corpus", help="What they are runs of; the results of searchapp know theirs.")
@measure_option('Measures to compare, as in "nDCG@10 P@5"; repeatable. [default: the main ones]')
@click.option(
    "--gate", "gates", multiple=True, callback=_gates, metavar="MEASURE>=CHANGE",
    help='Exit 3 when a measure falls further and significantly, as in "nDCG@10>=-0.005"; repeatable.',
)  # fmt: skip
@click.option(
    "--show", type=click.IntRange(min=0), default=3, show_default=True,
    help="Queries to show with the largest gains, and with the largest losses.",
)  # fmt: skip
@report_options("rows")
@offline_option
def command(
    runs: tuple[str, ...],
    corpus: str | None,
    measures: "list[Measure]",
    gates: "list[Gate]",
    show: int,
) -> "Report":
    """Compare every RUN with the first, query by query.

    A RUN is a result of `searchapp eval --run-out DIR` (DIR, a file in it or its stem), or a TREC run,
    which needs -c. Shown are means and their change with its 95 % bootstrap interval, the p-value of a
    paired randomisation test, corrected by Holm's procedure where there are several candidates, and the
    queries that gain and lose most, with the grades of the best documents of both sides.
    """
    from searchapp.evaluation.comparison import compare_runs
    from searchapp.evaluation.gates import judge
    from searchapp.evaluation.measures import MAIN_MEASURES, parse_measure
    from searchapp.evaluation.run_inputs import open_run_inputs
    from searchapp.reports.comparisons import comparison_report

    if len(runs) < 2:
        raise click.UsageError("Name at least two runs: the baseline first, then what to compare with it.")
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

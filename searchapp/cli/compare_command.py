"""searchapp compare: tell whether the difference between runs is real."""

from typing import TYPE_CHECKING

import click

from searchapp.cli.options import offline_option, report_options

if TYPE_CHECKING:
    from searchapp.evaluation.gates import Gate
    from searchapp.reports.formats import Report


def _metrics(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> list[str]:
    from searchapp.evaluation.gates import parse_metric
    from searchapp.evaluation.scoring import MAIN_METRICS

    try:
        return [parse_metric(value) for value in values] or list(MAIN_METRICS)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


def _gates(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> "list[Gate]":
    from searchapp.evaluation.gates import parse_gate

    try:
        return [parse_gate(value) for value in values]
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@click.option("-c", "--corpus", help="What they are runs of; the results of searchapp know theirs.")
@click.option(
    "--metric", "metrics", multiple=True, callback=_metrics, metavar="NAME",
    help="Compare this metric, such as ndcg_at_10; may stand several times. [default: the main ones]",
)  # fmt: skip
@click.option(
    "--gate", "gates", multiple=True, callback=_gates, metavar="METRIC>=CHANGE",
    help='Exit 3 when a metric falls further and significantly, as in "ndcg_at_10>=-0.005".',
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
    metrics: list[str],
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
    from searchapp.evaluation.run_inputs import open_run_inputs
    from searchapp.reports.comparisons import comparison_report

    if len(runs) < 2:
        raise click.UsageError("Name at least two runs: the baseline first, then what to compare with it.")
    wanted = list(dict.fromkeys([*metrics, *(gate.metric for gate in gates)]))
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

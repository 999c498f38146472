"""The options that name measures, and the list of metrics in the help of the commands that take them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from searchapp.cli import completion
from searchapp.errors import SearchappError

if TYPE_CHECKING:
    from searchapp.evaluation.metric import Measure

Parsed = TypeVar("Parsed")


def usage_error(parse: Callable[[], Parsed]) -> Parsed:
    """Return what a parser returns; its error becomes a usage error that includes the hint."""
    try:
        return parse()
    except SearchappError as error:
        raise click.BadParameter(f"{error.message} {error.hint}") from error


def read_measures(
    _context: click.Context, _parameter: click.Parameter, values: Sequence[str]
) -> "list[Measure]":
    """Return the measures that `--measure` names; the callback of that option."""
    from searchapp.evaluation.measures import parse_measures

    measures = usage_error(lambda: parse_measures(values))
    if values and not measures:
        raise click.BadParameter("it names no measure; write, for instance, nDCG@10.")
    return measures


class MeasureCommand(click.Command):
    """A command whose help lists every metric that `--measure` knows."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the metrics."""
        from searchapp.evaluation.measures import metric_forms

        super().format_options(ctx, formatter)
        with formatter.section("Measures (MTEB's and trec_eval's spellings work too)"):
            formatter.write_dl([(form, metric.summary) for form, metric in metric_forms().items()])


def measure_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--measure`."""
    return click.option(
        "--measure",
        "measures",
        multiple=True,
        callback=read_measures,
        metavar="MEASURE...",
        shell_complete=completion.measures,
        help=text,
    )

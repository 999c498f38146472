"""Options that several commands share."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from searchapp.cli.completion import MODEL, complete_measures
from searchapp.cli.streams import print_lines
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import (
    DEFAULT_TEMPLATE,
    PRECOMPUTED,
    TRANSFORMER,
    Options,
    Pooling,
    split_name,
)
from searchapp.errors import SearchappError, did_you_mean
from searchapp.index.kinds import DEFAULT_KIND, KINDS
from searchapp.reports.formats import FORMATS, Report, formats_for
from searchapp.retrieval.modes import DENSE, MODES

if TYPE_CHECKING:
    from searchapp.evaluation.metric import Measure

Function = Callable[..., Any]
Parsed = TypeVar("Parsed")
DIGITS = 20  # no number has more; Python itself reads at most 4,300
PATH = click.Path(path_type=Path)


class Choice(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.2
    """One of the names of a registry, looked up when used: later registrations count, imports stay light."""

    name = "choice"

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        self.names = names

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the names as help shows them."""
        return f"[{'|'.join(self.names())}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, or fail and suggest the nearest one."""
        names = list(self.names())
        if value not in names:
            near = did_you_mean(str(value), names)
            self.fail(f"{value!r} is not one of {', '.join(names)}. {near}".rstrip(), param, ctx)
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the names that begin with what has been typed."""
        return [CompletionItem(name) for name in self.names() if name.startswith(incomplete)]


class _KindOption(click.Option):
    """An option that names a kind of index; its help describes every kind."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        text = self.help
        self.help = " ".join([text or "", *(f"{kind.name}: {kind.description}." for kind in KINDS.values())])
        record = super().get_help_record(ctx)
        self.help = text
        return record


def kind_option(
    default: str | None = DEFAULT_KIND, text: str = "Kind of index.", unset: str = ""
) -> Callable[[Function], Function]:
    """Return the decorator that adds `--kind`; `unset` says in words what no kind means."""
    return click.option(
        "--kind",
        cls=_KindOption,
        type=Choice(lambda: KINDS),
        default=default,
        show_default=default is not None or unset,
        help=text,
    )


def mode_option(default: str | None = DENSE, text: str = "How to rank.") -> Callable[[Function], Function]:
    """Return the decorator that adds `--mode`."""
    return click.option(
        "--mode", type=Choice(lambda: MODES), default=default, show_default=default is not None, help=text
    )


def positive(text: str) -> int | None:
    """Return the positive integer that a text is; None for anything else, or more than 20 digits."""
    return (int(text) or None) if text.isdecimal() and len(text) <= DIGITS else None


def _max_length(text: str) -> int | str | None:
    if text in {"model", "none"}:
        return None if text == "none" else text
    if length := positive(text):
        return length
    raise click.BadParameter(f"{text!r} is not a positive integer, 'model' or 'none'.")


VECTOR_OPTIONS = tuple(field.name for field in fields(Options))
"""The parameters that `encoding_options` adds."""


def encoding_options(command: Function) -> Function:
    """Add the options that shape vectors, passed on as one `options`."""

    def pooling(side: str, *flags: str) -> Callable[[Function], Function]:
        text = f"Transformers only: how token vectors are pooled into the vector of a {side}."
        choice = Choice(lambda: get_args(Pooling))
        return click.option(*flags, type=choice, default="model", show_default=True, help=text)

    @click.option(
        "--max-length",
        default="model",
        show_default=True,
        metavar="N|model|none",
        type=_max_length,
        help="Truncate texts after N tokens, at the model's own limit, or not at all (none).",
    )
    @click.option(
        "--no-normalize",
        "normalize",
        flag_value=False,
        default=True,
        help="Compare by dot product instead of cosine.",
    )
    @click.option(
        "--template", default=DEFAULT_TEMPLATE, show_default=True, help="How title and text form a document."
    )
    @click.option("--document-prompt", default="", help="Text to prepend to every document.")
    @click.option("--query-prompt", default="", help="Text to prepend to every query.")
    @pooling("query", "--query-pooling")
    @pooling("document", "--doc-pooling", "--document-pooling", "document_pooling")
    @wraps(command)
    def with_options(**arguments: Any) -> Any:
        options = Options(**{name: arguments.pop(name) for name in VECTOR_OPTIONS})
        return command(options=options, **arguments)

    return with_options


def reject(names: Collection[str], because: str) -> None:
    """Fail if one of these parameters was given, because it would have no effect.

    Raises:
        UsageError: one was given; its option is named.
    """
    context = click.get_current_context()
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is ParameterSource.COMMANDLINE:
            shown = parameter.opts[-1] if isinstance(parameter, click.Option) else str(parameter.name).upper()
            raise click.UsageError(f"{shown} has no effect with {because}; leave it out.")


def reject_for_models(models: Iterable[str]) -> None:
    """Fail if an option that shapes vectors was given, but has no effect with models of these kinds.

    Raises:
        UsageError: one was given; its option and the models are named.
    """
    kinds = {split_name(model)[0] for model in models}
    if PRECOMPUTED in kinds:
        reject(set(VECTOR_OPTIONS) - {"normalize"}, "-m npy:FOLDER, whose texts are encoded already")
    if TRANSFORMER not in kinds:
        reject({"query_pooling", "document_pooling"}, "a model other than -m st:NAME_OR_PATH")


def _offline(_context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    from searchapp.cli import go_offline

    if value:
        go_offline()


def report_options(
    *parts: str, not_in_rows: Collection[str] = ()
) -> Callable[[Callable[..., Report]], Function]:
    """Add `--format`, `--json` and `--offline`, and print the report that the command returns.

    The exit code is 3 when the check that the command made failed.

    Args:
        parts: what the report has besides document and text, `rows` or `run`; they decide which formats
            the command offers.
        not_in_rows: parameters whose effect rows do not show, so that they are refused with their formats.
    """
    eager: dict[str, Any] = {"expose_value": False, "is_eager": True, "callback": _offline}

    def decorate(command: Callable[..., Report]) -> Function:
        @click.option(
            "--format",
            "form",
            type=Choice(lambda: formats_for(parts)),
            help="Output format, table by default.",
        )
        @click.option("--json", "as_json", is_flag=True, help="Print one JSON document (--format json).")
        @click.option("--offline", is_flag=True, help="Make no network connections.", **eager)
        @wraps(command)
        def printing(*, form: str | None, as_json: bool, **arguments: Any) -> None:
            if as_json and form not in {None, "json"}:
                raise click.UsageError(f"--json means --format json; it does not go with --format {form}.")
            form = "json" if as_json else form or "table"
            if FORMATS[form].needs == "rows":
                reject(not_in_rows, f"--format {form}")
            report = command(**arguments)
            if not FORMATS[form].suits(report):
                raise click.UsageError(f"There is nothing to show as {form} with these options.")
            print_lines(FORMATS[form].lines(report))
            if report.failed:
                click.get_current_context().exit(3)

        return printing

    return decorate


model_option = click.option(
    "-m",
    "--model",
    default=BUNDLED,
    show_default=True,
    type=MODEL,
    help="Bundled name, model2vec folder, hub id[@revision], st:NAME_OR_PATH (sentence-transformers) or "
    "npy:FOLDER (precomputed vectors).",
)


def usage_error(parse: Callable[[], Parsed]) -> Parsed:
    """Return what a parser returns; its error becomes a usage error that includes the hint."""
    try:
        return parse()
    except SearchappError as error:
        raise click.BadParameter(f"{error.message} {error.hint}") from error


class Command(click.Command):
    """A command that refuses an option given twice where only the last value would count."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, once no option is repeated in vain."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for parameter, count in Counter(given).items():
            once = isinstance(parameter, click.Option) and not (parameter.multiple or parameter.is_flag)
            if once and count > 1 and not ctx.resilient_parsing:
                raise click.UsageError(f"{parameter.opts[-1]} is given {count} times; give it once.", ctx)
        return super().parse_args(ctx, args)


class MeasureCommand(Command):
    """A command whose help lists every metric that `--measure` knows."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the metrics."""
        from searchapp.evaluation.measures import metric_forms

        super().format_options(ctx, formatter)
        with formatter.section("Measures (MTEB's and trec_eval's spellings work too)"):
            formatter.write_dl([(form, metric.summary) for form, metric in metric_forms().items()])


def measure_option(text: str) -> Callable[[Function], Function]:
    """Return the decorator that adds `--measure`, which names measures in any known spelling."""

    def parse(_context: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> "list[Measure]":
        from searchapp.evaluation.measures import parse_measures

        measures = usage_error(lambda: parse_measures(values))
        if values and not measures:
            raise click.BadParameter("it names no measure; write, for instance, nDCG@10.")
        return measures

    return click.option(
        "--measure",
        "measures",
        multiple=True,
        callback=parse,
        metavar="MEASURE...",
        shell_complete=complete_measures,
        help=text,
    )

"""Options that several commands share."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Literal, get_args

import click

from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import DEFAULT_TEMPLATE, Options, Pooling
from searchapp.index.kinds import DEFAULT_KIND, KINDS

Command = Callable[..., Any]

POOLINGS = get_args(Pooling)
_POOLING = "Transformers only: what becomes the vector of a"


class Registered(click.Choice):  # type: ignore[type-arg]
    """A choice among the names in a registry, read at each use, so that later additions count.

    Args:
        registry: name -> what is registered.
    """

    def __init__(self, registry: Mapping[str, object]) -> None:
        self._registry = registry
        self.case_sensitive = True

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        """The names registered so far."""
        return tuple(self._registry)


class KindOption(click.Option):
    """An option that names a kind of index; its help describes every kind."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the flag and its help."""
        flags, text = super().get_help_record(ctx) or ("", "")
        return flags, " ".join([text, *(f"{kind.name}: {kind.description}." for kind in KINDS.values())])


def kind_option(
    default: str | None = DEFAULT_KIND, text: str = "Kind of index."
) -> Callable[[Command], Command]:
    """Return the decorator that adds `--kind`."""
    return click.option(
        "--kind", cls=KindOption, type=Registered(KINDS), default=default, show_default=True, help=text
    )


def _max_length(
    _context: click.Context, _parameter: click.Parameter, value: str
) -> int | Literal["model"] | None:
    if value == "model":
        return "model"
    if value == "none":
        return None
    if value.isdigit() and int(value) > 0:
        return int(value)
    raise click.BadParameter(
        f"{value!r} is no number above 0, nor 'model' (its own) or 'none' (whole texts)."
    )


def encoding_options(command: Command) -> Command:
    """Add the options that shape vectors, passed on as one `options`."""

    @click.option(
        "--max-length",
        default="model",
        show_default=True,
        metavar="N|model|none",
        callback=_max_length,
        help="Tokens read of a text: the model's own number, or none for whole texts.",
    )
    @click.option("--no-normalize", is_flag=True, help="Compare by inner product, not by cosine.")
    @click.option(
        "--template", default=DEFAULT_TEMPLATE, show_default=True, help="How a document's text is assembled."
    )
    @click.option("--document-prompt", default="", help="Put in front of every document.")
    @click.option("--query-prompt", default="", help="Put in front of every query.")
    @click.option(
        "--query-pooling",
        type=click.Choice(POOLINGS),
        default="model",
        show_default=True,
        help=f"{_POOLING} query.",
    )
    @click.option(
        "--doc-pooling",
        "--document-pooling",
        "document_pooling",
        type=click.Choice(POOLINGS),
        default="model",
        show_default=True,
        help=f"{_POOLING} document.",
    )
    @wraps(command)
    def with_options(
        *,
        max_length: Any,
        no_normalize: bool,
        template: str,
        document_prompt: str,
        query_prompt: str,
        query_pooling: Pooling,
        document_pooling: Pooling,
        **rest: Any,
    ) -> Any:
        options = Options(
            max_length,
            not no_normalize,
            template,
            document_prompt,
            query_prompt,
            query_pooling,
            document_pooling,
        )
        return command(options=options, **rest)

    return with_options


def offline_option(command: Command) -> Command:
    """Add `--offline`, which also works in front of the command."""
    return click.option(
        "--offline",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_offline,
        help="Open no socket.",
    )(command)


def json_option(command: Command) -> Command:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


model_option = click.option(
    "-m",
    "--model",
    default=BUNDLED,
    show_default=True,
    help="Bundled name, model2vec folder, hub id[@revision], st:NAME_OR_PATH (a transformer) or npy:FOLDER "
    "(vectors made elsewhere).",
)


def _offline(_context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    from searchapp.cli import go_offline

    if value:
        go_offline()

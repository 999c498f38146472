"""The command line: parse, make one call, report. Commands load on demand, so that --help is quick."""

import errno
import gc
import importlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import click

from searchapp import __version__
from searchapp.cli.examples import EXAMPLES
from searchapp.cli.streams import discard_output, replace_closed_streams
from searchapp.compiled import alone_in_process
from searchapp.errors import SearchappError, did_you_mean

COMMANDS = {
    "index": "Embed a corpus into an index on disk.",
    "query": "Search an index.",
    "eval": "Score models or runs on corpora with relevance judgements.",
    "tune": "Choose how hybrid search fuses dense and BM25 rankings.",
    "adapt": "Teach a static model a corpus, and say what the gain is worth.",
    "compare": "Compare runs query by query, and gate a change.",
    "reproduce": "Compare published figures with what is measured here.",
    "export": "Export results as MTEB files, model-card YAML or TREC runs.",
    "diagnose": "Explain a low score and measure what a fix would gain.",
    "repair": "Write a static model without its dominant directions.",
    "corpora": "List the corpora on this machine, or check one.",
    "models": "List the models that work offline.",
    "indexes": "List, show or remove indexes.",
    "doctor": "Check what is installed, stale or damaged.",
}
"""Command -> summary; `searchapp.cli.<command>_command` holds the command."""


FOLDERS = ("SEARCHAPP_INDEXES", "IR_DATASETS_HOME", "HF_HOME", "XDG_CACHE_HOME")
"""Settings whose folders other libraries read and write, which need names in UTF-8."""


class _Failure(click.ClickException):
    """A SearchappError as click shows it: the message, then the hint."""

    def __init__(self, error: SearchappError) -> None:
        super().__init__(error.message)
        self.hint = error.hint

    def show(self, file: Any = None) -> None:
        from searchapp.reports.text import strip_control_chars  # a message may quote what a file holds

        click.echo(f"Error: {strip_control_chars(self.message)}", err=True, file=file)
        for line in self.hint.splitlines():
            click.echo(f"  {strip_control_chars(line)}", err=True, file=file)


def _explain(error: OSError) -> SearchappError | None:
    """Return an operating-system error as advice for the user; None for a bug."""
    if error.filename is not None:
        return SearchappError(f"{error.filename} cannot be used ({error.strerror}).", "Check this path.")
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}:
        return SearchappError(
            f"The output cannot be written ({error.strerror}).", "Free some space, or write elsewhere."
        )
    if isinstance(error, ConnectionRefusedError) and error.errno is None:  # from `_refuse_sockets`
        return SearchappError(f"{error}.", "Run the command once without --offline.")
    return None


def _explain_text(error: UnicodeEncodeError) -> SearchappError:
    """Return text that cannot be written as advice for the user."""
    character = error.object[error.start]
    if _is_unicode(character):
        return SearchappError(
            f"The output cannot be written in the encoding {error.encoding} ({character!a}).",
            "Set PYTHONIOENCODING=utf-8.",
        )
    lines = (line.strip() for line in error.object.splitlines())
    return _not_utf8(next(line for line in lines if not _is_unicode(line)))


def _is_unicode(text: str) -> bool:
    """Tell whether text has no lone surrogates, in which Python holds bytes that are not UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _not_utf8(text: str) -> SearchappError:
    return SearchappError(
        f"{text!a} is not valid UTF-8.", "Rename the file or folder, or type the text as UTF-8."
    )


@contextmanager
def _errors_as_messages() -> Iterator[None]:
    try:
        yield
    except SearchappError as error:
        raise _Failure(error) from error
    except KeyboardInterrupt as error:
        click.echo("Interrupted.", err=True)
        raise click.exceptions.Exit(130) from error
    except UnicodeEncodeError as error:
        raise _Failure(_explain_text(error)) from error
    except BrokenPipeError as error:  # the reader of a help page has read enough
        discard_output()
        raise click.exceptions.Exit(0) from error
    except OSError as error:
        explained = _explain(error)
        if explained is None:
            raise
        raise _Failure(explained) from error


class _App(click.Group):
    """A group that imports a command on first use, and turns errors into messages in one place."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"searchapp.cli.{cmd_name}_command").command
        assert isinstance(command, click.Command)  # noqa: S101 - our bug, not the user's
        examples = (f"  searchapp {arguments}" for arguments in EXAMPLES[cmd_name])
        command.epilog = "\n".join(["\b", "Examples:", *examples])
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"No such command {name!r}. {did_you_mean(name, COMMANDS)}".rstrip())
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for text in (*args, *(os.environ.get(name, "") for name in FOLDERS)):
            if not _is_unicode(text):
                raise _not_utf8(text)
        return super().parse_args(ctx, args)

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        with _errors_as_messages():  # --help writes here
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _errors_as_messages():
            return super().invoke(ctx)


class _Remark(logging.Formatter):
    """Shows a remark without the control characters of what it quotes."""

    def format(self, record: logging.LogRecord) -> str:
        from searchapp.reports.text import strip_control_chars

        return "\n".join(map(strip_control_chars, super().format(record).split("\n")))


EPILOG = """\b
Examples:
  searchapp eval sample                 # bundled model, bundled corpus
  searchapp index nfcorpus
  searchapp query "does garlic lower cholesterol"

\b
Shell completion (bash; also zsh and fish):
  eval "$(_SEARCHAPP_COMPLETE=bash_source searchapp)"
"""


@click.group(cls=_App, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(__version__, prog_name="searchapp")
@click.option("--offline", is_flag=True, help="Make no network connections (may also follow the command).")
def app(offline: bool) -> None:
    """Search and score document collections offline, and tell whether a score can be trusted."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Remark("%(message)s"))
    logging.getLogger("searchapp").handlers = [handler]
    logging.getLogger("searchapp").setLevel(logging.INFO)
    if offline:
        go_offline()


def go_offline() -> None:
    """Refuse every network connection from now on, ours and those of any library."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    _guard_sockets()


@cache  # an audit hook stays for good, so one is enough
def _guard_sockets() -> None:
    sys.addaudithook(_refuse_sockets)


LOOKUPS = ("getaddrinfo", "gethostbyaddr", "gethostbyname", "getnameinfo")
REFUSED = {f"socket.{call}" for call in ("bind", "connect", "sendmsg", "sendto", *LOOKUPS)}


def _refuse_sockets(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in REFUSED:
        raise ConnectionRefusedError(f"--offline: {event} refused")


def main() -> None:
    """Run the command line."""
    alone_in_process()
    replace_closed_streams()
    try:
        app(prog_name="searchapp")
    finally:
        gc.freeze()  # the process is ending, so a last garbage collection would be wasted

"""The command line: parse, make one call, render. Commands load on demand, so that --help is quick."""

import errno
import gc
import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from searchapp import __version__
from searchapp.compiled import alone_in_process
from searchapp.errors import SearchappError

COMMANDS = {
    "index": "Embed a corpus into an index on disk.",
    "query": "Search an index.",
    "eval": "Score models on corpora with judgements.",
    "tune": "Choose how hybrid search fuses dense and BM25 results.",
    "compare": "Compare runs query by query, and gate a change.",
    "reproduce": "Compare published figures with what is measured here.",
    "export": "Write results as MTEB, a model card or trec_eval want them.",
    "diagnose": "Say what is wrong with a score, and what its repair gains.",
    "repair": "Write a static model without its loudest directions.",
    "corpora": "List the corpora that are here, or look into one.",
    "models": "List the models that work without a network.",
    "indexes": "List, show or remove built indexes.",
    "doctor": "Check what is installed, what works offline, what is stale.",
}
"""Every command and what it does; the module `searchapp.cli.<name>_command` holds it."""


class _Failure(click.ClickException):
    """A SearchappError as click shows it: the message, then the next step."""

    def __init__(self, error: SearchappError) -> None:
        super().__init__(error.message)
        self.hint = error.hint

    def show(self, file: Any = None) -> None:
        from searchapp.reports.text import strip_control_chars  # a message may quote what a file holds

        click.echo(f"Error: {strip_control_chars(self.message)}", err=True, file=file)
        for line in self.hint.splitlines():
            click.echo(f"  {strip_control_chars(line)}", err=True, file=file)


def _explain(error: OSError) -> SearchappError | None:
    """Return what a user can do about an error of the system; None for a bug, or a pipe that closed."""
    if error.filename is not None:
        return SearchappError(f"{error.filename} cannot be used ({error.strerror}).", "Check this path.")
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}:
        return SearchappError(
            f"The output cannot be written ({error.strerror}).", "Free some space, or write elsewhere."
        )
    if isinstance(error, ConnectionRefusedError) and error.errno is None:  # from `_refuse_sockets`
        return SearchappError(f"{error}.", "Run it once without --offline.")
    return None


@contextmanager
def _errors_as_messages() -> Iterator[None]:
    try:
        yield
    except SearchappError as error:
        raise _Failure(error) from error
    except KeyboardInterrupt as error:
        click.echo("Interrupted.", err=True)
        raise click.exceptions.Exit(130) from error
    except OSError as error:
        explained = _explain(error)
        if explained is None:
            raise
        raise _Failure(explained) from error


class _App(click.Group):
    """A group that imports a command when it is used, and turns errors into messages in one place."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"searchapp.cli.{cmd_name}_command").command
        assert isinstance(command, click.Command)  # noqa: S101 - a bug of ours, not of the user
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        with _errors_as_messages():  # --help writes here
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _errors_as_messages():
            result = super().invoke(ctx)
            sys.stdout.flush()
        return result


class _Remark(logging.Formatter):
    """A remark as it is shown: without control characters of what it quotes."""

    def format(self, record: logging.LogRecord) -> str:
        from searchapp.reports.text import strip_control_chars

        return "\n".join(map(strip_control_chars, super().format(record).split("\n")))


@click.group(cls=_App, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="searchapp")
@click.option("--offline", is_flag=True, help="Open no socket; also works behind a command.")
def app(offline: bool) -> None:
    """Search and score document collections offline, and learn whether a score can be trusted.

    \b
    Start here:
      searchapp eval sample                      score the bundled model on the bundled corpus
      searchapp index nfcorpus                   embed a corpus
      searchapp query "does garlic lower cholesterol"
    """  # noqa: D301 - click wants the character, not the letters
    handler = logging.StreamHandler()
    handler.setFormatter(_Remark("%(message)s"))
    logging.getLogger("searchapp").handlers = [handler]
    logging.getLogger("searchapp").setLevel(logging.INFO)
    if offline:
        go_offline()


def go_offline() -> None:
    """Refuse every connection from now on, in our code and in any library's."""
    import os

    os.environ["HF_HUB_OFFLINE"] = "1"
    if not _guarded:
        sys.addaudithook(_refuse_sockets)
        _guarded.append(True)


_guarded: list[bool] = []


REFUSED = {
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyaddr",
    "socket.gethostbyname",
    "socket.getnameinfo",
    "socket.sendmsg",
    "socket.sendto",
}


def _refuse_sockets(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in REFUSED:
        raise ConnectionRefusedError(f"--offline: {event} refused")


def main() -> None:
    """Run the command line."""
    alone_in_process()
    try:
        app(prog_name="searchapp")
    finally:
        gc.freeze()  # the end of the process frees everything; the collector need not look at it once more

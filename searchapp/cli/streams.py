"""Standard streams that are closed, or that nobody reads any more: no reason to fail."""

import os
import sys
from collections.abc import Iterable

import click


def replace_closed_streams() -> None:
    """Let streams that the caller closed (`>&-`) read nothing and discard what is written.

    Python leaves None in their place, which libraries do not expect; and the next file to be opened would
    get the number of the stream.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - until the end


def print_lines(lines: Iterable[str]) -> None:
    """Print lines, as far as they are read: `| head -1` has seen enough."""
    try:
        for line in lines:
            click.echo(line)  # which flushes
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Discard what is still to be written to standard output."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)

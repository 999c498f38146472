"""Facts about files that tell whether they are still what they were, and a place for what can be redone."""

import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tempfile

Stamp = dict[str, tuple[int, int]]
"""File name -> (size in bytes, modification time in nanoseconds)."""


def file_stamp(files: Iterable[Path]) -> Stamp:
    """Return size in bytes and modification time in nanoseconds of each file that exists."""
    found = {str(file.resolve()): file.stat() for file in files if file.exists()}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


def sha256(*files: Path) -> str:
    """Return the SHA-256 of the files' contents one after another, read in blocks."""
    import hashlib

    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def slug(name: str) -> str:
    """Return a folder name for a corpus or a model: letters, digits, `.`, `@` and dashes only.

    >>> slug("clinicaltrials/2021")
    'clinicaltrials--2021'
    """
    return re.sub(r"[^\w.@-]", "--", name).strip("-.")


@cache
def cache_folder(name: str) -> Path:
    """Return a folder of this user for what can be made again.

    Where the home cannot be written it is a folder for this process alone, removed at its end.
    """
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = home / "searchapp" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        import tempfile

        # Not a name that others could guess and fill: some of what is kept is code.
        _temporary.append(tempfile.TemporaryDirectory(prefix="searchapp-"))
        folder = Path(_temporary[-1].name)
    return folder


_temporary: "list[tempfile.TemporaryDirectory[str]]" = []
"""Removed when the process ends."""

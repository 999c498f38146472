"""Reading and writing files: JSON with precise errors, atomic writes, digests, and the user's cache."""

import hashlib
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from searchapp.errors import SearchappError

if TYPE_CHECKING:
    import tempfile

Stamp = dict[str, tuple[int, int]]
"""File name -> (size in bytes, modification time in nanoseconds)."""

Json = TypeVar("Json")

_JSON_NAMES: dict[type, str] = {dict: "object", list: "array"}


def read_json(path: Path, expected: type[Json], hint: str, *, allow_nan: bool = False) -> Json:
    """Read a JSON file (UTF-8, with or without a byte order mark).

    Args:
        path: the file.
        expected: `dict` for an object, `list` for an array, `object` for any JSON.
        hint: what to do when it cannot be used.
        allow_nan: accept NaN and Infinity, which Python writes and JSON does not have.

    Raises:
        SearchappError: the file cannot be read, is not valid JSON, or holds another type.
    """
    try:
        data: Any = json.loads(
            path.read_text("utf-8-sig"), parse_constant=float if allow_nan else _reject_constant
        )
    except OSError as error:
        raise SearchappError(f"{path} cannot be read ({error.strerror}).", hint) from error
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise SearchappError(f"{path} is not valid JSON ({error}).", hint) from error
    if not isinstance(data, expected):
        raise SearchappError(f"{path} does not hold a JSON {_JSON_NAMES[expected]}.", hint)
    return data


def _reject_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def write_text(path: Path, text: str, hint: str = "Choose another path.") -> None:
    """Write a UTF-8 file atomically and durably, and create the folders above it.

    Raises:
        SearchappError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise SearchappError(f"{path} cannot be written ({error.strerror}).", hint) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder, which replaces `path` unless the block raises.

    Readers see the old file or the new one, never part of either.

    Raises:
        OSError: the file cannot be written.
    """
    target = path.resolve()  # a symbolic link stays one
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}.new")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def file_stamp(files: Iterable[Path]) -> Stamp:
    """Return size in bytes and modification time in nanoseconds of each file that exists."""
    stats = {str(file.resolve()): file.stat() for file in files if file.exists()}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}


def sha256(*files: Path) -> str:
    """Return the SHA-256 of the concatenated contents of files."""
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


def cache_folder(name: str) -> Path:
    """Return the folder `name` in the user's cache (below `XDG_CACHE_HOME` on Linux).

    Where that is not writable, it is a private folder that is removed when the process ends.
    """
    if folder := lasting_cache_folder(name):
        return folder
    import tempfile

    folder = Path(_process_folder(tempfile.gettempdir()).name) / name
    folder.mkdir(exist_ok=True)
    return folder


def lasting_cache_folder(name: str) -> Path | None:
    """Return the folder `name` in the user's cache, None where that is not writable."""
    from platformdirs import user_cache_path

    try:
        folder = user_cache_path("searchapp", appauthor=False) / name
        if folder.is_absolute():  # older releases: `~/...` for a user without a home directory
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    except (OSError, RuntimeError):  # RuntimeError: there is no home directory
        pass
    return None


@cache
def _process_folder(parent: str) -> "tempfile.TemporaryDirectory[str]":
    import tempfile

    # A name that nobody else can guess and fill: some of what is cached is code.
    return tempfile.TemporaryDirectory(prefix="searchapp-", dir=parent)

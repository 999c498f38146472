"""A cache of vectors, each under the digest of everything that shapes it."""

import logging
import sqlite3
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
BATCH = 500  # SQLite accepts at least 999 parameters in a statement
TIMEOUT = 60.0  # seconds to wait for another process to finish writing


class VectorCache:
    """Bytes by key, in an SQLite file that several processes may share and that may be removed at any time.

    Each value has a checksum; a damaged value counts as missing. A damaged file is replaced by an empty one,
    and where nothing can be written, nothing is cached.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._usable = True

    def read(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """Return the values of the keys that are cached."""
        ordered = list(keys)
        values: dict[bytes, bytes] = {}
        for start in range(0, len(ordered), BATCH):
            values |= self._try(partial(_select, keys=ordered[start : start + BATCH])) or {}
        return values

    def write(self, values: Mapping[bytes, bytes]) -> None:
        """Store values durably."""
        rows = [(key, value, _sum(key, value)) for key, value in values.items()]
        self._try(lambda opened: opened.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", rows))

    def _try(self, action: Callable[[sqlite3.Connection], Answer]) -> Answer | None:
        """Run an action on the file, or on a new file when it is damaged; None when neither works."""
        for _ in range(2):
            if not self._usable:
                break
            try:
                with closing(sqlite3.connect(self._file, timeout=TIMEOUT)) as opened, opened:
                    opened.execute(
                        "CREATE TABLE IF NOT EXISTS kept"
                        " (key BLOB PRIMARY KEY, value BLOB NOT NULL, sum INTEGER NOT NULL)"
                    )
                    return action(opened)
            except sqlite3.OperationalError as error:  # the disk is full, or the folder read-only
                logger.warning("Vectors cannot be cached in %s (%s).", self._file, error)
                self._usable = False
            except sqlite3.DatabaseError as error:
                logger.warning(
                    "The cached vectors in %s are damaged (%s); they are recomputed.", self._file, error
                )
                for part in (f"{self._file}-journal", self._file):
                    Path(part).unlink(missing_ok=True)
        return None


def _select(opened: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    marks = ",".join("?" * len(keys))
    statement = f"SELECT key, value, sum FROM kept WHERE key IN ({marks})"  # noqa: S608 - marks only
    rows = opened.execute(statement, keys)
    return {key: value for key, value, total in rows if _sum(key, value) == total}


def _sum(key: bytes, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(key))

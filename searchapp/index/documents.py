"""The documents of an index: an SQLite file from row number to id, title and text."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from searchapp.errors import SearchappError
from searchapp.index.layout import remove_hint
from searchapp.records import Document

BATCH = 500  # SQLite accepts at least 999 parameters in a statement


class DocumentWriter:
    """Appends documents to a store; nothing lasts before `commit`."""

    def __init__(self, path: Path, rows: int) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS documents"
            " (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL)"
        )
        self._connection.execute("DELETE FROM documents WHERE row >= ?", (rows,))
        self._rows = rows

    def add(self, documents: Sequence[Document]) -> None:
        """Append documents in row order.

        Raises:
            SearchappError: an id stands twice.
        """
        rows = ((self._rows + i, item.id, item.title, item.text) for i, item in enumerate(documents))
        try:
            self._connection.executemany("INSERT INTO documents VALUES (?, ?, ?, ?)", rows)
        except sqlite3.IntegrityError as error:
            # The rows before the one that failed are in the table.
            (rows_in,) = self._connection.execute("SELECT COUNT(*) FROM documents").fetchone()
            raise SearchappError(
                f"Document id {documents[rows_in - self._rows].id!r} stands twice in the corpus.",
                "Give each document an id of its own.",
            ) from error
        self._rows += len(documents)

    def commit(self) -> None:
        """Make what was added last."""
        self._connection.commit()

    def close(self) -> None:
        """Close the store; what was not committed is gone."""
        self._connection.close()


class DocumentStore:
    """Reads the documents of a finished index by row or by id."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Immutable: SQLite takes no lock, so that readers never wait and the folder may be read-only.
        self._connection = sqlite3.connect(f"file:{_quoted(path)}?mode=ro&immutable=1", uri=True)

    def ids(self, rows: Sequence[int]) -> list[str]:
        """Return the ids of rows, in the order given."""
        found: dict[int, str] = {}
        for start in range(0, len(rows), BATCH):
            some = rows[start : start + BATCH]
            found.update(self._read(_select("row, id", "row", len(some)), some))
        return [found[row] for row in rows]

    def all_ids(self) -> list[str]:
        """Return the ids of all rows, in row order."""
        return [row[0] for row in self._read("SELECT id FROM documents ORDER BY row")]

    def documents(self, ids: Sequence[str]) -> list[Document]:
        """Return the documents with these ids, in the order given."""
        found: dict[str, Document] = {}
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            rows = self._read(_select("id, title, text", "id", len(some)), some)
            found.update((row[0], Document(*row)) for row in rows)
        return [found[name] for name in ids]

    def _read(self, statement: str, values: Sequence[int | str] = ()) -> list[Any]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise SearchappError(
                f"{self._path} is damaged ({error}).",
                remove_hint(self._path.parent),
            ) from error


def _quoted(path: Path) -> str:
    """Quote what has a meaning in SQLite's file names (urllib would take longer to import than to read)."""
    return str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _select(columns: str, key: str, count: int) -> str:
    marks = ",".join("?" * count)
    return f"SELECT {columns} FROM documents WHERE {key} IN ({marks})"  # noqa: S608 - constants and marks

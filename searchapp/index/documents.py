"""The documents of an index: an SQLite file with the id, title and text of each row."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from searchapp.errors import SearchappError
from searchapp.index.layout import remove_hint
from searchapp.records import Document

BATCH = 500  # every SQLite accepts 999 parameters in a statement


class DocumentWriter(sqlite3.Connection):
    """Appends documents to a store; nothing is saved before `commit`."""

    def __init__(self, path: Path, rows: int) -> None:
        super().__init__(path)
        self.execute(
            "CREATE TABLE IF NOT EXISTS documents"
            " (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL)"
        )
        self.execute("DELETE FROM documents WHERE row >= ?", (rows,))
        self._rows = rows

    def add(self, documents: Sequence[Document]) -> None:
        """Append documents in row order.

        Raises:
            SearchappError: an id is repeated.
        """
        rows = ((self._rows + i, item.id, item.title, item.text) for i, item in enumerate(documents))
        try:
            self.executemany("INSERT INTO documents VALUES (?, ?, ?, ?)", rows)
        except sqlite3.IntegrityError as error:
            # The rows before the one that failed are in the table.
            (count,) = self.execute("SELECT COUNT(*) FROM documents").fetchone()
            problem = f"Duplicate document id {documents[count - self._rows].id!r}."
            raise SearchappError(problem, "Give each document its own id.") from error
        self._rows += len(documents)


class DocumentStore:
    """Reads the documents of a finished index by row or by id."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Immutable: readers need no locks, may be threads, and the folder may be read-only.
        uri = f"file:{_quoted(path)}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)

    def ids(self, rows: Sequence[int]) -> list[str]:
        """Return the ids of rows, in the order of `rows`."""
        ids = dict(self._select("row, id", "row", rows))
        return [ids[row] for row in rows]

    def all_ids(self) -> list[str]:
        """Return the ids of all rows, in row order."""
        return [row[0] for row in self._read("SELECT id FROM documents ORDER BY row")]

    def documents(self, ids: Sequence[str]) -> list[Document]:
        """Return the documents with these ids, in the order of `ids`."""
        documents = {row[0]: Document(*row) for row in self._select("id, title, text", "id", ids)}
        return [documents[name] for name in ids]

    def _select(self, columns: str, key: str, values: Sequence[int | str]) -> Iterator[Any]:
        for start in range(0, len(values), BATCH):
            batch = values[start : start + BATCH]
            marks = ",".join("?" * len(batch))
            # Only constants and question marks go into the statement.
            yield from self._read(f"SELECT {columns} FROM documents WHERE {key} IN ({marks})", batch)  # noqa: S608

    def _read(self, statement: str, values: Sequence[int | str] = ()) -> list[Any]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            hint = remove_hint(self._path.parent)
            raise SearchappError(f"{self._path} is damaged ({error}).", hint) from error


def _quoted(path: Path) -> str:
    """Quote the special characters of SQLite's URIs (importing urllib would take longer than a query)."""
    return str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")

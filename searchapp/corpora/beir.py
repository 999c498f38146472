"""The BEIR layout, in a folder or in a zip archive: corpus.jsonl, queries.jsonl, qrels/<split>.tsv."""

import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

from searchapp.corpora.source import FileSource
from searchapp.errors import SearchappError
from searchapp.records import Document, Judgements, Query

LINE = "Expected: query id, tab, document id, tab, grade."
BUFFER = 1 << 20  # bytes unpacked at a time
COUNTED_SIZE = 20_000_000  # bytes; the lines of larger files are not counted in advance


class BeirFiles(FileSource):
    """A BEIR folder, or the folder `inside` a zip archive; every error names the file and the line."""

    layout = "a BEIR folder with corpus.jsonl, queries.jsonl and qrels/<split>.tsv"

    def __init__(self, root: Path, split: str | None = None, inside: str = "") -> None:
        super().__init__(root, split)
        self.inside = inside

    @staticmethod
    def recognises(path: Path) -> bool:
        """Tell whether a folder holds the documents of a corpus."""
        return (path / "corpus.jsonl").exists()

    def files(self) -> list[Path]:
        """List the file that holds the documents."""
        return [self.root / "corpus.jsonl" if self.root.is_dir() else self.root]

    def count(self) -> int | None:
        """Return the number of documents, None when counting would mean reading a large file."""
        if self.files()[0].stat().st_size >= COUNTED_SIZE:
            return None
        return sum(1 for _, line in self._lines("corpus.jsonl") if line.strip())

    def documents(self) -> Iterator[Document]:
        """Yield every document in file order."""
        for where, record in self._records("corpus.jsonl"):
            title = record.get("title")
            yield Document(
                _string(record, "_id", where),
                "" if title is None else _string(record, "title", where),
                _string(record, "text", where),
            )

    def queries(self) -> Iterator[Query]:
        """Yield every query in file order, judged or not."""
        for where, record in self._records("queries.jsonl"):
            yield Query(_string(record, "_id", where), _string(record, "text", where))

    def judgements(self) -> Judgements:
        """Return the judgements of the split, empty when there are none."""
        split = self.split
        name = f"qrels/{split}.tsv"
        return _grades(self._lines(name), self._name(name)) if split else {}

    def splits(self) -> list[str]:
        """List the splits that have judgements, in alphabetical order."""
        if self.root.is_dir():
            return sorted(file.stem for file in (self.root / "qrels").glob("*.tsv"))
        prefix = f"{self.inside}/qrels/"
        with self._archive() as archive:
            return sorted(
                name[len(prefix) : -len(".tsv")]
                for name in archive.namelist()
                if name.startswith(prefix) and name.endswith(".tsv")
            )

    def _records(self, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        shown, hint = self._name(name), "Each line must be one JSON object."
        for number, line in self._lines(name):
            if line.isspace():
                continue
            where = f"{shown}, line {number}"
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                problem = f"not valid JSON ({error.msg.removesuffix(' at')} at column {error.colno})"
                raise SearchappError(f"{where}: {problem}.", hint) from error
            if not isinstance(record, dict):
                raise SearchappError(f"{where}: a {type(record).__name__}, not an object.", hint)
            yield where, record

    def _lines(self, name: str) -> Iterator[tuple[int, str]]:
        with self._open(name) as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    where = f"{self._name(name)}, line {number}"
                    problem = f"not UTF-8 (byte {error.start + 1} of the line)"
                    raise SearchappError(f"{where}: {problem}.", "Save the file as UTF-8.") from error

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        try:
            if self.root.is_dir():
                with (self.root / name).open("rb") as stream:
                    yield stream
            else:
                with self._archive() as archive, archive.open(f"{self.inside}/{name}") as packed:
                    # zipfile's own lines are read in Python, one by one.
                    yield BufferedReader(packed, BUFFER)  # type: ignore[type-var]
        except (FileNotFoundError, KeyError) as error:
            hint = f"The corpus must be {self.layout}."
            raise SearchappError(f"{self._name(name)} is missing.", hint) from error
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise self._damaged(error) from error
        except OSError as error:
            problem = f"{self._name(name)} cannot be read ({error.strerror})."
            raise SearchappError(problem, "It must be a readable file.") from error

    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.root)
        except zipfile.BadZipFile as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> SearchappError:
        hint = "Remove it; the next use downloads it again."
        return SearchappError(f"{self.root} is damaged ({error}).", hint)

    def _name(self, name: str) -> str:
        return str(self.root / name) if self.root.is_dir() else f"{self.root}:{self.inside}/{name}"


def read_qrels(path: Path) -> Judgements:
    """Return the judgements in a file of the layout of `qrels/<split>.tsv`, or in TREC's.

    Raises:
        SearchappError: the file cannot be read, a line is no judgement, or there is none.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise SearchappError(f"{path} cannot be read ({error.strerror}).", "Check the name.") from error
    except UnicodeDecodeError as error:
        raise SearchappError(f"{path} is not UTF-8 (byte {error.start}).", "Save it as UTF-8.") from error
    judgements = _grades(enumerate(lines, start=1), str(path))
    if not judgements:
        raise SearchappError(f"{path} has no judgements.", LINE)
    return judgements


def _grades(lines: Iterable[tuple[int, str]], name: str) -> Judgements:
    judgements: Judgements = {}
    for number, line in lines:
        columns = _columns(line)
        if not columns or (number == 1 and columns[-1] == "score"):
            continue
        where = f"{name}, line {number}"
        query_id, document_id, grade = _judgement(columns, where)
        grades = judgements.setdefault(query_id, {})
        if grades.setdefault(document_id, grade) != grade:
            raise SearchappError(
                f"{where}: query {query_id!r} and document {document_id!r} are judged twice, "
                f"{grades[document_id]} and {grade}.",
                "Keep one grade per pair.",
            )
    return judgements


def _string(record: dict[str, Any], key: str, where: str) -> str:
    value = record.get(key)
    if isinstance(value, str) and value and value.isascii():
        return value
    if key == "_id" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or (key == "_id" and not value):
        problem = "missing" if value is None else f"{value!r}, not a string"
        raise SearchappError(f"{where}: {key!r} is {problem}.", 'Expected: {"_id": "1", "text": "..."}')
    try:
        value.encode()
    except UnicodeEncodeError as error:
        problem = f"{key!r} contains an unpaired surrogate (character {error.start + 1})"
        raise SearchappError(f"{where}: {problem}.", "Write the complete character, or remove it.") from error
    return value


def _columns(line: str) -> list[str]:
    """Split at tabs, so that ids may contain spaces; without a tab, at spaces, as in TREC files."""
    return [column.strip() for column in line.strip().split("\t")] if "\t" in line.strip() else line.split()


def _judgement(columns: list[str], where: str) -> tuple[str, str, int]:
    """Read `query document grade`, or TREC's `query 0 document grade`."""
    if len(columns) not in {3, 4}:
        raise SearchappError(f"{where}: {len(columns)} columns instead of 3.", LINE)
    try:
        grade = float(columns[-1])
    except ValueError:
        grade = float("nan")
    if not grade.is_integer():
        raise SearchappError(f"{where}: the grade {columns[-1]!r} is not an integer.", LINE)
    return columns[0], columns[-2], int(grade)

"""Vectors that somebody else has made, looked up by id: any model can be scored, an API's as well.

The folder holds `documents.npy`, (n, d) floats, and `documents.txt`, the n ids in the same order, one a
line; likewise `queries.npy` and `queries.txt`.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.options import Options
from searchapp.encoders.vectors import unit
from searchapp.errors import SearchappError
from searchapp.files import sha256
from searchapp.records import Document, Query, Recipe

SIDES = ("documents", "queries")
FLOATS = ("float16", "float32", "float64")


class PrecomputedEncoder:
    """Looks the vectors of documents and queries up by their ids.

    Args:
        folder: the four files.
        options: what the user changed; only `normalize` can be.

    Raises:
        SearchappError: a file is missing or damaged, they do not fit together, or an option is set
            that would shape texts.
    """

    batch = 4096
    facts = None
    libraries: tuple[str, ...] = ()
    circumstances: Mapping[str, Any] = {}

    def __init__(self, folder: Path, options: Options) -> None:
        _check_options(options)
        folder = folder.resolve()
        digest = vectors_digest(folder)
        self.name = f"npy:{folder}"
        self.options = options
        self._documents, self._queries = (_Table(folder, side) for side in SIDES)
        dimensions = self._documents.vectors.shape[1], self._queries.vectors.shape[1]
        if dimensions[0] != dimensions[1]:
            raise SearchappError(
                f"{folder}: the vectors of documents.npy have {dimensions[0]} dimensions, those of "
                f"queries.npy {dimensions[1]}.",
                "Both must come from one model.",
            )
        self.recipe = Recipe(
            model=self.name,
            revision=None,
            model_digest=digest,
            tokenizer_digest="",
            dimension=dimensions[0],
            query_pooling="precomputed",
            document_pooling="precomputed",
            max_length=None,
            normalize=options.normalize,
            template="",
            document_prompt="",
            query_prompt="",
        )

    def encode_documents(self, documents: Sequence[Document]) -> NDArray[np.float32]:
        """Return the vectors of documents in the order given, (n, d) float32."""
        return self._rows(self._documents, [document.id for document in documents])

    def encode_queries(self, queries: Sequence[Query]) -> NDArray[np.float32]:
        """Return the vectors of queries in the order given, (n, d) float32."""
        return self._rows(self._queries, [query.id for query in queries])

    def _rows(self, table: "_Table", ids: Sequence[str]) -> NDArray[np.float32]:
        vectors = table.rows(ids)
        return unit(vectors) if self.options.normalize else vectors


class _Table:
    """The vectors of one side: `vectors` (n, d) floats, mapped from the file, and the row of each id."""

    def __init__(self, folder: Path, side: str) -> None:
        self._side = side
        self._array, self._list = folder / f"{side}.npy", folder / f"{side}.txt"
        self.vectors = map_vectors(self._array)
        ids = _ids(self._list)
        if len(ids) != len(self.vectors):
            raise SearchappError(
                f"{self._array} has {len(self.vectors)} rows, {self._list} {len(ids)} ids.",
                "Write the id of each row on a line of its own, in the order of the rows.",
            )
        self._row = {found: row for row, found in enumerate(ids)}
        if len(self._row) != len(ids):
            again = next(found for row, found in enumerate(ids) if self._row[found] != row)
            raise SearchappError(f"{self._list}: id {again!r} stands twice.", "Give each vector its own id.")

    def rows(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of ids in the order given, (n, d) float32."""
        missing = [wanted for wanted in ids if wanted not in self._row]
        if missing:
            raise SearchappError(
                f"{self._list} does not name {missing[0]!r}: {len(missing)} of the {len(ids)} "
                f"{self._side} asked for have no vector.",
                "Are these the vectors of this corpus? Add those that are missing.",
            )
        places = [self._row[wanted] for wanted in ids]
        with np.errstate(over="ignore"):  # what single precision cannot hold is infinite, an error below
            vectors = self.vectors[places].astype(np.float32)
        broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(broken):
            raise SearchappError(
                f"{self._array}: {len(broken)} vectors hold NaN or infinity (first: row "
                f"{places[broken[0]]}, id {ids[broken[0]]!r}).",
                "Make them again; such a vector has no score.",
            )
        return vectors


def vectors_digest(folder: Path) -> str:
    """Return the SHA-256 of the four files.

    Raises:
        SearchappError: one is missing.
    """
    return sha256(*_files(folder))


def _files(folder: Path) -> list[Path]:
    files = [folder / f"{side}.{kind}" for side in SIDES for kind in ("npy", "txt")]
    for file in files:
        if not file.is_file():
            raise SearchappError(
                f"There is no {file}.",
                "-m npy:FOLDER reads documents.npy, documents.txt, queries.npy and queries.txt of a folder.",
            )
    return files


def map_vectors(file: Path) -> NDArray[Any]:
    """Return the vectors in an .npy file, (n, d) floats mapped into memory; nothing is ever unpickled.

    Raises:
        SearchappError: it holds no such array.
    """
    try:
        array = np.lib.format.open_memmap(file, mode="r")
    except ValueError as error:
        raise SearchappError(
            f"{file} is no array of numbers that can be read ({error}).", "Write it with numpy.save."
        ) from error
    if array.ndim != 2 or not array.size:
        raise SearchappError(f"{file} has the shape {array.shape}.", "Write one row a vector, (n, d).")
    if array.dtype.newbyteorder("=").name not in FLOATS:
        raise SearchappError(
            f"{file} holds {array.dtype}, not {', '.join(FLOATS)}.", "Convert it: array.astype('float32')"
        )
    return array


def _ids(file: Path) -> list[str]:
    try:
        lines = file.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise SearchappError(f"{file} is not UTF-8 (byte {error.start}).", "Write it as UTF-8.") from error
    ids = [line.strip("\r") for line in (lines if lines[-1] else lines[:-1])]
    if "" in ids:
        raise SearchappError(f"{file}, line {ids.index('') + 1} is empty.", "Write one id a line.")
    return ids


def _check_options(options: Options) -> None:
    changed = replace(options, normalize=True).flags()
    if changed:
        raise SearchappError(
            f"{shlex.join(changed)} cannot change vectors that are already made.",
            "Leave it out, or make the vectors with it.",
        )

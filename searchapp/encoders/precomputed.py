"""Precomputed vectors, looked up by id, so that any model can be scored, even one behind an API.

The folder holds `documents.npy`, (n, d) floats, and `documents.txt`, the n ids in the same order, one per
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


class VectorFiles:
    """The folder of the four files."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder).expanduser().resolve()

    def model_digest(self) -> str:
        """Return the SHA-256 of the four files; a `SearchappError` when one is missing."""
        files = [self.folder / f"{side}.{kind}" for side in SIDES for kind in ("npy", "txt")]
        for file in files:
            if not file.is_file():
                raise SearchappError(
                    f"There is no {file}.",
                    "-m npy:FOLDER reads documents.npy, documents.txt, queries.npy and queries.txt.",
                )
        return sha256(*files)

    def tokenizer_digest(self) -> str:
        """Return nothing: there is no tokenizer."""
        return ""


class PrecomputedEncoder:
    """Looks up the vectors of documents and queries by their ids; of the options, only `normalize` applies.

    Raises:
        SearchappError: a file is missing or damaged, the files do not fit together, or an option is set
            that would change the texts.
    """

    batch = 4096
    facts = None
    libraries: tuple[str, ...] = ()
    circumstances: Mapping[str, Any] = {}

    def __init__(self, files: VectorFiles, options: Options) -> None:
        if changed := replace(options, normalize=True).flags():
            raise SearchappError(
                f"{shlex.join(changed)} does not apply to precomputed vectors.",
                "Leave it out, or recompute the vectors with it.",
            )
        folder = files.folder
        digest = files.model_digest()  # an error when a file is missing
        self._files = files
        self.name = f"npy:{folder}"
        self.options = options
        self._documents, self._queries = (_Table(folder, side) for side in SIDES)
        dimensions = self._documents.vectors.shape[1], self._queries.vectors.shape[1]
        if dimensions[0] != dimensions[1]:
            raise SearchappError(
                f"{folder}: documents.npy has {dimensions[0]} dimensions, queries.npy has {dimensions[1]}.",
                "Both must come from the same model.",
            )
        self.recipe = Recipe(
            self.name,
            revision=None,
            model_digest=digest,
            tokenizer_digest="",
            dimension=dimensions[0],
            query_pooling="precomputed",
            document_pooling="precomputed",
            max_length=None,
            normalize=options.normalize,
        )

    def with_options(self, options: Options) -> "PrecomputedEncoder":
        """Return an encoder of the same vectors with other options."""
        return PrecomputedEncoder(self._files, options)

    def for_corpus(self, _sample: Sequence[str]) -> "PrecomputedEncoder":
        """Return this encoder: it reads no texts."""
        return self

    def encode_documents(self, documents: Sequence[Document]) -> NDArray[np.float32]:
        """Return the vectors of documents in the given order, (n, d) float32."""
        return self._documents.rows([document.id for document in documents], self.options.normalize)

    def encode_queries(self, queries: Sequence[Query]) -> NDArray[np.float32]:
        """Return the vectors of queries in the given order, (n, d) float32."""
        return self._queries.rows([query.id for query in queries], self.options.normalize)


class _Table:
    """The vectors of one side: `vectors` (n, d) floats, mapped from the file, and the row of each id."""

    def __init__(self, folder: Path, side: str) -> None:
        self._side = side
        self._array, self._list = folder / f"{side}.npy", folder / f"{side}.txt"
        self.vectors = map_vectors(self._array)
        ids = _ids(self._list)
        if len(ids) != len(self.vectors):
            raise SearchappError(
                f"{self._array} has {len(self.vectors)} rows, but {self._list} has {len(ids)} ids.",
                "Write one id per line, in the order of the rows.",
            )
        self._row = {name: row for row, name in enumerate(ids)}
        if len(self._row) != len(ids):
            duplicate = next(name for row, name in enumerate(ids) if self._row[name] != row)
            raise SearchappError(f"{self._list}: duplicate id {duplicate!r}.", "Give each row its own id.")

    def rows(self, ids: Sequence[str], normalize: bool) -> NDArray[np.float32]:
        """Return the vectors of ids in the given order, (n, d) float32."""
        missing = [name for name in ids if name not in self._row]
        if missing:
            raise SearchappError(
                f"{self._list} lacks {missing[0]!r}: {len(missing)} of the {len(ids)} requested "
                f"{self._side} have no vector.",
                "Check that the vectors belong to this corpus, or add the missing ones.",
            )
        rows = [self._row[name] for name in ids]
        with np.errstate(over="ignore"):  # values beyond single precision become infinite, an error below
            vectors = self.vectors[rows].astype(np.float32)
        broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(broken):
            raise SearchappError(
                f"{self._array}: {len(broken)} vectors hold NaN or infinity (first: row "
                f"{rows[broken[0]]}, id {ids[broken[0]]!r}).",
                "Recompute them; such a vector has no score.",
            )
        return unit(vectors) if normalize else vectors


def map_vectors(file: Path) -> NDArray[Any]:
    """Return the vectors in an .npy file, (n, d) floats mapped into memory."""
    array = map_array(file)
    if array.ndim != 2 or not array.size:
        raise SearchappError(
            f"{file} has the shape {array.shape}.", "It must have two dimensions, with one row per vector."
        )
    if array.dtype.newbyteorder("=").name not in FLOATS:
        raise SearchappError(
            f"{file} holds {array.dtype}, not {', '.join(FLOATS)}.", "Convert it: array.astype('float32')"
        )
    return array


def map_array(file: Path) -> NDArray[Any]:
    """Return the array in an .npy file, mapped into memory; nothing is ever unpickled."""
    try:
        return np.lib.format.open_memmap(file, mode="r")
    except ValueError as error:
        raise SearchappError(
            f"{file} is not a readable array of numbers ({error}).", "Write it with numpy.save."
        ) from error


def lines_of(text: str) -> list[str]:
    """Return the lines of a text as `-m npy:FOLDER` reads its lists of ids."""
    lines = text.split("\n")
    return [line.strip("\r") for line in (lines if lines[-1] else lines[:-1])]


def _ids(file: Path) -> list[str]:
    try:
        ids = lines_of(file.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SearchappError(f"{file} is not UTF-8 (byte {error.start}).", "Save it as UTF-8.") from error
    if "" in ids:
        raise SearchappError(f"{file}, line {ids.index('') + 1} is empty.", "Write one id per line.")
    return ids

"""Stored vectors as users have them: read from a folder or an index, or the reasons why they cannot be."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from searchapp.corpora.corpus import Corpus
from searchapp.diagnosis.cloud import Vectors
from searchapp.diagnosis.probe import Finding, Symptom
from searchapp.diagnosis.thresholds import CERTAIN, LIKELY
from searchapp.encoders.precomputed import SIDES, lines_of, map_array
from searchapp.errors import SearchappError
from searchapp.index.index import open_index
from searchapp.index.manifest import damaged_files, recipe_differences
from searchapp.records import Recipe

WRONG_DTYPE = Symptom(
    "wrong-dtype",
    "{file} holds {dtype}, from which no float32 vectors can be read; searchapp and FAISS compare float32.",
)
INTEGERS = Symptom(
    "wrong-dtype",
    "{file} holds {dtype}; every other command of searchapp asks for floats.",
    key="integers",
)
WRONG_SHAPE = Symptom(
    "rows-without-ids", "{file} has the shape {shape}, not one row per text.", key="wrong-shape"
)
ROWS = Symptom("rows-without-ids", "{file} has {rows:,} rows, {names} has {ids:,} ids.")
DUPLICATE_IDS = Symptom(
    "duplicate-vector-ids", "{count:,} of the {total:,} ids in {names} are repeated (first: {first!r})."
)
DIMENSIONS = Symptom("dimensions-differ", "The documents have {documents} dimensions, the queries {queries}.")
MODEL_DIMENSION = Symptom(
    "dimensions-differ",
    "The index holds vectors of {stored} dimensions, the model gives {model}: the queries cannot be compared "
    "with the documents.",
    key="index-dimension",
)
DAMAGED = Symptom("damaged-index", "{problem}")
CHANGED_FILES = Symptom(
    "damaged-index", "{files} in {folder} no longer match the digests in the manifest.", key="changed-files"
)
DAMAGE = (
    WRONG_DTYPE, INTEGERS, WRONG_SHAPE, ROWS, DUPLICATE_IDS, DIMENSIONS, MODEL_DIMENSION, DAMAGED,
    CHANGED_FILES,
)  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """Vectors that were read, and what is wrong with the files; without vectors, that is why."""

    vectors: Vectors | None
    damage: tuple[Finding, ...] = ()
    changes: Sequence[str] | None = None


def read_folder(folder: Path, similarity: str) -> Stored:
    """Return the vectors of a folder as `-m npy:FOLDER` names it, whether or not they match the corpus.

    Raises:
        SearchappError: a file is missing or is not an array.
    """
    damage: list[Finding] = []
    sides = [_read_side(folder, side, damage) for side in SIDES]
    (document_ids, documents), (query_ids, queries) = sides
    if documents is None or queries is None:
        return Stored(None, tuple(damage))
    if documents.shape[1] != queries.shape[1]:
        dimensions = DIMENSIONS.finding(CERTAIN, documents=documents.shape[1], queries=queries.shape[1])
        return Stored(None, (*damage, dimensions))
    return Stored(Vectors(document_ids, documents, query_ids, queries, similarity), tuple(damage))


def _read_side(
    folder: Path, side: str, damage: list[Finding]
) -> tuple[list[str], NDArray[np.float32] | None]:
    """Return ids and vectors of one side, None where they cannot be used; add what is wrong to `damage`."""
    array, listed = folder / f"{side}.npy", folder / f"{side}.txt"
    names = lines_of(listed.read_text("utf-8-sig", errors="replace"))
    vectors = _as_floats(array, damage)
    if vectors is None:
        return names, None
    if len(names) != len(vectors):
        damage.append(
            ROWS.finding(CERTAIN, file=array.name, rows=len(vectors), names=listed.name, ids=len(names))
        )
        return names, None
    first = {name: row for row, name in reversed(list(enumerate(names)))}
    if len(first) < len(names):
        count = len(names) - len(first)
        repeated = next(name for row, name in enumerate(names) if first[name] != row)
        damage.append(
            DUPLICATE_IDS.finding(CERTAIN, count=count, total=len(names), names=listed.name, first=repeated)
        )
        kept = sorted(first.values())
        names, vectors = [names[row] for row in kept], vectors[kept]
    return names, vectors


def _as_floats(file: Path, damage: list[Finding]) -> NDArray[np.float32] | None:
    try:
        array = map_array(file)
    except SearchappError as error:
        if "Python objects" not in error.message:  # which only pickle could read
            raise
        damage.append(WRONG_DTYPE.finding(CERTAIN, file=file.name, dtype="Python objects"))
        return None
    if array.ndim != 2 or not array.size:
        damage.append(WRONG_SHAPE.finding(CERTAIN, file=file.name, shape=str(array.shape)))
        return None
    if array.dtype.kind not in "fiu":
        damage.append(WRONG_DTYPE.finding(CERTAIN, file=file.name, dtype=str(array.dtype)))
        return None
    if array.dtype.kind != "f":
        damage.append(INTEGERS.finding(LIKELY, file=file.name, dtype=str(array.dtype)))
    with np.errstate(over="ignore"):  # values beyond single precision become infinite: `finite` counts them
        return np.asarray(array, dtype=np.float32)


def read_index(folder: Path, corpus: Corpus, recipe: Recipe) -> Stored:
    """Return the document vectors of an index, and what has changed since it was built; queries are empty."""
    try:
        index = open_index(folder)
    except SearchappError as error:
        return Stored(None, (DAMAGED.finding(CERTAIN, problem=str(error)),))
    changes = recipe_differences(index.manifest.recipe, recipe)
    if index.manifest.documents_digest != corpus.documents_digest:
        changes.append("the documents of the corpus have changed")
    vectors = np.asarray(index.vectors)
    damage: tuple[Finding, ...] = ()
    if changed := damaged_files(index.folder, index.manifest):
        damage = (CHANGED_FILES.finding(CERTAIN, files=" and ".join(changed), folder=str(folder)),)
    try:
        ids = index.all_ids()
    except SearchappError as error:
        return Stored(None, (*damage, DAMAGED.finding(CERTAIN, problem=str(error))))
    if vectors.shape[1] != recipe.dimension:
        differing = MODEL_DIMENSION.finding(CERTAIN, stored=vectors.shape[1], model=recipe.dimension)
        return Stored(None, (*damage, differing), changes)
    nothing = np.empty((0, vectors.shape[1]), np.float32)
    return Stored(Vectors(ids, vectors, [], nothing), damage, changes)

"""An unfinished build: what is done is on the disk, and a later run goes on from there."""

import json
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from io import BytesIO
from itertools import islice
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from searchapp.corpora.corpus import Corpus, Digests
from searchapp.files import replacing
from searchapp.index.documents import DocumentWriter
from searchapp.index.layout import DOCUMENTS, VECTORS
from searchapp.records import Document, Recipe

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 5.0
EXAMPLES = 5
PROGRESS = "progress.json"


@dataclass
class State:
    """How far a build has come; `recipe` and `digest` tell whether it can go on."""

    recipe: dict[str, object]
    rows: int = 0
    digest: str = "0"
    n_zero: int = 0
    zero_documents: list[str] = field(default_factory=list)
    max_norm: float = 0.0
    seconds: float = 0.0


class Checkpoint:
    """Appends documents and their vectors; a checkpoint every few seconds makes them last.

    Vectors go to an .npy file whose header is written again at the end, when the rows are counted.
    """

    def __init__(self, folder: Path, corpus: Corpus, recipe: Recipe) -> None:
        self._folder = folder
        self._dimension = recipe.dimension
        self.state = _kept_state(folder, corpus, asdict(recipe)) or State(asdict(recipe))
        (folder / VECTORS).touch()
        self._vectors = (folder / VECTORS).open("r+b")
        header = npy_header(0, self._dimension)
        self._vectors.write(header)
        self._vectors.truncate(len(header) + self.state.rows * self._dimension * 4)
        self._vectors.seek(0, os.SEEK_END)
        self._documents = DocumentWriter(folder / DOCUMENTS, self.state.rows)
        self._digests = Digests(self.state.digest)
        self._started = time.perf_counter() - self.state.seconds
        self._checkpointed = time.perf_counter()

    def __enter__(self) -> "Checkpoint":
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._vectors.close()
        self._documents.close()

    def append(self, documents: Sequence[Document], vectors: NDArray[np.float32]) -> None:
        """Add documents and their vectors, (n, d) float32.

        Raises:
            SearchappError: a document id stands twice.
        """
        self._documents.add(documents)
        self._vectors.write(vectors.tobytes())
        for document in documents:
            self._digests.add((document.id, document.title, document.text))
        norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
        zeros = np.flatnonzero(norms == 0)
        state = self.state
        state.rows += len(documents)
        state.digest = self._digests.hexdigest()
        state.n_zero += len(zeros)
        state.zero_documents += [documents[row].id for row in zeros[: EXAMPLES - len(state.zero_documents)]]
        state.max_norm = max(state.max_norm, float(norms.max()))
        if time.perf_counter() - self._checkpointed >= CHECKPOINT_SECONDS:
            self._checkpoint()

    def finish(self) -> State:
        """Make everything last and return what was counted."""
        self._checkpoint()
        self._vectors.seek(0)
        self._vectors.write(npy_header(self.state.rows, self._dimension))
        self._vectors.flush()
        return self.state

    def _checkpoint(self) -> None:
        # In this order: a build that dies between two steps has more rows than it says, never fewer.
        self._vectors.flush()
        os.fsync(self._vectors.fileno())
        self._documents.commit()
        self.state.seconds = time.perf_counter() - self._started
        with replacing(self._folder / PROGRESS) as temporary:
            temporary.write_text(json.dumps(asdict(self.state)), "utf-8")
        self._checkpointed = time.perf_counter()


def npy_header(rows: int, dimension: int) -> bytes:
    """Return the header of an .npy file of float32 rows; its length does not depend on `rows`."""
    header = BytesIO()
    shape = {"descr": "<f4", "fortran_order": False, "shape": (rows, dimension)}
    np.lib.format.write_array_header_1_0(header, shape)
    return header.getvalue()


def kept_rows(folder: Path) -> int:
    """Return how many documents an unfinished build has made last."""
    state = _read_state(folder)
    return state.rows if state else 0


def _holds(folder: Path, state: State, recipe: dict[str, object]) -> bool:
    """Tell whether the files of an unfinished build hold all that its state counts."""
    vectors, dimension = folder / VECTORS, recipe["dimension"]
    assert isinstance(dimension, int)  # noqa: S101 - a field of Recipe
    needed = len(npy_header(0, dimension)) + state.rows * dimension * 4
    return vectors.exists() and vectors.stat().st_size >= needed and (folder / DOCUMENTS).exists()


def _kept_state(folder: Path, corpus: Corpus, recipe: dict[str, object]) -> State | None:
    """Return the state of the last checkpoint when this build can go on from it."""
    state = _read_state(folder)
    if state is None or not state.rows:
        return None
    if state.recipe == recipe and not _holds(folder, state, recipe):
        logger.warning("An unfinished build has lost some of its files; it is dropped.")
        return None
    digests = Digests()
    for document in islice(corpus.documents(), state.rows):
        digests.add((document.id, document.title, document.text))
    if state.recipe == recipe and digests.hexdigest() == state.digest:
        logger.info("Going on after %d documents that an earlier run has done.", state.rows)
        return state
    logger.warning("An unfinished build was of other documents or another recipe; it is dropped.")
    (folder / PROGRESS).unlink()
    return None


def _read_state(folder: Path) -> State | None:
    try:
        return State(**json.loads((folder / PROGRESS).read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):  # not there, or torn by a crash
        return None

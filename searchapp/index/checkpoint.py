"""An unfinished build: what is done is saved to the disk, and a later run resumes there."""

import json
import logging
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from io import BytesIO
from itertools import islice
from pathlib import Path

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
class BuildState:
    """How far a build has come; `recipe` and `digest` decide whether it can be resumed."""

    recipe: dict[str, object]
    rows: int = 0
    digest: str = "0"
    n_zero: int = 0
    zero_documents: list[str] = field(default_factory=list)
    max_norm: float = 0.0
    seconds: float = 0.0


class Checkpoint:
    """Appends documents and their vectors, and saves them to the disk every few seconds.

    Vectors go to an .npy file whose header is rewritten at the end, when the number of rows is known.
    """

    def __init__(self, folder: Path, corpus: Corpus, recipe: Recipe) -> None:
        self._folder = folder
        self._dimension = recipe.dimension
        self.state = _resumable_state(folder, corpus, recipe) or BuildState(asdict(recipe))
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

    def close(self) -> None:
        """Close the files; what was not saved is lost."""
        self._vectors.close()
        self._documents.close()

    def append(self, documents: Sequence[Document], vectors: NDArray[np.float32]) -> None:
        """Add documents and their vectors, (n, d) float32.

        Raises:
            SearchappError: a document id is repeated.
        """
        self._documents.add(documents)
        self._vectors.write(vectors.tobytes())
        _digest(documents, self._digests)
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

    def finish(self) -> BuildState:
        """Save everything and return the final state."""
        self._checkpoint()
        self._vectors.seek(0)
        self._vectors.write(npy_header(self.state.rows, self._dimension))
        self._vectors.flush()
        return self.state

    def _checkpoint(self) -> None:
        # The state comes last: a build that dies before it has more rows than the state says, never fewer.
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


def read_state(folder: Path) -> BuildState:
    """Return the state of an unfinished build, with 0 rows where nothing is saved."""
    try:
        return BuildState(**json.loads((folder / PROGRESS).read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):  # missing, or cut short by a crash
        return BuildState({})


def _resumable_state(folder: Path, corpus: Corpus, recipe: Recipe) -> BuildState | None:
    """Return the state of the last checkpoint if this build can resume there."""
    state = read_state(folder)
    if not state.rows:
        return None
    same_recipe = state.recipe == asdict(recipe)
    vectors = folder / VECTORS
    size = len(npy_header(0, recipe.dimension)) + state.rows * recipe.dimension * 4
    complete = vectors.exists() and vectors.stat().st_size >= size and (folder / DOCUMENTS).exists()
    if same_recipe and not complete:
        logger.warning("The files of an unfinished build are incomplete; it is discarded.")
        return None
    digests = Digests()
    _digest(islice(corpus.documents(), state.rows), digests)
    if same_recipe and digests.hexdigest() == state.digest:
        logger.info("Resuming after %d documents from an earlier run.", state.rows)
        return state
    logger.warning("An unfinished build has other documents or another recipe; it is discarded.")
    (folder / PROGRESS).unlink()
    return None


def _digest(documents: Iterable[Document], digests: Digests) -> None:
    for document in documents:
        digests.add((document.id, document.title, document.text))

"""The only importer of faiss: the kinds of index, how each is built, written and searched."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.errors import SearchappError

BLOCK = 65_536  # rows that are added at a time


@dataclass(frozen=True)
class Kind:
    """A kind of index: what it is in one sentence, and how an empty one is made for a dimension."""

    description: str
    empty: Callable[[int], Any]


def _flat(dimension: int) -> Any:
    import faiss

    return faiss.IndexFlatIP(dimension)


KINDS = {"flat": Kind("exact inner product, every vector compared", _flat)}


class FaissIndex:
    """A FAISS index in memory."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, kind: str, vectors: NDArray[np.float32]) -> "FaissIndex":
        """Return an index over the rows of `vectors`, (n, d) float32; a memory map is read in blocks."""
        index = KINDS[kind].empty(vectors.shape[1])
        for start in range(0, len(vectors), BLOCK):
            index.add(np.ascontiguousarray(vectors[start : start + BLOCK]))
        return cls(index)

    @classmethod
    def read(cls, path: Path) -> "FaissIndex":
        """Read an index file.

        Raises:
            SearchappError: it is no index.
        """
        import faiss

        try:
            return cls(faiss.read_index(str(path)))
        except RuntimeError as error:
            reason = str(error).splitlines()[0].split(": ", 1)[-1]
            raise SearchappError(
                f"{path} is no FAISS index ({reason}).",
                f"Remove it and build it again: searchapp indexes --remove {path.parent}",
            ) from error

    def write(self, path: Path) -> None:
        """Write the index to a file.

        Raises:
            OSError: the disk is full, or the folder cannot be written.
        """
        import faiss

        try:
            faiss.write_index(self._index, str(path))
        except RuntimeError as error:
            raise OSError(str(error).splitlines()[-1].strip()) from error

    @property
    def shape(self) -> tuple[int, int]:
        """The number of vectors and their dimension."""
        return int(self._index.ntotal), int(self._index.d)

    def search(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return scores (q, k) float32 and rows (q, k) int64 of the best k, best first, ties in any order.

        Raises:
            SearchappError: a result is missing (FAISS marks it with row -1), which an exact index over
                finite vectors never does.
        """
        import faiss

        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(
            1 if len(queries) == 1 else threads
        )  # one query: starting threads costs more
        try:
            scores, rows = self._index.search(np.ascontiguousarray(queries), k)
        finally:
            faiss.omp_set_num_threads(threads)
        if (rows < 0).any():
            raise SearchappError(
                f"FAISS found fewer than {k} results for {int((rows < 0).any(axis=1).sum())} queries.",
                "A vector is not finite; `searchapp doctor` checks the index.",
            )
        return scores, rows

"""The only importer of faiss: the kinds of index, how each is built, written and searched."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.errors import SearchappError
from searchapp.index.layout import remove_hint

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
                remove_hint(path.parent),
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
        with _tuned(len(queries)):
            scores, rows = self._index.search(np.ascontiguousarray(queries), k)
        if (rows < 0).any():
            raise SearchappError(
                f"FAISS found fewer than {k} results for {int((rows < 0).any(axis=1).sum())} queries.",
                "A vector is not finite; `searchapp doctor` checks the index.",
            )
        return scores, rows


SEARCH_METHOD = "faiss: matrix products for a batch, a scan for one query; rescored in float64"


@contextmanager
def _tuned(queries: int) -> Iterator[None]:
    """Have FAISS multiply matrices for a batch, and scan on one thread for a single query.

    From 1.15 on FAISS scans unless queries times dimension is 128,000 or more, which takes several
    times as long here; and for one query starting threads takes longer than the scan.
    """
    import faiss

    threads, threshold = faiss.omp_get_max_threads(), faiss.cvar.distance_compute_blas_threshold
    if queries == 1:
        faiss.omp_set_num_threads(1)
    else:
        faiss.cvar.distance_compute_blas_threshold = 1
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
        faiss.cvar.distance_compute_blas_threshold = threshold

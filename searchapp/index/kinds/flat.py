"""The kind `flat`, the only importer of faiss: every vector is compared with the query."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from searchapp.index.kinds.kind import CandidateSource, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = 65_536  # rows added at a time

_settings_lock = Lock()


class Flat(Kind):
    """Exhaustive search in FAISS."""

    name = "flat"
    description = "exact; every vector is compared with the query"
    method = "faiss: matrix products for a batch, a scan for one query"
    exact = True
    file = "index.faiss"

    def build(self, vectors: "NDArray[np.float32]", file: Path, _parameters: Mapping[str, Any]) -> None:
        """Write a FAISS index, adding the vectors in blocks."""
        import faiss
        import numpy as np

        index = faiss.IndexFlatIP(vectors.shape[1])
        for start in range(0, len(vectors), BLOCK):
            index.add(np.ascontiguousarray(vectors[start : start + BLOCK]))
        try:
            faiss.write_index(index, str(file))
        except RuntimeError as error:
            raise OSError(str(error).splitlines()[-1].strip()) from error

    def open(self, file: Path, _parameters: Mapping[str, Any]) -> CandidateSource:
        """Read a FAISS index into memory."""
        import faiss
        import numpy as np

        try:
            index = faiss.read_index(str(file))
        except RuntimeError as error:
            raise ValueError(str(error).splitlines()[0].split(": ", 1)[-1]) from error

        def propose(
            queries: "NDArray[np.float32]", k: int
        ) -> "tuple[NDArray[np.float32], NDArray[np.int64]]":
            with _faiss_settings(len(queries)):
                scores, rows = index.search(np.ascontiguousarray(queries), k)
            return scores, rows

        return CandidateSource((int(index.ntotal), int(index.d)), propose)


@contextmanager
def _faiss_settings(queries: int) -> Iterator[None]:
    """Have FAISS multiply matrices for a batch, and scan on one thread for a single query.

    Since 1.15 FAISS scans unless queries times dimension is 128,000 or more, which is several times
    slower here; and for one query, starting threads takes longer than the scan. Both settings belong to
    the whole process: they are changed under a lock, for one search, and restored.
    """
    import faiss

    with _settings_lock:
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

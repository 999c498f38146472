"""What a kind of index is: derive from `Kind` to add another."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:  # help lists the kinds without numpy
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class CandidateSource:
    """An open index that proposes candidates, which are then rescored exactly from the stored vectors.

    `shape` is the number of vectors the index was built over, and their dimension. `propose` takes
    queries, (q, d) float32, and k, and returns scores (q, m) float32 and rows (q, m) int64 with m >= k;
    row -1 marks a missing candidate, and no row repeats within a query. An exact kind proposes the m
    vectors with the largest inner products in single precision, best first; the scores of other kinds are
    not read.
    """

    shape: tuple[int, int]
    propose: "Callable[[NDArray[np.float32], int], tuple[NDArray[np.float32], NDArray[np.int64]]]"


class Kind(ABC):
    """A kind of index.

    `description` is one sentence for help. `exact` promises every query its true nearest neighbours.
    `method` says in recipes how candidates are found. `parameters` and their values are stored in the
    manifest and passed to `build` and `open`. `file` is what `build` writes in the folder of the index.
    """

    name: str
    description: str
    method: str
    exact = False
    file = "index.bin"
    parameters: ClassVar[Mapping[str, Any]] = {}

    @abstractmethod
    def build(self, vectors: "NDArray[np.float32]", file: Path, parameters: Mapping[str, Any]) -> None:
        """Build an index over the rows of `vectors`, (n, d) float32 (a memory map), and write it.

        Raises:
            OSError: the file cannot be written.
        """

    @abstractmethod
    def open(self, file: Path, parameters: Mapping[str, Any]) -> CandidateSource:
        """Open what `build` wrote.

        Raises:
            ValueError: the file holds something else.
        """

"""What a kind of index is: the one class to derive from when adding another."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:  # help lists the kinds without numpy
    import numpy as np
    from numpy.typing import NDArray


class Proposer(Protocol):
    """An index of some kind, open for search."""

    @property
    def shape(self) -> tuple[int, int]:
        """The number of vectors that the index was built over, and their dimension."""

    def search(
        self, queries: "NDArray[np.float32]", k: int
    ) -> "tuple[NDArray[np.float32], NDArray[np.int64]]":
        """Propose at least k candidates for each query; they are rescored exactly from the stored vectors.

        Args:
            queries: (q, d) float32.
            k: at least 1, at most the number of vectors.

        Returns:
            Scores (q, m) float32 and rows (q, m) int64 with m >= k; row -1 marks a missing candidate. A
            row appears once per query. An exact kind proposes the m best by inner product in single
            precision, best first. The scores of any other kind are not read.
        """


class Kind(ABC):
    """A kind of index: it builds a file over the vectors and proposes candidates from it.

    `description` completes "kind of index: ..." in one sentence. `exact` says that every query gets its
    true nearest neighbours. `method` says in recipes how candidates are proposed. `parameters` and their
    values go into the manifest and are passed to `build` and `open`.
    """

    name: str
    description: str
    method: str
    exact = False
    file = "index.bin"
    parameters: ClassVar[Mapping[str, Any]] = {}

    @abstractmethod
    def build(self, vectors: "NDArray[np.float32]", file: Path, parameters: Mapping[str, Any]) -> None:
        """Build an index over the rows of `vectors`, (n, d) float32 (a memory map), and write it to a file.

        Raises:
            OSError: the file cannot be written.
        """

    @abstractmethod
    def open(self, file: Path, parameters: Mapping[str, Any]) -> Proposer:
        """Open what `build` wrote.

        Raises:
            ValueError: the file holds something else.
        """

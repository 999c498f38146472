"""The retrieval modes that `--mode` names; the modules behind a mode are imported when it is used."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from searchapp.encoders.encoder import Encoder
    from searchapp.index.index import Index
    from searchapp.records import Query, Run


@dataclass(frozen=True)
class Retriever:
    """A mode that is ready to search one index.

    `label` says what ranks; `search` takes queries with distinct ids and a depth, and returns the run
    with the seconds of each step; `recipe` takes the same and returns what the mode adds to the recipe;
    `libraries` shape the scores; `tuned_on` holds the digests of the judgements it was tuned on.
    """

    label: str
    search: "Callable[[Sequence[Query], int], tuple[Run, dict[str, float]]]"
    recipe: "Callable[[Sequence[Query], int], dict[str, Any]]"
    libraries: tuple[str, ...] = ()
    tuned_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mode:
    """A way to rank.

    `needs_model` tells whether queries are encoded; `open` takes the index and its encoder, which is
    loaded when needed if None.
    """

    name: str
    description: str
    needs_model: bool
    open: "Callable[[Index, Encoder | None], Retriever]"


def _dense(index: "Index", encoder: "Encoder | None") -> Retriever:
    from searchapp.retrieval.dense import dense_retriever

    return dense_retriever(index, encoder)


def _bm25(index: "Index", _encoder: "Encoder | None") -> Retriever:
    from searchapp.retrieval.bm25 import bm25_retriever

    return bm25_retriever(index)


def _hybrid(index: "Index", encoder: "Encoder | None") -> Retriever:
    from searchapp.retrieval.hybrid import hybrid_retriever

    return hybrid_retriever(index, encoder)


DENSE = "dense"

MODES = {
    mode.name: mode
    for mode in (
        Mode(DENSE, "compares vectors", needs_model=True, open=_dense),
        Mode("bm25", "compares words", needs_model=False, open=_bm25),
        Mode("hybrid", "fuses dense and bm25", needs_model=True, open=_hybrid),
    )
}
"""Name -> mode."""

"""The retrieval modes that `--mode` names; the modules behind a mode are imported when it is used."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from searchapp.errors import SearchappError

if TYPE_CHECKING:
    from searchapp.encoders.encoder import Encoder
    from searchapp.index.index import Index
    from searchapp.records import Query, Run

DENSE, HYBRID = "dense", "hybrid"


@dataclass(frozen=True)
class Retriever:
    """A mode that is ready to search one index.

    `label` says what ranks; `search` takes queries with distinct ids and a depth, and returns the run
    with the seconds of each step; `recipe` takes the same and returns what the mode adds to the recipe;
    `libraries` shape the scores; `tuned_on` holds digests of the judgements the mode was tuned on.
    """

    label: str
    search: "Callable[[Sequence[Query], int], tuple[Run, dict[str, float]]]"
    recipe: "Callable[[Sequence[Query], int], dict[str, Any]]"
    libraries: tuple[str, ...] = ()
    tuned_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mode:
    """A way to rank: whether it encodes queries, and how it opens an index (whose encoder may be None)."""

    name: str
    needs_model: bool
    open: "Callable[[Index, Encoder | None], Retriever]"


def _dense(index: "Index", encoder: "Encoder | None") -> Retriever:
    from searchapp.retrieval.dense import dense_run

    return Retriever(
        index.manifest.recipe.model,
        partial(dense_run, index, encoder),
        lambda queries, _depth: index.search_recipe(len(queries)),
    )


def _bm25(index: "Index", _encoder: "Encoder | None") -> Retriever:
    from searchapp.retrieval.bm25 import LIBRARIES, bm25_recipe, bm25_run

    digest = index.manifest.documents_digest
    return Retriever(
        "BM25", partial(bm25_run, index), lambda _queries, _depth: asdict(bm25_recipe(digest)), LIBRARIES
    )


def _hybrid(index: "Index", encoder: "Encoder | None") -> Retriever:
    from searchapp.retrieval.fusion_config import choice_for
    from searchapp.retrieval.hybrid import DEPTH, hybrid_run

    dense, bm25, choice = _dense(index, encoder), _bm25(index, encoder), choice_for(index)

    def recipe(queries: "Sequence[Query]", depth: int) -> dict[str, Any]:
        chosen = {"chosen_by": choice.origin, "depth": max(depth, DEPTH)}
        fusion = {"fusion": asdict(choice.fusion) | chosen, "bm25": bm25.recipe(queries, depth)}
        return dense.recipe(queries, depth) | fusion

    label = f"{dense.label} and {bm25.label}, {choice.fusion} ({choice.origin})"
    search = partial(hybrid_run, index, encoder, choice.fusion)
    return Retriever(label, search, recipe, bm25.libraries, choice.judgements)


MODES = {
    mode.name: mode
    for mode in (Mode(DENSE, True, _dense), Mode("bm25", False, _bm25), Mode(HYBRID, True, _hybrid))
}
"""Name -> mode: vectors compared, words compared, or both fused."""


def find_mode(name: str) -> Mode:
    """Return the mode with this name.

    Raises:
        SearchappError: there is none.
    """
    if name not in MODES:
        raise SearchappError(f"There is no mode {name!r}.", f"Choose one of: {', '.join(MODES)}.")
    return MODES[name]

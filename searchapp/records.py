"""The frozen records that are passed between the layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Judgements = dict[str, dict[str, int]]
"""Query id -> document id -> grade; a grade above 0 is relevant."""


@dataclass(frozen=True, slots=True)
class Document:
    """A passage of a corpus; the title may be empty."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a corpus."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of a query, with its document."""

    rank: int
    score: float
    document: Document


@dataclass(frozen=True, slots=True)
class Ranking:
    """The results of one query, best first.

    Results are ordered by the tie rule of trec_eval: score (as float32) descending, then document id
    descending. `from_scores` applies it.
    """

    document_ids: list[str]
    scores: NDArray[np.float32]

    @classmethod
    def from_scores(
        cls,
        document_ids: Sequence[str],
        scores: NDArray[np.floating[Any]],
        depth: int | None = None,
        rows: NDArray[np.integer[Any]] | None = None,
    ) -> Ranking:
        """Order results by the tie rule and return the first `depth`.

        Args:
            document_ids: the ids of all documents, in any order.
            scores: (n,) floats, larger is better.
            depth: how many results to return; all when None.
            rows: (n,) which document has which score; document by document when None.

        >>> import numpy as np
        >>> Ranking.from_scores(["a", "b", "c"], np.array([1.0, 2.0, 1.0])).document_ids
        ['b', 'c', 'a']
        """
        rounded = scores.astype("float32")
        depth = len(rounded) if depth is None else depth
        kept = contenders(rounded, depth)
        names = [document_ids[row] for row in (kept if rows is None else rows[kept]).tolist()]
        order = best_rows(rounded[kept], alphabetical_ranks(names), depth)
        return cls([names[place] for place in order.tolist()], rounded[kept][order])


def alphabetical_ranks(document_ids: Sequence[str]) -> NDArray[np.intp]:
    """Return the place of each id in ascending order, (n,)."""
    import numpy as np

    ranks = np.empty(len(document_ids), dtype=np.intp)
    ranks[sorted(range(len(document_ids)), key=document_ids.__getitem__)] = np.arange(len(document_ids))
    return ranks


def best_rows(scores: NDArray[np.float32], ranks: NDArray[np.intp], depth: int) -> NDArray[np.intp]:
    """Return the rows of the best `depth` results by the tie rule, best first.

    Args:
        scores: (n,) float32; NaN counts as the lowest.
        ranks: (n,) the place of each result's id in ascending order.
        depth: how many rows to return; all when there are fewer.
    """
    import numpy as np

    kept = contenders(scores, depth)
    return kept[np.lexsort((-ranks[kept], -scores[kept]))[:depth]]


def contenders(scores: NDArray[np.float32], depth: int) -> NDArray[np.intp]:
    """Return the rows whose scores tie with the best `depth` or beat them, in ascending order."""
    import numpy as np

    if not 0 < depth < len(scores):
        return np.arange(len(scores))
    negated = -scores  # NaN sorts to the end
    return np.flatnonzero(~(negated > np.partition(negated, depth - 1)[depth - 1]))


Run = dict[str, Ranking]
"""Query id -> ranking."""


@dataclass(frozen=True)
class Recipe:
    """Everything that shapes a vector: vectors with different recipes are not comparable.

    `max_length` counts tokens, None reads whole texts. `normalize` makes unit vectors, so that the
    inner product is the cosine. `template` assembles title and text of a document. A pooling turns the
    vectors of a text's tokens into one: `mean`, `cls` (the first), or `precomputed`.
    """

    model: str
    revision: str | None
    model_digest: str
    tokenizer_digest: str
    dimension: int
    query_pooling: str
    document_pooling: str
    max_length: int | None
    normalize: bool
    template: str = ""
    document_prompt: str = ""
    query_prompt: str = ""


@dataclass(frozen=True)
class ResultGroup:
    """The scores of some of the queries of a result, with intervals as there."""

    n_judged: int
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Result:
    """The scores of one model on one corpus, with everything that produced them.

    Metric names are MTEB's (`ndcg_at_10`), values are fractions; `intervals` are 95 % bootstrap
    intervals of the mean over the judged queries; `seconds` are wall-clock times. `groups` holds the queries
    of an adapted model by what it was taught about their documents.
    """

    corpus: str
    corpus_id: str
    model: str
    mode: str
    n_docs: int
    n_queries: int
    n_judged: int
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    seconds: dict[str, float]
    recipe: dict[str, Any]
    versions: dict[str, str]
    groups: dict[str, ResultGroup] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """A problem of a corpus, a model or a score: its name, the evidence, and the next step."""

    name: str
    message: str
    hint: str = ""

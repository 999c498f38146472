"""What a metric is, and how measures are named.

To add a metric, write a function that scores one query and `register` a `Metric` with it, as `metrics.py`
does. Help, `--measure`, gates, tables and stored results then know it.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from searchapp.errors import SearchappError
from searchapp.records import Ranking

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Grades: TypeAlias = "NDArray[np.float64]"

UNJUDGED = -1
RELEVANT = 1
"""The lowest grade of a relevant document."""

LARGEST_CUTOFF = 10**9
NO_CUTOFF = sys.maxsize
"""The cutoff that `Metric.compute` receives for the whole ranking."""


@dataclass(frozen=True, eq=False)
class JudgedRanking:
    """The grades of one query, which are all that a metric needs.

    `retrieved` is (n,) float64, the grade at each rank, negative for unjudged documents; `judged` is (j,)
    float64, the grades of all judged documents, highest first. As in trec_eval, a document with a negative
    grade counts as unjudged.
    """

    retrieved: Grades
    judged: Grades

    @classmethod
    def of(cls, ranking: Ranking | None, grades: Mapping[str, int]) -> JudgedRanking:
        """Join the ranking of a query, if it has one, with the judgements of the query."""
        import numpy as np

        ids = [] if ranking is None else ranking.document_ids
        retrieved = np.fromiter((grades.get(name, UNJUDGED) for name in ids), np.float64, count=len(ids))
        return cls(retrieved, np.array(sorted(grades.values(), reverse=True), dtype=np.float64))

    @cached_property
    def relevant(self) -> Grades:
        """The grades of all relevant documents, (r,), highest first."""
        return self.judged[self.judged >= RELEVANT]

    @cached_property
    def ranks(self) -> list[int]:
        """The ranks at which relevant documents were retrieved, ascending from 1."""
        return [row + 1 for row in (self.retrieved >= RELEVANT).nonzero()[0].tolist()]

    def hits(self, cutoff: int) -> int:
        """Return how many relevant documents are among the first `cutoff`."""
        return bisect_right(self.ranks, cutoff)


@dataclass(frozen=True)
class RanxKernel:
    """How ranx computes a metric.

    `public` is its name in `ranx.evaluate`. `module` and `function` locate the compiled function for one
    query, whose parameters are `qrels`, `run`, `k` if `takes_k`, and the names in `arguments`.
    """

    public: str
    module: str
    function: str
    arguments: tuple[tuple[str, int | bool], ...] = (("rel_lvl", RELEVANT),)
    takes_k: bool = True


@dataclass(frozen=True, eq=False)
class Metric:
    """A retrieval metric.

    `name` is MTEB's name if MTEB has the metric, `title` the usual notation, `summary` one sentence for the
    help. `compute` scores one query at a cutoff, or the whole ranking at `NO_CUTOFF`; its docstring has the
    formula and the source. `spellings` are other names that users may type, in any case. A metric without
    a `ranx` kernel is always computed in numpy.
    """

    name: str
    title: str
    summary: str
    compute: Callable[[JudgedRanking, int], float]
    cutoff: Literal["required", "optional", "none"] = "required"
    spellings: tuple[str, ...] = ()
    ranx: RanxKernel | None = None

    @property
    def all_spellings(self) -> tuple[str, ...]:
        """Every name of the metric."""
        return (self.name, self.title, *self.spellings)

    def at(self, cutoff: int | None) -> Measure:
        """Return the measure of this metric at a cutoff; None is the whole ranking.

        Raises:
            SearchappError: the metric takes no cutoff, or needs one of at least 1.
        """
        return Measure(self, cutoff)


@dataclass(frozen=True)
class Measure:
    """A metric and its cutoff, None for the whole ranking.

    >>> from searchapp.evaluation.metrics import NDCG, R_PRECISION
    >>> NDCG.at(10).name, NDCG.at(10).title, R_PRECISION.at(None).name, R_PRECISION.at(None).title
    ('ndcg_at_10', 'nDCG@10', 'r_precision', 'Rprec')
    """

    metric: Metric
    cutoff: int | None = None

    def __post_init__(self) -> None:
        title, taken = self.metric.title, self.metric.cutoff
        if self.cutoff is not None and taken == "none":
            raise SearchappError(f"{title} takes no cutoff.", f"Write {title}.")
        if (taken == "required") if self.cutoff is None else self.cutoff < 1:
            raise SearchappError(f"{title} needs a cutoff of at least 1.", f"Write, for example, {title}@10.")
        if (self.cutoff or 0) > LARGEST_CUTOFF:
            raise SearchappError(
                f"The cutoff {self.cutoff} is above {LARGEST_CUTOFF:,}.", "Choose a smaller one."
            )

    @property
    def name(self) -> str:
        """The name in JSON, CSV and stored results, in MTEB's notation."""
        return self.metric.name if self.cutoff is None else f"{self.metric.name}_at_{self.cutoff}"

    @property
    def title(self) -> str:
        """The name in tables, in the usual notation."""
        return self.metric.title if self.cutoff is None else f"{self.metric.title}@{self.cutoff}"

    @property
    def order(self) -> tuple[int, int]:
        """The sort key for tables: metrics in the order of registration, cutoffs ascending."""
        return list(METRICS.values()).index(self.metric), self.cutoff or NO_CUTOFF

    def compute(self, query: JudgedRanking) -> float:
        """Return the value of one query."""
        return self.metric.compute(query, self.cutoff or NO_CUTOFF)


METRICS: dict[str, Metric] = {}
"""Name -> metric, in the order of tables."""


def register(metric: Metric) -> Metric:
    """Make a metric known to every command, and return it.

    Raises:
        ValueError: another metric has one of its spellings.
    """
    taken = {plain(spelling): known.name for known in METRICS.values() for spelling in known.all_spellings}
    for spelling in metric.all_spellings:
        if plain(spelling) in taken:
            raise ValueError(f"{spelling!r} is a spelling of {taken[plain(spelling)]}.")
    METRICS[metric.name] = metric
    return metric


def plain(spelling: str) -> str:
    """Return a spelling without case, hyphens and underscores, which vary between tools."""
    return spelling.casefold().replace("-", "").replace("_", "")

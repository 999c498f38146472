"""Which known definition yields a published figure that ours is not."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from searchapp.published.claims import Claim
from searchapp.published.definitions import (
    DEFINITIONS,
    JudgedRun,
    mean_scores,
    other_cuts,
    padding_range,
    tie_range,
)
from searchapp.published.verdicts import equals, metric_order

WIDE = 0.02  # a band of ties wider than this explains anything, so nothing


@dataclass(frozen=True)
class Explanation:
    """A definition, and the claimed metrics that it yields though ours does not.

    `of` counts the metrics that were to be explained, `lost` those that agree without the definition
    and would not agree with it.
    """

    name: str
    description: str
    metrics: tuple[str, ...]
    of: int
    lost: int = 0


@dataclass(frozen=True)
class Alternative:
    """Another ranking to try: what was changed, and what makes it."""

    name: str
    description: str
    rank: Callable[[], JudgedRun]


Try = tuple[str, str, Mapping[str, float]]
"""A name, a description, and the figures that it gives."""


class Explainer:
    """Looks for the definitions behind the figures of one claim that differ from ours.

    Args:
        claim: the published figures.
        ranked: our run on the claim's corpus.
        measured: our figures.
    """

    def __init__(self, claim: Claim, ranked: JudgedRun, measured: Mapping[str, float]) -> None:
        self._claim = claim
        self._ranked = ranked
        self._measured = measured
        known = [metric for metric in claim.metrics if metric in measured]
        self._agreeing = {metric for metric in known if self._gives(metric, measured[metric])}
        self.differing = sorted(set(known) - self._agreeing, key=metric_order)

    def of_the_run(self) -> list[Explanation]:
        """Try every definition that needs the ranking alone, the one that explains most first."""
        found = self._explain(self._definitions(self._ranked))
        explained = {metric for one in found for metric in one.metrics}
        return [*found, *self._bands(explained), *self._other_cuts(explained)]

    def of_another(self, attempt: Alternative) -> list[Explanation]:
        """Try another ranking: of other texts, of other vectors, or of another split."""
        return self._explain([(attempt.name, attempt.description, mean_scores(attempt.rank().scores))])

    def _definitions(self, ranked: JudgedRun) -> Iterator[Try]:
        for definition in DEFINITIONS:
            yield definition.name, definition.description, definition.compute(ranked)

    def _explain(self, tries: Iterable[Try]) -> list[Explanation]:
        """Keep the tries that yield more than they spoil, and most of the figures that they touch."""
        found = []
        for name, description, figures in tries:
            given = tuple(metric for metric in self.differing if self._gives(metric, figures.get(metric)))
            touched = [metric for metric in figures if metric in self._claim.metrics]
            lost = sum(not self._gives(metric, figures[metric]) for metric in self._agreeing & figures.keys())
            agree = sum(self._gives(metric, figures[metric]) for metric in touched)
            if len(given) > lost and 2 * agree >= len(touched):
                found.append(Explanation(name, description, given, len(self.differing), lost))
        return best_first(found)

    def _bands(self, explained: set[str]) -> list[Explanation]:
        """Name the figures that some order of equal scores gives, or some filling of short lists."""
        left = [metric for metric in self.differing if metric not in explained]
        if not left:
            return []
        ties, filled = tie_range(self._ranked), padding_range(self._ranked)
        tied = tuple(metric for metric in left if self._within(metric, *ties[metric]))
        rest = [metric for metric in left if metric not in tied]
        full = tuple(metric for metric in rest if self._within(metric, *filled[metric], wide=1.0))
        if not self._few(len(left) - len(tied) - len(full)):
            return []
        found = []
        for name, why, metrics, band in (
            ("tie-order", "documents of equal score in another order", tied, ties),
            ("filled-up", "short lists filled up with documents that were not found", full, filled),
        ):
            if metrics:
                low, high = band[metrics[0]]
                description = f"{why}, by which {metrics[0]} lies between {low:.5f} and {high:.5f},"
                found.append(Explanation(name, description, metrics, len(self.differing)))
        return found

    def _few(self, left: int) -> bool:
        """Tell whether so many unexplained figures leave a partial explanation credible."""
        return 2 * left < max(len(self._claim.metrics), 1)

    def _within(self, metric: str, low: float, high: float, wide: float = WIDE) -> bool:
        room = 0.5 * 10.0 ** -self._claim.decimals[metric] + 1e-9
        return 0 < high - low <= wide and low - room <= self._claim.metrics[metric] <= high + room

    def _other_cuts(self, explained: set[str]) -> list[Explanation]:
        """Name the figures that are the same metric at another cut."""
        found = []
        for metric in self.differing:
            same = (name for name, value in other_cuts(self._measured, metric) if self._gives(metric, value))
            name = next(same, None)
            if name is not None and metric not in explained:
                description = f"{metric} is what {name} is here: another k"
                found.append(Explanation("other-k", description, (metric,), len(self.differing)))
        left = len(set(self.differing) - explained) - len(found)
        return found if self._few(left) else []

    def _gives(self, metric: str, value: float | None) -> bool:
        claimed = self._claim.metrics.get(metric)
        if value is None or claimed is None:
            return False
        return equals(claimed, value, self._claim.decimals[metric])


def best_first(found: list[Explanation]) -> list[Explanation]:
    """Order explanations by how many figures they yield, less those that they spoil."""
    return sorted(found, key=lambda one: one.lost - len(one.metrics))

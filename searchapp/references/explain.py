"""Which known definition yields a published figure that ours is not."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from searchapp.references.claims import Claim
from searchapp.references.definitions import DEFINITIONS, Ranked, means, other_cuts, tie_band
from searchapp.references.verdicts import equals, metric_order

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
class Attempt:
    """Another ranking to try: what was changed, and what makes it."""

    name: str
    description: str
    rank: Callable[[], Ranked]


Try = tuple[str, str, Mapping[str, float]]
"""A name, a description, and the figures that it gives."""


class Explainer:
    """Looks for the definitions behind the figures of one claim that differ from ours.

    Args:
        claim: the published figures.
        ranked: our run on the claim's corpus.
        measured: our figures.
    """

    def __init__(self, claim: Claim, ranked: Ranked, measured: Mapping[str, float]) -> None:
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
        return [*found, *self._ties(explained), *self._other_cuts(explained)]

    def of_another(self, attempt: Attempt) -> list[Explanation]:
        """Try another ranking: of other texts, of other vectors, or of another split."""
        return self._explain([(attempt.name, attempt.description, means(attempt.rank().usual))])

    def _definitions(self, ranked: Ranked) -> Iterator[Try]:
        for definition in DEFINITIONS:
            yield definition.name, definition.description, definition.compute(ranked)

    def _explain(self, tries: Iterable[Try]) -> list[Explanation]:
        found = []
        for name, description, figures in tries:
            given = tuple(metric for metric in self.differing if self._gives(metric, figures.get(metric)))
            lost = sum(
                metric in figures and not self._gives(metric, figures[metric]) for metric in self._agreeing
            )
            if len(given) > lost:
                found.append(Explanation(name, description, given, len(self.differing), lost))
        return best_first(found)

    def _ties(self, explained: set[str]) -> list[Explanation]:
        """Name the figures that some order of the equal scores can give."""
        left = [metric for metric in self.differing if metric not in explained]
        if not left:
            return []
        band = tie_band(self._ranked)
        inside = tuple(metric for metric in left if self._within(metric, *band[metric]))
        if not inside:
            return []
        first = inside[0]
        low, high = band[first]
        description = (
            f"an order of equal scores: {first} lies between {low:.5f} and {high:.5f}, as ties are broken"
        )
        return [Explanation("tie-order", description, inside, len(self.differing))]

    def _within(self, metric: str, low: float, high: float) -> bool:
        room = 0.5 * 10.0 ** -self._claim.decimals[metric] + 1e-9
        return high - low <= WIDE and low - room <= self._claim.metrics[metric] <= high + room

    def _other_cuts(self, explained: set[str]) -> list[Explanation]:
        found = []
        for metric in self.differing:
            for name, value in other_cuts(self._measured, metric):
                if metric not in explained and self._gives(metric, value):
                    description = f"{metric} is what {name} is here: another k"
                    found.append(Explanation("other-k", description, (metric,), len(self.differing)))
                    break
        return found

    def _gives(self, metric: str, value: float | None) -> bool:
        claimed = self._claim.metrics.get(metric)
        if value is None or claimed is None:
            return False
        return equals(claimed, value, self._claim.decimals[metric])


def best_first(found: list[Explanation]) -> list[Explanation]:
    """Order explanations by how many figures they yield, less those that they spoil."""
    return sorted(found, key=lambda one: one.lost - len(one.metrics))

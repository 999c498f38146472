"""A claimed figure and a measured one: equal at the published precision, close, or different."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from searchapp.published.claims import Claim

CLOSE = 0.0005
DOUBLE_NOISE = 1e-9  # of figures published with every digit of a double: the order of a sum shows there


class Verdict(str, Enum):
    """What is to be said of a claimed figure."""

    EXACT = "exact"
    CLOSE = "close"
    DIFFERS = "differs"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Comparison:
    """One metric, claimed and measured (None when it was not run), as fractions."""

    metric: str
    claimed: float
    measured: float | None
    verdict: Verdict

    @property
    def difference(self) -> float | None:
        """Measured minus claimed."""
        return None if self.measured is None else self.measured - self.claimed


def equals(claimed: float, measured: float, decimals: int) -> bool:
    """Tell whether a measured figure, rounded as the claimed one is, reads the same.

    Args:
        claimed: the published figure.
        measured: ours, unrounded.
        decimals: the digits behind the point that are published.

    >>> equals(0.31594, 0.315941, 5), equals(0.31594, 0.315946, 5)
    (True, False)
    """
    return abs(measured - claimed) <= max(0.5 * 10.0**-decimals + 1e-12, DOUBLE_NOISE)


def compare(claim: Claim, measured: Mapping[str, float]) -> list[Comparison]:
    """Compare every metric of a claim with what was measured; a metric that was not is `not run`."""
    return [
        Comparison(metric, value, measured.get(metric), _verdict(claim, metric, measured.get(metric)))
        for metric, value in sorted(claim.metrics.items(), key=lambda pair: metric_order(pair[0]))
    ]


def metric_order(metric: str) -> tuple[int, int]:
    """Return the place of a metric in a table: nDCG, MAP, MRR, recall, precision; small cuts first."""
    name, _, cut = metric.partition("_at_")
    names = ("ndcg", "map", "mrr", "recall", "precision")
    return names.index(name) if name in names else len(names), int(cut or 0)


def _verdict(claim: Claim, metric: str, measured: float | None) -> Verdict:
    if measured is None:
        return Verdict.NOT_RUN
    claimed = claim.metrics[metric]
    if equals(claimed, measured, claim.decimals[metric]):
        return Verdict.EXACT
    return Verdict.CLOSE if abs(measured - claimed) <= CLOSE else Verdict.DIFFERS

"""A claimed figure and a measured one: equal at the published precision, close, or different."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from searchapp.evaluation.measures import parse_measure
from searchapp.published.claims import Claim
from searchapp.published.figures import DOUBLE_NOISE

CLOSE = 0.0005


class Verdict(str, Enum):
    """How a measured figure compares with the claimed one."""

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


def agrees(claimed: float, measured: float, decimals: int) -> bool:
    """Tell whether an unrounded measured figure equals the claimed one at the published precision.

    >>> agrees(0.31594, 0.315941, 5), agrees(0.31594, 0.315946, 5)
    (True, False)
    """
    return abs(measured - claimed) <= max(0.5 * 10.0**-decimals + 1e-12, DOUBLE_NOISE)


def compare_figures(claim: Claim, measured: Mapping[str, float]) -> list[Comparison]:
    """Compare every metric of a claim with what was measured; a metric that was not is `not run`."""
    return [
        Comparison(metric, value, measured.get(metric), _verdict(claim, metric, measured.get(metric)))
        for metric, value in sorted(claim.metrics.items(), key=lambda figure: parse_measure(figure[0]).order)
    ]


def _verdict(claim: Claim, metric: str, measured: float | None) -> Verdict:
    if measured is None:
        return Verdict.NOT_RUN
    claimed = claim.metrics[metric]
    if agrees(claimed, measured, claim.decimals[metric]):
        return Verdict.EXACT
    return Verdict.CLOSE if abs(measured - claimed) <= CLOSE else Verdict.DIFFERS

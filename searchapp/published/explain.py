"""Which known definition yields a published figure where ours differs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from searchapp.evaluation.measures import parse_measure
from searchapp.published.claims import Claim
from searchapp.published.definitions import DEFINITIONS, JudgedRun, mean_scores, padding_range, tie_range
from searchapp.published.figures import DOUBLE_NOISE, family_of
from searchapp.published.verdicts import agrees

WIDEST_TIE_RANGE = 0.02  # a wider one would explain almost any figure


@dataclass(frozen=True)
class Explanation:
    """A definition, and the claimed metrics that agree with it but not with our figures.

    `of` counts the metrics that needed an explanation; `lost` those that agree with our figures and would
    not agree with the definition.
    """

    name: str
    description: str
    metrics: tuple[str, ...]
    of: int
    lost: int = 0


@dataclass(frozen=True)
class Alternative:
    """Another ranking of the same or another split: what was changed, and how to compute it."""

    name: str
    description: str
    rank: Callable[[], JudgedRun]


class Mismatches:
    """The figures of one claim that differ from ours, and the definitions that explain them.

    `judged` is our run on the claim's corpus, `measured` are our figures.
    """

    def __init__(self, claim: Claim, judged: JudgedRun, measured: Mapping[str, float]) -> None:
        self._claim = claim
        self._judged = judged
        self._measured = measured
        known = {metric for metric in claim.metrics if metric in measured}
        self._agreeing = {metric for metric in known if self._agrees(metric, measured[metric])}
        self.metrics = sorted(known - self._agreeing, key=lambda name: parse_measure(name).order)

    def explain_by_definitions(self) -> list[Explanation]:
        """Try every definition that needs the ranking alone; the one that explains most comes first."""
        computed = ((each.name, each.description, each.compute(self._judged)) for each in DEFINITIONS)
        explanations = self._explain(computed)
        explained = {metric for explanation in explanations for metric in explanation.metrics}
        return [*explanations, *self._explain_by_ranges(explained), *self._explain_by_cutoffs(explained)]

    def explain_by(self, alternative: Alternative) -> list[Explanation]:
        """Try another ranking: of other texts, other vectors, or another split."""
        figures = mean_scores(alternative.rank().scores)
        return self._explain([(alternative.name, alternative.description, figures)])

    def _explain(self, hypotheses: Iterable[tuple[str, str, Mapping[str, float]]]) -> list[Explanation]:
        """Accept what fixes more figures than it breaks, and fits at least half of those that it changes.

        A hypothesis is a name, a description, and the figures that would be published if it were true.
        """
        explanations = []
        for name, description, figures in hypotheses:
            fixed = tuple(metric for metric in self.metrics if self._agrees(metric, figures.get(metric)))
            broken = sum(
                not self._agrees(metric, figures[metric]) for metric in self._agreeing & figures.keys()
            )
            changed = [metric for metric in figures if metric in self._claim.metrics]
            fitting = sum(self._agrees(metric, figures[metric]) for metric in changed)
            if len(fixed) > broken and 2 * fitting >= len(changed):
                explanations.append(Explanation(name, description, fixed, len(self.metrics), broken))
        return most_explaining_first(explanations)

    def _explain_by_ranges(self, explained: set[str]) -> list[Explanation]:
        """Explain figures that some order of the ties gives, or some padding of short rankings."""
        left = [metric for metric in self.metrics if metric not in explained]
        if not left:
            return []
        ties, padding = tie_range(self._judged), padding_range(self._judged)
        tied = tuple(metric for metric in left if self._within(metric, ties, WIDEST_TIE_RANGE))
        padded = tuple(metric for metric in left if metric not in tied and self._within(metric, padding, 1.0))
        if not self._credible(len(left) - len(tied) - len(padded)):
            return []
        explanations = []
        for name, reason, metrics, ranges in (
            ("tie-order", "another order of tied documents", tied, ties),
            ("filled-up", "padding short rankings with documents that were not retrieved", padded, padding),
        ):
            if metrics:
                low, high = ranges[metrics[0]]
                description = f"{reason} gives {metrics[0]} between {low:.5f} and {high:.5f}"
                explanations.append(Explanation(name, description, metrics, len(self.metrics)))
        return explanations

    def _explain_by_cutoffs(self, explained: set[str]) -> list[Explanation]:
        """Explain figures that equal ours for the same metric at another cutoff."""
        explanations = []
        for metric in self.metrics:
            equal = (
                name
                for name, value in self._measured.items()
                if name != metric and family_of(name) == family_of(metric) and self._agrees(metric, value)
            )
            name = next(equal, None)
            if name is not None and metric not in explained:
                description = f"the claimed {metric} is our {name}"
                explanations.append(Explanation("other-k", description, (metric,), len(self.metrics)))
        left = len(set(self.metrics) - explained) - len(explanations)
        return explanations if self._credible(left) else []

    def _credible(self, unexplained: int) -> bool:
        """Tell whether a partial explanation is credible although so many figures stay unexplained."""
        return 2 * unexplained < max(len(self._claim.metrics), 1)

    def _within(self, metric: str, ranges: Mapping[str, tuple[float, float]], widest: float) -> bool:
        low, high = ranges[metric]
        slack = 0.5 * 10.0 ** -self._claim.decimals[metric] + DOUBLE_NOISE
        return 0 < high - low <= widest and low - slack <= self._claim.metrics[metric] <= high + slack

    def _agrees(self, metric: str, value: float | None) -> bool:
        claimed = self._claim.metrics.get(metric)
        if value is None or claimed is None:
            return False
        return agrees(claimed, value, self._claim.decimals[metric])


def most_explaining_first(explanations: Iterable[Explanation]) -> list[Explanation]:
    """Order explanations by how many figures they fix less those that they break."""
    return sorted(explanations, key=lambda explanation: explanation.lost - len(explanation.metrics))

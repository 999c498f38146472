"""A gate on a change: how far a metric may fall before a comparison fails."""

import math
import re
from dataclasses import dataclass

from searchapp.evaluation.comparison import Change

LEVEL = 0.05
"""A difference is significant when its corrected p-value is below this."""

ROUNDING = 1e-12

_NAMES = {"r": "recall", "p": "precision"}
_METRIC = re.compile(r"(ndcg|map|mrr|recall|precision|r|p)(?:(?:_at|_cut)?_|@)([1-9]\d*)", re.IGNORECASE)


@dataclass(frozen=True)
class Gate:
    """The mean of `metric` may change by `tolerance` (0 or negative, a fraction) or more."""

    metric: str
    tolerance: float

    def __str__(self) -> str:
        return f"{self.metric}>={self.tolerance:g}"


@dataclass(frozen=True)
class GateVerdict:
    """What a gate says of one candidate; `status` is OK, WARN or FAIL, `reason` says why."""

    gate: str
    candidate: str
    status: str
    reason: str


def parse_metric(text: str) -> str:
    """Return the name of a metric as MTEB writes it, from any spelling of it that is in use.

    Raises:
        ValueError: it is none; the message says which there are.

    >>> [parse_metric(text) for text in ("nDCG@10", "ndcg_cut_10", "P_5", "recall_at_100")]
    ['ndcg_at_10', 'ndcg_at_10', 'precision_at_5', 'recall_at_100']
    """
    found = _METRIC.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f"{text!r} is no metric: ndcg, map, mrr, recall or precision with a cut, as in ndcg_at_10"
        )
    name = found[1].lower()
    return f"{_NAMES.get(name, name)}_at_{found[2]}"


def parse_gate(text: str) -> Gate:
    """Return the gate that an expression such as `ndcg_at_10>=-0.005` describes.

    Raises:
        ValueError: it is none, or its tolerance is above 0 or below -1.
    """
    metric, sign, written = text.partition(">=")
    example = "as in ndcg_at_10>=-0.005"
    if not sign:
        raise ValueError(f"{text!r} is no gate: a metric, >= and the change that is tolerated, {example}")
    try:
        tolerance = float(written)
    except ValueError:
        tolerance = math.nan
    if not -1 <= tolerance <= 0:
        raise ValueError(f"{written!r} is no change that is tolerated: a fraction from -1 to 0, {example}")
    return Gate(parse_metric(metric), tolerance)


def judge(gate: Gate, candidate: str, change: Change) -> GateVerdict:
    """Say whether a change passes a gate.

    A drop fails when it is beyond the tolerance and significant; when only one of both holds it is a
    warning: a large drop that may be chance, or a small one that is real.

    Args:
        gate: how far the metric may fall.
        candidate: the name of the run.
        change: of the gate's metric.
    """
    beyond = change.difference < gate.tolerance - ROUNDING
    significant = change.corrected_p < LEVEL and change.difference < 0
    status = {0: "OK", 1: "WARN", 2: "FAIL"}[beyond + significant]
    size = "beyond" if beyond else "within"
    chance = "significant" if change.corrected_p < LEVEL else "not significant"
    reason = f"{change.difference:+.5f} is {size} the tolerance and {chance} (p = {change.corrected_p:.5f})"
    return GateVerdict(str(gate), candidate, status, reason)

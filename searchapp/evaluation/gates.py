"""Gates on a change: how far a measure may fall before a comparison fails."""

import math
from dataclasses import dataclass

from searchapp.errors import SearchappError
from searchapp.evaluation.comparison import Change
from searchapp.evaluation.measures import parse_measure

LEVEL = 0.05
"""A difference is significant when its corrected p-value is below this."""

ROUNDING = 1e-12


@dataclass(frozen=True)
class Gate:
    """The mean of a measure may not fall by more than `tolerance`, a fraction that is 0 or negative."""

    metric: str
    tolerance: float

    def __str__(self) -> str:
        return f"{self.metric}>={self.tolerance:g}"


@dataclass(frozen=True)
class GateVerdict:
    """The verdict of a gate on one candidate: `status` is OK, WARN or FAIL, `reason` says why."""

    gate: str
    candidate: str
    status: str
    reason: str


def parse_gate(text: str) -> Gate:
    """Return the gate that an expression such as `nDCG@10>=-0.005` describes.

    Raises:
        SearchappError: it is not a gate, its measure is unknown, or its tolerance is not from -1 to 0.
    """
    measure, sign, written = text.partition(">=")
    example = "Write it as in nDCG@10>=-0.005: a measure, >= and the change to tolerate, from -1 to 0."
    if not sign:
        raise SearchappError(f"{text!r} is not a gate.", example)
    try:
        tolerance = float(written)
    except ValueError:
        tolerance = math.nan
    if not -1 <= tolerance <= 0:
        raise SearchappError(f"{written.strip()!r} is not a change that a gate can tolerate.", example)
    return Gate(parse_measure(measure).name, tolerance)


def judge(gate: Gate, candidate: str, change: Change) -> GateVerdict:
    """Tell whether a change passes a gate.

    A drop fails when it exceeds the tolerance and is significant. When only one of the two holds, it is a
    warning: a large drop that may be chance, or a small one that is real.
    """
    beyond = change.difference < gate.tolerance - ROUNDING
    significant = change.corrected_p < LEVEL and change.difference < 0
    status = {0: "OK", 1: "WARN", 2: "FAIL"}[beyond + significant]
    size = "beyond" if beyond else "within"
    chance = "significant" if change.corrected_p < LEVEL else "not significant"
    reason = f"{change.difference:+.5f} is {size} the tolerance and {chance} (p = {change.corrected_p:.5f})"
    return GateVerdict(str(gate), candidate, status, reason)

"""From what the probes observe to a verdict: the causes that explain a low score, ranked, or none.

There are four verdicts. `fault`: a cause was named. `low`: none was, but the score is near chance, or far
below both BM25 and the control without proof that these are the model's own vectors. `weak`: nothing is
broken, the model is just weaker than both. `healthy`: none of these.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.causes import CAUSES, Cause
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.probe import Fact, Finding, Observation, Probe
from searchapp.diagnosis.registry import PROBES
from searchapp.diagnosis.thresholds import FAULT, PROOF


@dataclass(frozen=True)
class RankedCause:
    """A cause with its evidence, the strongest finding first."""

    id: str
    cause: Cause
    findings: tuple[Finding, ...]

    @property
    def strength(self) -> float:
        """The strength of its strongest finding."""
        return self.findings[0].strength

    @property
    def measured(self) -> Finding | None:
        """The finding with the largest measured gain, None when no fix was measured."""
        measured = [finding for finding in self.findings if finding.gain is not None]
        return max(measured, key=lambda finding: finding.gain or 0.0, default=None)

    @property
    def gain(self) -> float | None:
        """The largest measured gain, None when no fix was measured."""
        return self.measured.gain if self.measured else None


@dataclass(frozen=True)
class Diagnosis:
    """What was found and measured, and what could not be judged; the likeliest cause comes first.

    `facts` and `seconds` are by probe; `unjudged` says by probe why it could not judge; `looked_for` are the
    causes of all others.
    """

    causes: tuple[RankedCause, ...]
    facts: dict[str, tuple[Fact, ...]]
    unjudged: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)
    looked_for: frozenset[str] = frozenset()

    @property
    def faults(self) -> tuple[RankedCause, ...]:
        """The causes that mean that the pipeline is broken."""
        return tuple(ranked for ranked in self.causes if ranked.strength >= FAULT)

    @property
    def remarks(self) -> tuple[RankedCause, ...]:
        """The other causes."""
        return tuple(ranked for ranked in self.causes if ranked.strength < FAULT)

    @property
    def verdict(self) -> str:
        """One of `fault`, `low`, `weak` and `healthy`."""
        if self.faults:
            return "fault"
        measured, chance = self.fact("score"), self._value("chance")
        compared = [value for key in ("control", "bm25") if (value := self._value(key)) is not None]
        if measured is None or chance is None or not compared:
            return "healthy"
        if int(measured.values["queries"]) < limits.FEWEST_QUERIES:
            return "healthy"  # too few to call any score low
        score = float(measured.value)
        best, worst = max(compared), min(compared)
        error = float(measured.values["error"])
        margin = error  # where even BM25 and the control are near chance, as on very small corpora
        if telling := best > limits.BEATS_CHANCE * chance:
            margin = max(limits.NEAR_CHANCE * (best - chance), limits.CHANCE_ERRORS * error)
        if score < chance + margin:
            return "weak" if self.verified and not telling else "low"
        if score < limits.FAR_BELOW * worst and not self.verified:
            return "low"
        return "weak" if score < limits.WEAKER * worst else "healthy"

    @property
    def healthy(self) -> bool:
        """Whether no fault was found and the score is not conspicuously low."""
        return self.verdict == "healthy"

    @property
    def failed(self) -> bool:
        """Whether the pipeline should not be trusted."""
        return self.verdict in {"fault", "low"}

    @property
    def verified(self) -> bool:
        """Whether it was seen that the score is what the model itself gives."""
        reproduced = [self._value(f"{side}-reproduced") for side in ("documents", "queries")]
        overlap, aligned = self._value("exact-overlap"), self._value("spelling-alignment")
        return (
            all(share is not None and share >= 1 - limits.TOUCHED for share in reproduced)
            and (overlap is None or overlap >= limits.OVERLAP)
            and (aligned is None or aligned >= limits.MISALIGNED)
        )

    @property
    def ruled_out(self) -> list[str]:
        """The causes that probes looked for and did not find, in the order of `CAUSES`."""
        named = {ranked.id for ranked in self.causes}
        return [cause for cause in CAUSES if cause in self.looked_for - named]

    def _value(self, key: str) -> float | None:
        measured = self.fact(key)
        return None if measured is None else float(measured.value)

    def facts_of(self, key: str) -> list[Fact]:
        """Return every fact with this key."""
        return [fact for facts in self.facts.values() for fact in facts if fact.key == key]

    def fact(self, key: str) -> Fact | None:
        """Return the first fact with this key, None when it was not measured."""
        return next(iter(self.facts_of(key)), None)


def diagnose(evidence: Evidence, probes: Iterable[Probe] | None = None) -> Diagnosis:
    """Ask probes in order, all by default, and rank what they find."""
    findings: list[Finding] = []
    facts: dict[str, tuple[Fact, ...]] = {}
    unjudged: dict[str, str] = {}
    seconds: dict[str, float] = {}
    looked_for: set[str] = set()
    for probe in PROBES.values() if probes is None else probes:
        evidence.context.progress(probe.question)
        started = time.perf_counter()
        observations: list[Observation] = []
        try:
            observations.extend(probe.ask(evidence))
            looked_for |= probe.causes
        except CannotJudgeError as error:
            unjudged[probe.id] = str(error)
        seconds[probe.id] = time.perf_counter() - started
        facts[probe.id] = tuple(seen for seen in observations if isinstance(seen, Fact))
        findings += [seen for seen in observations if isinstance(seen, Finding)]
    return Diagnosis(rank(findings), facts, unjudged, seconds, frozenset(looked_for))


def rank(findings: Sequence[Finding]) -> tuple[RankedCause, ...]:
    """Group findings by cause: by strength, gain and share; what a proved cause explains is left out."""
    by_cause: dict[str, list[Finding]] = {}
    for finding in findings:
        by_cause.setdefault(finding.cause, []).append(finding)
    causes = [
        RankedCause(cause, CAUSES[cause], tuple(sorted(group, key=lambda finding: -finding.strength)))
        for cause, group in by_cause.items()
    ]
    explained = {rival for ranked in causes if ranked.strength >= PROOF for rival in ranked.cause.explains}
    causes = [ranked for ranked in causes if ranked.id not in explained]
    causes.sort(key=lambda seen: (-seen.strength, -(seen.gain or 0.0), -seen.findings[0].share, seen.id))
    return tuple(causes)

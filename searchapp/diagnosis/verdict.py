"""From what the probes observe to a verdict: the causes that explain a low score, ranked, or none."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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

    `facts` and `seconds` are by probe; `unjudged` says by probe why it could not judge.
    """

    causes: tuple[RankedCause, ...]
    facts: dict[str, tuple[Fact, ...]]
    unjudged: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def faults(self) -> tuple[RankedCause, ...]:
        """The causes that mean that the pipeline is broken."""
        return tuple(ranked for ranked in self.causes if ranked.strength >= FAULT)

    @property
    def remarks(self) -> tuple[RankedCause, ...]:
        """The other causes."""
        return tuple(ranked for ranked in self.causes if ranked.strength < FAULT)

    @property
    def healthy(self) -> bool:
        """Whether no fault was found."""
        return not self.faults

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
    for probe in PROBES.values() if probes is None else probes:
        evidence.context.progress(probe.question)
        started = time.perf_counter()
        observations: list[Observation] = []
        try:
            observations.extend(probe.ask(evidence))
        except CannotJudgeError as error:
            unjudged[probe.id] = str(error)
        seconds[probe.id] = time.perf_counter() - started
        facts[probe.id] = tuple(seen for seen in observations if isinstance(seen, Fact))
        findings += [seen for seen in observations if isinstance(seen, Finding)]
    return Diagnosis(rank(findings), facts, unjudged, seconds)


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

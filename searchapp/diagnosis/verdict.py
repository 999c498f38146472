"""From what the probes say to a verdict: ranked causes that explain the score, or health."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from searchapp.diagnosis.cause import Cause
from searchapp.diagnosis.causes import CAUSES
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.probe import CannotJudgeError, Fact, Finding, Observation, Probe, lacking
from searchapp.diagnosis.registry import PROBES
from searchapp.errors import SearchappError

FAULT = 0.5
"""Strength from which a cause makes the pipeline broken; below it is a remark."""

CLEARS = {
    "order-lost": ("known-items-lost",),
    "rows-offset": ("known-items-lost", "order-lost", "some-rows-misplaced"),
}
"""What a proven cause explains away, so that it is not listed as a rival."""


@dataclass(frozen=True)
class RankedCause:
    """A cause with all that speaks for it: the strongest finding first."""

    id: str
    cause: Cause
    found: tuple[Finding, ...]

    @property
    def strength(self) -> float:
        """That of its strongest finding."""
        return self.found[0].strength

    @property
    def gain(self) -> float | None:
        """The largest measured gain of a repair, None when none was measured."""
        gains = [one.gain for one in self.found if one.gain is not None]
        return max(gains) if gains else None


@dataclass(frozen=True)
class Diagnosis:
    """What was found, measured, and not to be judged; causes stand in order, the likeliest first.

    `facts` are by probe; `unjudged` says by probe why it could not be asked; `seconds` by probe.
    """

    causes: tuple[RankedCause, ...]
    facts: dict[str, tuple[Fact, ...]]
    unjudged: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def faults(self) -> tuple[RankedCause, ...]:
        """The causes that make the pipeline broken."""
        return tuple(named for named in self.causes if named.strength >= FAULT)

    @property
    def remarks(self) -> tuple[RankedCause, ...]:
        """The others."""
        return tuple(named for named in self.causes if named.strength < FAULT)

    @property
    def healthy(self) -> bool:
        """Whether no fault was found."""
        return not self.faults

    def fact(self, name: str) -> Fact | None:
        """Return the fact of that name, None when it was not measured."""
        return next((fact for facts in self.facts.values() for fact in facts if fact.name == name), None)


def diagnose(evidence: Evidence, probes: Sequence[Probe] = PROBES) -> Diagnosis:
    """Ask every probe and rank what they found.

    Args:
        evidence: the pipeline under suspicion.
        probes: which to ask, in order.
    """
    found: list[Finding] = []
    facts: dict[str, tuple[Fact, ...]] = {}
    unjudged: dict[str, str] = {}
    seconds: dict[str, float] = {}
    for probe in probes:
        reason = lacking(probe, evidence)
        if reason is not None:
            unjudged[probe.name] = reason
            continue
        evidence.context.progress(probe.question)
        started = time.perf_counter()
        said: list[Observation] = []
        try:
            said.extend(probe.ask(evidence))
        except CannotJudgeError as error:
            unjudged[probe.name] = str(error)
        seconds[probe.name] = time.perf_counter() - started
        facts[probe.name] = tuple(one for one in said if isinstance(one, Fact))
        found += [one for one in said if isinstance(one, Finding)]
    return Diagnosis(_ranked(found), facts, unjudged, seconds)


def find_probe(name: str) -> Probe:
    """Return the probe of that name.

    Raises:
        SearchappError: there is none.
    """
    for probe in PROBES:
        if probe.name == name:
            return probe
    raise SearchappError(
        f"There is no probe {name!r}.", f"There are: {', '.join(probe.name for probe in PROBES)}."
    )


def _ranked(found: Sequence[Finding]) -> tuple[RankedCause, ...]:
    causes: dict[str, list[Finding]] = {}
    for one in found:
        causes.setdefault(one.cause, []).append(one)
    named = [
        RankedCause(name, CAUSES[name], tuple(sorted(every, key=lambda one: -one.strength)))
        for name, every in causes.items()
    ]
    cleared = {rival for one in named if one.strength >= 1 for rival in CLEARS.get(one.id, ())}
    kept = [one for one in named if one.id not in cleared]
    return tuple(
        sorted(kept, key=lambda one: (-one.strength, -(one.gain or 0.0), -one.found[0].share, one.id))
    )

"""What a probe is, and what it may say: a fact, a cause with its evidence, or that it cannot judge."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from searchapp.diagnosis.evidence import Evidence

PROOF = 1.0
"""The fault was reproduced, or can be counted: nothing else gives the same evidence."""
STRONG = 0.8
"""A signature that only this fault has shown, with its repair measured or a second sign beside it."""
LIKELY = 0.6
"""A signature that this fault shows and others may share; enough to call the pipeline broken."""
HINT = 0.3
"""Worth knowing, no fault by itself."""


@dataclass(frozen=True)
class Fact:
    """Something measured that a reader of the verdict wants to see, whether or not it is a fault."""

    name: str
    value: float | int | str
    remark: str = ""


@dataclass(frozen=True)
class Finding:
    """A cause that a probe found signs of.

    `cause` is an id of `causes.CAUSES`; `evidence` one or two sentences with their numbers; `against`
    what speaks against it; `gain` what its repair adds to the score, where that was measured on the
    spot, and `repaired` the name of that repair; `share` how much of the pipeline is touched, 0 to 1.
    """

    cause: str
    strength: float
    evidence: str
    against: str = ""
    gain: float | None = None
    repaired: str = ""
    share: float = 1.0


Observation = Fact | Finding


class CannotJudgeError(Exception):
    """A probe has nothing to go by; the message says why, beginning in lower case."""


@dataclass(frozen=True)
class Probe:
    """One question put to the evidence.

    `needs` names the parts that must be there: `vectors`, `model`, `table` (a static model),
    `judgements`, `run`, `reported`, `index`. `slow` marks those that `--quick` leaves out. `finds` lists the
    causes that it may name.
    """

    name: str
    question: str
    needs: tuple[str, ...]
    finds: tuple[str, ...]
    ask: Callable[[Evidence], Iterator[Observation]]
    slow: bool = False


MISSING = {
    "vectors": "there are no stored vectors (name a model: -m MODEL)",
    "model": "there is no encoder behind these vectors",
    "table": "it looks into the table of a static model, and there is none",
    "judgements": "nothing is judged",
    "run": "there is no run",
    "reported": "no score was reported",
    "index": "the vectors are of no index",
}


def lacking(probe: Probe, evidence: Evidence) -> str | None:
    """Return why a probe cannot be asked of this evidence, None when it can."""
    there = {
        "vectors": evidence.vectors is not None,
        "model": evidence.model is not None,
        "table": evidence.model is not None and evidence.model.table is not None,
        "judgements": not evidence.context.label_free,
        "run": evidence.run is not None,
        "reported": bool(evidence.reported),
        "index": evidence.changes is not None,
    }
    return next((MISSING[need] for need in probe.needs if not there[need]), None)


def percent(share: float) -> str:
    """Return a share as a reader likes it.

    >>> percent(0.714), percent(0.0003), percent(1.0)
    ('71 %', '0.03 %', '100 %')
    """
    return f"{share * 100:.0f} %" if share >= 0.0995 or not share else f"{share * 100:.2g} %"

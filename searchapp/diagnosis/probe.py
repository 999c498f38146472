"""What a probe is: a question, what it may find, and the function that looks for it.

To add one, declare its symptoms and decorate its function in one of the modules in `probes/`; the first line
of its docstring is the question:

    BROKEN = Symptom("broken", "{count:,} of {total:,} vectors are broken.", fix="encode the texts again")

    @probe("broken-vectors", BROKEN)
    def broken_vectors(evidence: Evidence) -> Iterator[Observation]:
        '''Are vectors broken?'''
        vectors = evidence.require_vectors()
        ...
        yield BROKEN.finding(PROOF, count=count, total=total)
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from searchapp.diagnosis.evidence import Evidence

Value = float | int | str


@dataclass(frozen=True)
class Fact:
    """Something measured that a reader of the verdict wants to see, whether or not it is a fault.

    `key` is stable and is what reports look for; `label` and `remark` are for people.
    """

    key: str
    label: str
    value: Value
    remark: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Evidence for one cause, an id of `causes.CAUSES`; how sure it is, `thresholds` explain.

    `text` is the evidence, `counter_evidence` what else could explain it. `gain` is what `fix` adds to the
    score, None where it was not measured; `share` is the affected share of the pipeline, 0 to 1. `key` is the
    symptom, unique within its probe; `values` fill its sentences.
    """

    cause: str
    strength: float
    text: str
    counter_evidence: str = ""
    gain: float | None = None
    fix: str = ""
    share: float = 1.0
    key: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)


Observation = Fact | Finding
Ask = Callable[[Evidence], Iterator[Observation]]


@dataclass(frozen=True)
class Symptom:
    """One thing that a probe may find: a cause and the sentences that present the evidence.

    Templates are filled by `fill`; `key` tells symptoms of one cause apart and defaults to the cause.
    """

    cause: str
    template: str
    counter_evidence: str = ""
    fix: str = ""
    key: str = ""

    def finding(
        self, strength: float, gain: float | None = None, share: float = 1.0, **values: Value
    ) -> Finding:
        """Return the finding that these values make; the templates may name `share` too."""
        values = {name: _plain(value) for name, value in values.items()}
        filled = {**values, "share": share}
        return Finding(
            self.cause,
            strength,
            fill(self.template, filled),
            self.counter_evidence,
            gain,
            fill(self.fix, filled) if gain is not None else "",
            float(share),
            self.key or self.cause,
            values,
        )


@dataclass(frozen=True)
class Probe:
    """One question put to the evidence; `slow` marks those that `--quick` leaves out."""

    id: str
    question: str
    symptoms: tuple[Symptom, ...]
    ask: Ask
    slow: bool = False

    @property
    def causes(self) -> set[str]:
        """The ids of the causes that it may name."""
        return {symptom.cause for symptom in self.symptoms}


def probe(name: str, *symptoms: Symptom, slow: bool = False) -> Callable[[Ask], Probe]:
    """Return the decorator that turns a function, whose docstring begins with its question, into a probe."""
    return lambda ask: Probe(name, (ask.__doc__ or name).partition("\n")[0], symptoms, ask, slow)


def fact(key: str, label: str, value: Value, remark: str = "", **values: Value) -> Fact:
    """Return a fact whose remark is filled with values."""
    values = {name: _plain(given) for name, given in values.items()}
    return Fact(key, label, _plain(value), fill(remark, values), values)


def fill(template: str, values: Mapping[str, Value]) -> str:
    """Fill a template with values; `percent`, `rows` and `capital` are formats besides Python's.

    >>> fill("{share:percent} read {by:rows}, {n:,} in all", {"share": 0.714, "by": -2, "n": 1200})
    '71 % read 2 rows further up, 1,200 in all'
    """
    return _Sentences().vformat(template, (), values)


def percent(share: float) -> str:
    """Return a share as a percentage, with two digits where it is small.

    >>> percent(0.714), percent(0.0003), percent(1.0)
    ('71 %', '0.03 %', '100 %')
    """
    return f"{share * 100:.0f} %" if share >= 0.0995 or not share else f"{share * 100:.2g} %"


def rows_away(by: int) -> str:
    """Return a distance in rows as words.

    >>> rows_away(1), rows_away(-3)
    ('1 row further down', '3 rows further up')
    """
    return f"{abs(by)} row{'s' if abs(by) > 1 else ''} {'further down' if by > 0 else 'further up'}"


FORMATS: dict[str, Callable[[Any], str]] = {
    "percent": percent,
    "rows": rows_away,
    "capital": lambda text: text[:1].upper() + text[1:],
}


class _Sentences(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        special = FORMATS.get(format_spec)
        return special(value) if special else str(super().format_field(value, format_spec))


def _plain(value: Any) -> Any:
    """Return a number of numpy as one of Python, which JSON can hold."""
    return value.item() if hasattr(value, "item") else value

"""What a case is, the register of faults, and the three splits.

Calibration, on which thresholds may be set: sample, NFCorpus and SciFact with wordllama and MiniLM vectors.
Held back, whose misses were read to replace rules: CACM, Cranfield, AILA statutes and LIMIT-small with
potion-base-8M and three models made here: a table trained with PPMI and SVD, one with whole words as
tokens, and a reduced one. Fresh, run once when the last rule was written: corpora made from customers'
questions, from pairs of sentences and from the queries of other splits, with three other models made here.
"""

import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.faults.box import Box

Make = Callable[["Box", Any], list[str]]


class Split(NamedTuple):
    """Corpora and models that are measured together."""

    corpora: tuple[str, ...]
    models: tuple[str, ...]


SPLITS = {
    "calibration": Split(("sample", "nfcorpus", "scifact"), ("wordllama", "minilm")),
    "held": Split(
        ("cacm", "cranfield", "aila-statutes", "limit-small"), ("potion", "ppmi", "words", "reduced")
    ),
    "fresh": Split(("banking77", "stsb", "nfcorpus-dev", "scifact-train"), ("lsa", "short", "joined")),
}
TITLED = ("sample", "nfcorpus", "scifact", "cacm", "cranfield", "nfcorpus-dev", "scifact-train")
STATIC = ("wordllama", *SPLITS["held"].models, *SPLITS["fresh"].models)
CASED = ("wordllama", "words", "joined")  # tokenizers that tell capitals from small letters
LARGE = ("nfcorpus", "scifact", "cacm", "cranfield", "banking77", "nfcorpus-dev", "scifact-train")


@dataclass(frozen=True)
class Fault:
    """One kind of fault, or of harmless change when `accepts` is empty.

    `accepts` are the causes that may be named first, `also` those that may stand among the first three;
    `held` and `calibration` are severities. `entries` are ways into `searchapp diagnose` (see `box.py`).
    """

    name: str
    family: str
    make: Make
    accepts: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    held: Sequence[Any] = (None,)
    calibration: Sequence[Any] = ()
    entries: Sequence[str] = ("model",)
    corpora: Sequence[str] = ()
    models: Sequence[str] = ()
    times: int = 2

    def severities(self, split: str) -> Sequence[Any]:
        """Return those of a split; the fresh one draws from all that there are."""
        if split == "fresh":
            both = list(dict.fromkeys((*self.held, *self.calibration)))
            random.Random(f"{self.family} {self.name}").shuffle(both)
            return both[: self.least(split)]
        return self.held if split == "held" else self.calibration or self.held

    def least(self, split: str) -> int:
        """Return how many cases a split has at least."""
        if split == "fresh":
            return 1 if self.accepts else 2
        return self.times if split == "held" else 1


@dataclass(frozen=True)
class Case:
    """A fault at one severity, on one corpus with one model, through one entry."""

    fault: Fault
    corpus: str
    model: str
    entry: str
    severity: Any
    split: str
    id: str = field(init=False)

    def __post_init__(self) -> None:
        shown = "" if self.severity is None else f" {self.severity}".replace("\n", "\\n")
        object.__setattr__(
            self,
            "id",
            f"{self.fault.family}/{self.fault.name}{shown} [{self.corpus} {self.model} {self.entry}]",
        )

    @property
    def seed(self) -> int:
        return zlib.crc32(self.id.encode())


FAULTS: list[Fault] = []


def fault(family: str, *accepts: str, name: str = "", **settings: Any) -> Callable[[Make], Make]:
    """Register what makes a fault, under its own name or another; without `accepts`, it is harmless."""

    def register(make: Make) -> Make:
        called = name or make.__name__.strip("_").replace("_", "-")
        FAULTS.append(Fault(called, family, make, accepts, **settings))
        return make

    return register


def cases(split: str) -> Iterator[Case]:
    """Yield the cases of a split: each fault on several corpora, models, entries and severities."""
    corpora, models = SPLITS[split]
    for one in FAULTS:
        chance = random.Random(f"{split} {one.family} {one.name}")
        places = [name for name in corpora if name in (one.corpora or corpora)]
        encoders = [name for name in models if name in (one.models or models)]
        severities = one.severities(split)
        if not places or not encoders:
            continue
        chance.shuffle(places)
        chance.shuffle(encoders)
        start = chance.randrange(len(one.entries))
        seen = set()
        for turn in range(max(one.least(split), len(severities))):
            place = places[turn % len(places)]
            fitting = [name for name in encoders if name != "minilm" or place != "sample"] or ["wordllama"]
            round_ = turn // len(severities) if len(severities) > 1 else 0
            entry = one.entries[(start + turn + round_) % len(one.entries)]
            if place == "limit-small" and entry.startswith("run"):
                place = "aila-statutes"  # ids with blanks, which no run can hold
            case = Case(
                one,
                place,
                fitting[(turn + turn // len(places)) % len(fitting)],
                entry,
                severities[turn % len(severities)],
                split,
            )
            if case.id not in seen:
                seen.add(case.id)
                yield case

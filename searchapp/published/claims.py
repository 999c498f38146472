"""What a source claims: the metrics of one model on one split of one task."""

from collections.abc import Mapping
from dataclasses import dataclass

from searchapp.records import Problem

NOTHING_SCORED = (
    "The usual cause is the language filter `en` where MTEB expects `eng`: it matches no subset, and MTEB\n"
    "writes an empty result within a millisecond. Run again with eng, or without a filter."
)
"""What to do about a result without scores."""


@dataclass(frozen=True)
class Claim:
    """Published metrics of one model on one split of one retrieval task; None is what a source omits.

    `task` is MTEB's name (`NFCorpus`), `corpus` is ours (`nfcorpus`), or None when searchapp has no
    corpus for it. `metrics` are fractions under MTEB's names (`ndcg_at_10`), whatever the unit of the
    source; `decimals` is the number of decimals to which each fraction is published. `where` names the
    file and the place in it. `remarks` concern the figures themselves, such as how their unit was read.
    """

    task: str
    split: str
    corpus: str | None
    metrics: Mapping[str, float]
    decimals: Mapping[str, int]
    where: str
    subset: str = "default"
    languages: tuple[str, ...] = ()
    dataset_revision: str | None = None
    mteb_version: str | None = None
    evaluation_time: float | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskEntry:
    """What a source holds on one task, retrieval or not: a result file, or a block of a model card.

    `figures` are all its finite numbers as written, by split, subset and metric
    (`test default ndcg_at_10`); they are empty when nothing was scored. `evaluation_time` is in seconds.
    """

    task: str
    where: str
    figures: Mapping[str, float]
    languages: tuple[str, ...] = ()
    evaluation_time: float | None = None


@dataclass(frozen=True)
class Source:
    """Everything that one source claims about retrieval.

    `name` is what the user typed. `model` and `revision` are None when the source does not state them.
    `entries` holds all its tasks, retrieval or not. `problems` names the files of a folder that could not
    be read.
    """

    name: str
    kind: str
    model: str | None
    revision: str | None
    claims: tuple[Claim, ...]
    entries: tuple[TaskEntry, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def tasks(self) -> int:
        """The number of tasks, retrieval or not."""
        return len({entry.task for entry in self.entries})

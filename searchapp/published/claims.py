"""What a source claims: the metrics of one model on one split of one task."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from searchapp.records import Problem

NOTHING_SCORED = (
    "The usual cause is a language filter `en` where MTEB wants `eng`: it matches no subset, and an empty\n"
    "result is written within a millisecond. Run the task again with eng, or without a filter."
)
"""What to do about a result without scores."""


@dataclass(frozen=True)
class Claim:
    """Published metrics of one model on one split of one retrieval task.

    `task` is MTEB's name (`NFCorpus`), `corpus` ours (`nfcorpus`), None when searchapp knows no corpus
    for it. `metrics` are fractions by MTEB's names (`ndcg_at_10`), whatever the source wrote;
    `decimals` says to how many decimals of the fraction each one is published. `where` names the file
    and what in it. What a source does not say is None. `remarks` are said of the numbers themselves,
    such as a percentage that was read as one.
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
    remarks: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class TaskEntry:
    """What a source holds on one task, retrieval or not: a result file, or a block of a model card.

    `figures` are all its finite numbers as written, by split, subset and metric
    (`test default ndcg_at_10`); there are none when nothing was scored. `evaluation_time` is in seconds.
    """

    task: str
    where: str
    figures: Mapping[str, float]
    languages: tuple[str, ...] = ()
    evaluation_time: float | None = None


@dataclass(frozen=True)
class Source:
    """Everything that one source claims about retrieval.

    `name` is what the user gave. `model` and `revision` are the model's that it speaks of, None when it
    does not say. `tasks` counts all tasks the source speaks of, retrieval or not, and `entries` holds
    each. `problems` names the files of a folder that could not be read.
    """

    name: str
    kind: str
    model: str | None
    revision: str | None
    claims: tuple[Claim, ...]
    tasks: int
    entries: tuple[TaskEntry, ...] = ()
    problems: tuple[Problem, ...] = ()

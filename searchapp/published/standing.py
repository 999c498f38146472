"""Where a score stands among the published ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from searchapp.published import table
from searchapp.published.figures import MTEB_DECIMALS
from searchapp.records import Result
from searchapp.tasks.mteb import task_of

METRIC = "ndcg_at_10"


@dataclass(frozen=True)
class Standing:
    """An nDCG@10 among the published ones of a task, a model each.

    `below` counts the models that it is above, at the published precision; `nearest` has the closest
    figure, the better one of two that are equally close.
    """

    value: float
    task: str
    below: int
    models: int
    nearest: table.Score

    def __str__(self) -> str:
        """Return the standing as a clause."""
        name = self.nearest.model.rsplit("/", 1)[-1]
        return (
            f"{self.value:.4f}: above {self.below} of {self.models} published models on {self.task}, "
            f"next to {name} {self.nearest.ndcg:.4f}"
        )


def standing(result: Result) -> Standing | None:
    """Return where the nDCG@10 of a result stands, None when nothing comparable is published.

    The corpus must be a task's own, in a split whose figures are published, and not a folder or an
    archive with other documents, queries or judgements.
    """
    found = task_of(result)
    if found is None or METRIC not in result.metrics:
        return None
    task, split = found
    return place(task.name, split, result.metrics[METRIC])


def place(task: str, split: str, ndcg: float) -> Standing | None:
    """Return where an nDCG@10 stands on a split of a task of MTEB, None when nothing is published of it."""
    scores = table.scores(task, split)
    if not scores:
        return None
    value = round(ndcg, MTEB_DECIMALS)
    nearest = min(scores, key=lambda score: abs(score.ndcg - value))  # the better ones stand first
    below = sum(score.ndcg < value for score in scores)
    return Standing(value, task, below, len(scores), nearest)


def standings(results: Sequence[Result]) -> Iterator[tuple[Result, Standing]]:
    """Yield the results that have a standing, each with it."""
    for result in results:
        found = standing(result)
        if found is not None:
            yield result, found

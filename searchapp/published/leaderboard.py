"""Published models ranked by their score on a task, and where the user's own results rank among them."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from searchapp.published import table
from searchapp.published.figures import MTEB_DECIMALS
from searchapp.records import Result
from searchapp.tasks.mteb import task_of

logger = logging.getLogger(__name__)

MAIN_METRIC = "ndcg_at_10"


@dataclass(frozen=True)
class Row:
    """One row of a leaderboard; metrics are fractions, and unknown ones are left out.

    Published models of equal nDCG@10 share a rank. The user's own results do not move the others: their
    rank is the one they would have.
    """

    rank: int
    model: str
    own: bool
    metrics: dict[str, float]
    mteb_version: str | None
    revision: str | None


@dataclass(frozen=True)
class Standing:
    """An nDCG@10 among those published for a task, one per model.

    `below` counts the models it beats at the published precision; `nearest` is the model with the closest
    score, the better one in case of a tie. `adapted` says what of the corpus the model was taught, empty for
    nothing.
    """

    value: float
    task: str
    below: int
    models: int
    nearest: table.Score
    adapted: str = ""

    def __str__(self) -> str:
        """Return the standing as a clause, which names a difference in training."""
        name = self.nearest.model.rsplit("/", 1)[-1]
        taught = (
            f", adapted on {self.adapted}, which they were not as far as is known" if self.adapted else ""
        )
        return (
            f"{self.value:.4f}{taught}: above {self.below} of {self.models} published models on {self.task}, "
            f"next to {name} {self.nearest.ndcg:.4f}"
        )


def leaderboard(task: str, split: str, own: Sequence[Result] = ()) -> list[Row]:
    """Return the published models of an MTEB task and the user's results on it, best nDCG@10 first.

    The split must have published figures. A result of the user on another corpus, or without nDCG@10, is
    logged and left out.
    """
    scores = table.scores(task, split)
    rows = [
        Row(_rank(score.ndcg, scores), score.model, False, score.metrics, score.mteb_version, score.revision)
        for score in scores
    ]
    for result in own:
        if _task_and_split(result) != (task, split):
            where = f"{task}, {split}"
            logger.warning("Left out: %s on %s, no nDCG@10 on %s.", result.model, result.corpus, where)
            continue
        metrics = {name: result.metrics[name] for name in table.METRICS if name in result.metrics}
        mode_is_implied = result.mode in {"dense", "run", result.model}
        name = result.model if mode_is_implied else f"{result.model} ({result.mode})"
        if "adapted" in result.recipe:
            name += " (adapted to this corpus)"
        rank = _rank(metrics[MAIN_METRIC], scores)
        rows.append(Row(rank, name, True, metrics, None, result.recipe.get("revision")))
    return sorted(rows, key=lambda row: (-row.metrics[MAIN_METRIC], row.model))


def standing_of(result: Result) -> Standing | None:
    """Return where the nDCG@10 of a result ranks, None when no comparable figures are published.

    The corpus must be the task's own, in a split with published figures; a folder or an archive with
    other documents, queries or judgements is not comparable.
    """
    place = _task_and_split(result)
    standing = standing_at(*place, result.metrics[MAIN_METRIC]) if place else None
    adapted = result.recipe.get("adapted")
    return replace(standing, adapted=adapted["on"]) if standing and adapted else standing


def standing_at(task: str, split: str, ndcg: float) -> Standing | None:
    """Return where an nDCG@10 ranks on a split of an MTEB task, None when no figures are published for it."""
    scores = table.scores(task, split)
    if not scores:
        return None
    value = round(ndcg, MTEB_DECIMALS)
    nearest = min(scores, key=lambda score: abs(score.ndcg - value))  # the scores come best first
    below = sum(score.ndcg < value for score in scores)
    return Standing(value, task, below, len(scores), nearest)


def standings_of(results: Sequence[Result]) -> Iterator[tuple[Result, Standing]]:
    """Yield each result that has a standing, with its standing."""
    for result in results:
        if standing := standing_of(result):
            yield result, standing


def _task_and_split(result: Result) -> tuple[str, str] | None:
    """Return MTEB's name of the task and the split of a result that has an nDCG@10 on one."""
    place = task_of(result)
    return (place[0].name, place[1]) if place and MAIN_METRIC in result.metrics else None


def _rank(value: float, scores: Sequence[table.Score]) -> int:
    """Return one more than the number of models above a value, at the published precision."""
    return 1 + sum(score.ndcg > round(value, MTEB_DECIMALS) for score in scores)

"""Published models of a task by their score, and the user's own results among them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from searchapp.published import table
from searchapp.published.figures import MTEB_DECIMALS
from searchapp.records import Result
from searchapp.tasks.mteb import task_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """One row of a leaderboard; metrics are fractions, those that are not known are left out.

    Published models of equal nDCG@10 share a rank. An own result takes no rank from them: its rank is
    the one it would have.
    """

    rank: int
    model: str
    own: bool
    metrics: dict[str, float]
    mteb_version: str | None
    revision: str | None


def leaderboard(task: str, split: str, own: Sequence[Result] = ()) -> list[Row]:
    """Return the published models of a task and the user's results on it, the best nDCG@10 first.

    Args:
        task: MTEB's name.
        split: of which figures are published.
        own: results; one on another corpus, or without nDCG@10, is logged and left out.
    """
    scores = table.scores(task, split)
    rows = [
        Row(_rank(score.ndcg, scores), score.model, False, score.metrics, score.mteb_version, score.revision)
        for score in scores
    ]
    for result in own:
        found = task_of(result)
        if found is None or (found[0].name, found[1]) != (task, split) or "ndcg_at_10" not in result.metrics:
            where = f"{task}, {split}"
            logger.warning("Left out: %s on %s, no nDCG@10 on %s.", result.model, result.corpus, where)
            continue
        metrics = {name: result.metrics[name] for name in table.METRICS if name in result.metrics}
        alone = result.mode in {"dense", "run", result.model}
        name = result.model if alone else f"{result.model} ({result.mode})"
        rank = _rank(metrics["ndcg_at_10"], scores)
        rows.append(Row(rank, name, True, metrics, None, result.recipe.get("revision")))
    return sorted(rows, key=lambda row: (-row.metrics["ndcg_at_10"], row.model))


def _rank(value: float, scores: Sequence[table.Score]) -> int:
    """Return one more than the number of models above a value, at the published precision."""
    return 1 + sum(score.ndcg > round(value, MTEB_DECIMALS) for score in scores)

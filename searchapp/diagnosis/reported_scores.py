"""What a reported score can be: the best of any ranking, and what other definitions give for a run."""

from collections.abc import Callable, Iterator

import numpy as np

from searchapp.evaluation.metric import JudgedRanking, Measure
from searchapp.evaluation.metrics import MAP, PRECISION, RECALL, average_precision
from searchapp.published.definitions import JudgedRun, mean_scores
from searchapp.records import Ranking, Run

Definition = Callable[[JudgedRanking, int], float]


def best_scores(judged_run: JudgedRun, measures: list[Measure]) -> dict[str, float]:
    """Return what each measure gives for a ranking of the judged documents by their grades."""
    run: Run = {}
    for query, grades in judged_run.corpus.judgements.items():
        ids = sorted(grades, key=lambda name: (grades[name], name), reverse=True)
        run[query] = Ranking(ids, np.arange(len(ids), 0, -1, dtype=np.float32))
    return mean_scores(judged_run.scored(measures, run=run))


def other_definitions(judged_run: JudgedRun, measure: Measure) -> Iterator[tuple[str, float]]:
    """Yield what confusions of a measure give: a description and the score, where there is one."""
    if measure.cutoff is None:
        return
    rankings = [
        JudgedRanking.of(judged_run.run.get(query), grades)
        for query, grades in sorted(judged_run.corpus.judgements.items())
    ]
    cutoff = measure.cutoff
    for description, compute in _CONFUSED:
        yield f"{description} at {cutoff}", float(np.mean([compute(one, cutoff) for one in rankings]))
    hits = np.array([one.hits(cutoff) for one in rankings])
    relevant = np.array([len(one.relevant) for one in rankings])
    if measure.metric is RECALL and relevant.sum():
        yield "recall over all pairs at once (micro-averaged)", float(hits.sum() / relevant.sum())
    values = judged_run.scored([measure])[measure.name]
    yield "the median instead of the mean", float(np.median(values))
    if measure.metric in (MAP, PRECISION, RECALL) and len(values):
        yield "the sum instead of the mean", float(np.sum(values))


def _hit(ranking: JudgedRanking, cutoff: int) -> float:
    return float(ranking.hits(cutoff) > 0)


def _recall_of_possible(ranking: JudgedRanking, cutoff: int) -> float:
    possible = min(len(ranking.relevant), cutoff)
    return ranking.hits(cutoff) / possible if possible else 0.0


def _map_of_found(ranking: JudgedRanking, cutoff: int) -> float:
    found = ranking.hits(cutoff)
    return average_precision(ranking, cutoff) * len(ranking.relevant) / found if found else 0.0


def _f1(ranking: JudgedRanking, cutoff: int) -> float:
    found, together = ranking.hits(cutoff), len(ranking.relevant) + cutoff
    return 2 * found / together if found else 0.0


_CONFUSED: tuple[tuple[str, Definition], ...] = (
    ("the hit rate (success), the share of queries with a relevant document,", _hit),
    ("recall of the min(R, k) documents that can be found", _recall_of_possible),
    ("MAP divided by the relevant documents found instead of all", _map_of_found),
    ("F1 of precision and recall", _f1),
)

"""Runs whose scores, ids or results are wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults.box import DEPTH, Box
from tests.faults.cases import LARGE, STATIC, fault
from tests.faults.data import SPELLINGS

Rows = dict[str, list[tuple[str, float]]]
BOTH: dict[str, Any] = {"entries": ("run", "run-model")}


def exact(box: Box, depth: int = DEPTH) -> Rows:
    return box.rank(*box.vectors, depth)


def rescored(run: Rows, score: Callable[[int, int, float], float]) -> Rows:
    """Return a run with the scores that `score` gives to place, number of results and old score."""
    return {
        query: [(name, score(place, len(rows), old)) for place, (name, old) in enumerate(rows)]
        for query, rows in run.items()
    }


WRONG_WAY: dict[str, Callable[[int, int, float], float]] = {
    "negated": lambda _place, _of, old: -old,
    "distance": lambda _place, _of, old: 1 - old,
    "L2": lambda _place, _of, old: float(np.sqrt(max(2 - 2 * old, 0))),
    "reversed": lambda place, _of, _old: (place + 1) / 1000,
    "angle": lambda _place, _of, old: float(np.arccos(np.clip(old, -1, 1))),
}


@fault(
    "runs",
    "wrong-sign",
    also=("rank-as-score",),
    held=("negated", "distance", "L2", "angle", "reversed"),
    calibration=("negated", "L2"),
    **BOTH,
)
def reversed_scores(box: Box, how: str) -> list[str]:
    return box.give_run(rescored(exact(box), WRONG_WAY[how]))


@fault("runs", "wrong-sign", also=("scores-random",), held=("L2",), calibration=("negated",), **BOTH)
def reversed_scores_and_ranks(box: Box, how: str) -> list[str]:
    """The writer sorted by the wrong scores, so that ranks agree with them."""
    run = rescored(exact(box), WRONG_WAY[how])
    return box.give_run({query: rows[::-1] for query, rows in run.items()})


@fault("runs", "wrong-sign", held=("whole",), calibration=("whole",), **BOTH)
def farthest(box: Box, _how: str) -> list[str]:
    """The search returned the farthest documents."""
    return box.give_run(box.rank(-box.vectors[0], box.vectors[1]))


@fault("runs", "rank-as-score", also=("wrong-sign",), held=(0, 1), calibration=(1,), **BOTH)
def rank_as_score(box: Box, first: int) -> list[str]:
    return box.give_run(rescored(exact(box), lambda place, _of, _old: float(place + first)))


@fault(
    "runs",
    "scores-random",
    also=("order-lost",),
    held=("uniform", "shuffled"),
    calibration=("uniform", "shuffled"),
    **BOTH,
)
def random_scores(box: Box, how: str) -> list[str]:
    run = exact(box, 60)
    mixed: Rows = {}
    for query, rows in run.items():
        scores = (
            box.rng.random(len(rows))
            if how == "uniform"
            else box.rng.permutation([score for _, score in rows])
        )
        mixed[query] = [(name, float(score)) for (name, _), score in zip(rows, scores, strict=True)]
        if how == "shuffled":
            mixed[query].sort(key=lambda pair: -pair[1])
    return box.give_run(mixed)


@fault("runs", "coarse-scores", "scores-random", held=("constant",), calibration=("constant",), **BOTH)
def constant_scores(box: Box, _how: str) -> list[str]:
    return box.give_run(rescored(exact(box), lambda _place, _of, _old: 1.0))


@fault("runs", "coarse-scores", held=(1, 20), calibration=(1,), **BOTH)
def coarse_scores(box: Box, decimals: int) -> list[str]:
    steps = 10 if decimals == 1 else decimals
    return box.give_run(rescored(exact(box), lambda _place, _of, old: round(old * steps) / steps))


@fault("runs", "top-lost", also=("approximate-search",), held=(1, 2, 5), calibration=(1, 3), **BOTH)
def top_lost(box: Box, lost: int) -> list[str]:
    return box.give_run({query: rows[lost:] for query, rows in exact(box, 60).items()})


@fault(
    "runs",
    "documents-missing",
    also=("approximate-search", "top-lost"),
    held=("random 0.2", "last 0.3", "first 0.5"),
    calibration=("last 0.4", "random 0.3"),
    **BOTH,
)
def documents_never_found(box: Box, how: str) -> list[str]:
    which, share = how.split()
    count = len(box.ids)
    lost = round(float(share) * count)
    rows = {
        "random": box.some(count, float(share)),
        "last": np.arange(count - lost, count),
        "first": np.arange(lost),
    }[which]
    gone = {box.ids[row] for row in rows}
    run = {
        query: [pair for pair in found if pair[0] not in gone][:DEPTH]
        for query, found in exact(box, count).items()
    }
    return box.give_run(run)


@fault(
    "runs", "foreign-ids", held=tuple(SPELLINGS), calibration=("float", "padded", "case", "prefix"), **BOTH
)
def ids_otherwise(box: Box, how: str) -> list[str]:
    spell = SPELLINGS[how]
    return box.give_run(
        {
            query: [(spell(name).replace(" ", "_"), score) for name, score in rows]
            for query, rows in exact(box).items()
        }
    )


@fault(
    "runs",
    "foreign-ids",
    also=("queries-missing", "other-split"),
    held=("padded", "suffix", "case", "prefix"),
    calibration=("float", "prefix"),
    **BOTH,
)
def query_ids_otherwise(box: Box, how: str) -> list[str]:
    return box.give_run({SPELLINGS[how](query): rows for query, rows in exact(box).items()})


@fault(
    "runs",
    "foreign-ids",
    "rows-offset",
    corpora=("nfcorpus", "scifact", "cranfield", "aila-statutes"),
    **BOTH,
)
def row_numbers_for_ids(box: Box, _severity: None) -> list[str]:
    """Rows counted from 0, where the ids of Cranfield count from 1."""
    number = {name: str(row) for row, name in enumerate(box.ids)}
    run = exact(box)
    return box.give_run({query: [(number[name], score) for name, score in run[query]] for query in run})


@fault(
    "runs",
    "mixed-runs",
    also=("scores-random", "approximate-search", "wrong-sign", "mixed-encoders"),
    held=("queries reversed", "other queries", "interleaved"),
    calibration=("queries reversed", "interleaved"),
    models=STATIC,
    **BOTH,
)
def two_systems(box: Box, how: str) -> list[str]:
    """A part of the run comes from another, useless system, or both are written under one tag."""
    run, count = exact(box), len(box.asked)
    other = box.rank(
        np.roll(box.vectors[0], 1, axis=0) if how != "other queries" else _random_like(box), box.vectors[1]
    )
    if how == "interleaved":
        scale = 10.0  # BM25 scores beside cosines
        return box.give_run({query: _merged(run[query], other[query], scale) for query in run})
    half = set(box.asked[count // 2 :])
    if how == "queries reversed":
        return box.give_run(
            {
                query: [(name, 1 - score) for name, score in rows] if query in half else rows
                for query, rows in run.items()
            }
        )
    return box.give_run({query: other[query] if query in half else rows for query, rows in run.items()})


def _random_like(box: Box) -> Any:
    return box.rng.standard_normal(box.vectors[0].shape).astype(np.float32)


def _merged(
    first: list[tuple[str, float]], second: list[tuple[str, float]], scale: float
) -> list[tuple[str, float]]:
    scores = dict(first[: DEPTH // 2])
    scores.update({name: scale * score for name, score in second[: DEPTH // 2] if name not in scores})
    return sorted(scores.items(), key=lambda pair: -pair[1])


APPROXIMATE: dict[str, str] = {
    "IVF": "IVF32,Flat",
    "PQ": "PQ8x4",
    "LSH": "LSH",
    "IVFPQ": "IVF16,PQ4x4",
    "HNSW": "HNSW4",
}


@fault(
    "runs",
    "approximate-search",
    also=("top-lost",),
    held=("IVF", "IVFPQ", "HNSW", "LSH"),
    calibration=("IVF", "PQ"),
    corpora=LARGE,
    entries=("run-model",),
)
def approximate(box: Box, how: str) -> list[str]:
    import faiss

    documents, queries = (np.ascontiguousarray(side) for side in box.vectors)
    index: Any = faiss.index_factory(
        documents.shape[1], APPROXIMATE[how], faiss.METRIC_INNER_PRODUCT if how != "LSH" else faiss.METRIC_L2
    )
    index.train(documents)
    index.add(documents)
    if how == "HNSW":
        index.hnsw.efSearch = 4
    scores, rows = index.search(queries, DEPTH)
    if how == "LSH":
        scores = -scores
    return box.give_run(
        {
            query: [
                (box.ids[row], float(score)) for row, score in zip(found, values, strict=True) if row >= 0
            ]
            for query, found, values in zip(box.asked, rows, scores, strict=True)
        }
    )


@fault(
    "runs",
    "approximate-search",
    also=("top-lost", "documents-missing"),
    held=(0.3, 0.6),
    calibration=(0.4,),
    entries=("run-model",),
)
def neighbours_missed(box: Box, share: float) -> list[str]:
    return box.give_run(
        {
            query: [pair for pair in rows if box.rng.random() > share]
            for query, rows in exact(box, 150).items()
        }
    )


@fault("runs", "missing-as-last", held=(0.1, 0.5), calibration=(0.3,), **BOTH)
def minus_one_as_last(box: Box, share: float) -> list[str]:
    last, run = box.ids[-1], exact(box)
    for row in box.some(len(box.asked), share):
        found = [pair for pair in run[box.asked[row]] if pair[0] != last]
        run[box.asked[row]] = [*found[: len(found) // 2], (last, -3.4028235e38)]
    argv = box.give_run(run)
    box.score = None
    return argv


@fault("runs", "shallow-run", held=(3, 8), calibration=(5,), **BOTH)
def shallow(box: Box, depth: int) -> list[str]:
    argv = box.give_run(exact(box, depth))
    box.score = None
    return argv


@fault("runs", "queries-missing", held=(0.05, 0.4), calibration=(0.2,), **BOTH)
def queries_missing(box: Box, share: float) -> list[str]:
    gone = {box.asked[row] for row in box.some(len(box.asked), share)}
    argv = box.give_run({query: rows for query, rows in exact(box).items() if query not in gone})
    box.score = None
    return argv


@fault(
    "runs",
    "other-split",
    "queries-missing",
    "foreign-ids",
    held=(None,),
    calibration=(None,),
    entries=("run",),
)
def run_of_other_queries(box: Box, _severity: None) -> list[str]:
    """The run answers queries of another split: none of the judged ones."""
    return box.give_run({f"{9_000_000 + number}": rows for number, rows in enumerate(exact(box).values())})


@fault(
    "runs",
    "approximate-search",
    "mixed-encoders",
    "stale-index",
    "mixed-runs",
    "order-lost",
    "scores-random",
    held=("random",),
    calibration=("random",),
    entries=("run-model",),
)
def run_of_nothing(box: Box, _how: str) -> list[str]:
    """Random documents with plausible scores."""
    return box.give_run(box.rank(_random_like(box), box.vectors[1]))

"""Faults of runs and reported scores, injected into evidence in memory."""

from collections.abc import Callable
from typing import Any

import numpy as np

from searchapp.diagnosis.evidence import Evidence
from searchapp.evaluation.measures import measures_at
from searchapp.evaluation.scoring import score
from searchapp.published.definitions import DEFINITIONS, JudgedRun
from searchapp.records import Ranking, Run
from tests.injected.injectors import Inject
from tests.injected.pipelines import Base, the

DEPTH = 100


def exact_run(evidence: Evidence, depth: int = DEPTH, change: Callable[[Any], Any] = lambda s: s) -> Run:
    """Return the run of exact search, its scores changed before they are ranked."""
    documents, queries = evidence.searched
    scores = change(queries @ documents.T)
    names = evidence.query_ids
    return {
        name: Ranking.from_scores(evidence.document_ids, row, depth)
        for name, row in zip(names, scores, strict=True)
    }


def _searched(index: Any, evidence: Evidence, *, keep_missing: bool = False) -> Evidence:
    """Return evidence with the run that a FAISS index gives."""
    documents, queries = evidence.searched
    if not index.is_trained:
        index.train(documents)
    index.add(documents)
    scores, rows = index.search(queries, DEPTH)
    run = {}
    for place, found, values in zip(evidence.query_rows, rows, scores, strict=True):
        kept = range(len(found)) if keep_missing else np.flatnonzero(found >= 0)
        ids = [evidence.document_ids[found[column]] for column in kept]
        run[evidence.context.queries[place].id] = Ranking(
            ids, np.array([values[c] for c in kept], np.float32)
        )
    return Evidence(evidence.context, evidence.model, evidence.vectors, run)


def _indexed(base: Base, kind: str, _rng: np.random.Generator) -> Evidence:
    """D1: another kind of index."""
    import faiss

    evidence = base.evidence()
    d, inner = evidence.searched[0].shape[1], faiss.METRIC_INNER_PRODUCT
    name, _, setting = kind.partition(" ")
    index: Any = faiss.index_factory(d, name, inner)
    if name.startswith("IVF"):
        index.nprobe = int(setting)
    elif setting:
        index.hnsw.efSearch = int(setting)
        index.hnsw.efConstruction = 200
    return _searched(index, evidence)


def _missing_as_last(base: Base, probes: int, _rng: np.random.Generator) -> Evidence:
    """D2: index -1 reads the last id."""
    import faiss

    evidence = base.evidence()
    index: Any = faiss.index_factory(evidence.searched[0].shape[1], "IVF64,Flat", faiss.METRIC_INNER_PRODUCT)
    index.nprobe = probes
    return _searched(index, evidence, keep_missing=True)


def _with_run(base: Base, depth: int = DEPTH, change: Callable[[Any], Any] = lambda s: s) -> Evidence:
    evidence = base.evidence()
    return Evidence(base.context, base.model, base.vectors, exact_run(evidence, depth, change))


def _coarse(base: Base, decimals: int, _rng: np.random.Generator) -> Evidence:
    return _with_run(base, change=lambda scores: np.round(scores, decimals))


def _foreign(base: Base, how: str, _rng: np.random.Generator) -> Evidence:
    """E4: ids are written differently."""
    ways: dict[str, Callable[[str], str]] = {
        "prefix": lambda name: f"doc-{name}",
        "float": lambda name: f"{name}.0",
        "tail": lambda name: f"0{name[-3:]}",
    }
    write = ways[how]
    evidence = _with_run(base)
    run = {
        name: Ranking([write(one) for one in ranking.document_ids], ranking.scores)
        for name, ranking in the(evidence.run).items()
    }
    return Evidence(base.context, base.model, base.vectors, run)


def _reported(compute: Callable[[Base, Evidence, Any], tuple[str, float]]) -> Inject:
    """Return the injector that reports a number computed in another way, at five decimals."""

    def inject(base: Base, severity: Any, _rng: np.random.Generator) -> Evidence:
        evidence = _with_run(base)
        metric, value = compute(base, evidence, severity)
        return Evidence(base.context, base.model, base.vectors, evidence.run, {metric: round(value, 5)})

    return inject


def _defined(_base: Base, evidence: Evidence, name: str) -> tuple[str, float]:
    definition = next(one for one in DEFINITIONS if one.name == name)
    metric = "map_at_10" if name.startswith("map") else "ndcg_at_10"
    return metric, definition.compute(JudgedRun(evidence.context.corpus, the(evidence.run), (10,)))[metric]


def _at(_base: Base, evidence: Evidence, metric: str) -> tuple[str, float]:
    return "ndcg_at_10", score(
        the(evidence.run), evidence.context.judgements, measures_at([5, 20, 100])
    ).means()[metric]


def _scaled(base: Base, evidence: Evidence, factor: float) -> tuple[str, float]:
    return "ndcg_at_10", evidence.score * factor


RUN_FAULTS: dict[str, Inject] = {
    "approximate search": _indexed,  # D1
    "-1 read as the last document": _missing_as_last,  # D2
    "run too shallow": lambda b, depth, _: _with_run(b, depth),  # D3
    "scores too coarse": _coarse,  # D5
    "ids written differently": _foreign,  # E4
    "another definition": _reported(_defined),  # F4
    "another cutoff": _reported(_at),  # F7
    "a percentage": _reported(_scaled),  # F8
    "a number of another run": _reported(_scaled),  # F
}
"""Every fault of runs and reported scores that a test needs."""

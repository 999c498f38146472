"""Faults of runs and reported scores (D, E4, F, A7, A14), harmless changes of them, and pairs of faults."""

from collections.abc import Callable
from typing import Any

import numpy as np

from searchapp.diagnosis.evidence import Evidence
from searchapp.evaluation.measures import measures_at
from searchapp.evaluation.scoring import score
from searchapp.published.definitions import DEFINITIONS, JudgedRun
from searchapp.records import Query, Ranking, Run
from tests.injected import catalogue
from tests.injected.catalogue import STATIC, Fault
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


def _some_missing(base: Base, share: float, rng: np.random.Generator) -> Evidence:
    """F2: queries without results are left out of the mean."""
    evidence = _with_run(base)
    names = sorted(the(evidence.run))
    gone = set(rng.choice(names, round(share * len(names)), replace=False))
    run = {name: ranking for name, ranking in the(evidence.run).items() if name not in gone}
    left = {name: grades for name, grades in base.context.judgements.items() if name in run}
    value = score(run, left, measures_at([10])).means()["ndcg_at_10"]
    return Evidence(base.context, base.model, base.vectors, run, {"ndcg_at_10": round(value, 5)})


def _other_split(base: Base, split: str, _rng: np.random.Generator) -> Evidence:
    """A7: scored on the queries of another split."""
    other = base.context.corpus.with_split(split)
    queries: list[Query] = other.queries
    vectors = the(base.model).encoder.encode_queries(queries)
    run = {
        query.id: Ranking.from_scores(base.vectors.document_ids, row, DEPTH)
        for query, row in zip(queries, vectors @ base.vectors.documents.T, strict=True)
    }
    value = score(run, other.judgements, measures_at([10])).means()["ndcg_at_10"]
    evidence = _with_run(base)
    return Evidence(base.context, base.model, base.vectors, evidence.run, {"ndcg_at_10": round(value, 5)})


RUN_FAULTS = (
    Fault("A7", "another split", ("other-split",), _other_split, ("train",), ("train",), STATIC),
    Fault(
        "A14",
        "unjudged queries counted as 0",
        ("other-definition",),
        _reported(_defined),
        ("all-queries",),
        ("all-queries",),
    ),
    Fault(
        "D1",
        "approximate search",
        ("approximate-search",),
        _indexed,
        ("IVF64,Flat 1", "PQ8x8"),
        ("IVF64,Flat 4", "PQ32x8", "HNSW16,Flat", "IVF32,Flat 2"),
    ),
    Fault("D2", "-1 read as the last document", ("missing-as-last",), _missing_as_last, (1,), (1, 2)),
    Fault("D3", "run too shallow", ("shallow-run",), lambda b, depth, _: _with_run(b, depth), (5,), (3, 8)),
    Fault("D5", "scores too coarse", ("coarse-scores",), _coarse, (1,), (1,)),
    Fault("E4", "ids written differently", ("foreign-ids",), _foreign, ("prefix",), ("float", "tail")),
    Fault(
        "F2", "queries without results left out", ("other-definition",), _some_missing, (0.1,), (0.05, 0.3)
    ),
    Fault(
        "F3",
        "mean over answered queries only",
        ("other-definition",),
        _reported(_defined),
        ("answered-queries-only",),
        ("answered-queries-only",),
    ),
    Fault(
        "F4",
        "another definition",
        ("other-definition",),
        _reported(_defined),
        ("ndcg-ideal-of-retrieved",),
        ("ndcg-ideal-of-retrieved", "map-min-r-k"),
    ),
    Fault(
        "F7",
        "another cutoff",
        ("other-cutoff",),
        _reported(_at),
        ("ndcg_at_100",),
        ("ndcg_at_5", "ndcg_at_20"),
    ),
    Fault("F8", "a percentage", ("other-scale",), _reported(_scaled), (100,), (100,)),
    Fault("F", "a number of another run", ("unexplained-score",), _reported(_scaled), (0.8,), (0.9, 1.2)),
)

RUN_NEGATIVES = (
    Fault("-", "exact run, its score reported", (), _reported(_scaled), (1.0,), (1.0,)),
    Fault("D1", "scalar quantiser of 8 bits", (), _indexed, ("SQ8",), ("SQ8",)),
    Fault("D1", "HNSW with a wide search", (), _indexed, ("HNSW32,Flat 256",), ("HNSW32,Flat 512",)),
    Fault("D5", "scores of four decimals", (), _coarse, (4,), (4, 5)),
    Fault("D4", "ties in another order", (), lambda b, _s, rng: _tied(b, rng), (0,), (0,)),
)


def _tied(base: Base, rng: np.random.Generator) -> Evidence:
    evidence = _with_run(base)
    run = {}
    for name, ranking in the(evidence.run).items():
        order = np.lexsort((rng.random(len(ranking.scores)), -ranking.scores))
        run[name] = Ranking([ranking.document_ids[row] for row in order], ranking.scores[order])
    return Evidence(base.context, base.model, base.vectors, run)


def _both(one: Inject, first: Any, other: Inject, second: Any) -> Inject:
    """Return the injector of two faults, the second applied to the result of the first."""

    def inject(base: Base, _severity: Any, rng: np.random.Generator) -> Evidence:
        evidence = one(base, first, rng)
        return other(Base(evidence.context, evidence.model, the(evidence.vectors)), second, rng)

    return inject


def _of(name: str) -> Fault:
    return next(fault for fault in (*catalogue.FAULTS, *RUN_FAULTS) if fault.name == name)


def _pair(one: str, first: Any, other: str, second: Any, bases: tuple[str, ...]) -> Fault:
    """Return a pair; either may be named first, both must be among the first three."""
    a, b = _of(one), _of(other)
    accepted = (*a.accepted, *b.accepted)
    both = _both(a.inject, first, b.inject, second)
    return Fault(
        f"{a.code}+{b.code}",
        f"{one}; {other}",
        accepted,
        both,
        (),
        (0,),
        bases,
        parts=(a.accepted, b.accepted),
    )


PAIRS = (
    _pair("random table", "plain", "unjudged queries counted as 0", "all-queries", STATIC),
    _pair("stored texts truncated", 24, "document rows shifted", 1, STATIC),
    _pair("title dropped", 1.0, "queries in upper case", 1.0, STATIC),
    _pair("zero rows", 0.3, "an instruction in the recipe", "queries", STATIC),
    _pair("dominant directions in the table", (3, 1.0), "zero document vectors", ("documents", 0.1), STATIC),
    _pair("rows shifted", (3, 0.0), "query rows shifted", 2, STATIC),
    _pair("dominant directions", (4, 1.0), "document rows shifted", 2, ("minilm",)),
    _pair("documents missing", 0.3, "norms drive the ranking", 0.4, ("minilm",)),
    _pair("few dimensions", 24, "zero document vectors", ("documents", 0.2), ("minilm",)),
    _pair("NaN", 0.02, "hubs", (1.5, 0.7), ("minilm",)),
    _pair("query rows shifted", 1, "documents missing", 0.2, ("static", "minilm")),
    _pair("some rows misplaced", 0.3, "another cutoff", "ndcg_at_20", ("static",)),
)

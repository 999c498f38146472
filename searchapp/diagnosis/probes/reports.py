"""A score that somebody reported, and which definition, cut, split or scale gives it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.probe import LIKELY, PROOF, Fact, Finding, Observation
from searchapp.diagnosis.thresholds import EXPLAINED
from searchapp.evaluation.measures import CUTOFFS, measures_at, parse_measure
from searchapp.published.definitions import DEFINITIONS, JudgedRun, mean_scores
from searchapp.records import Query, Ranking, Run

LEAST_DECIMALS = 3
MOST_DECIMALS = 5
OTHER_SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Candidate:
    """One way to come to a number."""

    cause: str
    description: str
    value: float


def reported(evidence: Evidence) -> Iterator[Observation]:
    """Find the definition, cut, split or scale that gives a reported score."""
    run = evidence.run or _exact_run(evidence)
    wanted = [parse_measure(name) for name in evidence.reported]
    cutoffs = tuple(sorted({*CUTOFFS, *(measure.cutoff for measure in wanted if measure.cutoff)}))
    ranked = JudgedRun(evidence.context.corpus, run, cutoffs)
    usual = mean_scores(ranked.scored(list(dict.fromkeys([*measures_at(cutoffs), *wanted]))))
    for metric, value in evidence.reported.items():
        here = usual[metric]
        yield Fact(f"{metric} of this run", here, f"reported: {value:g}")
        if _same(here, value):
            continue
        yield from _explained(evidence, metric, value, usual, ranked)


def _explained(
    evidence: Evidence, metric: str, value: float, usual: Mapping[str, float], ranked: JudgedRun
) -> Iterator[Observation]:
    hits = [one for one in _candidates(evidence, metric, value, usual, ranked) if _same(one.value, value)]
    for hit in hits[:2]:
        yield Finding(hit.cause, PROOF if hit is hits[0] else LIKELY, (
            f"The reported {metric} of {value:g} is {usual[metric]:.5f} by MTEB's definition; "
            f"{hit.description} gives "
            f"{hit.value:.5f}."
        ))  # fmt: skip
    if not hits:
        yield Finding("unexplained-score", LIKELY, (
            f"The reported {metric} of {value:g} is {usual[metric]:.5f} for this run, and no known "
            "definition, cut, split or "
            "scale gives it."
        ))  # fmt: skip


def _candidates(
    evidence: Evidence, metric: str, value: float, usual: Mapping[str, float], ranked: JudgedRun
) -> Iterator[Candidate]:
    yield Candidate("other-scale", "as a percentage it", usual[metric] * 100)
    for definition in DEFINITIONS:
        scores = definition.compute(ranked)
        if metric in scores:
            yield Candidate(
                "other-definition",
                definition.description[0].lower() + definition.description[1:],
                scores[metric],
            )
    reported_as = parse_measure(metric)
    for name, other in usual.items():
        measure = parse_measure(name)
        if measure.metric is reported_as.metric and name != metric:
            yield Candidate("other-cut", f"the cut at {measure.cutoff}", other)
        elif measure.metric is not reported_as.metric and measure.cutoff == reported_as.cutoff:
            yield Candidate("other-definition", f"another metric, {name},", other)
    yield from _splits(evidence, metric)


def _splits(evidence: Evidence, metric: str) -> Iterator[Candidate]:
    """Score the run, or the stored vectors, by the judgements of the corpus's other splits."""
    corpus = evidence.context.corpus
    for name in OTHER_SPLITS:
        if name == corpus.split or name not in corpus.splits():
            continue
        other = corpus.with_split(name)
        judgements = other.source.judgements()
        run = evidence.run or {}
        if not judgements.keys() & run.keys():
            run = _encoded_run(evidence, other.queries) if evidence.model is not None else {}
        if judgements.keys() & run.keys():
            scores = mean_scores(JudgedRun(other, run, ()).scored([parse_measure(metric)]))
            yield Candidate("other-split", f"the split {name}", scores[metric])


def _encoded_run(evidence: Evidence, queries: list[Query]) -> Run:
    assert evidence.model is not None  # noqa: S101 - asked only then
    vectors = evidence.model.encoder.encode_queries(queries)
    return _ranked(evidence, [query.id for query in queries], vectors, 100)


def _exact_run(evidence: Evidence) -> Run:
    names = [evidence.context.queries[place].id for place in evidence.query_places]
    return _ranked(evidence, names, evidence.compared[1], 1000)


def _ranked(evidence: Evidence, names: list[str], queries: NDArray[np.float32], depth: int) -> Run:
    documents = evidence.compared[0]
    found = evidence.trial.top(documents, queries, depth)
    run = {}
    for name, rows, query in zip(names, found, queries, strict=True):
        ids = [evidence.document_ids[row] for row in rows]
        run[name] = Ranking(ids, (documents[rows] @ query).astype(np.float32))
    return run


def _same(one: float, reported_value: float) -> bool:
    """Tell whether two numbers are one within the decimals that were reported."""
    text = f"{reported_value:.10f}".rstrip("0")
    decimals = min(max(len(text.partition(".")[2]), LEAST_DECIMALS), MOST_DECIMALS)
    return abs(one - reported_value) <= EXPLAINED * 10.0**-decimals

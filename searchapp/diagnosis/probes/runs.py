"""Somebody's rankings: their ids, depth and scores, and whether they are what the vectors give."""

from collections.abc import Iterator

import numpy as np

from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.measures import CUT
from searchapp.diagnosis.probe import (
    HINT,
    LIKELY,
    PROOF,
    STRONG,
    CannotJudgeError,
    Fact,
    Finding,
    Observation,
    percent,
)
from searchapp.diagnosis.thresholds import OVERLAP
from searchapp.evaluation.measures import parse_measure
from searchapp.records import Run

SENTINEL = -1e30  # FAISS marks a missing result by the lowest single-precision number
OFTEN = 3  # queries, at least
ROUNDED = (0, 1, 2, 3)  # decimals that a rounded score may have
COARSE = 0.8  # share of distinct scores among the first ten; exact scores 0.99 and more
HALF = 0.5
FEW = 0.02  # of the queries may lack results before that is a fault


def _run(evidence: Evidence) -> Run:
    assert evidence.run is not None  # noqa: S101 - the registry asks only where there is one
    return {name: ranking for name, ranking in evidence.run.items() if ranking.document_ids}


def run_ids(evidence: Evidence) -> Iterator[Observation]:
    """Ask whether the run names documents and queries as the corpus does."""
    run, context = _run(evidence), evidence.context
    named = [name for ranking in run.values() for name in ranking.document_ids]
    strange = [name for name in named if name not in context.rows]
    asked = [name for name in run if name in context.all_queries]
    yield Fact("queries of the run", len(run), f"of {len(context.queries):,} that are judged")
    for what, wrong, total, known in (
        ("documents", strange, len(named), context.documents[0].id),
        (
            "queries",
            [name for name in run if name not in context.all_queries],
            len(run),
            context.queries[0].id,
        ),
    ):
        if total and len(wrong) / total > HALF:
            yield Finding("foreign-ids", PROOF, (
                f"{percent(len(wrong) / total)} of the {what} of the run are not in the corpus (first: "
                f"{wrong[0]!r}, where "
                f"the corpus has {known!r})."
            ))  # fmt: skip
    judged = set(context.judgements)
    missing = sorted(judged - set(run))
    if judged & set(run) and missing:
        yield Finding("queries-missing", STRONG if len(missing) > FEW * len(judged) else HINT, (
            f"{len(missing)} of the {len(judged)} judged queries have no results (first: {missing[0]!r}): "
            "searchapp counts them as 0, MTEB leaves them out of the mean."
        ), share=len(missing) / len(judged))  # fmt: skip
    if asked and judged and not judged & set(run):
        yield Finding("other-split", PROOF, (
            f"None of the {len(run)} queries of the run is judged in {context.corpus.id}, though the corpus "
            "knows them: they "
            "are of another split."
        ))  # fmt: skip


def run_depth(evidence: Evidence) -> Iterator[Observation]:
    """Compare the depth of the run with the cuts of what is reported."""
    run = _run(evidence)
    depth = max((len(ranking.document_ids) for ranking in run.values()), default=0)
    cutoffs = [cutoff for name in evidence.reported if (cutoff := parse_measure(name).cutoff)]
    wanted = min(max(cutoffs, default=CUT), len(evidence.context.documents))
    yield Fact("depth of the run", depth)
    if depth < wanted:
        yield Finding(
            "shallow-run", PROOF, f"No query has more than {depth} results, where {wanted} are scored."
        )


def run_scores(evidence: Evidence) -> Iterator[Observation]:
    """Look for missing results read as documents, and for scores so coarse that ties decide."""
    run = _run(evidence)
    if not run:
        raise CannotJudgeError("the run is empty")
    firsts = [ranking.scores[:CUT] for ranking in run.values()]
    distinct = float(np.mean([len(np.unique(scores)) / len(scores) for scores in firsts]))
    yield Fact("distinct scores among the first ten", distinct)
    yield from _missing(evidence, run)
    if distinct < COARSE:
        every = np.concatenate(firsts).astype(np.float64)
        decimals = next((d for d in ROUNDED if np.abs(every - np.round(every, d)).max() < 1e-6), None)
        how = "" if decimals is None else f", all of at most {decimals} decimals"
        yield Finding("coarse-scores", LIKELY if decimals is None else STRONG + 0.15, (
            f"Of the first ten scores of a query, {percent(distinct)} are distinct{how}: the rest is decided "
            "by "
            "ties."
        ), "" if decimals is not None else "An index that compresses vectors makes ties too.")  # fmt: skip


def _missing(evidence: Evidence, run: Run) -> Iterator[Observation]:
    """Look for results with index -1, which reads the last document of a list."""
    last = evidence.context.documents[-1].id
    holding = [ranking for ranking in run.values() if last in ranking.document_ids]
    lowest = sum(bool((one.scores < SENTINEL).any() or np.isnan(one.scores).any()) for one in run.values())
    again = sum(one.document_ids.count(last) > 1 for one in holding)
    ending = sum(one.document_ids[-1] == last for one in holding)
    share = len(holding) / len(run)
    often = share > OFTEN / len(run) and ending > 0.8 * len(holding) and share > 0.2
    if not (lowest or again or often):
        return
    yield Finding("missing-as-last", PROOF if lowest or again else LIKELY, (
        f"{lowest} queries have results of the lowest possible score; the last document of the corpus "
        f"({last!r}) is "
        f"among the results of {percent(share)} of the queries, ends {ending} of them and stands twice in "
        f"{again}."
    ))  # fmt: skip


def run_search(evidence: Evidence) -> Iterator[Observation]:
    """Compare the run's first ten with exact search over the stored vectors."""
    run = _run(evidence)
    ids = np.array(evidence.document_ids, dtype=object)
    asked = [(row, evidence.context.queries[place].id) for row, place in enumerate(evidence.query_places)]
    shared = [(row, name) for row, name in asked if name in run]
    if not shared:
        raise CannotJudgeError("the run and the vectors share no query")
    kept = []
    documents, queries = evidence.compared
    place = {name: row for row, name in enumerate(ids)}
    for row, name in shared:
        exact = evidence.top[row]
        least = float(documents[exact[-1]] @ queries[row])
        rows = [place[one] for one in run[name].document_ids[:CUT] if one in place]
        near = documents[rows] @ queries[row] if rows else np.zeros(0)
        kept.append(min(1.0, float((near >= least - 1e-6).sum()) / min(CUT, len(run[name].document_ids))))
    overlap = float(np.mean(kept))
    yield Fact("first ten that exact search finds too", overlap)
    if overlap < OVERLAP:
        from_run = np.full((len(evidence.query_places), CUT), -1, dtype=np.intp)
        for row, name in shared:
            rows = [place.get(one, -1) for one in run[name].document_ids[:CUT]]
            from_run[row, : len(rows)] = rows
        gain = evidence.score - evidence.mean(evidence.trial.ndcg_of(from_run))
        yield Finding("approximate-search", STRONG, (
            f"Only {percent(overlap)} of the run's first ten are among the ten that exact search over the "
            "same vectors finds."
        ), gain=gain, repaired="search exactly")  # fmt: skip

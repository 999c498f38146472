"""Somebody's rankings: their ids, depth and scores, and whether they are what the vectors give."""

from collections.abc import Iterator

import numpy as np

from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.measures import CUT
from searchapp.diagnosis.probe import PROOF, STRONG, CannotJudgeError, Fact, Found, Said, percent
from searchapp.diagnosis.thresholds import OVERLAP
from searchapp.records import Run

SENTINEL = -1e30  # FAISS marks a missing result by the lowest single-precision number
OFTEN = 3.0  # times as often as expected
COARSE = 0.8  # share of distinct scores among the first ten; exact scores 0.99 and more
HALF = 0.5


def _run(evidence: Evidence) -> Run:
    assert evidence.run is not None  # noqa: S101 - the registry asks only where there is one
    return {name: ranking for name, ranking in evidence.run.items() if ranking.document_ids}


def run_ids(evidence: Evidence) -> Iterator[Said]:
    """Ask whether the run names documents and queries as the corpus does."""
    run, scene = _run(evidence), evidence.scene
    named = [name for ranking in run.values() for name in ranking.document_ids]
    strange = [name for name in named if name not in scene.rows]
    asked = [name for name in run if name in scene.all_queries]
    yield Fact("queries of the run", len(run), f"of {len(scene.queries):,} that are judged")
    for what, wrong, total, known in (
        ("documents", strange, len(named), scene.documents[0].id),
        ("queries", [name for name in run if name not in scene.all_queries], len(run), scene.queries[0].id),
    ):
        if total and len(wrong) / total > HALF:
            yield Found("foreign-ids", PROOF, (
                f"{percent(len(wrong) / total)} of the {what} of the run are not in the corpus (first: "
                f"{wrong[0]!r}, where "
                f"the corpus has {known!r})."
            ))  # fmt: skip
    judged = set(scene.judgements)
    if asked and judged and not judged & set(run):
        yield Found("other-split", PROOF, (
            f"None of the {len(run)} queries of the run is judged in {scene.corpus.id}, though the corpus "
            "knows them: they "
            "are of another split."
        ))  # fmt: skip


def run_depth(evidence: Evidence) -> Iterator[Said]:
    """Compare the depth of the run with the cuts of what is reported."""
    run = _run(evidence)
    depth = max((len(ranking.document_ids) for ranking in run.values()), default=0)
    cuts = [int(name.rsplit("_", 1)[1]) for name in evidence.reported if name.rsplit("_", 1)[-1].isdigit()]
    wanted = min(max(cuts, default=CUT), len(evidence.scene.documents))
    yield Fact("depth of the run", depth)
    if depth < wanted:
        yield Found(
            "shallow-run", PROOF, f"No query has more than {depth} results, where {wanted} are scored."
        )


def run_scores(evidence: Evidence) -> Iterator[Said]:
    """Look for missing results read as documents, and for scores so coarse that ties decide."""
    run = _run(evidence)
    if not run:
        raise CannotJudgeError("the run is empty")
    firsts = [ranking.scores[:CUT] for ranking in run.values()]
    distinct = float(np.mean([len(np.unique(scores)) / len(scores) for scores in firsts]))
    lowest = sum(
        bool((ranking.scores < SENTINEL).any() or np.isnan(ranking.scores).any()) for ranking in run.values()
    )
    twice = sum(len(set(ranking.document_ids)) < len(ranking.document_ids) for ranking in run.values())
    yield Fact("distinct scores among the first ten", distinct)
    last = evidence.scene.documents[-1].id
    everywhere = sum(last in ranking.document_ids for ranking in run.values()) / len(run)
    depth = float(np.mean([len(ranking.document_ids) for ranking in run.values()]))
    expected = depth / max(len(evidence.scene.documents), 1)
    if lowest or (everywhere > max(OFTEN * expected, 0.2) and expected < HALF):
        yield Found("missing-as-last", PROOF, (
            f"{lowest} queries have results with the lowest possible score, and the last document of the "
            f"corpus ({last!r}) "
            f"is among the results of {percent(everywhere)} of the queries, where {percent(expected)} are "
            "expected"
            f"{f'; {twice} queries have a document twice' if twice else ''}."
        ))  # fmt: skip
    if distinct < COARSE:
        yield Found("coarse-scores", STRONG + 0.15, (
            f"Of the first ten scores of a query, {percent(distinct)} are distinct: the rest is decided by "
            "ties."
        ))  # fmt: skip


def run_search(evidence: Evidence) -> Iterator[Said]:
    """Compare the run's first ten with exact search over the stored vectors."""
    run = _run(evidence)
    ids = np.array(evidence.document_ids, dtype=object)
    asked = [(row, evidence.scene.queries[place].id) for row, place in enumerate(evidence.query_places)]
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
        yield Found("approximate-search", STRONG, (
            f"Only {percent(overlap)} of the run's first ten are among the ten that exact search over the "
            "same vectors finds."
        ), gain=gain, repaired="search exactly")  # fmt: skip

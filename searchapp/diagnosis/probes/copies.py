"""Copies of documents, and what they cost."""

from collections.abc import Iterator

import numpy as np

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.copies import Rows, groups_of_copies
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.measures import CUTOFF, JudgedQueries, mean
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.rankings import retrieved_rows
from searchapp.diagnosis.thresholds import HINT, NEAR_PROOF
from searchapp.evaluation.metric import RELEVANT

DEPTH = 50  # results from which copies are removed

COSTLY = Symptom(
    "duplicate-documents",
    "{share:percent} of the documents are copies or near-copies of another one (first: {first!r} of "
    "{original!r}); counted once each, nDCG@10 is {without:.3f} instead of {score:.3f}.",
    fix="counting copies as one document",
    key="costly-copies",
)
COPIES = Symptom(
    "duplicate-documents",
    "{share:percent} of the documents are copies or near-copies of another one (first: {first!r} of "
    "{original!r}); they cost no score.",
)


@probe("copies", COSTLY, COPIES)
def copies(evidence: Evidence) -> Iterator[Observation]:
    """Are documents copies of others, and what do the copies cost?"""
    documents = evidence.context.documents
    evidence.context.progress("looking for copies of documents")
    group = groups_of_copies(documents)
    copied = np.flatnonzero(group != np.arange(len(group)))
    share = len(copied) / max(len(group), 1)
    yield fact("copies", "documents that are copies of another", len(copied), "near-copies included")
    if not len(copied):
        return
    first = int(copied[0])
    seen = {"share": share, "first": documents[first].id, "original": documents[group[first]].id}
    scores = _without_copies(evidence, group)
    if scores is not None:
        score, without_unjudged, without = scores
        cost = max(limits.COPIES_COST, limits.COPIES_PART * score)
        if without_unjudged - score > cost and without - score > cost:
            yield COSTLY.finding(NEAR_PROOF, without - score, score=score, without=without, **seen)
            return
    if share > limits.DUPLICATES:
        yield COPIES.finding(HINT, **seen)


def _without_copies(evidence: Evidence, group: Rows) -> tuple[float, float, float] | None:
    """Return nDCG@10 as it is, without unjudged copies of relevant documents, and without any copies.

    Without copies, each group counts once, with its best grade and at its first rank.
    """
    if evidence.context.label_free:
        return None
    try:
        retrieved = retrieved_rows(evidence, DEPTH)
    except CannotJudgeError:
        return None
    judged = evidence.context.judged
    unjudged, grouped = np.full((2, len(retrieved), CUTOFF), -1, dtype=np.intp)
    best_grades = []
    for query, (grades, line) in enumerate(zip(judged.grades, retrieved.tolist(), strict=True)):
        relevant = {row for row, grade in grades.items() if grade >= RELEVANT and row >= 0}
        held = {int(group[row]) for row in relevant}
        found = [row for row in line if row >= 0]
        kept = [row for row in found if row in relevant or int(group[row]) not in held][:CUTOFF]
        groups = list(dict.fromkeys(int(group[row]) for row in found))[:CUTOFF]
        unjudged[query, : len(kept)], grouped[query, : len(groups)] = kept, groups
        of_groups: dict[int, int] = {}
        for row, grade in grades.items():
            key = int(group[row]) if row >= 0 else row
            of_groups[key] = max(grade, of_groups.get(key, grade))
        best_grades.append(of_groups)
    once = JudgedQueries(judged.document_ids, best_grades)
    as_is = mean(judged.ndcg_of(retrieved[:, :CUTOFF]))
    return as_is, mean(judged.ndcg_of(unjudged)), mean(once.ndcg_of(grouped))

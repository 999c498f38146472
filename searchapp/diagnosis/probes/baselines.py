"""What a score can be compared with: chance, random embeddings, the control model, BM25, published models."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.measures import CUTOFF, mean, rows_of_run
from searchapp.diagnosis.model import title_of
from searchapp.diagnosis.other_tasks import RELATED
from searchapp.diagnosis.probe import Fact, Observation, Symptom, fact, probe
from searchapp.diagnosis.thresholds import LIKELY, SYMPTOM
from searchapp.encoders.model_files import BUNDLED
from searchapp.published import table
from searchapp.tasks.mteb import find_task

KNOWN_CONTROL = {
    "beir/nfcorpus/test": 0.24440,
    "beir/nfcorpus/dev": 0.24565,
    "beir/nfcorpus/train": 0.24792,
    "beir/scifact/test": 0.51338,
    "beir/scifact/train": 0.54895,
    "sample": 0.87565,
}
"""nDCG@10 of the bundled model (`searchapp eval`); the MTEB harness confirms those of the two test splits."""

CONTROL = Symptom(
    "control-differs",
    "{model} scores {score:.5f} on {corpus}, where {known:.5f} is known: the corpus or the installation has "
    "changed.",
)
BELOW = Symptom(
    "below-random",
    "The vectors score below random embeddings: nDCG@10 {score:.3f}, against {baseline:.3f} for random "
    "tables with the same tokenizer.",
)
TITLES = Symptom(
    "titles-not-found",
    "Only {first:percent} of the titles retrieve their own document first (median rank {median}).",
)
TITLES_BESIDE = Symptom(
    "titles-not-found",
    "Only {first:percent} of the titles retrieve their own document first (median rank {median}); "
    "{beside:percent} retrieve the document {by:rows}.",
    key="titles-beside",
)


@probe("control", CONTROL)
def control(evidence: Evidence) -> Iterator[Observation]:
    """Does a model with a known score reach it?"""
    evidence.require_judgements()
    corpus, score = evidence.context.corpus.id, evidence.context.control_score
    known = KNOWN_CONTROL.get(corpus)
    label = f"control model ({BUNDLED})"
    if known is None:
        yield fact("control", label, score)
        return
    yield fact("control", label, score, "known: {known:.5f}", known=known)
    if abs(score - known) > limits.CONTROL_ERROR:
        yield CONTROL.finding(LIKELY, model=BUNDLED, score=score, corpus=corpus, known=known)


@probe("bm25", slow=True)
def bm25(evidence: Evidence) -> Iterator[Observation]:
    """What does BM25 score?"""
    evidence.require_judgements()
    context = evidence.context
    context.progress("scoring BM25")
    run = context.bm25.search(context.queries, CUTOFF)
    retrieved = rows_of_run(run, [query.id for query in context.queries], context.rows)
    yield fact("bm25", "BM25", float(context.judged.ndcg_of(retrieved).mean()))


@probe("random-baseline", BELOW, slow=True)
def random_baseline(evidence: Evidence) -> Iterator[Observation]:
    """What do random embeddings with this tokenizer score?

    Below that, word overlap is destroyed.
    """
    model = evidence.require_table()
    evidence.require_judgements()
    baseline = model.random_baseline()
    yield fact("random-baseline", "random-embedding baseline", baseline, "same tokenizer and dimension")
    values = evidence.per_query
    error = float(values.std()) / np.sqrt(max(len(values), 1))
    least = min(limits.BELOW_RANDOM * baseline, baseline - limits.GAIN_ERRORS * error)
    enough = len(values) >= limits.FEWEST_QUERIES and len(evidence.document_ids) >= limits.FEWEST_DOCUMENTS
    if enough and evidence.score < least:
        yield BELOW.finding(SYMPTOM, score=evidence.score, baseline=baseline)


@probe("score")
def score(evidence: Evidence) -> Iterator[Observation]:
    """What is the score, and what is chance?"""
    context = evidence.context
    if evidence.run is not None:
        evidence.require_run()
        values = evidence.run_per_query
        yield _scored("score", "nDCG@10", values, "of the run")
        yield fact("chance", "chance", context.judged.chance)
        if evidence.vectors is not None:
            evidence.require_vectors()
            yield _scored("exact-score", "nDCG@10 of the vectors", evidence.per_query, "by exact search")
        return
    evidence.require_vectors()
    if context.label_free:
        evidence.require_agreement()
        yield fact("control-score", "agreement with the control", evidence.score, "by exact search")
    else:
        yield _scored("score", "nDCG@10", evidence.per_query, "of the stored vectors, by exact search")
    yield fact("chance", "chance", evidence.judged.chance)


def _scored(key: str, label: str, values: NDArray[np.float64], remark: str) -> Fact:
    error = float(values.std()) / np.sqrt(max(len(values), 1))
    return fact(key, label, mean(values), remark, error=error, queries=len(values))


@probe("title-search", TITLES, TITLES_BESIDE)
def title_search(evidence: Evidence) -> Iterator[Observation]:
    """Do titles retrieve their own documents?"""
    model = evidence.require_same_dimension()
    if len(evidence.match.same) and float(np.median(evidence.match.best)) < limits.RESEMBLES:
        raise CannotJudgeError("the stored documents are not what the model gives, so it cannot search them")
    rows = {int(document): row for row, document in enumerate(evidence.document_rows)}
    stored = [number for number, document in enumerate(model.titled) if int(document) in rows]
    if len(stored) < limits.FEWEST_TITLES:
        raise CannotJudgeError("there are too few documents to search for")
    target = np.array([rows[int(model.titled[number])] for number in stored])
    scores = model.titles[stored] @ evidence.normalised.documents.T
    # A title may be that of many documents, such as the parts of one: the first of them counts.
    named = [title_of(evidence.context.documents[row]) for row in evidence.document_rows]
    same: dict[str, list[int]] = {}
    for row, title in enumerate(named):
        same.setdefault(title, []).append(row)
    best = np.array([line[same[named[row]]].max() for line, row in zip(scores, target, strict=True)])
    ranks = (scores > best[:, None]).sum(axis=1) + 1
    first, median, count = float((ranks == 1).mean()), int(np.median(ranks)), len(stored)
    label, remark = "titles that retrieve their document first", "of {count}; median rank {median}"
    yield fact("titles-first", label, first, remark, count=count, median=median)
    steps, counts = np.unique(scores.argmax(axis=1) - target, return_counts=True)
    by, beside = int(steps[counts.argmax()]), float(counts.max() / len(target))
    if float((ranks <= CUTOFF).mean()) >= limits.TITLES_FOUND:
        return
    if by and beside > limits.SAME_DISTANCE:
        yield TITLES_BESIDE.finding(SYMPTOM, first=first, median=median, by=by, beside=beside)
    else:
        yield TITLES.finding(SYMPTOM, first=first, median=median)


@probe("published-models")
def published_models(evidence: Evidence) -> Iterator[Observation]:
    """What do related published models score?"""
    evidence.require_vectors()
    task = find_task(evidence.context.corpus.id)
    if task is None:
        raise CannotJudgeError("nothing is published for this corpus")
    scores = table.scores(task.name, task.split) if evidence.context.corpus.split == task.split else []
    if not scores:
        raise CannotJudgeError("nothing is published for this split")
    for score in scores:
        if score.model.startswith(RELATED):
            yield fact("published-model", f"published: {score.model}", score.ndcg, model=score.model)
    above = sum(score.ndcg > evidence.score for score in scores)
    yield fact("published-above", "published models above it", above, "of {total}", total=len(scores))

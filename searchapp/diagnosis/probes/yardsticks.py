"""What a score can be held against: chance, random tables, the control model, BM25, published models."""

from collections.abc import Iterator

import numpy as np

from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.probe import CannotJudgeError, Fact, Finding, Observation
from searchapp.diagnosis.thresholds import FEWEST_QUERIES, GAIN_ERRORS
from searchapp.encoders.model_files import BUNDLED
from searchapp.published import table
from searchapp.retrieval.bm25 import open_bm25
from searchapp.tasks.mteb import find_task

SYMPTOM = 0.5  # strength of what shows that something is broken, but not what
KNOWN_CONTROL = {
    "beir/nfcorpus/test": 0.24440,
    "beir/nfcorpus/dev": 0.24565,
    "beir/nfcorpus/train": 0.24792,
    "beir/scifact/test": 0.51338,
    "beir/scifact/train": 0.54895,
    "sample": 0.87565,
}
"""nDCG@10 of the bundled model (`searchapp eval`); the first and the fourth agree with the MTEB harness."""

CONTROL_ERROR = 0.0005
BELOW = 0.8  # of the floor
FOUND = 0.5  # known items: healthy 0.92-0.99, random tables above 0.6
KIN = ("minishlab/", "sentence-transformers/all-MiniLM-L6-v2", "mteb/baseline-bm25s")


def control(evidence: Evidence) -> Iterator[Observation]:
    """Run the bundled model through the same pipeline: its score is known."""
    score = evidence.context.control.score
    if score is None:
        raise CannotJudgeError("nothing is judged")
    known = KNOWN_CONTROL.get(evidence.context.corpus.id)
    yield Fact(f"control model ({BUNDLED})", score, f"known: {known:.5f}" if known else "")
    if known is not None and abs(score - known) > CONTROL_ERROR:
        yield Finding("control-differs", 0.6, (
            f"{BUNDLED} scores {score:.5f} on {evidence.context.corpus.id}, where {known:.5f} is known: the "
            "corpus or this "
            "installation is not what it was."
        ))  # fmt: skip


def words(evidence: Evidence) -> Iterator[Observation]:
    """Score BM25 on the same texts: what the words alone give."""
    context = evidence.context
    context.progress("scoring BM25")
    run = open_bm25(context.corpus.documents_digest, lambda: context.documents).search(context.queries, 10)
    trial = context.control.trial
    found = np.full((len(context.queries), 10), -1, dtype=np.intp)
    for row, query in enumerate(context.queries):
        ids = run[query.id].document_ids if query.id in run else []
        found[row, : len(ids)] = [context.rows[name] for name in ids]
    yield Fact("BM25", float(trial.ndcg_of(found).mean()))


def floor(evidence: Evidence) -> Iterator[Observation]:
    """Score random tables with the model's own tokenizer and dimension: below that, words are destroyed."""
    assert evidence.model is not None  # noqa: S101 - the registry asks only where there is one
    value = evidence.model.floor(evidence.context.control.trial)
    yield Fact("floor of random tables", value, "same tokenizer and dimension")
    values = evidence.per_query
    error = float(values.std()) / np.sqrt(max(len(values), 1))
    if len(values) >= FEWEST_QUERIES and evidence.score < min(BELOW * value, value - GAIN_ERRORS * error):
        yield Finding("below-floor", SYMPTOM, (
            f"The vectors carry less than random ones would: nDCG@10 {evidence.score:.3f} against a floor of "
            f"{value:.3f} "
            "with the same tokenizer."
        ))  # fmt: skip


def chance(evidence: Evidence) -> Iterator[Observation]:
    """Compute what a random order scores."""
    yield Fact(evidence.trial.name, evidence.score, "of the stored vectors, by exact search")
    yield Fact("chance", evidence.trial.chance)


def known_items(evidence: Evidence) -> Iterator[Observation]:
    """Let titles find their own documents among the stored vectors, without any judgement."""
    model = evidence.model
    assert model is not None  # noqa: S101 - the registry asks only where there is one
    if not evidence.same_dimension:
        raise CannotJudgeError("the model gives vectors of another dimension")
    rows = {int(place): row for row, place in enumerate(evidence.places)}
    kept = [number for number, place in enumerate(model.known_items) if int(place) in rows]
    if len(kept) < 10:
        raise CannotJudgeError("there are too few documents to look for")
    target = np.array([rows[int(model.known_items[number])] for number in kept])
    asked, documents = model.titles[kept], evidence.units[0]
    scores = asked @ documents.T
    best = scores.argmax(axis=1)
    place = (scores > scores[np.arange(len(target)), target][:, None]).sum(axis=1) + 1
    first = float((place == 1).mean())
    yield Fact(
        "titles that find their document first", first, f"of {len(kept)}; median rank {int(np.median(place))}"
    )
    steps, counts = np.unique(best - target, return_counts=True)
    usual, share = int(steps[counts.argmax()]), float(counts.max() / len(target))
    if float((place <= 10).mean()) < FOUND:
        beside = f"; {share:.0%} find the document {usual:+d} rows away" if usual and share > 0.2 else ""
        yield Finding("known-items-lost", SYMPTOM, (
            f"Only {first:.0%} of the titles find their own document first (median rank "
            f"{int(np.median(place))}){beside}."
        ))  # fmt: skip


def peers(evidence: Evidence) -> Iterator[Observation]:
    """List what published models of its kind score on this corpus."""
    task = find_task(evidence.context.corpus.id)
    if task is None:
        raise CannotJudgeError("nothing is published for this corpus")
    scores = table.scores(task.name, task.split) if evidence.context.corpus.split == task.split else []
    if not scores:
        raise CannotJudgeError("nothing is published for this split")
    for score in scores:
        if score.model.startswith(KIN):
            yield Fact(f"published: {score.model}", score.ndcg)
    above = sum(score.ndcg > evidence.score for score in scores)
    yield Fact("published models above it", above, f"of {len(scores)}")

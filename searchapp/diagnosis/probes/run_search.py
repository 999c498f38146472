"""Whether a run is what exact search over the vectors of its model finds, and if not, what it is."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.measures import CUTOFF, mean, rows_of_run
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.probes.text_symptoms import EXACTLY
from searchapp.diagnosis.results import MODEL, Results, rising
from searchapp.diagnosis.run_texts import Reproduction, reproduce
from searchapp.diagnosis.thresholds import HINT, LIKELY, PROOF, STRONG
from searchapp.encoders.vectors import Floats

APPROXIMATE = Symptom(
    "approximate-search",
    "Only {overlap:percent} of the run's first ten are among the ten that exact search over the same vectors "
    "returns.",
    fix="searching exactly",
)
MISSING = Symptom(
    "documents-missing",
    "{share:percent} of the documents that exact search finds are never a result, {which}; the others are "
    "found whenever they should be.",
    fix=APPROXIMATE.fix,
    key="never-found",
)
READ_AS = {
    cause: Symptom(
        cause,
        "The scores of the run are those of {side} {how}: they explain {fit:.4f} of the scores of {pairs} "
        "results, the texts as they are {as_it_is:.4f}.",
        fix="searching with the texts as they are",
        key=f"run-{cause}",
    )
    for cause in (*EXACTLY, "unnormalised", "bias")
}
OTHER_MODEL = Symptom(
    "mixed-encoders",
    "The run does not come from this model: it shares {overlap:percent} of the first ten with exact search, "
    "and the model's cosines explain {as_it_is:.2f} of its scores.",
    "A run of another model, or a fused or reranked one, looks like this and may be sound.",
    fix="searching with this model",
    key="other-model",
)


@probe("run-search", APPROXIMATE, MISSING, *READ_AS.values(), OTHER_MODEL)
def run_search(evidence: Evidence) -> Iterator[Observation]:
    """Does the run contain what exact search finds?"""
    evidence.require_vectors()
    overlap = _overlap(evidence)
    yield fact("exact-overlap", "first ten that exact search returns too", overlap)
    if overlap >= limits.OVERLAP:
        return
    results = evidence.results
    retrieved = rows_of_run(
        evidence.require_run(),
        evidence.query_ids,
        {name: row for row, name in enumerate(evidence.document_ids)},
    )
    gain = evidence.score - mean(evidence.judged.ndcg_of(retrieved))
    order = results.order(results.opinions[MODEL])
    if order.mean < -limits.ORDER:  # `run-order` says what that costs
        gain -= results.gain([rows[::-1] for rows in results.rows]).mean
    seen = reproduce(results, evidence.model) if evidence.same_dimension and evidence.model else None
    if seen:
        label = "scores that the model's cosines explain"
        yield fact("scores-explained", label, seen.as_it_is, "of {pairs} results", pairs=seen.pairs)
        named = list(_texts(evidence, seen, gain))
        yield from named
        if named:
            return
    similarity = results.opinions[MODEL]
    missing = list(_missing(results, similarity, gain))
    yield from missing
    found = results.found(similarity)
    lost = rising(found, len(results.queries)) is not None
    if missing or lost or abs(order.mean) < limits.ORDER or order.mean < 0:
        return
    own = order.mean > limits.SAME_ORDER or (seen is not None and seen.as_it_is > limits.SAME_SCORES)
    if own or _beyond(results) < limits.BEYOND:
        costs = gain > limits.PAYS * evidence.score or overlap < limits.LOSSY
        yield APPROXIMATE.finding(STRONG if costs else HINT, gain, overlap=overlap)
    elif seen:
        worse = gain > max(limits.RUN_LEAST_GAIN, limits.GAIN * evidence.score)
        yield OTHER_MODEL.finding(LIKELY if worse else HINT, gain, overlap=overlap, as_it_is=seen.as_it_is)


def _beyond(results: Results) -> float:
    """Return how far BM25 explains the order of results beyond the model, as a partial correlation.

    What a lossy search adds to the model's similarity is noise; what another model adds is sense.
    """
    if "BM25" not in results.opinions:
        return 1.0
    model, other = results.opinions[MODEL], results.opinions["BM25"]
    by_model, by_other = results.order(model).mean, results.order(other).mean
    ordered = replace(results, rows=results.sorted_by(model))
    both = ordered.order(other).mean
    rest = np.sqrt(max((1 - by_model**2) * (1 - both**2), 1e-9))
    return float((by_other - by_model * both) / rest)


def _overlap(evidence: Evidence) -> float:
    """Return the share of first results that are no worse than the tenth of exact search."""
    run = evidence.require_run()
    shared = [(row, name) for row, name in enumerate(evidence.query_ids) if name in run]
    if not shared:
        raise CannotJudgeError("the run and the vectors share no query")
    documents, queries = evidence.searched
    row_of = {name: row for row, name in enumerate(evidence.document_ids)}
    kept = []
    for row, name in shared:
        ids = run[name].document_ids[:CUTOFF]
        least = float(documents[evidence.top[row][-1]] @ queries[row])
        near = documents[[row_of[document] for document in ids if document in row_of]] @ queries[row]
        kept.append(min(1.0, float((near >= least - 1e-6).sum()) / len(ids)))
    return float(np.mean(kept))


def _texts(evidence: Evidence, seen: Reproduction, gain: float) -> Iterator[Observation]:
    """Say which texts reproduce the scores, where the texts as they are do not."""
    left, usual = 1 - seen.best, 1 - seen.as_it_is
    exact = seen.best > limits.SCORED and left < limits.CLOSER * usual
    nearly = seen.best > limits.SAME_SCORES and left < limits.NEARER * usual
    if usual < 1 - limits.OWN_SCORES or not (exact or nearly):
        return
    for side, reading in (("documents", seen.documents), ("queries", seen.queries)):
        if reading is None:
            continue
        if reading.cause is None:
            label = f"{side} of the run read {reading.description}"
            yield fact(f"run-{side}-read-as", label, seen.best, "harmless by itself")
            continue
        costs = gain > limits.PAYS * evidence.score or reading.cause not in {"truncated", "words-changed"}
        yield READ_AS[reading.cause].finding(
            (PROOF if exact else STRONG) if costs else HINT, gain, side=side, how=reading.description,
            fit=seen.best, as_it_is=seen.as_it_is, pairs=seen.pairs,
        )  # fmt: skip


def _missing(results: Results, similarity: Floats, gain: float) -> Iterator[Observation]:
    """Look for documents that exact search finds, and the run never."""
    size = similarity.shape[1]
    due, met = np.zeros(size, dtype=np.intp), np.zeros(size, dtype=np.intp)
    for line, rows in zip(similarity, results.rows, strict=True):
        depth = min(len(rows), size)
        best = np.argpartition(-line, depth - 1)[:depth] if depth < size else np.arange(size)
        due[best] += 1
        met[np.intersect1d(best, rows)] += 1
    often = due >= limits.DUE
    if often.sum() < limits.FEWEST_SOLVED:
        return
    never = often & (met == 0)
    partly = (
        float((met[often & ~never] < limits.MOSTLY_FOUND * due[often & ~never]).mean())
        if (often & ~never).any()
        else 1.0
    )
    share = float(never.sum() / often.sum())
    if share >= limits.NEVER and partly < min(limits.PARTLY, share):
        yield MISSING.finding(PROOF, gain, share, which=which_rows(never, often))


def which_rows(never: np.ndarray, among: np.ndarray) -> str:
    """Return in words where in the corpus the missing documents are."""
    rows, others = np.flatnonzero(never), np.flatnonzero(among & ~never)
    inside = others[(others > rows[0]) & (others < rows[-1])]
    if len(inside) <= limits.SOME_ZERO * len(rows):
        return f"rows {rows[0] + 1:,} to {rows[-1] + 1:,} of the corpus"
    for step in range(2, 17):
        rests = np.unique(rows % step)
        if len(rests) < step and not np.isin(others % step, rests).any():
            return f"one part of {step} in turn"
    return "scattered over the corpus"

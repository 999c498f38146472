"""Whether the results of a run stand under the ids of their documents and queries."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.measures import CUTOFF, mean
from searchapp.diagnosis.probe import Finding, Observation, Symptom, fact, probe
from searchapp.diagnosis.results import LEADING, MODEL, Results, Rows, Tendency, first_ten
from searchapp.diagnosis.thresholds import LIKELY, PROOF, STRONG
from searchapp.encoders.vectors import Floats

LEAST = 1e30  # size of a similarity that stands for none
PLACES = 16  # at which the shift of a part of the documents may begin or end

DOCUMENTS_SHIFTED = Symptom(
    "rows-offset",
    "The documents that {who} would find stand {by:rows} than the results in the order of the corpus, "
    "{times:.0f} times as often as anywhere else.",
    fix="moving the documents {part} by {by:+d} rows",
)
QUERIES_SHIFTED = Symptom(
    "queries-offset",
    "The results of {moved:percent} of the queries are those of the query {by:rows} in the order of the "
    "query file, according to the control and BM25.",
    fix="moving the results of all queries by {by:+d} rows",
)
QUERIES_SHUFFLED = Symptom(
    "order-lost",
    "The results of {moved:percent} of the queries fit another query better than their own, each a different "
    "one, according to the control and BM25.",
    fix="giving every query the results that fit it best",
    key="queries-shuffled",
)
UNRELATED = Symptom(
    "order-lost",
    "The results are hardly closer to the query than other documents are: they rank above "
    "{agreement:percent} of the documents, according to the bundled model, and share {shared:percent} of the "
    "first ten with it or with BM25.",
    "Vectors that are unrelated to the texts give such a run too.",
)


@probe("run-rows", DOCUMENTS_SHIFTED, QUERIES_SHIFTED, QUERIES_SHUFFLED, UNRELATED)
def run_rows(evidence: Evidence) -> Iterator[Observation]:
    """Do the results stand under the ids of their documents and queries?"""
    results = evidence.results
    agreement = results.standing(results.opinions["the control"])
    yield fact("run-agreement", "agreement of the run with the control", agreement, "0.5 is chance")
    first = {who: nearest_rows(similarity) for who, similarity in results.opinions.items()}
    moved = [*_queries(evidence, results)] or [*_documents(evidence, results, first)]
    yield from moved
    shared = max(_shared(results, rows) for rows in first.values())
    lost = agreement < limits.RUN_STRANGERS and shared < limits.AT_CHANCE + CUTOFF / len(
        evidence.context.documents
    )
    if not moved and lost and agreement > limits.REVERSED:
        yield UNRELATED.finding(LIKELY, agreement=agreement, shared=shared)


def nearest_rows(similarity: Floats) -> Rows:
    """Return the documents that are most similar to each query, (q, 10), -1 where nothing is similar."""
    k = min(CUTOFF, similarity.shape[1])
    best = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
    return np.where(np.take_along_axis(similarity, best, axis=1) != 0, best, -1)


def _shared(results: Results, others: Rows) -> float:
    """Return the share of the first ten results that are among those of another ranking."""
    pairs = zip(first_ten(results.rows), others, strict=True)
    return float(np.mean([np.isin(ours[ours >= 0], other).mean() for ours, other in pairs if ours[0] >= 0]))


def _documents(evidence: Evidence, results: Results, first: dict[str, Rows]) -> Iterator[Finding]:
    """Look for a distance at which other rankings' documents stand from the results."""
    size = len(results.context.documents)
    ours = first_ten(results.rows)
    if _in_model_order(results):
        return
    for who, others in first.items():
        distances = _distances(ours, others, size)
        by = int(distances[1:].argmax()) + 1
        usual = distances.sum() / size
        count = float(distances[by])
        if (
            count < usual + limits.MOVED_ERRORS * np.sqrt(usual + 1)
            or count < limits.MOVED * distances.sum()
            or count < limits.MOVED_MORE * distances[0] / 3
        ):
            continue
        signed = by if by <= size // 2 else by - size
        part, moved = _moved(evidence, results, signed)
        gain = results.gain(moved)
        if pays(evidence, gain):
            measured = _known(evidence, gain.mean)
            yield DOCUMENTS_SHIFTED.finding(
                STRONG, measured, who=who, by=signed, times=count / max(usual, 1e-9), part=part
            )
            return


def _distances(ours: Rows, others: Rows, size: int) -> NDArray[np.int64]:
    """Count how far the documents of another ranking stand from the results, (n,), around the end."""
    counts = np.zeros(size, dtype=np.int64)
    for left, right in zip(ours, others, strict=True):
        pairs = (right[right >= 0][None, :] - left[left >= 0][:, None]) % size
        counts += np.bincount(pairs.ravel(), minlength=size)
    return counts


def _moved(evidence: Evidence, results: Results, by: int) -> tuple[str, list[Rows]]:
    """Return results moved by some rows: all of them, or those of the part of the corpus that gains most."""
    size = len(results.context.documents)
    places = np.linspace(0, size, PLACES + 1).astype(np.intp)
    parts = {"": (0, size)}
    if not evidence.context.label_free:
        parts |= {f"from row {place + 1} on": (int(place), size) for place in places[1:-1]}
        parts |= {f"up to row {place}": (0, int(place)) for place in places[1:-1]}

    def move(part: tuple[int, int]) -> list[Rows]:
        return [
            np.where((rows >= part[0]) & (rows < part[1]), (rows + by) % size, rows) for rows in results.rows
        ]

    gains = {name: results.gain(move(part)).mean for name, part in parts.items()}
    name = max(gains, key=gains.__getitem__) if len(gains) > 1 else ""
    if gains[name] < gains[""] + limits.PAYS:
        name = ""
    return name, move(parts[name])


def _queries(evidence: Evidence, results: Results) -> Iterator[Finding]:
    """Look for queries whose results are those of another query."""
    fits = _fits(results)
    if len(fits) < 3:
        return
    own = np.arange(len(fits))
    if _rank(fits, own) > limits.FITS_OWN or _in_model_order(results):
        return
    from scipy.optimize import linear_sum_assignment

    place = linear_sum_assignment(-fits)[1]
    by, alike = _usual_distance(results, place)
    shifted = by != 0 and alike > limits.ALIKE  # so many agree that it need not pay clearly
    if shifted:
        order = _file_order(results)
        place = order[(np.argsort(order) + by) % len(order)]
    better = float((fits[np.arange(len(fits)), place] > np.diag(fits)).mean())
    if _rank(fits, place) < limits.OTHERS_TEXT or better < limits.MOSTLY:
        return
    owner = np.argsort(place)
    gain = results.gain([results.rows[query] for query in owner.tolist()])
    if not (pays(evidence, gain) or (shifted and gain.mean >= limits.RUN_LEAST_GAIN)):
        return
    known = _known(evidence, gain.mean)
    if shifted:
        yield QUERIES_SHIFTED.finding(PROOF, known, by=by, moved=better)
    elif _in_model_order(results, place):
        yield QUERIES_SHUFFLED.finding(PROOF, known, moved=better)
    elif _sharply(fits, place) or _restored(evidence, results, gain):
        yield QUERIES_SHUFFLED.finding(STRONG, known, moved=better)


def _restored(evidence: Evidence, results: Results, gain: Tendency) -> bool:
    """Whether other texts make a run sensible; any results gain a little from the texts that fit best."""
    if evidence.context.label_free:
        return False
    after = mean(results.per_query) + gain.mean
    return gain.errors > limits.MIXED_ERRORS and after > limits.RESTORES * evidence.context.control_score


def _in_model_order(results: Results, place: Rows | None = None) -> bool:
    """Whether the model orders the results like their scores, for their own texts or for those of others."""
    similarity = results.opinions.get(MODEL)
    if similarity is None:
        return False
    return results.order(similarity if place is None else similarity[place]).mean > limits.SAME_ORDER


def _rank(fits: NDArray[np.float64], place: Rows) -> float:
    """Return the mean percentile of one value in each row among the others, 0.5 by chance."""
    value = fits[np.arange(len(fits)), place][:, None]
    return float(((fits < value).sum(axis=1) / max(fits.shape[1] - 1, 1)).mean())


def _sharply(fits: NDArray[np.float64], place: Rows) -> bool:
    """Whether the results fit that text clearly better than the next one, in the median query."""
    every = np.arange(len(fits))
    others = fits.copy()
    others[every, place] = -np.inf
    ahead = fits[every, place] - others.max(axis=1)
    return float(np.median(ahead / fits.std(axis=1))) > limits.AHEAD


def pays(evidence: Evidence, gain: Tendency) -> bool:
    """Whether a gain is clear; where nothing is judged, it cannot be known and need not be."""
    clear = gain.mean >= limits.RUN_LEAST_GAIN and gain.errors >= limits.GAIN_ERRORS
    return clear or evidence.context.label_free


def _known(evidence: Evidence, gain: float) -> float | None:
    return None if evidence.context.label_free else gain


def _fits(results: Results) -> NDArray[np.float64]:
    """Return how well the results of each query fit the text of each, (q, q).

    The model says so, or others where it is unknown. What is usual for a document or for a text does not
    count: documents that all queries are near to say nothing.
    """
    total = np.zeros((len(results.rows), len(results.rows)))
    opinions = results.opinions
    for similarity in [opinions[MODEL]] if MODEL in opinions else opinions.values():
        near = np.where(np.abs(similarity) < LEAST, similarity, 0).astype(np.float64)
        near -= near.mean(axis=0)
        near /= np.maximum(near.std(axis=1, keepdims=True), 1e-12)
        fits = np.zeros_like(total)
        for query, rows in enumerate(results.rows):
            first = rows[:LEADING]
            weights = 1 / np.log2(np.arange(len(first)) + 2)
            fits[query] = near[:, first] @ (weights / weights.sum())
        total += fits - fits.mean(axis=0)
    return total


def _file_order(results: Results) -> Rows:
    """Return the queries in the order of the query file, as places among those of the results, (q,)."""
    place = {name: row for row, name in enumerate(results.context.all_queries)}
    return np.argsort([place[results.context.queries[query].id] for query in results.queries])


def _usual_distance(results: Results, best: Rows) -> tuple[int, float]:
    """Return how many queries further the results usually belong, and in what share of the queries."""
    place = np.argsort(_file_order(results))
    size = len(place)
    steps, counts = np.unique((place[best] - place) % size, return_counts=True)
    by = int(steps[counts.argmax()])
    return (by if by <= size // 2 else by - size), float(counts.max() / size)

"""Whether a run is of one piece, or mixes the results of two systems."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.measures import CUTOFF, mean
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.probes.run_rows import nearest_rows
from searchapp.diagnosis.results import MODEL, Results, Rows
from searchapp.diagnosis.thresholds import CLEAR, LESSER, NEAR_PROOF

MIXED = Symptom(
    "mixed-runs",
    "{how}: the order of each query's results that undoes this scores {undone:.3f} instead of {score:.3f}.",
    fix="undoing the mixture",
)
PART_LOST = Symptom(
    "mixed-runs",
    "{share:percent} of the queries have results that neither the control nor BM25 would find, and score "
    "{score:.3f} where the control scores {control:.3f}; the others have sensible ones.",
    key="part-of-the-queries",
)


@probe("run-parts", MIXED, PART_LOST)
def run_parts(evidence: Evidence) -> Iterator[Observation]:
    """Does the run come from one system?"""
    evidence.require_judgements()
    results = evidence.results
    gains = {how: results.gain(rows) for how, rows in _undone(results).items()}
    how = max(gains, key=lambda name: gains[name].mean, default="")
    if how and gains[how].mean >= limits.RUN_LEAST_GAIN and gains[how].errors >= limits.MIXED_ERRORS:
        score = mean(results.per_query)
        yield MIXED.finding(NEAR_PROOF, gains[how].mean, how=how, undone=score + gains[how].mean, score=score)
        return
    lost = _lost(results)
    share = float(lost.mean())
    yield fact("queries-lost", "queries with results that nobody else finds", share)
    if not limits.PART < share < 1 - limits.PART or not _sound_otherwise(results, lost):
        return
    control = results.judged.ndcg_of(nearest_rows(results.opinions["the control"]))
    here, there = mean(results.per_query[lost]), mean(control[lost])
    if mean(results.per_query[~lost]) < mean(control[~lost]) / 2:
        return  # the whole run is weak, not a part of it
    if there - here >= max(limits.PART_COSTS, mean(control[~lost]) / 2):
        yield PART_LOST.finding(
            CLEAR if MODEL in results.opinions else LESSER, None, share, score=here, control=there
        )


def _sound_otherwise(results: Results, lost: NDArray[np.bool_]) -> bool:
    """Tell whether the other queries have the results of the model, where that is known."""
    if MODEL not in results.opinions:
        return True
    own = nearest_rows(results.opinions[MODEL])
    pairs = zip(own, results.rows, strict=True)
    overlap = np.array([np.isin(line, rows[:CUTOFF]).mean() for line, rows in pairs])
    return float(np.median(overlap[~lost])) > limits.SAME_RESULTS


def _undone(results: Results) -> Mapping[str, list[Rows]]:
    """Return, by what was mixed how, the results as they should then be."""
    by_scale = [
        np.roll(rows, -_widest_gap(scores)) for rows, scores in zip(results.rows, results.scores, strict=True)
    ]
    undone = {
        "Results of two systems alternate": [
            np.concatenate([rows[1::2], rows[::2]]) for rows in results.rows
        ],
        "Results of two systems stand one after the other, on scores of different scales": by_scale,
    }
    against = _against(results)
    share = float(against.mean())
    if limits.PART < share < 1 - limits.PART:
        undone[f"The results of {share * 100:.0f} % of the queries stand in reverse order"] = [
            rows[::-1] if turned else rows for rows, turned in zip(results.rows, against, strict=True)
        ]
    return undone


def _widest_gap(scores: NDArray[np.float32]) -> int:
    """Return after how many results the scores fall most."""
    return int(np.diff(scores).argmin()) + 1 if len(scores) > 1 else 0


def _against(results: Results) -> NDArray[np.bool_]:
    """Return the queries whose results are ordered against their similarity, by the control and BM25."""
    total = np.zeros(len(results.rows))
    for similarity in results.opinions.values():
        for place, (line, rows) in enumerate(zip(similarity, results.rows, strict=True)):
            values = line[rows].astype(np.float64)
            centred = -np.arange(len(rows)) + (len(rows) - 1) / 2
            scale = float(values.std() * centred.std()) * max(len(rows), 1)
            total[place] += float(centred @ values) / scale if scale else 0.0
    return np.less(total, 0)


def _lost(results: Results) -> NDArray[np.bool_]:
    """Return the queries whose results begin with none of the first ten of the control or BM25."""
    found = np.zeros(len(results.rows), dtype=np.intp)
    for similarity in results.opinions.values():
        best = nearest_rows(similarity)
        found += [
            int(np.isin(line, rows[:CUTOFF]).sum()) for line, rows in zip(best, results.rows, strict=True)
        ]
    return np.equal(found, 0)

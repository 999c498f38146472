"""Inside a static model: how much tokens weigh, what all rows share, and how their values are spread."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.cloud import FIXES
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.gains import gain_with, nearly_control
from searchapp.diagnosis.measures import spearman
from searchapp.diagnosis.model import TableModel
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.repaired_model import TABLE_FIXES, WEIGH
from searchapp.diagnosis.rows import cosines_of, familiar, head_and_tail, tail_kurtosis
from searchapp.diagnosis.thresholds import CLEAR, NEAR_PROOF, STRONG
from searchapp.diagnosis.tokens import Pairs, alignment, variant_pairs, without_dominant
from searchapp.encoders.vectors import Floats

WEIGHING = "weighting the rows by rarity (SIF)"
FREQUENT_HEAVY = Symptom(
    "frequent-tokens",
    "The {frequent} most frequent tokens carry {weight:percent} of the weight of all texts (rank correlation "
    "of frequency and norm {correlation:.2f}); rows of equal norm, weighted by rarity, lift the score from "
    "{score:.3f} to {after:.3f}.",
    fix=WEIGHING,
)
FLAT = Symptom(
    "flat-weights",
    "All rows have nearly the same norm (variation {variation:percent}), so the {frequent} most frequent "
    "tokens carry {weight:percent} of the weight of all texts.",
    fix=WEIGHING,
)
BIAS = Symptom(
    "bias",
    "One vector is part of every row: along their mean, rows vary by only {spread:percent} of its length.",
    fix="subtracting the mean document vector",
)
BIAS_OF_ROWS = Symptom("bias", BIAS.template, fix="subtracting the mean of all rows", key="bias-of-rows")
LAST = Symptom(
    "last-components",
    "No direction of the table stands out: the first has {head:.2f} times the variance of the one after a "
    "tenth of the {size} directions, where the leading components of a PCA have 1.4 and more; yet spelling "
    "variants are close in {aligned:percent} of the cases, so the rows mean something.",
    "Whitening levels the directions too.",
)
NOISE = Symptom(
    "noise",
    "Spelling variants agree to {head:.2f} in the directions of most variance, but to {tail:.2f} in those of "
    "least variance, where sound tables agree to 0.4 and more; there the rows are spread like a normal "
    "distribution (excess kurtosis {kurtosis:.1f}), and no token weighs less than {least:percent} of the "
    "mean: isotropic noise was added to every row.",
)
DROWNED = Symptom(
    "dominant-directions",
    "In the {count} directions of most variance spelling variants are not alike (median cosine {head:.2f}), "
    "in those of least variance they are ({tail:.2f}): the first say nothing about words. {fix:capital} "
    "changes the score from {score:.3f} to {after:.3f}.",
    fix="{fix}",
    key="meaningless-directions",
)


def shared_spread(rows: Floats) -> float:
    """Return the spread of rows, (n, d), along their mean, over its length."""
    mean = rows.mean(axis=0)
    along = rows @ (mean / max(float(np.linalg.norm(mean)), 1e-30))
    return float(along.std()) / max(float(along.mean()), 1e-30)


def heavier_by(counts: NDArray[np.int64], norms: Floats) -> float:
    """Return the power of how often tokens occur, (n,), that their norms grow with; sound tables fall.

    The least squares of logarithms, each token weighted by the root of its count.
    """
    there = norms > 0
    if there.sum() < limits.FREQUENT:
        return 0.0
    weights = np.sqrt(counts[there])
    return float(np.polyfit(np.log(counts[there]), np.log(norms[there]), 1, w=weights)[0])


@probe("token-weights", FREQUENT_HEAVY, FLAT)
def token_weights(evidence: Evidence) -> Iterator[Observation]:
    """Do rare tokens weigh more than frequent ones?"""
    model = evidence.require_table()
    rows, counts = model.table.rows, model.counts
    norms = np.linalg.norm(rows - rows.mean(axis=0), axis=1)
    used = counts > 0
    if used.sum() < limits.FREQUENT:
        raise CannotJudgeError("the documents have too few different tokens")
    weights = counts * norms
    frequent = np.argsort(-counts, kind="stable")[: limits.FREQUENT]
    weight = float(weights[frequent].sum() / max(weights.sum(), 1e-30))
    correlation = spearman(counts[used], norms[used])
    id_correlation = spearman(np.flatnonzero(used), -counts[used])
    label = f"weight carried by the {limits.FREQUENT} most frequent tokens"
    yield fact("frequent-weight", label, weight, frequent=limits.FREQUENT)
    label, remark = "rank correlation of a token's frequency and weight", "rare tokens should weigh more"
    yield fact("weight-by-frequency", label, correlation, remark)
    yield fact("rarity-by-id", "rank correlation of a token's id and rarity", id_correlation)
    gain, errors = gain_with(evidence, model, model.fixed(TABLE_FIXES[WEIGH]))
    if evidence.context.label_free or gain <= 0:
        return
    lengths = np.linalg.norm(rows[used], axis=1)
    lengths = lengths[lengths > 0]
    variation = float(lengths.std() / max(float(lengths.mean()), 1e-30)) if len(lengths) else 1.0
    biased = shared_spread(rows[used]) < limits.BIAS_SPREAD  # which evens all norms
    if variation < limits.EVEN_NORMS and not biased and gain > limits.PAYS * evidence.score and errors > 1:
        yield FLAT.finding(
            CLEAR, gain, variation=variation, frequent=limits.FREQUENT, weight=weight, repair=WEIGH
        )
        return
    proved = gain > limits.WEIGHING_GAIN * evidence.score and errors > limits.SURE_ERRORS
    slope = heavier_by(counts[used], np.linalg.norm(rows[used], axis=1))
    yield fact("weight-slope", "power of a token's frequency that its weight grows with", slope)
    if proved or (slope > limits.HEAVIER and gain > limits.PAYS * evidence.score and errors > 1):
        yield FREQUENT_HEAVY.finding(
            CLEAR,
            gain,
            correlation=correlation,
            frequent=limits.FREQUENT,
            weight=weight,
            score=evidence.score,
            after=evidence.score + gain,
            repair=WEIGH,
        )


@probe("row-values", BIAS, BIAS_OF_ROWS, LAST, NOISE, DROWNED)
def row_values(evidence: Evidence) -> Iterator[Observation]:
    """Do all rows share a vector, carry noise, or come from the wrong end of a PCA?"""
    model = evidence.require_table()
    rows, counts = model.table.rows, model.counts
    used = rows[(counts > 0) & rows.any(axis=1)]
    if len(used) < limits.FREQUENT:
        raise CannotJudgeError("the documents have too few different tokens")
    spread = shared_spread(used)
    yield fact("shared-vector", "spread of the rows along their mean", min(spread, 99.0), "of its length")
    if spread < limits.BIAS_SPREAD:
        centred = gain_with(evidence, model, model.fixed(TABLE_FIXES["centre"]))
        of_rows = gain_with(evidence, model, rows - rows.mean(axis=0))
        gain, errors = max(centred, of_rows)
        if gain > limits.PAYS * evidence.score and errors > 1:
            if centred > of_rows:
                yield BIAS.finding(CLEAR, gain, spread=spread, repair="centre")
            else:
                yield BIAS_OF_ROWS.finding(CLEAR, gain, spread=spread)
    pairs = familiar(variant_pairs(model.table.vocabulary), rows, counts)
    if len(pairs) < limits.FEWEST_PAIRS:
        raise CannotJudgeError(f"the vocabulary has only {len(pairs)} usable pairs of spelling variants")
    yield from _structure(evidence, model, pairs, used)


def _structure(evidence: Evidence, model: TableModel, pairs: Pairs, used: Floats) -> Iterator[Observation]:
    rows = model.table.rows
    head, tail = head_and_tail(rows, pairs, used)
    yield fact("variants-in-front", "cosine of spelling variants in the first directions", head)
    yield fact("variants-behind", "the same in the last quarter of the directions", tail)
    norms = np.linalg.norm(used, axis=1)
    least, kurtosis = float(np.quantile(norms, 0.01) / norms.mean()), tail_kurtosis(used)
    if head < limits.NOTHING_IN_FRONT and tail > limits.SOMETHING_BEHIND:
        names = ("remove-10", "remove-5", "remove-3", "remove-1")
        gain, name = max((evidence.gain_of(name)[0], name) for name in names)
        if gain > limits.PAYS * evidence.score:
            after = evidence.score + gain
            described = FIXES[name].description
            yield DROWNED.finding(
                CLEAR,
                gain,
                count=5,
                head=head,
                tail=tail,
                fix=described,
                score=evidence.score,
                after=after,
                repair=name,
            )
        return
    if nearly_control(evidence):
        return
    strange = 2 * float((cosines_of(without_dominant(rows, used), pairs) < 0).mean())
    if (
        strange < limits.STRANGERS
        and tail < min(limits.NOISY_TAIL, limits.NOISY_SHARE * head)
        and least > limits.LEAST_NORM
        and kurtosis < limits.NOISY_TAILS
    ):
        yield NOISE.finding(NEAR_PROOF, head=head, tail=tail, least=least, kurtosis=kurtosis)
        return
    if rows.shape[1] < limits.USUAL_DIMENSIONS:
        return
    variances = np.linalg.eigvalsh(np.cov(used.astype(np.float64), rowvar=False))[::-1]
    size = len(variances)
    first = float(variances[0] / max(variances[max(1, size // 10)], 1e-30))
    level = float(variances[size // 10] / max(variances[int(0.9 * size)], 1e-30))
    yield fact("first-direction", "variance of the first direction over a later one's", first)
    aligned = alignment(without_dominant(rows, used), pairs)
    if first < limits.HEADLESS and level > limits.LEVEL and aligned > limits.SURELY_ALIGNED:
        strength = NEAR_PROOF if first < limits.HEADLESS - 0.1 else STRONG
        yield LAST.finding(strength, head=first, size=size, aligned=aligned)

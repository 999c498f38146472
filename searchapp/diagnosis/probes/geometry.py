"""The cloud of stored vectors: whole numbers, lengths, directions, and what repairs gain."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.fixes import FIXES
from searchapp.diagnosis.measures import Hubs, spread
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
from searchapp.diagnosis.thresholds import (
    AGREES,
    CONCENTRATED,
    CROSS_LOST,
    FEW_DIMENSIONS,
    FEWEST_DOCUMENTS,
    FEWEST_QUERIES,
    GAIN,
    GAIN_ERRORS,
    HUB_SKEW,
    LENGTHS_VARY,
    LOST,
    MEANT,
    NOISE_DIMENSIONS,
    NOISE_TAIL,
    REVERSED,
)
from searchapp.encoders.vectors import unit

Floats = NDArray[np.float32]

ALMOST = 0.95  # of the best repair's gain; a plainer one that gains as much is preferred
EDGE = 112  # of 127
EDGE_SHARE = 0.04  # of int8 values at the edge: clipped or roomy scales up to 0.01, overflown ones from 0.09
TINY = 1e-6
ANEW = "encode the texts again"
VALUES = 1000  # rows whose values are looked at
NEGLIGIBLE = 0.001  # share of zero vectors that a corpus with odd texts may well have
SOME = 0.02  # points of the score, as a fraction, below which a gain is not worth a word


def finite(evidence: Evidence) -> Iterator[Observation]:
    """Count vectors that hold NaN or infinity, and those that are zero though their text is not."""
    for side, vectors in zip(("documents", "queries"), evidence.raw, strict=True):
        broken = ~np.isfinite(vectors).all(axis=1)
        if broken.any():
            names = evidence.document_ids if side == "documents" else [
                evidence.context.queries[place].id for place in evidence.query_places
            ]  # fmt: skip
            yield Finding("not-finite", PROOF, (
                f"{int(broken.sum()):,} of {len(vectors):,} {side} hold NaN or infinity "
                f"(first: {names[int(broken.argmax())]!r})."
            ), gain=evidence.gain_anew, repaired=ANEW, share=float(broken.mean()))  # fmt: skip
        zero = ~broken & (np.linalg.norm(np.nan_to_num(vectors), axis=1) < TINY)
        filled = _filled(evidence, side)
        share = float((zero & filled).mean()) if len(zero) else 0.0
        yield Fact(f"zero vectors among the {side}", share)
        if share > 0:
            yield Finding("zero-vectors", PROOF if share > NEGLIGIBLE else HINT, (
                f"{int((zero & filled).sum()):,} of {len(zero):,} {side} have a zero vector though their "
                "text is "
                "not empty; they are found only where nothing else is."
            ), gain=evidence.gain_anew, repaired=ANEW, share=share)  # fmt: skip


def _filled(evidence: Evidence, side: str) -> NDArray[np.bool_]:
    if side == "queries":
        return np.array(
            [bool(evidence.context.queries[place].text.strip()) for place in evidence.query_places],
            dtype=bool,
        )
    texts = (evidence.context.documents[place] for place in evidence.places)
    return np.array([bool(f"{text.title}{text.text}".strip()) for text in texts], dtype=bool)


def lengths(evidence: Evidence) -> Iterator[Observation]:
    """Ask whether the lengths of vectors decide what is found."""
    norms = np.linalg.norm(evidence.finite[0], axis=1)
    norms = norms[norms > TINY]
    variation = float(norms.std() / norms.mean()) if len(norms) else 0.0
    yield Fact("variation of the documents' lengths", variation, f"compared by {evidence.stored.similarity}")
    if evidence.stored.similarity != "dot" or variation < LENGTHS_VARY:
        return
    gain, errors = _gain(evidence, "normalise")
    found = evidence.hubs
    if gain > SOME * evidence.score and errors > GAIN_ERRORS / 2:
        yield Finding("norms-leak", STRONG + 0.1, (
            f"The documents' lengths vary by {percent(variation)} and are compared by dot product: the "
            "longest are found "
            f"by every query (one document by {percent(found.largest)} of them)."
        ), gain=gain, repaired="make every vector a unit vector")  # fmt: skip


def dimensions(evidence: Evidence) -> Iterator[Observation]:
    """Ask whether enough dimensions are left, and whether they are those of the model."""
    d = evidence.stored.documents.shape[1]
    yield Fact("dimensions", d)
    if evidence.model is not None and not evidence.same_dimension:
        full = evidence.model.encoder.recipe.dimension
        rows, expected = evidence.expected
        head = (
            d < full
            and float(np.median(np.einsum("nd,nd->n", unit(expected[:, :d]), evidence.units[0][rows]))) > 0.99
        )
        gain = evidence.gain_anew
        yield Finding("few-dimensions" if head else "stale-index", PROOF, (
            f"The stored vectors are the first {d} of the model's {full} dimensions." if head else
            f"The stored vectors have {d} dimensions, the model gives {full}."
        ), gain=gain, repaired="keep all dimensions" if gain is not None else "")  # fmt: skip
    elif d < FEW_DIMENSIONS:
        evidence_text = f"There are {d} dimensions; published models have {FEW_DIMENSIONS} or more."
        yield Finding("few-dimensions", LIKELY, evidence_text, "A model may be made for so few.")


def values(evidence: Evidence) -> Iterator[Observation]:
    """Ask whether whole numbers ran over their range."""
    documents, _ = evidence.finite
    sample = documents[spread(len(documents), VALUES)]
    whole = bool((sample == np.round(sample)).all() and sample.any())
    kinds = "whole numbers" if whole else "fractions"
    yield Fact("stored values", kinds, f"from {float(sample.min()):.3g} to {float(sample.max()):.3g}")
    if not whole or np.abs(sample).max() > 128:
        return
    edge = float((np.abs(sample) >= EDGE).mean())
    clipped = float((np.abs(sample) >= 127).mean())
    # A clipped value stands at the very edge, an overflown one anywhere.
    if edge > EDGE_SHARE and clipped < edge / 2:
        yield Finding("overflow", PROOF, (
            f"{percent(edge)} of the whole numbers lie between {EDGE} and 128, and they do not gather at 127 "
            "as clipped "
            "ones do: larger values wrapped round to the other sign."
        ), gain=evidence.gain_anew, repaired=ANEW)  # fmt: skip


def directions(evidence: Evidence) -> Iterator[Observation]:
    """Ask how many directions the documents fill, which are hubs, and what removing directions gains."""
    if len(evidence.places) < FEWEST_DOCUMENTS:
        raise CannotJudgeError(f"a cloud needs at least {FEWEST_DOCUMENTS} documents")
    spectrum, d = evidence.spectrum, evidence.stored.documents.shape[1]
    total = max(float(spectrum.sum()), 1e-30)
    ratio, found = evidence.participation, evidence.hubs
    mean = unit(evidence.units[0].mean(axis=0, keepdims=True))
    yield Fact("directions that share the variance", round(ratio, 1), f"of {d}")
    yield Fact("share of variance in the first five directions", float(spectrum[:5].sum()) / total)
    yield Fact(
        "mean cosine to the mean vector",
        float((evidence.units[0] @ mean[0]).mean()),
        "says nothing by itself",
    )
    yield Fact("skewness of how often documents are found", round(found.skew, 2))
    yield Fact("documents found by any query", found.unique, "of those that could be")
    name, gain, errors = _best(evidence)
    yield Fact("best repair of the vectors", name, f"{gain:+.4f}")
    pays = (
        gain > GAIN * max(evidence.score, evidence.trial.chance) and gain > SOME / 4 and errors > GAIN_ERRORS
    )
    drowned = list(_drowned(evidence, name, gain, ratio, found)) if pays else []
    yield from drowned or _noise(evidence, ratio)


def _noise(evidence: Evidence, ratio: float) -> Iterator[Observation]:
    spectrum, n = evidence.spectrum, len(evidence.places)
    d = len(spectrum)
    if d < NOISE_DIMENSIONS or n <= 2 * d or not spectrum.any():
        return
    tail = float(spectrum[int(0.9 * d)] / spectrum.mean())
    # The least variance that as many vectors of pure noise have (Marchenko and Pastur, 1967).
    edge = (1 - np.sqrt(d / n)) ** 2
    if tail > NOISE_TAIL * edge:
        yield Finding("noise", STRONG, (
            f"The weakest tenth of the {d} directions has up to {percent(tail)} of the mean variance (pure "
            "noise: "
            f"{percent(edge)} and more), and {ratio:.0f} directions share it: most of each vector is the "
            "same in "
            "every direction, and no repair helps."
        ), gain=evidence.gain_anew, repaired=ANEW)  # fmt: skip


def _drowned(evidence: Evidence, name: str, gain: float, ratio: float, found: Hubs) -> Iterator[Observation]:
    spectrum = evidence.spectrum
    share = float(spectrum[:5].sum() / spectrum.sum())
    after = evidence.score + gain
    description = next(repair.description for repair in FIXES if repair.name == name)
    common = f"To {description} lifts the score from {evidence.score:.3f} to {after:.3f}"
    plain = evidence.agreement.plain
    if name == "negate":
        return
    if ratio < CONCENTRATED and plain >= MEANT:
        yield Finding("steep-spectrum", STRONG, (
            f"Five directions hold {percent(share)} of the variance ({ratio:.1f} directions share it "
            f"evenly). {common}; "
            f"documents still agree with the control to {plain:.2f}, so the directions mean something."
        ), gain=gain, repaired=description)  # fmt: skip
    elif ratio < CONCENTRATED:
        yield Finding("dominant-directions", STRONG, (
            f"Five directions hold {percent(share)} of the variance ({ratio:.1f} directions share it "
            f"evenly). {common}."
        ), gain=gain, repaired=description)  # fmt: skip
    if found.skew > HUB_SKEW:
        strength = STRONG - (0.1 if ratio < CONCENTRATED else 0)
        yield Finding("hubs", strength, (
            f"One document is among the first ten of {percent(found.largest)} of the queries (skewness "
            f"{found.skew:.1f}, "
            f"where healthy models have 0.8 to 2.1). {common}."
        ), gain=gain, repaired=description)  # fmt: skip


def coordinates(evidence: Evidence) -> Iterator[Observation]:
    """Ask whether queries and documents live in the same space and look the same way."""
    if not evidence.comparable:
        raise CannotJudgeError(
            f"it takes {FEWEST_DOCUMENTS} documents and {FEWEST_QUERIES} queries to compare with the control"
        )
    cross = evidence.agreement.across
    yield Fact("agreement of queries and documents with the control", cross)
    if cross < REVERSED:
        gain, _ = _gain(evidence, "negate")
        yield Finding("wrong-sign", PROOF, (
            f"What the control finds near a query is ranked last here: agreement {cross:.2f}, where 0.5 is "
            "chance."
        ), gain=gain, repaired="turn the queries round")  # fmt: skip
    elif cross < CROSS_LOST and evidence.agreement.documents >= AGREES and evidence.agreement.queries > LOST:
        yield Finding("other-encoder", STRONG, (
            f"Documents agree with the control to {evidence.agreement.documents:.2f} and queries to "
            f"{evidence.agreement.queries:.2f}, but "
            f"queries and documents do not belong together ({cross:.2f}, where 0.5 is chance)."
        ), "Queries whose ids are shuffled would disagree with each other too.")  # fmt: skip


def _best(evidence: Evidence) -> tuple[str, float, float]:
    """Return the plainest of the repairs that gain most, its gain, and that in standard errors."""
    gains = {name: _gain(evidence, name) for name in evidence.repaired if name != "negate"}
    most = max(gain for gain, _ in gains.values())
    for name, (gain, errors) in gains.items():
        if gain >= ALMOST * most:
            return name, gain, errors
    return "normalise", 0.0, 0.0


def _gain(evidence: Evidence, name: str) -> tuple[float, float]:
    """Return what a repair adds to the score, and that in standard errors of the paired difference."""
    difference = evidence.repaired[name] - evidence.per_query
    if not len(difference):
        return 0.0, 0.0
    error = float(difference.std()) / np.sqrt(len(difference))
    gain = float(difference.mean())
    return gain, gain / error if error else 0.0

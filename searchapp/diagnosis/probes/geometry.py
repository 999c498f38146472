"""The cloud of stored vectors: values, norms, directions, and what fixes gain."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.cloud import FIXES, principal_axes
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.gains import nearly_control, restores
from searchapp.diagnosis.measures import spread
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.structure import COMPARED, among, correlation
from searchapp.diagnosis.thresholds import HINT, LESSER, LIKELY, NEAR_PROOF, PROOF, STRONG
from searchapp.encoders.vectors import Floats, unit

ENCODE_AGAIN = "encoding the texts again"

NOT_FINITE = Symptom(
    "not-finite",
    "{count:,} of {total:,} {side} contain NaN or infinity (first: {first!r}).",
    fix=ENCODE_AGAIN,
)
ZERO = Symptom(
    "zero-vectors",
    "{count:,} of {total:,} {side} have a zero vector although their text is not empty; they are retrieved "
    "only when nothing else is.",
    fix=ENCODE_AGAIN,
)
UNNORMALISED = Symptom(
    "unnormalised",
    "The norms of the documents vary by {variation:percent}, and vectors are compared by dot product: the "
    "documents of the largest norm rank high for every query (one document for {largest:percent} of them).",
    fix="normalising the vectors",
)
LEADING_DIMENSIONS = Symptom(
    "few-dimensions",
    "The stored vectors are the first {stored} of the model's {model} dimensions.",
    fix="keeping all dimensions",
    key="leading-dimensions",
)
OTHER_DIMENSION = Symptom(
    "dimensions-differ",
    "The stored vectors have {stored} dimensions, those of the model {model}.",
    fix="keeping all dimensions",
)
FEW = Symptom(
    "few-dimensions",
    "There are {stored} dimensions; published models have {usual} or more.",
    "A model may be made for so few.",
)
NOISE = Symptom(
    "noise",
    "The weakest tenth of the {dimensions} directions has up to {tail:percent} of the mean variance (pure "
    "noise: {edge:percent} and more), and {ratio:.0f} directions share it: most of each vector is isotropic, "
    "and no fix helps.",
    fix=ENCODE_AGAIN,
)
LAST = Symptom(
    "last-components",
    "No direction of the stored vectors stands out: the first has {head:.2f} times the variance of the one "
    "after a tenth of the {size} directions, where models have 2 and more, yet later ones still fall: by "
    "{level:.1f} times.",
    fix=ENCODE_AGAIN,
)
LAST_OF_MODEL = Symptom(
    "last-components",
    "The stored vectors are the last {stored} principal components of the model's {model} dimensions: "
    "similarities of documents correlate to {fits:.3f}; with those of the first {stored}, to {first:.3f}.",
    fix="keeping the components of most variance",
    key="last-of-model",
)
CONCENTRATION = (
    "Five directions hold {five:percent} of the variance ({ratio:.1f} directions share it evenly). "
    "{fix:capital} lifts the score from {score:.3f} to {after:.3f}"
)
STEEP = Symptom(
    "steep-spectrum",
    CONCENTRATION
    + "; documents still agree with the control to {agreement:.2f}, so the directions carry meaning.",
    fix="{fix}",
)
DOMINANT = Symptom("dominant-directions", CONCENTRATION + ".", fix="{fix}")
HUBS = Symptom(
    "hubness",
    "One document is among the first ten of {largest:percent} of the queries (skewness {skewness:.1f}; "
    "healthy models have 0.8 to 2.1). {fix:capital} lifts the score from {score:.3f} to {after:.3f}.",
    fix="{fix}",
)
NEGATED = Symptom(
    "wrong-sign",
    "What the control finds close to a query ranks last here: agreement {across:.2f}, where 0.5 is chance.",
    fix=FIXES["negate"].description,
)
OTHER_SPACE = Symptom(
    "mixed-encoders",
    "Documents agree with the control to {documents:.2f} and queries to {queries:.2f}, but queries and "
    "documents do not belong together ({across:.2f}, where 0.5 is chance).",
    "Queries under the wrong ids would disagree with each other too.",
)


@probe("finite", NOT_FINITE, ZERO)
def finite(evidence: Evidence) -> Iterator[Observation]:
    """Are all vectors finite, and none zero?"""
    documents, queries = evidence.as_stored
    for side, vectors, ids in (
        ("documents", documents, evidence.document_ids),
        ("queries", queries, evidence.query_ids),
    ):
        broken, total = ~np.isfinite(vectors).all(axis=1), len(vectors)
        if broken.any():
            gain, count, first = evidence.gain_of_encoding_again, int(broken.sum()), ids[broken.argmax()]
            share = count / total
            yield NOT_FINITE.finding(PROOF, gain, share, count=count, total=total, side=side, first=first)
        short = np.linalg.norm(np.nan_to_num(vectors), axis=1) < limits.TINY
        zero = ~broken & short & _has_text(evidence, side)
        share = float(zero.mean()) if total else 0.0
        yield fact(f"zero-{side}", f"zero vectors among the {side}", share)
        if share > 0:
            # A few cost no more than their share, and must not stand before what took the rest.
            strength = PROOF if share > limits.MANY_ZERO else LIKELY if share > limits.SOME_ZERO else HINT
            gain = evidence.gain_of_encoding_again
            yield ZERO.finding(strength, gain, share=share, count=int(zero.sum()), total=total, side=side)


def _has_text(evidence: Evidence, side: str) -> NDArray[np.bool_]:
    if side == "queries":
        texts = [evidence.context.queries[row].text for row in evidence.query_rows]
    else:
        documents = (evidence.context.documents[row] for row in evidence.document_rows)
        texts = [f"{document.title}{document.text}" for document in documents]
    return np.array([bool(text.strip()) for text in texts], dtype=bool)


@probe("norms", UNNORMALISED)
def norms(evidence: Evidence) -> Iterator[Observation]:
    """Do vector norms drive the ranking?"""
    similarity = evidence.require_vectors().similarity
    lengths = np.linalg.norm(evidence.cloud.sides.documents, axis=1)
    lengths = lengths[lengths > limits.TINY]
    variation = float(lengths.std() / lengths.mean()) if len(lengths) else 0.0
    yield fact("norm-variation", "variation of the documents' norms", variation, f"compared by {similarity}")
    if similarity != "dot" or variation < limits.NORMS_VARY:
        return
    gain, errors = evidence.gain_of("normalise")
    if gain > limits.PAYS * evidence.score and errors > limits.GAIN_ERRORS / 2:
        yield UNNORMALISED.finding(NEAR_PROOF, gain, variation=variation, largest=evidence.hubness.largest)


@probe("dimensions", LEADING_DIMENSIONS, LAST_OF_MODEL, OTHER_DIMENSION, FEW)
def dimensions(evidence: Evidence) -> Iterator[Observation]:
    """Are there enough dimensions?"""
    stored = evidence.require_vectors().documents.shape[1]
    yield fact("dimensions", "dimensions", stored)
    if evidence.model is None or evidence.same_dimension:
        live = int(evidence.cloud.sides.documents.any(axis=0).sum())
        if live < limits.FEW_DIMENSIONS and not nearly_control(evidence):
            yield FEW.finding(LIKELY, stored=live, usual=limits.USUAL_DIMENSIONS)
        return
    full = evidence.model.encoder.recipe.dimension
    symptom = OTHER_DIMENSION
    if stored < full:
        rows, expected = evidence.encoded_again
        leading, documents = unit(expected[:, :stored]), evidence.normalised.documents[rows]
        if float(np.median(np.einsum("nd,nd->n", leading, documents))) > limits.LEADING:
            symptom = LEADING_DIMENSIONS
        first, last = _components(documents, expected)
        if last > limits.MAPPED and last > first:
            gain = evidence.gain_of_encoding_again
            yield LAST_OF_MODEL.finding(PROOF, gain, stored=stored, model=full, fits=last, first=first)
            return
    yield symptom.finding(PROOF, evidence.gain_of_encoding_again, stored=stored, model=full)


def _components(stored: Floats, own: Floats) -> tuple[float, float]:
    """Return how similarities of stored rows, (n, k), correlate with those of first and of last components.

    The components are those of the model's own vectors of the same texts, (n, d).
    """
    axes = principal_axes(own)
    kept = stored.shape[1]
    rows = spread(len(own), COMPARED)
    parts = axes.directions[:, :kept], axes.directions[:, -kept:]
    own_parts = [among(unit(np.matmul(own[rows] - axes.mean, part, dtype=np.float32))) for part in parts]
    first, last = (correlation(among(stored[rows]), part) for part in own_parts)
    return first, last


@probe("directions", NOISE, STEEP, DOMINANT, HUBS, LAST)
def directions(evidence: Evidence) -> Iterator[Observation]:
    """How many directions carry the vectors, and does removing some help?"""
    size = evidence.require_vectors().documents.shape[1]
    if len(evidence.document_rows) < limits.FEWEST_DOCUMENTS:
        raise CannotJudgeError(f"the shape of a cloud needs at least {limits.FEWEST_DOCUMENTS} documents")
    documents, hubs = evidence.normalised.documents, evidence.hubness
    mean = unit(documents.mean(axis=0, keepdims=True))
    best, gain, errors = _best_fix(evidence)
    ratio = round(evidence.cloud.participation, 1)
    yield fact("participation", "directions that share the variance", ratio, "of {size}", size=size)
    yield fact("first-five", "share of variance in the first five directions", _first_five(evidence))
    cosine = float((documents @ mean[0]).mean())
    yield fact("mean-cosine", "mean cosine to the mean vector", cosine, "says nothing by itself")
    yield fact("hub-skewness", "skewness of how often documents are retrieved", round(hubs.skew, 2))
    label = "documents retrieved by any query"
    yield fact("documents-retrieved", label, hubs.unique, "of those that could be")
    yield fact("best-fix", "best fix of the vectors", best, "{gain:+.4f}", gain=gain)
    least = max(limits.GAIN * max(evidence.score, evidence.judged.chance), limits.LEAST_GAIN)
    sure = errors > limits.SURE_ERRORS
    pays = gain > least and (sure or (errors > limits.GAIN_ERRORS and restores(evidence, gain)))
    drowned = list(_drowned(evidence, best, gain, sure)) if pays else []
    yield from drowned or list(_noise(evidence)) or _headless(evidence)


def _first_five(evidence: Evidence) -> float:
    return float(evidence.cloud.spectrum[:5].sum()) / max(float(evidence.cloud.spectrum.sum()), 1e-30)


def _best_fix(evidence: Evidence) -> tuple[str, float, float]:
    """Return the simplest of the fixes that gain most, its gain, and that in standard errors."""
    gains = {name: evidence.gain_of(name) for name in FIXES if name != "negate"}
    most = max(gain for gain, _ in gains.values())
    for name, (gain, errors) in gains.items():
        if gain >= limits.ALMOST * most:
            return name, gain, errors
    return "normalise", 0.0, 0.0


def _drowned(evidence: Evidence, best: str, gain: float, sure: bool) -> Iterator[Observation]:
    """Say what drowns the vectors, given a fix that pays."""
    fix, score = FIXES[best].description, evidence.score
    ratio, agreement = evidence.cloud.participation, evidence.agreement.documents_as_stored
    hubs = evidence.hubness
    lift = partial(Symptom.finding, gain=gain, fix=fix, score=score, after=score + gain)
    if evidence.table is not None and FIXES[best].linear is not None:
        lift = partial(lift, repair=best)
    concentrated = min(limits.CONCENTRATED, limits.CONCENTRATED_SHARE * len(evidence.cloud.spectrum))
    hubs_drown = hubs.skew > limits.HUB_SKEW and (
        ratio < concentrated or restores(evidence, gain, fully=True)
    )
    if ratio < concentrated or (sure and not hubs_drown):
        symptom = STEEP if agreement >= limits.MEANINGFUL else DOMINANT
        yield lift(symptom, STRONG, five=_first_five(evidence), ratio=ratio, agreement=agreement)
    if hubs_drown:
        strength = LESSER if ratio < concentrated else STRONG
        yield lift(HUBS, strength, largest=hubs.largest, skewness=hubs.skew)


def _noise(evidence: Evidence) -> Iterator[Observation]:
    spectrum, n = evidence.cloud.spectrum, len(evidence.document_rows)
    size = len(spectrum)
    if size < limits.NOISE_DIMENSIONS or n <= 2 * size or not spectrum.any():
        return
    tail = float(spectrum[int(0.9 * size)] / spectrum.mean())
    # The least variance that as many vectors of pure noise have (Marchenko and Pastur, 1967).
    edge = (1 - np.sqrt(size / n)) ** 2
    if tail > limits.NOISE_TAIL * edge and not nearly_control(evidence):
        gain, ratio = evidence.gain_of_encoding_again, evidence.cloud.participation
        yield NOISE.finding(STRONG, gain, dimensions=size, tail=tail, edge=edge, ratio=ratio)


def _headless(evidence: Evidence) -> Iterator[Observation]:
    spectrum, n = evidence.cloud.spectrum, len(evidence.document_rows)
    size = len(spectrum)
    if size < limits.USUAL_DIMENSIONS or n <= 2 * size or not spectrum.all() or nearly_control(evidence):
        return
    head, level = spectrum[0] / spectrum[size // 10], spectrum[size // 10] / spectrum[int(0.9 * size)]
    if head < limits.CLOUD_HEADLESS and level > limits.CLOUD_LEVEL:
        gain = evidence.gain_of_encoding_again
        yield LAST.finding(STRONG, gain, head=float(head), size=size, level=float(level))


@probe("shared-space", NEGATED, OTHER_SPACE)
def shared_space(evidence: Evidence) -> Iterator[Observation]:
    """Do queries and documents share one space?"""
    agreement = evidence.require_agreement()
    across, documents, queries = agreement.across, agreement.documents, agreement.queries
    yield fact("across-agreement", "agreement of queries and documents with the control", across)
    if across < limits.REVERSED:
        yield NEGATED.finding(PROOF, evidence.gain_of("negate")[0], across=across)
    elif across < limits.CROSS_LOST and documents >= limits.AGREES and queries > limits.LOST:
        yield OTHER_SPACE.finding(STRONG, documents=documents, queries=queries, across=across)

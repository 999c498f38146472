"""Whether stored vectors and the control find the same texts alike, where no encoder is known."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.cloud import Sides
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.measures import spread
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.structure import Structure, among, correlation, foreign_part
from searchapp.diagnosis.thresholds import CLEAR, PROOF
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.texts import assemble
from searchapp.encoders.vectors import Floats, unit
from searchapp.records import Document

SAMPLE = 400
Encoded = Callable[[list[str]], Floats]
MOVED = (
    "As stored, the queries fit their texts in the control's eyes to {own:.2f} (0.5 is chance); {how}, to "
    "{fits:.2f}, and then they agree among each other to {among:.2f} instead of {before:.2f}."
)
QUERIES_MOVED = Symptom("queries-offset", MOVED, fix="reading every query vector {how}", key="queries-moved")
QUERIES_SHUFFLED = Symptom(
    "order-lost", MOVED, fix="giving each query the vector that fits its text best", key="queries-shuffled"
)
BLENDED = Symptom(
    "blended-rows",
    "{side:capital} stored next to each other are more alike than their texts, in the control's eyes, by "
    "{excess:.1f} standard deviations of other pairs.",
    "Texts next to each other may share what the control does not read.",
)
BATCHED = Symptom(
    "blended-rows",
    BLENDED.template[:-1] + "; within batches of {batch} by {step:.1f} more than across their boundaries.",
    key="batches",
)
IN_PART = Symptom(
    "mixed-encoders",
    "{share:percent} of the {side} ({where}) do not fit the other side, but agree with the control among "
    "each other (correlation {inside:.2f}), like the rest ({rest:.2f}); between both there is none "
    "({between:.2f}).",
    key="part-of-another-model",
)
TEXTS = {
    cause: Symptom(
        cause,
        "The similarities of the {side} are those that the control finds when they are encoded {how} "
        "(correlation {fits:.2f}) rather than as they are ({own:.2f}).",
        "Another change that leaves the same words may look alike.",
        key=f"alike-{cause}",
    )
    for cause in ("text-dropped", "truncated", "case-changed")
}


def _structure(evidence: Evidence) -> Structure:
    agreement = evidence.require_agreement()
    if evidence.same_dimension and (evidence.match.in_place or evidence.query_match.in_place):
        raise CannotJudgeError("the model itself is compared with")
    return Structure(agreement.normalised, agreement.control)


@probe("query-order", QUERIES_MOVED, QUERIES_SHUFFLED)
def query_order(evidence: Evidence) -> Iterator[Observation]:
    """Are the queries stored under the ids of their texts?

    Each query is compared with the texts of all others by which documents the control finds near.
    """
    structure = _structure(evidence)
    alike = structure.query_profiles()
    total = len(alike)
    own = _rank(alike, np.arange(total))
    yield fact("queries-in-place", "queries that fit their own text best", own, "1 at best, 0.5 by chance")
    if own > limits.FITS_OWN:
        return
    from scipy.optimize import linear_sum_assignment

    place = linear_sum_assignment(-alike)[1]
    steps, counts = np.unique((place - np.arange(total)) % total, return_counts=True)
    step = int(steps[counts.argmax()])
    constant = counts.max() / total > limits.ALIKE
    if constant:
        place = (np.arange(total) + step) % total
    control = among(structure.control.queries)
    restored = np.empty_like(structure.stored.queries)
    restored[place] = structure.stored.queries
    before, after = (correlation(among(each), control) for each in (structure.stored.queries, restored))
    fits = _rank(alike, place)
    if after < before + limits.RESTORED or fits < limits.FITS_OWN:
        return
    documents, _ = evidence.normalised
    gain = evidence.score_of(documents, restored) - evidence.score
    seen = {"own": own, "fits": fits, "among": after, "before": before}
    by = step if step <= total / 2 else step - total
    if constant and by:
        how = f"{abs(by)} row{'s' if abs(by) > 1 else ''} further {'down' if by < 0 else 'up'}"
        yield QUERIES_MOVED.finding(PROOF, gain, how=how, **seen)
    else:
        yield QUERIES_SHUFFLED.finding(PROOF, gain, how="each moved to the text that fits it best", **seen)


def _rank(alike: NDArray[np.float64], place: NDArray[np.intp]) -> float:
    """Return the mean percentile of one value in each row among the others, (q, q)."""
    own = alike[np.arange(len(alike)), place][:, None]
    return float(((alike < own).sum(axis=1) / max(len(alike) - 1, 1)).mean())


@probe("neighbouring-rows", BLENDED, BATCHED)
def neighbouring_rows(evidence: Evidence) -> Iterator[Observation]:
    """Are vectors mixed with those stored next to them?"""
    structure = _structure(evidence)
    for side in ("documents", "queries"):
        mixed = structure.mixed(side)
        label = f"{side} next to each other, more alike than their texts"
        yield fact(f"{side}-blended", label, mixed.excess, "in standard deviations of other pairs")
        if mixed.in_batches:
            seen = {"excess": mixed.excess, "batch": mixed.batch, "step": mixed.step}
            yield BATCHED.finding(CLEAR, side=side, **seen)
        elif mixed.found:
            yield BLENDED.finding(CLEAR, side=side, excess=mixed.excess)


@probe("one-model", IN_PART)
def one_model(evidence: Evidence) -> Iterator[Observation]:
    """Did one model make all vectors of a side?"""
    structure = _structure(evidence)
    if any(structure.mixed(side).found for side in ("documents", "queries")):
        raise CannotJudgeError("vectors are mixed with each other")
    rows = spread(len(structure.stored.documents), 2 * SAMPLE)
    by_document = structure.document_profiles(rows)[np.arange(len(rows)), rows]
    by_query = np.diag(structure.query_profiles())
    stored, control = structure.stored, structure.control
    for side, places, part in (
        ("documents", rows, foreign_part(stored.documents[rows], control.documents[rows], by_document)),
        ("queries", np.arange(len(by_query)), foreign_part(stored.queries, control.queries, by_query)),
    ):
        if part is not None and part.foreign:
            found = places[part.rows]
            together = len(found) / max(np.isin(places, np.arange(found[0], found[-1] + 1)).sum(), 1)
            where = f"from row {found[0]:,} to row {found[-1]:,}" if together > limits.MOSTLY else "scattered"
            yield IN_PART.finding(
                CLEAR, None, len(part.rows) / len(places), side=side, where=where, inside=part.inside,
                rest=part.rest, between=part.between,
            )  # fmt: skip


@probe("unlabelled-texts", *TEXTS.values())
def unlabelled_texts(evidence: Evidence) -> Iterator[Observation]:
    """Which texts do the vectors resemble, where no encoder is known?

    The similarities of pairs are compared with those that the control finds for changed texts.
    """
    if evidence.same_dimension:
        raise CannotJudgeError("`stored-texts` compares with the model itself")
    structure = _structure(evidence)
    control = load_encoder(BUNDLED)
    rows = spread(len(structure.stored.documents), SAMPLE)
    documents = [evidence.context.documents[row] for row in evidence.document_rows[rows]]
    stored = among(structure.stored.documents[rows])
    tried: dict[str, tuple[str, list[str]]] = {}
    titled = sum(bool(one.title.strip() and one.text.strip()) for one in documents)
    if titled > limits.MOST * len(documents):
        tried["without their texts"] = ("text-dropped", [one.title for one in documents])
    for count in (5, 10, 20, 40):
        tried[f"from about their first {count} words"] = (
            "truncated",
            [" ".join(assemble(one).split()[:count]) for one in documents],
        )

    def encoded(texts: list[str]) -> Floats:
        changed = [Document(str(row), "", text) for row, text in enumerate(texts)]
        return unit(control.encode_documents(changed))

    own = correlation(stored, among(structure.control.documents[rows]))
    yield fact("documents-alike", "similarities of documents, correlation with the control's", own)
    values = {how: correlation(stored, among(encoded(texts))) for how, (_, texts) in tried.items()}
    best = max(values, key=lambda how: values[how])
    if values[best] > max(own + limits.CLEARLY_ALIKE, limits.ALIKE_AT_LEAST):
        yield TEXTS[tried[best][0]].finding(CLEAR, side="documents", how=best, fits=values[best], own=own)
    yield from _capitals(evidence, structure, encoded)


def _capitals(evidence: Evidence, structure: Structure, encoded: Encoded) -> Iterator[Observation]:
    """Say whether the queries were encoded in capitals."""
    chosen = spread(len(structure.stored.documents), SAMPLE)
    texts = [evidence.context.queries[row].text for row in evidence.query_rows]
    upper = encoded([text.upper() for text in texts])

    def near(sides: Sides) -> NDArray[np.float64]:
        documents, queries = sides
        products = (queries - queries.mean(axis=0)) @ (documents[chosen] - documents.mean(axis=0)).T
        doubled: NDArray[np.float64] = products.astype(np.float64)
        return doubled

    seen = near(structure.stored)
    own = correlation(seen, near(structure.control))
    fits = correlation(seen, near(Sides(structure.control.documents, upper)))
    if fits > max(own + limits.CLEARLY_ALIKE, limits.ALIKE_AT_LEAST / 2):
        yield TEXTS["case-changed"].finding(CLEAR, side="queries", how="in capitals", fits=fits, own=own)

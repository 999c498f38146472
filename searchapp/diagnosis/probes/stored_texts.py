"""Whether what is stored was made from the texts of the corpus by the model, and if not, from what."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.additions import added_tokens, addition
from searchapp.diagnosis.agreement import nearest
from searchapp.diagnosis.cloud import Sides, participation, spectrum
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.measures import cosines, percentile_ranks, spread
from searchapp.diagnosis.mixing import affine_fit, blend, kept_angles
from searchapp.diagnosis.model import Model, TableModel
from searchapp.diagnosis.probe import Finding, Observation, fact, probe
from searchapp.diagnosis.probes.text_symptoms import (
    ADDED_TEXT,
    ANOTHER_SIDE,
    BIAS,
    BLENDED,
    DIRECTIONS,
    EXACTLY,
    MAPPED,
    NEARLY,
    NOISE,
    OTHER_MODEL,
    OTHER_MODEL_IN_PART,
    SYMPTOMS,
    UNEXPLAINED,
    UNKNOWN_PROMPT,
)
from searchapp.diagnosis.thresholds import CLEAR, HINT, LIKELY, PROOF, STRONG
from searchapp.diagnosis.trials import Deviating, Explanation, explanations
from searchapp.encoders.vectors import Floats, unit
from searchapp.records import Document


@probe("stored-texts", *SYMPTOMS)
def stored_texts(evidence: Evidence) -> Iterator[Observation]:
    """Which texts were the vectors made from?"""
    model = evidence.require_same_dimension()
    sides = _sides(evidence, model)
    explained = [seen for deviating in sides for seen in _explained(evidence, model, deviating)]
    yield from explained or list(_maps(evidence, model, sides)) or _unexplained(evidence, sides)


def _sides(evidence: Evidence, model: Model) -> tuple[Deviating, Deviating]:
    """Return the documents and queries whose vectors are not the model's, after rows were realigned."""
    context, realigned = evidence.context, evidence.realigned
    rows, expected = evidence.encoded_again
    documents = [context.documents[int(row)] for row in evidence.document_rows[rows]]
    asked = [context.queries[row] for row in evidence.query_rows]
    queries = [Document(query.id, "", query.text) for query in asked]
    every = np.arange(len(queries), dtype=np.intp)
    return (
        _deviating("documents", rows, documents, realigned.documents[rows], expected),
        _deviating("queries", every, queries, realigned.queries, model.queries[evidence.query_rows]),
    )


def _deviating(
    side: str, rows: NDArray[np.intp], texts: Sequence[Document], stored: Floats, expected: Floats
) -> Deviating:
    # A zero vector does not come from another text: the probe `finite` counts it.
    nonzero = (np.abs(stored).sum(axis=1) > 0) & (np.abs(expected).sum(axis=1) > 0)
    wrong = np.flatnonzero((cosines(stored, expected) < limits.ROUNDED) & nonzero)
    share = len(wrong) / max(len(texts), 1)
    return Deviating(
        side, rows[wrong], [texts[int(row)] for row in wrong], stored[wrong], expected[wrong], share
    )


def _maps(evidence: Evidence, model: Model, sides: tuple[Deviating, Deviating]) -> Iterator[Observation]:
    """Say whether whole sides were rotated, or mapped otherwise: alike is harmless, apart is not."""
    if all(deviating.share < 1 - limits.TOUCHED for deviating in sides):
        return
    rows, documents = evidence.encoded_again
    expected = Sides(documents, model.queries[evidence.query_rows])
    stored = Sides(evidence.realigned.documents[rows], evidence.realigned.queries)
    kept = kept_angles(expected, stored)
    unlike = all(float(np.median(one.same)) < limits.RESEMBLES for one in sides if len(one.rows))
    if kept.documents and kept.queries and unlike:
        if kept.across:
            label = "vectors rotated alike on both sides"
            yield fact("rotated", label, 1.0, "harmless: every cosine is that of the model")
            return
        side, other = (
            ("queries", "documents") if sides[0].share < limits.TOUCHED else ("documents", "queries")
        )
        yield MAPPED.finding(
            _of_spaces(evidence),
            evidence.gain_of_encoding_again,
            side=side,
            other=other,
            kept="all angles",
            how="rotated",
        )
        return
    if sides[0].share < 1 - limits.TOUCHED or not isinstance(model, TableModel):
        return
    fit, mapped = affine_fit(expected.documents, stored.documents)
    usual = 1 - float(np.median(sides[0].same))
    if fit < limits.MAPPED or 1 - fit > limits.NEARER * usual:
        return
    alike = float(np.median(cosines(mapped(expected.queries), stored.queries)))
    gain = evidence.gain_of_encoding_again
    if alike > limits.MAPPED:
        label, remark = "vectors mapped alike on both sides", "by one matrix, such as whitening"
        yield fact("mapped", label, fit, remark)
    elif _worth(evidence, gain):
        how = "transformed by one matrix (rotated, whitened or permuted)"
        yield MAPPED.finding(
            _of_spaces(evidence), gain, side="documents", other="queries", kept="a linear image", how=how
        )


def _of_spaces(evidence: Evidence) -> float:
    """Return how strong a sign another space is: an index that is stale explains it."""
    return LIKELY if evidence.changes else PROOF


def _worth(evidence: Evidence, gain: float | None) -> bool:
    """Return whether encoding again gains enough to speak of, or nobody knows."""
    return gain is None or gain > limits.PAYS * evidence.score


def _explained(evidence: Evidence, model: Model, deviating: Deviating) -> Iterator[Observation]:
    if deviating.share < limits.TOUCHED:
        return
    gain = evidence.gain_of_encoding_again
    told = list(explanations(model, deviating))
    exact = [one for one in told if one.exact]
    observed = [_told(evidence, deviating, one, gain) for one in exact]
    if not observed:
        observed = list(_added(evidence, model, deviating, gain)) or list(
            _blended(evidence, model, deviating, gain)
        )
    if not observed:
        observed = list(_in_part(evidence, deviating, gain))
    if not observed:
        observed = [_told(evidence, deviating, one, gain) for one in told]
    yield from observed


def _told(evidence: Evidence, deviating: Deviating, one: Explanation, gain: float | None) -> Observation:
    share = deviating.share * one.matching / one.looked_at
    if one.cause is None:
        key, label = f"{deviating.side}-encoded-as", f"{deviating.side} encoded {one.description}"
        return fact(key, label, share, "harmless: the vectors hardly differ", how=one.description)
    needs_effect = one.cause in {"truncated", "words-changed"}
    strength = PROOF if one.exact else STRONG
    if needs_effect and not _worth(evidence, gain):
        strength = HINT
    symptom = (EXACTLY if one.exact else NEARLY)[one.cause]
    return symptom.finding(
        strength, gain, share=share, side=deviating.side, how=one.description, looked_at=one.looked_at,
        matching=one.matching,
    )  # fmt: skip


def _added(
    evidence: Evidence, model: Model, deviating: Deviating, gain: float | None
) -> Iterator[Observation]:
    """Say what was added to every vector: the text that its tokens spell, or one vector."""
    seen = addition(model, deviating)
    if seen is None and isinstance(model, TableModel):
        seen = added_tokens(model, deviating)
    if seen is None:
        return
    share = deviating.share * seen.matching / seen.looked_at
    values: dict[str, Any] = {
        "side": deviating.side,
        "matching": seen.matching / seen.looked_at,
        "looked_at": seen.looked_at,
    }
    if seen.tokens:
        tokens = ", ".join(map(repr, seen.tokens[:12]))
        contain = "lack" if seen.removed else "contain"
        strength = HINT if seen.removed and not _worth(evidence, gain) else PROOF
        yield ADDED_TEXT[seen.cause].finding(strength, gain, share, contain=contain, tokens=tokens, **values)
    elif seen.steady == "sum":
        yield UNKNOWN_PROMPT.finding(PROOF, gain, share, size=seen.size, **values)
    else:
        # The same vector on both sides hardly changes any order.
        alike = all(
            float((match.same < limits.ROUNDED).mean()) >= 1 - limits.TOUCHED
            for match in (evidence.match, evidence.query_match)
        )
        least = (limits.GAIN if alike else limits.PAYS) * evidence.score
        strength = PROOF if gain is None or gain > least else HINT
        yield BIAS.finding(strength, gain, share, size=seen.size, **values)


def _blended(
    evidence: Evidence, model: Model, deviating: Deviating, gain: float | None
) -> Iterator[Observation]:
    static = isinstance(model, TableModel)
    chosen = spread(len(deviating.texts), limits.LOOKED_AT if static else limits.TRIED_SLOWLY)
    if deviating.side == "queries":
        expected, stored = model.queries[evidence.query_rows], evidence.realigned.queries

        def of(rows: NDArray[np.intp]) -> Floats:
            return expected[rows]
    else:
        stored = evidence.realigned.documents

        def of(rows: NDArray[np.intp]) -> Floats:
            numbers = evidence.document_rows[rows]
            if static:
                return model.documents[numbers]
            return unit(model.encoder.encode_documents([evidence.context.documents[row] for row in numbers]))

    sizes = {} if static else {"sizes": (2, 4, 8)}
    seen = blend(deviating.rows[chosen], stored, of, len(stored), **sizes)
    if seen:
        share = deviating.share * seen.matching / seen.looked_at
        yield BLENDED.finding(
            PROOF, gain, share, side=deviating.side, how=seen.description, matching=seen.matching,
            looked_at=seen.looked_at,
        )  # fmt: skip


def _in_part(evidence: Evidence, deviating: Deviating, gain: float | None) -> Iterator[Observation]:
    """Say whether a part of a side comes from another model: unrelated, but in place among itself."""
    median = float(np.median(deviating.same))
    if (
        median > limits.APART
        or deviating.share > 1 - limits.TOUCHED
        or len(deviating.rows) < limits.FEWEST_ALIKE
    ):
        return
    agreement = evidence.agreement
    control, stored = (
        (agreement.control.documents, evidence.realigned.documents)
        if deviating.side == "documents"
        else (agreement.control.queries, evidence.realigned.queries)
    )
    rows = deviating.rows
    value = _agreement_among(control[rows], stored[rows])
    if value < limits.IN_PLACE:
        return
    consecutive = len(rows) > 1 and rows[-1] - rows[0] + 1 <= len(rows) / limits.MOST
    where = f"from row {int(rows[0]):,} to row {int(rows[-1]):,}" if consecutive else "scattered"
    yield OTHER_MODEL_IN_PART.finding(
        CLEAR, gain, deviating.share, side=deviating.side, where=where, median=median, agreement=value
    )


def _agreement_among(control: Floats, stored: Floats) -> float:
    """Return how near those of a set are to each other that the control finds near, 0.5 by chance."""
    if len(control) < 3:
        return 0.5
    alike = nearest(control, control, 2)
    own = np.arange(len(control), dtype=np.intp)
    neighbour = np.where(alike[:, 0] == own, alike[:, 1], alike[:, 0])[:, None]
    centred = unit(stored - stored.mean(axis=0))
    return float(percentile_ranks(neighbour, centred, centred, own).mean())


def _unexplained(evidence: Evidence, sides: tuple[Deviating, Deviating]) -> Iterator[Observation]:
    for deviating, other in (sides, sides[::-1]):
        median = float(np.median(deviating.same)) if len(deviating.rows) else 1.0
        if deviating.share <= 1 - limits.MOST or median > limits.EXACT:
            continue
        gain = evidence.gain_of_encoding_again
        unrelated = median < limits.APART and other.share < limits.TOUCHED
        if unrelated and abs(evidence.agreement.across - 0.5) < limits.UNRELATED:
            yield OTHER_MODEL.finding(
                min(CLEAR, _of_spaces(evidence)), gain, side=deviating.side, other=other.side, median=median
            )
        else:
            better = gain is not None and gain > limits.GAIN * evidence.score
            if better and (added := _beside(deviating, median, gain)):
                yield added
                continue
            symptom = ANOTHER_SIDE if other.share < limits.TOUCHED else UNEXPLAINED
            yield symptom.finding(
                LIKELY if better else HINT, gain, side=deviating.side, other=other.side, median=median
            )


def _beside(deviating: Deviating, median: float, gain: float | None) -> Finding | None:
    """Tell noise and a few directions apart by what the stored vectors have beside the model's own."""
    if not limits.BESIDE < median < limits.EXACT or len(deviating.rows) < limits.FEWEST_DOCUMENTS:
        return None
    stored, expected = (unit(side) for side in (deviating.stored, deviating.expected))
    beside = stored - np.einsum("nd,nd->n", stored, expected)[:, None] * expected
    n, d = beside.shape
    directions = participation(spectrum(beside))
    pure = n * d / (n + d + 1)  # of isotropic noise: (tr S)^2 / tr S^2 of a Wishart matrix
    if directions > limits.SPREAD_EVENLY * pure:
        return NOISE.finding(STRONG, gain, side=deviating.side, spread=directions / pure, median=median)
    if directions < limits.FEW_DIRECTIONS:
        return DIRECTIONS.finding(
            STRONG, gain, side=deviating.side, directions=max(directions, 1.0), median=median
        )
    return None

"""Whether what is stored was made from the texts of the corpus, and if not, from what."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.hypotheses import (
    ON_BOTH,
    ON_DOCUMENTS,
    Hypothesis,
    common_addition,
    truncation_lengths,
)
from searchapp.diagnosis.measures import cosines, spread
from searchapp.diagnosis.model import Model, TableModel
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.thresholds import CLEAR, HINT, PROOF
from searchapp.encoders.vectors import Floats
from searchapp.records import Document

POOLINGS = ("max", "first", "last")

ENCODED_AS = {
    cause: Symptom(
        cause,
        "{share:percent} of the {side} are stored as the model encodes them {how}: of {looked_at} texts "
        "examined, {matching} vectors match exactly.",
        fix="encoding the texts again as they are",
    )
    for cause in (
        *dict.fromkeys(tried.cause for tried in ON_DOCUMENTS if tried.cause),
        "truncated",
        "pooling",
    )
}
UNKNOWN_PROMPT = Symptom(
    "prompt",
    "{share:percent} of the {side} contain the same unknown text besides their own, {size:.1f} times as "
    "strong as an average one of them: with its vector added, {matching:percent} of {looked_at} stored "
    "vectors match.",
    fix="encoding the texts again as they are",
    key="unknown-prompt",
)
OTHER_MODEL = Symptom(
    "mixed-encoders",
    "The stored {side} are unrelated to what the model gives for their texts (median cosine {median:.2f}), "
    "while the {other} are stored as it encodes them.",
    fix="encoding both sides with this model",
)
UNEXPLAINED = Symptom(
    "stale-index",
    "The stored {side} are not what the model gives for their texts (median cosine {median:.2f}), and no "
    "change of the texts explains it: the vectors were modified, or they come from another model.",
)


@dataclass(frozen=True)
class Deviating:
    """Texts of one side whose stored vectors differ from the model's.

    `same` is the cosine of both, (n,); `share` their share of all texts of the side.
    """

    side: str
    texts: Sequence[Document]
    stored: Floats
    same: Floats
    share: float


@probe("stored-texts", *ENCODED_AS.values(), UNKNOWN_PROMPT, OTHER_MODEL, UNEXPLAINED)
def stored_texts(evidence: Evidence) -> Iterator[Observation]:
    """Which texts were the vectors made from?"""
    model = evidence.require_same_dimension()
    sides = _sides(evidence, model)
    explained = False
    for deviating in sides:
        if deviating.share >= limits.TOUCHED:
            explanations = list(_explanations(evidence, model, deviating))
            explained = explained or bool(explanations)
            yield from explanations
    if not explained:
        yield from _unexplained(evidence, sides)


def _sides(evidence: Evidence, model: Model) -> tuple[Deviating, Deviating]:
    """Return the documents and queries whose vectors are not the model's, after rows were realigned."""
    context, realigned = evidence.context, evidence.realigned
    rows, expected = evidence.encoded_again
    documents = [context.documents[int(row)] for row in evidence.document_rows[rows]]
    asked = [context.queries[row] for row in evidence.query_rows]
    queries = [Document(query.id, "", query.text) for query in asked]
    return (
        _deviating("documents", documents, realigned.documents[rows], expected),
        _deviating("queries", queries, realigned.queries, model.queries[evidence.query_rows]),
    )


def _deviating(side: str, texts: Sequence[Document], stored: Floats, expected: Floats) -> Deviating:
    same = cosines(stored, expected)
    # A zero vector does not come from another text: the probe `finite` counts it.
    nonzero = (np.abs(stored).sum(axis=1) > 0) & (np.abs(expected).sum(axis=1) > 0)
    wrong = np.flatnonzero((same < limits.EXACT) & nonzero)
    share = len(wrong) / max(len(texts), 1)
    return Deviating(side, [texts[int(row)] for row in wrong], stored[wrong], same[wrong], share)


def _explanations(evidence: Evidence, model: Model, deviating: Deviating) -> Iterator[Observation]:
    sample = spread(len(deviating.texts), limits.LOOKED_AT)
    texts = [deviating.texts[int(row)] for row in sample]
    matches = _matches(model, deviating.side, texts, deviating.stored[sample], deviating.same[sample])
    gain = evidence.gain_of_encoding_again
    for (cause, how), count in matches.most_common(2):
        if count / len(texts) < limits.MOST:
            continue
        share = deviating.share * count / len(texts)
        if cause is None:
            key, label = f"{deviating.side}-encoded-as", f"{deviating.side} encoded {how}"
            yield fact(key, label, share, "harmless: the vectors hardly differ", how=how)
        else:
            yield ENCODED_AS[cause].finding(
                PROOF, gain, share=share, side=deviating.side, how=how, looked_at=len(texts), matching=count
            )
        return
    if isinstance(model, TableModel):
        yield from _unknown_prompt(model, deviating, gain)


def _matches(
    model: Model, side: str, texts: Sequence[Document], stored: Floats, same: Floats
) -> Counter[tuple[str | None, str]]:
    """Count the texts whose stored vector each hypothesis reproduces; a text counts for the best one."""
    best = np.maximum(limits.EXACT, 1 - limits.CLOSER * (1 - same))
    names: list[tuple[str | None, str] | None] = [None] * len(texts)

    def offer(name: tuple[str | None, str], near: Floats) -> None:
        for row in np.flatnonzero(near > best):
            best[row], names[row] = near[row], name

    for hypothesis in ON_DOCUMENTS if side == "documents" else ON_BOTH:
        near = cosines(_encode(model, side, hypothesis, texts), stored)
        offer((hypothesis.cause, hypothesis.description), near)
    if isinstance(model, TableModel):
        read = [_as_read(model, side, text) for text in texts]
        tokens = model.table.tokenize(read)
        for pooling in POOLINGS:
            near = cosines(model.table.pooled(tokens, pooling), stored)
            offer(("pooling", f"with {pooling} pooling"), near)
        lengths, near = truncation_lengths(model.table, read, stored)
        usual = Counter(lengths[near > limits.EXACT].tolist()).most_common(1)
        if usual:
            length = usual[0][0]
            offer(("truncated", f"truncated to {length} tokens"), np.where(lengths == length, near, 0))
    return Counter(name for name in names if name is not None)


def _as_read(model: Model, side: str, text: Document) -> str:
    return model.query_text(text.text) if side == "queries" else model.document_text(text)


def _encode(model: Model, side: str, hypothesis: Hypothesis, texts: Sequence[Document]) -> Floats:
    """Encode texts changed as the hypothesis says; a static model encodes them without its prompts."""
    changed = [hypothesis.read(text) for text in texts]
    if isinstance(model, TableModel):
        return model.table.means(model.table.tokenize(changed))
    return model.encode_as(side, changed)


def _unknown_prompt(model: TableModel, deviating: Deviating, gain: float | None) -> Iterator[Observation]:
    """Compute the one addition that turns the sum of every text into what is stored."""
    sample = spread(len(deviating.texts), limits.SOLVED_FROM)
    if len(sample) < limits.FEWEST_SOLVED:
        return
    table = model.table
    tokens = table.tokenize([_as_read(model, deviating.side, deviating.texts[int(row)]) for row in sample])
    sums = np.stack([table.rows[ids].sum(axis=0) for ids in tokens.rows()])
    addition, fit = common_addition(sums, deviating.stored[sample])
    matching = float((fit > 1 - limits.CLOSER**2).mean())
    if matching > limits.MOST:
        size = float(np.linalg.norm(addition) / np.linalg.norm(sums, axis=1).mean())
        seen = {"size": size, "matching": matching, "looked_at": len(sample)}
        yield UNKNOWN_PROMPT.finding(PROOF, gain, deviating.share, side=deviating.side, **seen)


def _unexplained(evidence: Evidence, sides: tuple[Deviating, Deviating]) -> Iterator[Observation]:
    for deviating, other in (sides, sides[::-1]):
        if deviating.share <= 1 - limits.MOST:
            continue
        median = float(np.median(deviating.same))
        unrelated = median < limits.APART and other.share < limits.TOUCHED
        if unrelated and abs(evidence.agreement.across - 0.5) < limits.UNRELATED:
            yield OTHER_MODEL.finding(
                CLEAR, evidence.gain_of_encoding_again, side=deviating.side, other=other.side, median=median
            )
        else:
            yield UNEXPLAINED.finding(HINT, side=deviating.side, median=median)

"""Whether what is stored was made from the texts of the corpus, and if not, from what."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.hypotheses import ON_BOTH, ON_DOCUMENTS, Hypothesis, common_addition, lengths_read
from searchapp.diagnosis.measures import cosines, spread
from searchapp.diagnosis.model import Model
from searchapp.diagnosis.probe import (
    HINT,
    PROOF,
    STRONG,
    CannotJudgeError,
    Fact,
    Finding,
    Observation,
    percent,
)
from searchapp.diagnosis.thresholds import EXACT, TOUCHED
from searchapp.encoders.texts import assemble
from searchapp.records import Document

Floats = NDArray[np.float32]

LOOKED_AT = 48  # texts for which hypotheses are tried
SOLVED_FROM = 512  # texts from which an unknown prompt is computed
CLOSER = 0.1  # of the distance that may remain for a hypothesis to count as hit
MOST = 0.5  # of the texts looked at that one hypothesis must explain
APART = 0.3  # cosine below which two vectors of one text have nothing to do with each other
POOLINGS = ("max", "first", "last")


@dataclass(frozen=True)
class Side:
    """Texts of one side that are not stored as the model encodes them, and what is stored."""

    name: str
    documents: Sequence[Document]
    stored: Floats
    own: Floats
    share: float


def stored_texts(evidence: Evidence) -> Iterator[Observation]:
    """Find what the texts were turned into where stored vectors are not the model's own."""
    model = evidence.model
    assert model is not None  # noqa: S101 - the registry asks only where there is one
    if not evidence.same_dimension:
        raise CannotJudgeError("the model gives vectors of another dimension")
    sides = list(_sides(evidence, model))
    explained = False
    for side in sides:
        if side.share < TOUCHED:
            continue
        said = list(_explanations(evidence, model, side))
        explained = explained or bool(said)
        yield from said
    if not explained:
        yield from _unexplained(evidence, sides)


def _sides(evidence: Evidence, model: Model) -> Iterator[Side]:
    """Yield documents and queries whose vectors are not the model's, after rows were put in place."""
    documents, queries = evidence.aligned
    rows, expected = evidence.expected
    places = evidence.places[rows]
    texts = [evidence.context.documents[int(place)] for place in places]
    yield _side("documents", texts, documents[rows], expected)
    asked = [evidence.context.queries[place] for place in evidence.query_places]
    yield _side(
        "queries",
        [Document(query.id, "", query.text) for query in asked],
        queries,
        model.queries[evidence.query_places],
    )


def _side(name: str, texts: Sequence[Document], stored: Floats, expected: Floats) -> Side:
    own = cosines(stored, expected)
    # A zero vector is no text turned into another: it is counted by a probe of its own.
    wrong = np.flatnonzero(
        (own < EXACT) & (np.abs(stored).sum(axis=1) > 0) & (np.abs(expected).sum(axis=1) > 0)
    )
    return Side(
        name, [texts[int(row)] for row in wrong], stored[wrong], own[wrong], len(wrong) / max(len(texts), 1)
    )


def _explanations(evidence: Evidence, model: Model, side: Side) -> Iterator[Observation]:
    sample = spread(len(side.documents), LOOKED_AT)
    texts, stored, own = [side.documents[int(row)] for row in sample], side.stored[sample], side.own[sample]
    hits = _hits(model, side.name, texts, stored, own)
    gain = evidence.gain_anew
    mend = "encode the texts again as they are" if gain is not None else ""
    for (cause, description), count in hits.most_common(2):
        if count / len(texts) < MOST:
            continue
        share = side.share * count / len(texts)
        if cause is None:
            yield Fact(f"{side.name} were read {description}", share, "harmless: the vectors hardly differ")
        else:
            yield Finding(cause, PROOF, (
                f"{percent(share)} of the {side.name} are stored as the model encodes them {description}: "
                f"of {len(texts)} texts looked at, {count} vectors are hit that way."
            ), gain=gain, repaired=mend, share=share)  # fmt: skip
        return
    if model.table is not None:
        yield from _unknown_prompt(model, side, gain)


def _hits(
    model: Model, side: str, texts: Sequence[Document], stored: Floats, own: Floats
) -> Counter[tuple[str | None, str]]:
    """Count the texts whose stored vector each hypothesis hits; a text counts for the best one."""
    best = np.maximum(EXACT, 1 - CLOSER * (1 - own))
    names: list[tuple[str | None, str] | None] = [None] * len(texts)

    def offer(name: tuple[str | None, str], near: Floats) -> None:
        for row in np.flatnonzero(near > best):
            best[row], names[row] = near[row], name

    for hypothesis in ON_DOCUMENTS if side == "documents" else ON_BOTH:
        offer(
            (hypothesis.cause, hypothesis.description), cosines(_read(model, side, hypothesis, texts), stored)
        )
    if model.table is not None:
        tokens = model.table.tokenize([_as_read(model, side, text) for text in texts])
        for how in POOLINGS:
            offer(("pooling", f"pooled by {how!r}"), cosines(model.table.pooled(tokens, how), stored))
        lengths, near = lengths_read(model.table, [_as_read(model, side, text) for text in texts], stored)
        usual = Counter(lengths[near > EXACT].tolist()).most_common(1)
        if usual:
            offer(("truncated", f"cut to {usual[0][0]} tokens"), np.where(lengths == usual[0][0], near, 0))
    return Counter(name for name in names if name is not None)


def _as_read(model: Model, side: str, text: Document) -> str:
    options = model.encoder.options
    if side == "queries":
        return options.query_prompt + text.text
    return options.document_prompt + assemble(text, options.template)


def _read(model: Model, side: str, hypothesis: Hypothesis, texts: Sequence[Document]) -> Floats:
    """Encode texts turned into what the hypothesis says; a static model reads them without its prompts."""
    turned = [hypothesis.read(text) for text in texts]
    if model.table is not None:
        return model.table.means(model.table.tokenize(turned))
    return model.read_documents(turned) if side == "documents" else model.read_queries(turned)


def _unknown_prompt(model: Model, side: Side, gain: float | None) -> Iterator[Observation]:
    """Compute the one addition that turns every text's sum into what is stored."""
    table = model.table
    assert table is not None  # noqa: S101 - asked only of static models
    sample = spread(len(side.documents), SOLVED_FROM)
    if len(sample) < 8:
        return
    tokens = table.tokenize([_as_read(model, side.name, side.documents[int(row)]) for row in sample])
    sums = np.stack([table.rows[ids].sum(axis=0) for ids in tokens.rows()])
    addition, fit = common_addition(sums, side.stored[sample])
    hit = float((fit > 1 - CLOSER**2).mean())
    if hit > MOST:
        size = float(np.linalg.norm(addition) / np.linalg.norm(sums, axis=1).mean())
        yield Finding("prompt", PROOF, (
            f"{percent(side.share)} of the {side.name} hold one and the same unknown text besides their own, "
            f"{size:.1f} times as strong as an average one of them: with its vector added, {percent(hit)} of "
            f"{len(sample)} stored vectors are hit."
        ), gain=gain, repaired="encode the texts again as they are" if gain is not None else "",
            share=side.share)  # fmt: skip


def _unexplained(evidence: Evidence, sides: Sequence[Side]) -> Iterator[Observation]:
    touched = [side for side in sides if side.share > 1 - MOST]
    for side in touched:
        median = float(np.median(side.own))
        other = next(one for one in sides if one.name != side.name)
        if median < APART and other.share < TOUCHED and abs(evidence.agreement.across - 0.5) < 0.2:
            gain = evidence.gain_anew
            yield Finding("other-encoder", STRONG + 0.1, (
                f"The stored {side.name} have nothing to do with what the model gives for their texts "
                "(median "
                f"cosine {median:.2f}), while the {other.name} are stored as it encodes them."
            ), gain=gain, repaired="encode both sides by this model" if gain is not None else "")  # fmt: skip
        else:
            yield Finding("stale-index", HINT, (
                f"The stored {side.name} are not what the model gives for their texts (median cosine "
                f"{median:.2f}), "
                "and no change of the texts explains it: something was done to the vectors, or they are of "
                "another "
                "model."
            ))  # fmt: skip

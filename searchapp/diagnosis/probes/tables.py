"""A static model from the inside: whether rows, weights and tokenizer are what they should be."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.model import Model
from searchapp.diagnosis.probe import PROOF, STRONG, CannotJudgeError, Fact, Finding, Observation, percent
from searchapp.diagnosis.thresholds import (
    CUT_TOKENS,
    EVEN_NORMS,
    FEW_ROWS,
    LENGTH_SCORES,
    MISALIGNED,
    PROMPT_SHARE,
    RARITY,
    REALIGNED,
    SAME_ROW,
)
from searchapp.diagnosis.tokens import TokenTable, cut
from searchapp.diagnosis.vocabulary import alignment
from searchapp.encoders.options import DEFAULT_TEMPLATE
from searchapp.encoders.texts import assemble
from searchapp.encoders.vectors import unit

Floats = NDArray[np.float32]

FEWEST_PAIRS = 100  # spellings below which their distances say little
STEPS = (-8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8)
FREQUENT = 100
PAYS = 0.02  # of the score: a smaller gain is no reason to blame anything
NEGLIGIBLE = 0.01  # of the vocabulary: a shift that begins so early begins at the first row
RARE = 1e-3  # the a of SIF: weight a / (a + frequency); Arora et al., ICLR 2017
NEAR_SOURCE = STRONG + 0.1  # seen in the table itself, before what follows from it


def _inside(evidence: Evidence) -> tuple[Model, TokenTable]:
    model = evidence.model
    assert model is not None and model.table is not None  # noqa: S101 - the registry asks only then
    return model, model.table


def _gain(evidence: Evidence, model: Model, table: TokenTable, rows: Floats) -> float:
    """Return what other rows add to the score of the model's own vectors."""
    length = model.encoder.recipe.max_length
    documents = table.means(cut(model.document_tokens, length), rows)
    queries = table.means(cut(model.query_tokens, length), rows)
    return evidence.try_out(documents[evidence.places], queries[evidence.query_places]) - evidence.score


def row_alignment(evidence: Evidence) -> Iterator[Observation]:
    """Ask whether spellings of one word (case, plural, a blank in front) have rows near each other."""
    model, table = _inside(evidence)
    pairs = model.spellings
    if len(pairs) < FEWEST_PAIRS:
        raise CannotJudgeError(f"the vocabulary has only {len(pairs)} pairs of spellings")
    rows, aligned = model.quiet_rows, model.aligned
    yield Fact("spellings nearer than strangers", aligned, "1 at best, 0.5 by chance")
    if aligned > 1 - REALIGNED / 2:
        return
    by, first = _shift(rows, pairs)
    there = pairs[(pairs >= first).all(axis=1)]
    best, before = alignment(rows, there, by), alignment(rows, there)
    if best > before + REALIGNED and len(there) >= FEWEST_PAIRS:
        mended = table.rows.copy()
        mended[first:] = np.roll(mended[first:], -by, axis=0)
        gain = _gain(evidence, model, table, mended)
        yield Finding("rows-shifted", PROOF, (
            f"Read {abs(by)} row{'s' if abs(by) > 1 else ''} {'further down' if by > 0 else 'further up'}"
            f"{f' from about id {first:,} on' if first else ''}, spellings of one word are nearer than "
            "strangers in "
            f"{percent(best)} of the cases; as the table stands, in {percent(before)}."
        ), gain=gain, repaired="shift the rows of the table back")  # fmt: skip
    elif aligned < MISALIGNED:
        yield Finding("rows-random", NEAR_SOURCE, (
            f"Spellings of one word are nearer than strangers in {percent(aligned)} of the cases, where a "
            "table without any meaning has 50 %."
        ), "A table that was never trained looks the same as one whose rows were shuffled.")  # fmt: skip


def _shift(rows: Floats, pairs: NDArray[np.intp]) -> tuple[int, int]:
    """Return by how many rows spellings are nearest when read shifted, and the id from which on they are."""
    found = []
    units = unit(rows)
    for by in STEPS:
        inside = pairs[((pairs + by >= 0) & (pairs + by < len(rows))).all(axis=1)]
        inside = inside[np.argsort(inside.min(axis=1), kind="stable")]
        one, other = inside.T
        better = np.einsum("pd,pd->p", units[one + by], units[other + by]) - np.einsum(
            "pd,pd->p", units[one], units[other]
        )
        gained = np.cumsum(better[::-1].astype(np.float64))[::-1]
        place = int(gained.argmax())
        found.append(
            (float(gained[place]), by, int(inside[place].min()) if place > NEGLIGIBLE * len(inside) else 0)
        )
    _, by, first = max(found)
    return by, first


def equal_rows(evidence: Evidence) -> Iterator[Observation]:
    """Count tokens that share a row with others, have a zero row, or are unknown."""
    model, table = _inside(evidence)
    group, sizes = model.row_groups
    size = len(table.rows)
    used = model.counts / max(int(model.counts.sum()), 1)
    largest = int(sizes.argmax())
    zero = ~table.rows.any(axis=1)
    yield Fact("distinct rows of the table", len(sizes), f"of {size:,}")
    unknown = 0.0 if table.unknown is None else float(used[table.unknown])
    yield Fact("unknown tokens in the documents", unknown)
    if zero.mean() >= SAME_ROW:
        yield Finding("zero-rows", PROOF, (
            f"{percent(zero.mean())} of the table's rows are zero; they are "
            f"{percent(float(used[zero].sum()))} of the "
            "tokens of the documents."
        ), share=float(used[zero].sum()))  # fmt: skip
    elif len(sizes) / size < FEW_ROWS and sizes[largest] < (size - len(sizes)) / 2:
        evidence_text = f"{size:,} tokens share {len(sizes):,} rows."
        yield Finding("shared-rows", PROOF, evidence_text, share=1 - len(sizes) / size)
    elif sizes[largest] / size >= SAME_ROW:
        touched = float(used[group == largest].sum())
        yield Finding("unknown-tokens", PROOF, (
            f"{percent(sizes[largest] / size)} of the tokens have one and the same row; they are "
            f"{percent(touched)} of the tokens of the documents."
        ), share=touched)  # fmt: skip
    if unknown >= SAME_ROW:
        yield Finding(
            "unknown-tokens",
            PROOF,
            f"{percent(unknown)} of the tokens of the documents are unknown.",
            share=unknown,
        )


def token_weights(evidence: Evidence) -> Iterator[Observation]:
    """Ask how much each token weighs: the lengths of rows against how frequent their tokens are."""
    model, table = _inside(evidence)
    counts = model.counts
    centred = table.rows - table.rows.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=1)
    used = counts > 0
    if used.sum() < FREQUENT:
        raise CannotJudgeError("the documents have too few different tokens")
    order = np.argsort(-counts, kind="stable")
    weight = counts * lengths
    share = float(weight[order[:FREQUENT]].sum() / max(weight.sum(), 1e-30))
    rarity = _spearman(counts[used], lengths[used])
    variation = float(lengths[used].std() / max(lengths[used].mean(), 1e-30))
    yield Fact(f"weight carried by the {FREQUENT} most frequent tokens", share)
    yield Fact(
        "rank correlation of a token's frequency with its weight", rarity, "rare tokens should weigh more"
    )
    yield Fact(
        "rank correlation of a token's id with its rarity", _spearman(np.flatnonzero(used), -counts[used])
    )
    if rarity > RARITY:
        mended = table.rows / np.maximum(lengths, 1e-30)[:, None] * _sif(counts)[:, None]
        yield Finding("frequent-tokens", NEAR_SOURCE, (
            f"The more frequent a token, the longer its row (rank correlation {rarity:.2f}): the {FREQUENT} "
            "most "
            f"frequent tokens carry {percent(share)} of the weight of all texts."
        ), gain=_gain(evidence, model, table, mended.astype(np.float32)),
            repaired="give rows unit length and weight them by rarity (SIF)")  # fmt: skip
    elif (
        float(
            np.std(np.linalg.norm(table.rows[used], axis=1)) / np.linalg.norm(table.rows[used], axis=1).mean()
        )
        < EVEN_NORMS
    ):
        mended = table.rows * _sif(counts)[:, None]
        gain = _gain(evidence, model, table, mended.astype(np.float32))
        if gain > PAYS * evidence.score:
            yield Finding("flat-weights", STRONG, (
                f"All rows are of nearly one length (variation {percent(variation)} about their mean "
                "vector), so "
                f"that the {FREQUENT} most frequent tokens carry {percent(share)} of the weight of all texts."
            ), gain=gain, repaired="weight the rows by rarity (SIF)")  # fmt: skip


def _sif(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    frequency = counts / max(int(counts.sum()), 1)
    return RARE / (RARE + frequency)


def _spearman(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    """Return the rank correlation, 0 where one side does not vary."""
    ranks = [np.unique(values, return_inverse=True, return_counts=True) for values in (one, other)]
    # Equal values share the mean of their ranks.
    places = [(np.cumsum(sizes) - (sizes - 1) / 2)[inverse.ravel()] for _, inverse, sizes in ranks]
    if any(place.std() == 0 for place in places):
        return 0.0
    return float(np.corrcoef(places[0], places[1])[0, 1])


def tokenizer(evidence: Evidence) -> Iterator[Observation]:
    """Ask whether the tokenizer is the one that came with its vocabulary."""
    _, table = _inside(evidence)
    yield Fact("tokenizer", table.kind, f"{len(table.vocabulary):,} tokens")
    if table.scores is None:
        return
    lengths = np.array([len(token) + token.count("▁") + token.count("Ġ") for token in table.vocabulary])
    varied = np.isfinite(table.scores) & (lengths > 0)
    if np.std(table.scores[varied]) == 0:
        return
    fit = float(np.corrcoef(np.log(lengths[varied]), table.scores[varied])[0, 1])
    if fit > LENGTH_SCORES:
        yield Finding("retokenised", PROOF, (
            f"The tokenizer is a Unigram whose scores are the lengths of its tokens (correlation {fit:.3f}), "
            "so it "
            "splits words into even parts, not into those the rows were made for."
        ))  # fmt: skip


def reading(evidence: Evidence) -> Iterator[Observation]:
    """Ask how much of each text the model reads, and how much of what it reads is prompt."""
    model, table = _inside(evidence)
    options, length = model.encoder.options, model.encoder.recipe.max_length
    lengths = np.diff(model.document_tokens.offsets)
    asked = np.diff(model.query_tokens.offsets)
    yield Fact("tokens of a document", round(float(lengths.mean()), 1), f"of a query {asked.mean():.1f}")
    read = lengths if length is None else np.minimum(lengths, length)
    unread = 1 - float(read.sum() / max(int(lengths.sum()), 1))
    yield Fact("tokens of the documents never read", unread)
    if unread > CUT_TOKENS:
        whole = evidence.try_out(
            table.means(model.document_tokens)[evidence.places],
            table.means(model.query_tokens)[evidence.query_places],
        )
        yield Finding("truncated", NEAR_SOURCE, (
            f"The model is told to read {length} tokens of a text; {percent(unread)} of the tokens of the "
            "documents are "
            "never read."
        ), gain=whole - evidence.score, repaired="read whole texts", share=unread)  # fmt: skip
    if "{title}" not in options.template and any(document.title for document in evidence.context.documents):
        yield _template(evidence, model, table, "title-dropped")
    if "{text}" not in options.template:
        yield _template(evidence, model, table, "text-dropped")
    if options.query_prompt or options.document_prompt:
        yield from _prompts(evidence, model, table, asked)


def _template(evidence: Evidence, model: Model, table: TokenTable, cause: str) -> Finding:
    texts = [
        model.encoder.options.document_prompt + assemble(document) for document in evidence.context.documents
    ]
    documents = table.means(cut(table.tokenize(texts), model.encoder.recipe.max_length))
    gain = evidence.try_out(documents[evidence.places], model.queries[evidence.query_places]) - evidence.score
    return Finding(
        cause, PROOF, f"The template is {model.encoder.options.template!r}.",
        gain=gain, repaired=f"read by the template {DEFAULT_TEMPLATE!r}",
    )  # fmt: skip


def _prompts(
    evidence: Evidence, model: Model, table: TokenTable, asked: NDArray[np.int64]
) -> Iterator[Observation]:
    options = model.encoder.options
    prompt = len(table.tokenize([options.query_prompt]).ids) if options.query_prompt else 0
    share = float(np.mean(prompt / np.maximum(asked, 1)))
    yield Fact("share of a query's tokens that is prompt", share)
    length = model.encoder.recipe.max_length
    plain = [assemble(document, options.template) for document in evidence.context.documents]
    documents = (
        table.means(cut(table.tokenize(plain), length)) if options.document_prompt else model.documents
    )
    queries = table.means(cut(table.tokenize([query.text for query in evidence.context.queries]), length))
    gain = evidence.try_out(documents[evidence.places], queries[evidence.query_places]) - evidence.score
    if gain > PAYS * evidence.score and share > PROMPT_SHARE:
        yield Finding("prompt", NEAR_SOURCE, (
            f"The recipe puts {options.query_prompt or options.document_prompt!r} in front; it is "
            f"{percent(share)} of what "
            "the model reads of a query, and a mean of token vectors cannot follow an instruction."
        ), gain=gain, repaired="leave the prompts out", share=share)  # fmt: skip

"""Inside a static model: whether rows, weights and tokenizer are what they should be."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.measures import spearman
from searchapp.diagnosis.model import TableModel
from searchapp.diagnosis.probe import Finding, Observation, Symptom, fact, probe
from searchapp.diagnosis.thresholds import CLEAR, PROOF, STRONG
from searchapp.diagnosis.tokens import alignment, variant_pairs, without_dominant
from searchapp.encoders.options import DEFAULT_TEMPLATE
from searchapp.encoders.texts import assemble
from searchapp.encoders.vectors import Floats, unit

SHIFTS = tuple(by for by in range(-8, 9) if by)
SIF = 1e-3  # weight a / (a + frequency); Arora et al., ICLR 2017

SHIFTED_TEXT = (
    ", spelling variants are closer than strangers in {shifted:percent} of the cases; as the table is, in "
    "{alignment:percent}."
)
ROWS_SHIFTED = Symptom(
    "table-rows-shifted", "Read {by:rows}" + SHIFTED_TEXT, fix="shifting the rows of the table back"
)
LATER_ROWS_SHIFTED = Symptom(
    "table-rows-shifted",
    "Read {by:rows} from about id {first:,} on" + SHIFTED_TEXT,
    fix=ROWS_SHIFTED.fix,
    key="later-rows-shifted",
)
ROWS_RANDOM = Symptom(
    "table-rows-random",
    "Spelling variants are closer than strangers in {alignment:percent} of the cases; in a random table, in "
    "50 %.",
    "An untrained table looks the same as one with shuffled rows.",
)
ZERO = Symptom(
    "zero-rows",
    "{rows:percent} of the table's rows are zero; they account for {share:percent} of the tokens of the "
    "documents.",
)
SHARED = Symptom("shared-rows", "{tokens:,} tokens share {rows:,} rows.")
SAME = Symptom(
    "unknown-tokens",
    "{tokens:percent} of the tokens have the same row; they account for {share:percent} of the tokens of the "
    "documents.",
    key="same-row",
)
UNKNOWN = Symptom("unknown-tokens", "{share:percent} of the tokens of the documents are unknown.")
FREQUENT_HEAVY = Symptom(
    "frequent-tokens",
    "The more frequent a token, the larger the norm of its row (rank correlation {correlation:.2f}): the "
    "{frequent} most frequent tokens carry {weight:percent} of the weight of all texts.",
    fix="normalising the rows and weighting them by rarity (SIF)",
)
FLAT = Symptom(
    "flat-weights",
    "All rows have nearly the same norm (variation {variation:percent} about their mean vector), so the "
    "{frequent} most frequent tokens carry {weight:percent} of the weight of all texts.",
    fix="weighting the rows by rarity (SIF)",
)
REBUILT = Symptom(
    "rebuilt-tokenizer",
    "The tokenizer is a Unigram model with token lengths as scores (correlation {correlation:.3f}), so it "
    "splits words into even parts rather than into those that the rows were made for.",
)
TRUNCATED = Symptom(
    "truncated",
    "The model is told to read {length} tokens of a text; {share:percent} of the tokens of the documents are "
    "never read.",
    fix="encoding whole texts",
)
TEMPLATE_TEXT = "The template is {template!r}."
TITLE_DROPPED, TEXT_DROPPED = (
    Symptom(cause, TEMPLATE_TEXT, fix="using the template {default!r}")
    for cause in ("title-dropped", "text-dropped")
)
PROMPT = Symptom(
    "prompt",
    "The recipe prepends {prompt!r}; it accounts for {share:percent} of what the model reads of a query, and "
    "a mean of token vectors cannot follow an instruction.",
    fix="leaving the prompts out",
)


def _gain(evidence: Evidence, documents: Floats, queries: Floats) -> float:
    """Return what the model's vectors of all documents and queries of the context add to the score."""
    score = evidence.score_of(documents[evidence.document_rows], queries[evidence.query_rows])
    return score - evidence.score


def _gain_of_rows(evidence: Evidence, model: TableModel, rows: NDArray[np.floating]) -> float:
    """Return what another table adds to the score."""
    tokens = (model.document_tokens, model.query_tokens)
    return _gain(evidence, *(model.means_of(side, rows.astype(np.float32)) for side in tokens))


@probe("row-alignment", ROWS_SHIFTED, LATER_ROWS_SHIFTED, ROWS_RANDOM)
def row_alignment(evidence: Evidence) -> Iterator[Observation]:
    """Do the rows of the embedding table belong to their tokens?

    Spelling variants (case, plural, a leading space) should have rows close to each other.
    """
    model = evidence.require_table()
    rows, pairs = without_dominant(model.table.rows), variant_pairs(model.table.vocabulary)
    if len(pairs) < limits.FEWEST_PAIRS:
        raise CannotJudgeError(f"the vocabulary has only {len(pairs)} pairs of spelling variants")
    aligned, label = alignment(rows, pairs), "spelling variants closer than strangers"
    yield fact("spelling-alignment", label, aligned, "1 at best, 0.5 by chance")
    if aligned > 1 - limits.REALIGNED / 2:
        return
    by, first = _best_shift(rows, pairs)
    moved = pairs[(pairs >= first).all(axis=1)]
    shifted, before = alignment(rows, moved, by), alignment(rows, moved)
    if shifted > before + limits.REALIGNED and len(moved) >= limits.FEWEST_PAIRS:
        restored = model.table.rows.copy()
        restored[first:] = np.roll(restored[first:], -by, axis=0)
        gain = _gain_of_rows(evidence, model, restored)
        symptom = LATER_ROWS_SHIFTED if first else ROWS_SHIFTED
        yield symptom.finding(PROOF, gain, by=by, first=first, shifted=shifted, alignment=before)
    elif aligned < limits.MISALIGNED:
        yield ROWS_RANDOM.finding(CLEAR, alignment=aligned)


def _best_shift(rows: Floats, pairs: NDArray[np.intp]) -> tuple[int, int]:
    """Return the shift at which spelling variants are closest, and the id from which on it applies."""
    candidates = []
    units = unit(rows)
    for by in SHIFTS:
        inside = pairs[((pairs + by >= 0) & (pairs + by < len(rows))).all(axis=1)]
        inside = inside[np.argsort(inside.min(axis=1), kind="stable")]
        left, right = inside.T
        shifted = np.einsum("pd,pd->p", units[left + by], units[right + by])
        gains = shifted - np.einsum("pd,pd->p", units[left], units[right])
        total = np.cumsum(gains[::-1].astype(np.float64))[::-1]
        place = int(total.argmax())
        first = int(inside[place].min()) if place > limits.LATE_START * len(inside) else 0
        candidates.append((float(total[place]), by, first))
    _, by, first = max(candidates)
    return by, first


@probe("equal-rows", ZERO, SHARED, SAME, UNKNOWN)
def equal_rows(evidence: Evidence) -> Iterator[Observation]:
    """Are rows zero, shared or unknown?"""
    model = evidence.require_table()
    table = model.table
    row_bytes = np.ascontiguousarray(table.rows).view(np.dtype((np.void, table.rows[0].nbytes))).ravel()
    _, group, sizes = np.unique(row_bytes, return_inverse=True, return_counts=True)
    size, distinct, largest = len(table.rows), len(sizes), int(sizes.argmax())
    used = model.counts / max(int(model.counts.sum()), 1)
    zero = ~table.rows.any(axis=1)
    yield fact("distinct-rows", "distinct rows of the table", distinct, "of {total:,}", total=size)
    unknown = 0.0 if table.unknown is None else float(used[table.unknown])
    yield fact("unknown-tokens", "unknown tokens in the documents", unknown)
    if zero.mean() >= limits.SAME_ROW:
        yield ZERO.finding(PROOF, share=float(used[zero].sum()), rows=float(zero.mean()))
    elif distinct / size < limits.FEW_ROWS and sizes[largest] < (size - distinct) / 2:
        yield SHARED.finding(PROOF, share=1 - distinct / size, tokens=size, rows=distinct)
    elif sizes[largest] / size >= limits.SAME_ROW:
        share = float(used[group == largest].sum())
        yield SAME.finding(PROOF, share=share, tokens=float(sizes[largest] / size))
    if unknown >= limits.SAME_ROW:
        yield UNKNOWN.finding(PROOF, share=unknown)


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
    sif = SIF / (SIF + counts / max(int(counts.sum()), 1))
    if correlation > limits.RARITY:
        gain = _gain_of_rows(evidence, model, rows / np.maximum(norms, 1e-30)[:, None] * sif[:, None])
        yield FREQUENT_HEAVY.finding(
            CLEAR, gain, correlation=correlation, frequent=limits.FREQUENT, weight=weight
        )
        return
    lengths = np.linalg.norm(rows[used], axis=1)
    if float(lengths.std() / max(lengths.mean(), 1e-30)) >= limits.EVEN_NORMS:
        return
    gain = _gain_of_rows(evidence, model, rows * sif[:, None])
    if gain > limits.PAYS * evidence.score:
        variation = float(norms[used].std() / max(norms[used].mean(), 1e-30))
        yield FLAT.finding(STRONG, gain, variation=variation, frequent=limits.FREQUENT, weight=weight)


@probe("tokenizer", REBUILT)
def tokenizer(evidence: Evidence) -> Iterator[Observation]:
    """Does the tokenizer match the vocabulary?"""
    table = evidence.require_table().table
    tokens = len(table.vocabulary)
    yield fact("tokenizer", "tokenizer", table.algorithm, "{tokens:,} tokens", tokens=tokens)
    if table.scores is None:
        return
    lengths = np.array([len(token) + token.count("▁") + token.count("Ġ") for token in table.vocabulary])
    usable = np.isfinite(table.scores) & (lengths > 0)
    if np.std(table.scores[usable]) == 0:
        return
    correlation = float(np.corrcoef(np.log(lengths[usable]), table.scores[usable])[0, 1])
    if correlation > limits.LENGTH_SCORES:
        yield REBUILT.finding(PROOF, correlation=correlation)


@probe("model-input", TRUNCATED, TITLE_DROPPED, TEXT_DROPPED, PROMPT)
def model_input(evidence: Evidence) -> Iterator[Observation]:
    """How much of a text does the model read, and how much of that is prompt?"""
    model = evidence.require_table()
    options, length, table = model.encoder.options, model.encoder.recipe.max_length, model.table
    lengths = np.diff(model.document_tokens.offsets)
    query_lengths = np.diff(model.query_tokens.offsets)
    tokens, query_tokens = round(float(lengths.mean()), 1), float(query_lengths.mean())
    remark = "of a query {query_tokens:.1f}"
    yield fact("document-tokens", "tokens of a document", tokens, remark, query_tokens=query_tokens)
    read = lengths if length is None else np.minimum(lengths, length)
    unread = 1 - float(read.sum() / max(int(lengths.sum()), 1))
    yield fact("unread-tokens", "tokens of the documents never read", unread)
    if length is not None and unread > limits.UNREAD_TOKENS:
        gain = _gain(evidence, table.means(model.document_tokens), table.means(model.query_tokens))
        yield TRUNCATED.finding(CLEAR, gain, share=unread, length=length)
    if "{title}" not in options.template and any(document.title for document in evidence.context.documents):
        yield _template(evidence, model, TITLE_DROPPED)
    if "{text}" not in options.template:
        yield _template(evidence, model, TEXT_DROPPED)
    if model.encoder.recipe.query_prompt or model.encoder.recipe.document_prompt:
        yield from _prompts(evidence, model, query_lengths)


def _template(evidence: Evidence, model: TableModel, symptom: Symptom) -> Finding:
    options = model.encoder.options
    prompt = model.encoder.recipe.document_prompt
    texts = [prompt + assemble(document) for document in evidence.context.documents]
    gain = _gain(evidence, model.means_of(model.table.tokenize(texts)), model.queries)
    return symptom.finding(PROOF, gain, template=options.template, default=DEFAULT_TEMPLATE)


def _prompts(
    evidence: Evidence, model: TableModel, query_lengths: NDArray[np.int64]
) -> Iterator[Observation]:
    recipe, tokenize = model.encoder.recipe, model.table.tokenize
    prompt = len(tokenize([recipe.query_prompt]).ids) if recipe.query_prompt else 0
    share = float(np.mean(prompt / np.maximum(query_lengths, 1)))
    yield fact("prompt-share", "share of a query's tokens that is prompt", share)
    documents = model.documents
    if recipe.document_prompt:
        plain = [assemble(document, recipe.template) for document in evidence.context.documents]
        documents = model.means_of(tokenize(plain))
    queries = model.means_of(tokenize([query.text for query in evidence.context.queries]))
    gain = _gain(evidence, documents, queries)
    if gain > limits.PAYS * evidence.score and share > limits.PROMPT_SHARE:
        shown = recipe.query_prompt or recipe.document_prompt
        yield PROMPT.finding(CLEAR, gain, share=share, prompt=shown)

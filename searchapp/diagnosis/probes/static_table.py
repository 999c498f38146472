"""Inside a static model: whether rows, weights and tokenizer are what they should be."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.gains import gain_with, nearly_control
from searchapp.diagnosis.measures import mean, paired_gain
from searchapp.diagnosis.model import TableModel
from searchapp.diagnosis.probe import Finding, Observation, Symptom, fact, probe
from searchapp.diagnosis.rows import cosines_of, familiar, far_shift, halves
from searchapp.diagnosis.thresholds import CLEAR, HINT, LESSER, NEAR_PROOF, PROOF, STRONG
from searchapp.diagnosis.tokens import Pairs, alignment, variant_pairs, without_dominant
from searchapp.encoders.lost_steps import frequent_words
from searchapp.encoders.options import DEFAULT_TEMPLATE
from searchapp.encoders.texts import assemble
from searchapp.encoders.vectors import Floats, unit

SHIFTS = tuple(by for by in range(-8, 9) if by)

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
    "Spelling variants are closer than strangers in {alignment:percent} of the cases; in a random table, "
    "in "
    "50 %.",
    "An untrained table looks the same as one with shuffled rows.",
)
SOME_RANDOM = Symptom(
    "table-rows-random",
    "{strange:percent} of the spelling variants that the texts use have nothing in common, while the closest "
    "tenth have a cosine of {best:.2f} and more: about {share:percent} of the rows belong to other tokens, "
    "or to none.",
    key="some-rows-random",
)
STRANGE_HALVES = Symptom(
    "table-rows-random",
    "The tokens of one text are no nearer to each other than those of two texts ({halves:.2f}, where 0.5 is "
    "chance), and the score is what a random table has.",
    key="strange-halves",
)
ZERO = Symptom(
    "zero-rows",
    "{rows:percent} of the rows that the documents use are zero; they account for "
    "{share:percent} of the tokens of the "
    "documents.",
)
SHARED = Symptom("shared-rows", "The {tokens:,} tokens that the documents use share {rows:,} rows.")
SAME = Symptom(
    "unknown-tokens",
    "{tokens:percent} of the tokens that the documents use have the same row; they account for "
    "{share:percent} of the tokens of the "
    "documents.",
    key="same-row",
)
UNKNOWN = Symptom(
    "unknown-tokens",
    "Of the {words} most frequent words of the documents {frequent:percent} are unknown; of what the queries "
    "ask for, weighted by rarity, {share:percent}.",
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
    """Return what other vectors of all documents and queries of the context add to the model's own score."""
    score = evidence.score_of(documents[evidence.document_rows], queries[evidence.query_rows])
    return score - mean(evidence.own_per_query)


@probe("row-alignment", ROWS_SHIFTED, LATER_ROWS_SHIFTED, ROWS_RANDOM, SOME_RANDOM, STRANGE_HALVES)
def row_alignment(evidence: Evidence) -> Iterator[Observation]:
    """Do the rows of the embedding table belong to their tokens?

    Spelling variants (case, plural, a leading space) should have rows close to each other, and so should the
    tokens of one text.
    """
    model = evidence.require_table()
    together = halves(model.document_tokens, model.table.rows)
    remark = "1 at best; 0.5 by chance, or where texts have no topic"
    yield fact("halves", "halves of a text nearer than those of two texts", together, remark)
    rows = without_dominant(model.table.rows, model.table.rows[model.counts > 0])
    every = variant_pairs(model.table.vocabulary)
    pairs = familiar(every, model.table.rows, model.counts)
    if len(pairs) < limits.FEWEST_PAIRS:
        baseline = model.random_baseline()
        if (
            together < limits.STRANGE_HALVES
            and evidence.score < limits.LIKE_RANDOM * baseline
            and not _words_suffice(evidence, baseline)
        ):
            yield STRANGE_HALVES.finding(STRONG, halves=together)
        return
    aligned, label = alignment(rows, pairs), "spelling variants closer than strangers"
    yield fact("spelling-alignment", label, aligned, "1 at best, 0.5 by chance")
    if min(aligned, alignment(rows, every)) > limits.ALIGNED:
        return
    by, first = _best_shift(rows, every, pairs)
    moved = every[(every >= first).all(axis=1)]
    shifted, before = alignment(rows, moved, by), alignment(rows, moved)
    if shifted > before + limits.REALIGNED and len(moved) >= limits.FEWEST_PAIRS:
        restored = model.table.rows.copy()
        restored[first:] = np.roll(restored[first:], -by, axis=0)
        gain, _ = gain_with(evidence, model, restored)
        if aligned > limits.ALIGNED and gain < limits.PAYS * evidence.score:
            return  # of the tokens that texts use, none is shifted
        symptom = LATER_ROWS_SHIFTED if first else ROWS_SHIFTED
        yield symptom.finding(PROOF, gain, by=by, first=first, shifted=shifted, alignment=before)
        return
    if aligned > limits.ALIGNED:
        return
    cosines = cosines_of(rows, pairs)
    best, strange = float(np.quantile(cosines, 0.9)), min(1.0, 2 * float((cosines < 0).mean()))
    chance = limits.CHANCE_COSINE / rows.shape[1] ** 0.5
    if aligned < limits.MISALIGNED and best < chance and together < limits.COHERENT:
        yield ROWS_RANDOM.finding(NEAR_PROOF, alignment=aligned)
    elif strange > limits.STRANGERS and best > limits.KIN + chance and not nearly_control(evidence):
        share = 1 - (1 - strange) ** 0.5
        yield SOME_RANDOM.finding(CLEAR, None, share, strange=strange, best=best)


def _words_suffice(evidence: Evidence, baseline: float) -> bool:
    """Tell whether shared words alone score much of what the control does, so that rows need no meaning."""
    context = evidence.context
    return not context.label_free and baseline > limits.WORDS_SUFFICE * context.control_score


def _best_shift(rows: Floats, pairs: Pairs, sample: Pairs) -> tuple[int, int]:
    """Return the shift at which spelling variants are closest, and the id from which on it applies."""
    candidates = []
    units = unit(rows)
    for by in sorted({*SHIFTS, far_shift(rows, sample)} - {0}):
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
    """Are rows that texts use zero, shared or unknown?"""
    model = evidence.require_table()
    table, counts = model.table, model.counts
    row_bytes = np.ascontiguousarray(table.rows).view(np.dtype((np.void, table.rows[0].nbytes))).ravel()
    _, group, sizes = np.unique(row_bytes, return_inverse=True, return_counts=True)
    group = group.ravel()
    size, distinct = len(table.rows), len(sizes)
    share = counts / max(int(counts.sum()), 1)
    unknown = 0.0 if table.unknown is None else float(share[table.unknown])
    yield fact("distinct-rows", "distinct rows of the table", distinct, "of {total:,}", total=size)
    yield fact("unknown-tokens", "unknown tokens in the documents", unknown)
    used = counts > 0
    if table.unknown is not None:
        used[table.unknown] = False
    zero, types = used & ~table.rows.any(axis=1), max(int(used.sum()), 1)
    among = np.bincount(group[used & ~zero], minlength=distinct)
    largest, kept = int(among.argmax()), int((among > 0).sum())
    same = used & (group == largest)
    if zero.sum() >= limits.ZERO_ROWS * types and _asked(model, zero) >= limits.ASKED:
        yield ZERO.finding(PROOF, share=float(share[zero].sum()), rows=float(zero.sum() / types))
    elif types - among[largest] > 2 * (kept - 1) and kept < limits.FEW_ROWS * types:
        yield SHARED.finding(PROOF, share=1 - kept / types, tokens=types, rows=kept)
    elif (
        among[largest] > 1
        and among[largest] >= limits.SAME_ROW * types
        and _asked(model, same) >= limits.ASKED
    ):
        yield SAME.finding(PROOF, share=float(share[same].sum()), tokens=float(among[largest] / types))
    if table.unknown is not None and unknown:
        yield from _unknown(evidence, model, table.unknown)


def _asked(model: TableModel, affected: NDArray[np.bool_]) -> float:
    """Return the share of what queries ask for, weighted by rarity, that lies in affected tokens."""
    rarity = np.log(1 + int(model.counts.sum()) / (1 + model.counts))
    asked = rarity[model.query_tokens.ids]
    return float(asked[affected[model.query_tokens.ids]].sum()) / max(float(asked.sum()), 1e-30)


def _unknown(evidence: Evidence, model: TableModel, unknown: int) -> Iterator[Finding]:
    """Unknown words cost something where they are frequent, or are much of what queries ask for."""
    words = frequent_words(document.text for document in evidence.context.documents)
    tokens = model.table.tokenize(words)
    lost = [bool((ids == unknown).any()) for ids in tokens.rows()]
    frequent, asked = float(np.mean(lost or [False])), model.query_tokens.ids == unknown
    rarity = np.log(1 + int(model.counts.sum()) / (1 + model.counts))
    weights = np.where(asked, float(np.log(1 + int(model.counts.sum()))), rarity[model.query_tokens.ids])
    share = float(weights[asked].sum()) / max(float(weights.sum()), 1e-30)
    if frequent >= limits.FREQUENT_UNKNOWN or share >= limits.ASKED_UNKNOWN:
        costs = mean(evidence.own_per_query) < limits.UNKNOWN_COSTS * evidence.context.control_score
        strength = LESSER if costs or evidence.context.label_free else HINT
        yield UNKNOWN.finding(strength, None, share, words=len(words), frequent=frequent)


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
        pays = gain > limits.PAYS * mean(evidence.own_per_query)
        yield TRUNCATED.finding(CLEAR if pays else HINT, gain, share=unread, length=length)
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
    unprompted = evidence.judged.ndcg(documents[evidence.document_rows], queries[evidence.query_rows])
    gain, errors = paired_gain(unprompted, evidence.own_per_query)
    proved = share > limits.PROMPT_SHARE or errors > 1
    if gain > limits.PAYS * evidence.score and proved:
        shown = recipe.query_prompt or recipe.document_prompt
        yield PROMPT.finding(CLEAR, gain, share=share, prompt=shown)

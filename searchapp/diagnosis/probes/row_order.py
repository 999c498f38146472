"""Whether every vector is stored under the id of its text."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.agreement import SHIFTS, Agreement, Match
from searchapp.diagnosis.cloud import Sides
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.measures import spread
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.structure import COMPARED, Structure
from searchapp.diagnosis.thresholds import PROOF, STRONG
from searchapp.encoders.texts import assemble
from searchapp.encoders.vectors import Floats

BATCHES = (8, 16, 32, 64, 128, 256, 512, 1024)

DOCUMENTS_SHIFTED = Symptom(
    "rows-offset",
    "Read {by:rows}, the documents agree with the control to {shifted:.2f}; as stored, to {agreement:.2f}.",
    fix="reading every document vector {by:rows}",
)
LATER_SHIFTED = Symptom(
    "rows-offset",
    "Read {by:rows} from row {first:,} on, the documents agree with the control to {shifted:.2f}; as stored, "
    "to {agreement:.2f}.",
    fix="reading these document vectors {by:rows}",
    key="later-rows",
)
QUERIES_SHIFTED = Symptom(
    "queries-offset",
    "Read {by:rows}, the queries agree with the control to {shifted:.2f}; as stored, to {agreement:.2f}.",
    fix="reading every query vector {by:rows}",
)
SORTED = Symptom(
    "order-lost",
    "The rows are sorted by text length ({sorting}): with the sorting undone, the documents agree with the "
    "control to {unsorted:.2f}; as stored, to {agreement:.2f}.",
    fix="undoing the sorting ({sorting})",
    key="sorted-by-length",
)
LOST_ORDER = Symptom(
    "order-lost",
    "The documents agree with the control to {agreement:.2f}, where 0.5 is chance. Neither a shift of the "
    "rows nor sorting by length explains it, and the shape of the cloud is intact.",
    "Vectors that are unrelated to their texts would look the same.",
)
SCATTERED = Symptom(
    "some-rows-misplaced",
    "Of the documents that the control finds close to each other, those that are not close here rank "
    "anywhere (evenness {evenness:.2f}), as if about {share:percent} of the rows were misplaced and the rest "
    "were right.",
)
OFFSET_DOCUMENTS = Symptom(
    "rows-offset",
    "{affected:percent} of the documents have the vector of the text {by:rows}.",
    fix="moving every row to where the model says it belongs",
    key="documents-of-other-texts",
)
OFFSET_QUERIES = Symptom(
    "queries-offset",
    "{affected:percent} of the queries have the vector of the text {by:rows}.",
    fix=OFFSET_DOCUMENTS.fix,
    key="queries-of-other-texts",
)
SWAPPED_TEXT = (
    "{share:percent} of the {side} {how} the vector of another text (the most frequent distance, {by} rows, "
    "accounts for {alike:percent} of them)."
)
SHUFFLED = Symptom("order-lost", SWAPPED_TEXT, fix=OFFSET_DOCUMENTS.fix, key="shuffled")
MISPLACED = Symptom("some-rows-misplaced", SWAPPED_TEXT, fix=OFFSET_DOCUMENTS.fix, key="misplaced")


@probe("row-order", DOCUMENTS_SHIFTED, LATER_SHIFTED, QUERIES_SHIFTED, SORTED, LOST_ORDER, SCATTERED)
def row_order(evidence: Evidence) -> Iterator[Observation]:
    """Are the vectors stored under the ids of their texts?

    Texts that the control model finds close to each other should be close here.
    """
    agreement = evidence.require_agreement()
    label, remark = "agreement of documents with the control", "1 is the same order, 0.5 is chance"
    yield fact("documents-agreement", label, agreement.documents, remark)
    yield fact("queries-agreement", "agreement of queries with the control", agreement.queries)
    known = evidence.same_dimension  # then `encoded-again` compares with the model itself
    if agreement.documents < limits.AGREES and not (known and evidence.match.in_place):
        yield from _documents(evidence, agreement)
    if agreement.queries < limits.AGREES and not (known and evidence.query_match.in_place):
        yield from _queries(evidence, agreement)


def _documents(evidence: Evidence, agreement: Agreement) -> Iterator[Observation]:
    agrees = agreement.documents
    best, by, (documents, queries) = _best_shift(agreement, len(evidence.document_rows))
    if best > agrees + limits.SHIFT_MARGIN:
        gain = evidence.score_of(np.roll(documents, -by, axis=0), queries) - evidence.score
        yield DOCUMENTS_SHIFTED.finding(PROOF, gain, by=by, shifted=best, agreement=agrees)
        return
    documents, queries = agreement.views[0]
    if agrees < limits.LOST + limits.SHIFT_MARGIN:
        for sorting, restored in _unsorted(evidence, documents):
            value = float(agreement.of_documents(restored).mean())
            if value > agrees + limits.SHIFT_MARGIN and value > limits.LOST + limits.SHIFT_MARGIN:
                gain = evidence.score_of(restored, queries) - evidence.score
                yield SORTED.finding(PROOF, gain, sorting=sorting, unsorted=value, agreement=agrees)
                return
    structure = Structure(agreement.normalised, agreement.control)
    sample = spread(len(documents), COMPARED)
    by, first = structure.later_shift(sample, _steps(structure, sample))
    later = documents.copy()
    moved = np.arange(first, len(documents) - max(by, 0))
    later[moved] = documents[moved + by]
    shifted = float(agreement.of_documents(later).mean())
    if shifted > agrees + limits.SHIFT_MARGIN:
        gain = evidence.score_of(later, queries) - evidence.score
        yield LATER_SHIFTED.finding(PROOF, gain, by=by, first=first, shifted=shifted, agreement=agrees)
        return
    if agrees < limits.LOST and structure.documents_in_place(sample) > limits.FITS_OWN:
        return  # the queries find them where they are
    share, evenness = misplaced(agreement.of_documents(documents))
    if evenness < limits.FLAT:
        return
    if agrees < limits.LOST:
        yield LOST_ORDER.finding(STRONG, agreement=agrees)
    else:
        yield SCATTERED.finding(STRONG, share=share, evenness=evenness)


def _best_shift(agreement: Agreement, total: int) -> tuple[float, int, Sides]:
    """Return the highest agreement of shifted documents, the shift, and the view."""
    structure = Structure(agreement.normalised, agreement.control)
    tried = _steps(structure, spread(total, COMPARED))
    shifted = (
        (float(agreement.of_documents(np.roll(view.documents, -by, axis=0)).mean()), by, view)
        for view in agreement.views
        for by in tried
    )
    return max(shifted, key=lambda candidate: candidate[0])


def _steps(structure: Structure, rows: NDArray[np.intp]) -> list[int]:
    """Return distances that may be a shift: small ones, and those that many rows suggest."""
    total = len(structure.stored.documents)
    steps = structure.commonest_steps(rows)
    return list(dict.fromkeys((*SHIFTS, *(step if step <= total / 2 else step - total for step in steps))))


def _queries(evidence: Evidence, agreement: Agreement) -> Iterator[Observation]:
    documents, queries = evidence.normalised
    shifted = {by: float(agreement.of_queries(np.roll(queries, -by, axis=0)).mean()) for by in SHIFTS}
    by, best = max(shifted.items(), key=lambda pair: pair[1])
    if best > agreement.queries + limits.SHIFT_MARGIN:
        gain = evidence.score_of(documents, np.roll(queries, -by, axis=0)) - evidence.score
        yield QUERIES_SHIFTED.finding(PROOF, gain, by=by, shifted=best, agreement=agreement.queries)


def misplaced(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the share of misplaced rows, and how evenly disagreement is spread (about 1 if there are any).

    A neighbour whose row is misplaced has the same chance of every rank; noise pushes neighbours down a
    little, rarely to the end.

    Args:
        values: (s, m) agreement of each document with each of its neighbours.
    """
    far = float((values < 0.25).mean())
    middle = float(((values >= 0.25) & (values < 0.75)).mean()) / 2
    broken = min(1.0, 4 * far)  # pairs of which at least one is misplaced
    return 1 - float(np.sqrt(1 - broken)), far / middle if middle else 0.0


def _unsorted(evidence: Evidence, documents: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield the documents with a sorting by text length undone, and what sorting that is."""
    texts = [evidence.context.documents[row] for row in evidence.document_rows]
    lengths = np.array([len(assemble(text)) for text in texts])
    for size in (*(size for size in BATCHES if size < len(lengths)), len(lengths)):
        extent = "as a whole" if size == len(lengths) else f"in batches of {size}"
        for order, key in (("longest first", -lengths), ("shortest first", lengths)):
            starts = range(0, len(key), size)
            placed = [start + np.argsort(key[start : start + size], kind="stable") for start in starts]
            restored = np.empty_like(documents)
            restored[np.concatenate(placed)] = documents
            yield f"{order}, {extent}", restored


@probe("encoded-again", OFFSET_DOCUMENTS, OFFSET_QUERIES, SHUFFLED, MISPLACED)
def encoded_again(evidence: Evidence) -> Iterator[Observation]:
    """Does the model produce these vectors, in this order?

    The texts are encoded again, and each vector is looked for among the stored ones.
    """
    evidence.require_same_dimension()
    for side, match, offset, stored in (
        ("documents", evidence.match, OFFSET_DOCUMENTS, len(evidence.document_rows)),
        ("queries", evidence.query_match, OFFSET_QUERIES, len(evidence.query_rows)),
    ):
        same = float((match.same >= limits.EXACT).mean()) if len(match.same) else 1.0
        label, remark = f"{side} stored as the model encodes them", "cosine at least {exact}"
        yield fact(f"{side}-reproduced", label, same, remark, exact=limits.EXACT)
        if match.misplaced.any():
            whole = len(match.rows) == stored
            gain = evidence.score_of(*evidence.realigned) - evidence.score if whole else None
            yield _displaced(match, side, offset, gain)


def _displaced(match: Match, side: str, offset: Symptom, gain: float | None) -> Observation:
    which = match.misplaced
    share = float(which.mean())
    steps, counts = np.unique(match.place[which] - match.rows[which], return_counts=True)
    by, alike = int(steps[counts.argmax()]), float(counts.max() / which.sum())
    if alike > (limits.ALIKE if share >= limits.MOSTLY else limits.MOSTLY):
        return offset.finding(PROOF, gain, by=-by, affected=share)
    symptom = SHUFFLED if share >= limits.MOSTLY else MISPLACED
    how = "have exactly" if match.exact else "most resemble"
    return symptom.finding(PROOF, gain, share=share, side=side, how=how, by=by, alike=alike)

"""Whether every vector stands at the id of its text."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.agreement import SHIFTS
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.matching import Match
from searchapp.diagnosis.probe import PROOF, STRONG, CannotJudgeError, Fact, Finding, Observation, percent
from searchapp.diagnosis.thresholds import (
    AGREES,
    ALIKE,
    EXACT,
    FEWEST_DOCUMENTS,
    FEWEST_QUERIES,
    FLAT,
    LOST,
    MOSTLY,
    SHIFT_MARGIN,
)

Floats = NDArray[np.float32]

BATCHES = (8, 16, 32, 64, 128, 256, 512, 1024)


def order(evidence: Evidence) -> Iterator[Observation]:
    """Compare which documents and queries are near each other with what the control model finds near."""
    if not evidence.comparable:
        raise CannotJudgeError(
            f"it takes {FEWEST_DOCUMENTS} documents and {FEWEST_QUERIES} queries to compare with the control"
        )
    agrees = evidence.agreement.documents
    yield Fact("agreement of documents with the control", agrees, "1 is the same order, 0.5 is chance")
    yield Fact("agreement of queries with the control", evidence.agreement.queries)
    if agrees < AGREES:
        yield from _documents(evidence, agrees)
    if evidence.agreement.queries < AGREES:
        yield from _queries(evidence)


def _documents(evidence: Evidence, agrees: float) -> Iterator[Observation]:
    shifted = [
        (float(evidence.agreement.of_documents(np.roll(view[0], -by, axis=0)).mean()), by, view)
        for view in evidence.agreement.views
        for by in SHIFTS
    ]
    best, by, (documents, queries) = max(shifted, key=lambda one: one[0])
    if best > agrees + SHIFT_MARGIN:
        gain = evidence.try_out(np.roll(documents, -by, axis=0), queries) - evidence.score
        yield Finding("rows-offset", PROOF, (
            f"Read {_rows(by)}, documents agree with the control to {best:.2f}; as they stand, to "
            f"{agrees:.2f}."
        ), gain=gain, repaired=f"read every row {_rows(by)}")  # fmt: skip
        return
    documents, queries = evidence.agreement.views[0]
    if agrees < LOST + SHIFT_MARGIN:
        for name, mended in _unsorted(evidence, documents):
            value = float(evidence.agreement.of_documents(mended).mean())
            if value > agrees + SHIFT_MARGIN and value > LOST + SHIFT_MARGIN:
                gain = evidence.try_out(mended, queries) - evidence.score
                yield Finding("order-lost", PROOF, (
                    f"The rows are sorted by text length {name}: undone, documents agree with the control to "
                    f"{value:.2f}; as they stand, to {agrees:.2f}."
                ), gain=gain, repaired=f"undo the sorting {name}")  # fmt: skip
                return
    share, flatness = misplaced(evidence.agreement.of_documents(documents))
    if flatness < FLAT:
        return
    if agrees < LOST:
        yield Finding("order-lost", STRONG, (
            f"Documents agree with the control to {agrees:.2f}, where 0.5 is chance, and no shift of rows or "
            "sorting by length explains it; the cloud itself keeps its shape."
        ), "Vectors that say nothing about their texts would look the same.")  # fmt: skip
    else:
        yield Finding("some-rows-misplaced", STRONG, (
            f"Of the documents that the control finds near each other, those that are not near here stand "
            f"anywhere at all (evenness {flatness:.2f}), as when about {percent(share)} of the rows are "
            "misplaced and the others are right."
        ), share=share)  # fmt: skip


def _queries(evidence: Evidence) -> Iterator[Observation]:
    _, queries = evidence.units
    agrees = evidence.agreement.queries
    shifted = {
        by: float(evidence.agreement.of_queries(np.roll(queries, -by, axis=0)).mean()) for by in SHIFTS
    }
    by, best = max(shifted.items(), key=lambda pair: pair[1])
    if best > agrees + SHIFT_MARGIN:
        gain = evidence.try_out(evidence.units[0], np.roll(queries, -by, axis=0)) - evidence.score
        yield Finding("queries-offset", PROOF, (
            f"Read {_rows(by)}, queries agree with the control to {best:.2f}; as they stand, to {agrees:.2f}."
        ), gain=gain, repaired=f"read every query {_rows(by)}")  # fmt: skip


def misplaced(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the share of rows out of place, and how evenly the disagreement is spread (about 1 if so).

    A neighbour whose row is misplaced stands at any place with the same chance; noise pushes neighbours
    a little down, rarely to the end.

    Args:
        values: (s, m) agreement of each document with each of its neighbours.
    """
    far = float((values < 0.25).mean())
    middle = float(((values >= 0.25) & (values < 0.75)).mean()) / 2
    broken = min(1.0, 4 * far)  # pairs of which at least one is misplaced
    return 1 - float(np.sqrt(1 - broken)), far / middle if middle else 0.0


def _unsorted(evidence: Evidence, documents: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield the documents with a sorting by text length undone."""
    texts = [evidence.context.documents[place] for place in evidence.places]
    lengths = np.array([len(f"{text.title} {text.text}".strip()) for text in texts])
    for size in (*(size for size in BATCHES if size < len(lengths)), len(lengths)):
        for name, key in (("longest first", -lengths), ("shortest first", lengths)):
            placed = np.concatenate(
                [
                    start + np.argsort(key[start : start + size], kind="stable")
                    for start in range(0, len(key), size)
                ]
            )
            mended = np.empty_like(documents)
            mended[placed] = documents
            yield f"({name}, {'as a whole' if size == len(lengths) else f'in batches of {size}'})", mended


def _rows(by: int) -> str:
    return f"{abs(by)} row{'s' if abs(by) > 1 else ''} {'further down' if by > 0 else 'further up'}"


def encoded_again(evidence: Evidence) -> Iterator[Observation]:
    """Encode the texts again and look for each vector among the stored ones."""
    if not evidence.same_dimension:
        raise CannotJudgeError("the model gives vectors of another dimension")
    for side, match, offset in (
        ("documents", evidence.match, "rows-offset"),
        ("queries", evidence.query_match, "queries-offset"),
    ):
        same = float((match.own >= EXACT).mean()) if len(match.own) else 1.0
        yield Fact(f"{side} stored as the model encodes them", same, f"cosine at least {EXACT}")
        yield from _displaced(evidence, side, match, offset)


def _displaced(evidence: Evidence, side: str, match: Match, offset: str) -> Iterator[Observation]:
    which = match.astray
    if not which.any():
        return
    share = float(which.mean())
    steps = match.place[which] - match.rows[which]
    values, counts = np.unique(steps, return_counts=True)
    by, alike = int(values[counts.argmax()]), float(counts.max() / len(steps))
    whole = len(match.rows) == len(evidence.places if side == "documents" else evidence.query_places)
    gain = evidence.try_out(*evidence.aligned) - evidence.score if whole else None
    mend = "put every row where the model says it belongs" if whole else ""
    if share >= MOSTLY and alike > ALIKE:
        evidence_text = f"{percent(share)} of the {side} have the vector of the text {_rows(-by)}."
        yield Finding(offset, PROOF, evidence_text, gain=gain, repaired=mend)
        return
    where = "exactly" if match.exact else "more nearly"
    yield Finding("order-lost" if share >= MOSTLY else "some-rows-misplaced", PROOF, (
        f"{percent(share)} of the {side} have {where} the vector of another text "
        f"(the most frequent distance, {by} rows, accounts for {percent(alike)} of them)."
    ), gain=gain, repaired=mend, share=share)  # fmt: skip

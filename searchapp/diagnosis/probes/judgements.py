"""Whether query texts and judgements belong together, which no model is needed to see."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.fit import Fit, Matrix, Rows, below
from searchapp.diagnosis.measures import CUTOFF, JudgedQueries, mean
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.rankings import retrieved_rows
from searchapp.diagnosis.thresholds import HINT, LIKELY, NEAR_PROOF, PROOF, STRONG

STEPS = 8  # shifts that are looked at in full, the best ones
NEAR = 5  # rows by which part of a file is tried to be shifted

SHIFTED = Symptom(
    "judgements-misplaced",
    "Judgements and query texts are shifted against each other, by {by} in {order}: {count:,} query texts "
    "fit the documents judged for them better than {as_is:percent} of the other texts do; moved back, "
    "{moved:percent} (chance is 50 %).",
    fix="moving the judgements back",
    key="judgements-shifted",
)
DOCUMENTS_SHIFTED = Symptom(
    "judgements-misplaced",
    "Judgements and documents are shifted against each other: the judged documents fit their query better "
    "than {as_is:percent} of the other queries; the documents {by:rows}, {moved:percent} (chance is 50 %).",
    key="documents-shifted",
)
SHUFFLED = Symptom(
    "judgements-misplaced",
    "The judged documents fit the texts of other queries as well as their own: their own scores them higher "
    "than {control:percent} of the others do with the control, {both:percent} with control and BM25 together "
    "(chance is 50 %). The judgements, the query texts or the ids are to blame, not the model.",
    "a corpus in which relevant documents share neither words nor topic with their query would look alike.",
    key="judgements-shuffled",
)
SOME = Symptom(
    "judgements-misplaced",
    "{lost} of {total:,} queries score the documents judged for them no higher than others do, with the "
    "control and with BM25; for {better} of them the judgements of another query fit clearly. About "
    "{share:percent} of the queries carry the judgements of another one; look at {examples}.",
    "hard queries look like that too.",
    key="some-judgements-misplaced",
)
EXCHANGED = Symptom(
    "judgements-misplaced",
    "{lost} of {total:,} judged documents fit the queries that they are judged for less than most other "
    "documents do, with control and BM25 together; in place of {better} of them another fits clearly. About "
    "{share:percent} of the documents are judged under the id of another one.",
    "documents that are relevant without sharing words or topic look like that too.",
    key="documents-exchanged",
)


@probe("judgements-fit", SHIFTED, DOCUMENTS_SHIFTED, SHUFFLED, SOME, EXCHANGED)
def judgements_fit(evidence: Evidence) -> Iterator[Observation]:
    """Do the judgements belong to the query texts?"""
    evidence.require_judgements()
    fit = Fit(evidence.context)
    if len(fit.names) < limits.FEWEST_FITTED or len(evidence.context.documents) < limits.FEWEST_FITTED:
        raise CannotJudgeError("there are too few judged queries or documents to compare")
    by_control = fit.ranks(fit.by_control())
    control = mean(by_control)
    yield fact("judgements-fit", "judgements that fit their own query", control, "0.5 is chance; the control")
    if control >= limits.QUERY_FITS and (by_control < 0.5).mean() <= limits.FITS_LOST:
        return
    ranks = fit.ranks(fit.by_both)
    both, lost = mean(ranks), ranks < 0.5
    yield fact(
        "judgements-fit-both",
        "the same with BM25",
        both,
        "{lost} of {total} below",
        lost=int(lost.sum()),
        total=len(ranks),
    )
    if len(lost) >= limits.FEWEST_FITTED and (shift := _shift(evidence, fit)):
        yield shift
        return
    if both < limits.FIT_CHANCE:
        if not _fits_the_examined(evidence):
            yield SHUFFLED.finding(NEAR_PROOF, control=control, both=both)
        return
    if some := _some(fit, ranks) or _exchanged(fit):
        yield some


def _some(fit: Fit, ranks: Matrix) -> Observation | None:
    lost = np.maximum(fit.ranks(fit.by_control()), fit.ranks(fit.by_bm25)) < limits.LOST_RANK
    share = lost.mean()
    better = lost & (_best_together(fit.by_both.T) > limits.FITS_CLEARLY)
    exchanged = (ranks >= limits.FITS_WELL).mean() > limits.FITS_SHARPLY and better.mean() > limits.EXCHANGED
    if lost.sum() < limits.FEWEST_LOST or not (share > limits.LOST_QUERIES or exchanged):
        return None
    well, between = (ranks >= limits.FITS_WELL).mean(), ((ranks >= 0.5) & (ranks < limits.FITS_WELL)).mean()
    apart = (ranks < 0.5).mean() >= limits.LOST_APART * between
    told = well > limits.FITS_MOSTLY and better.sum() > lost.sum() / 4  # else nobody can tell, query by query
    return SOME.finding(
        STRONG if exchanged else LIKELY if apart or told else HINT,
        share=min(float(share) / limits.LOST_RANK, 1.0),
        lost=int(lost.sum()),
        total=len(ranks),
        better=int(better.sum()),
        examples=", ".join(repr(fit.names[row]) for row in np.flatnonzero(lost)[:3]),
    )


def _exchanged(fit: Fit) -> Observation | None:
    fits = fit.of_documents
    ranks = below(fits.T, np.diagonal(fits))
    lost = (ranks < 0.5) & ~fit.repeated
    share, between = lost.mean(), ((ranks >= 0.5) & (ranks < limits.FITS_WELL)).mean()
    if (
        lost.sum() < limits.FEWEST_LOST
        or share < limits.LOST_DOCUMENTS
        or share < limits.LOST_APART * between
    ):
        return None
    better = lost & (_best_together(fits) > limits.FITS_CLEARLY)
    if better.sum() <= lost.sum() / 4:
        return None  # nobody else's documents either: the texts are at fault
    return EXCHANGED.finding(
        LIKELY,
        share=min(2 * float(share), 1.0),
        lost=int(lost.sum()),
        total=len(lost),
        better=int(better.sum()),
    )


def _best_together(fit: Matrix) -> Matrix:
    """Return how well each row fits when all get one column each so that they fit best together."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(-fit)
    best: Matrix = fit[rows, columns]
    return best


@dataclass(frozen=True)
class _Moved:
    """Sets (q,) that belong to other texts, and how well both fit before and after."""

    order: str
    by: int
    sets: Rows
    texts: Rows
    before: float
    after: float


def _shift(evidence: Evidence, judged: Fit) -> Observation | None:
    """Return the finding that texts or documents are shifted, if a shift explains most of what is lost."""
    whole = Fit(evidence.context, whole=True)
    moved = [one for fit in (judged, whole) for one in _moved(fit)]
    best = max(moved, key=lambda one: (one.after - one.before) * len(one.sets), default=None)
    if best is not None:
        return SHIFTED.finding(
            PROOF,
            _gain(evidence, whole if max(best.texts) >= len(judged.texts) else judged, best),
            share=len(best.sets) / len(judged.names),
            by=best.by,
            order=best.order,
            count=len(best.sets),
            as_is=best.before,
            moved=best.after,
        )
    before = mean(judged.ranks(judged.by_control()))
    steps = [step for step in range(-NEAR, NEAR + 1) if step]
    after = {step: mean(judged.ranks(judged.by_control(step))) for step in steps}
    step = max(steps, key=lambda step: after[step])
    if before < limits.FIT_BEFORE and after[step] > max(limits.FIT_AFTER, before + limits.FIT_GAIN):
        return DOCUMENTS_SHIFTED.finding(PROOF, as_is=before, by=step, moved=after[step])
    return None


def _moved(fit: Fit) -> Iterator[_Moved]:
    """Yield shifts of all queries, or of a part of the file, that make judgements fit."""
    fits = fit.by_control() if fit.whole else fit.by_both
    as_is = fit.ranks(fits)
    columns = np.arange(len(fit.names))
    places = {query.id: row for row, query in enumerate(fit.texts)}
    for description, order in fit.orders():
        rows = np.array([places[name] for name in order])
        at = {name: place for place, name in enumerate(order)}
        of_sets = np.array([at[name] for name in fit.names])
        shifts = range(-(len(order) // 2), len(order) // 2 + 1)
        means = {by: fits[rows[(of_sets + by) % len(order)], columns].mean() for by in shifts if by}
        near = {by for by in shifts if by and abs(by) <= NEAR}
        for by in near | set(sorted(means, key=means.__getitem__)[-STEPS:]):
            texts = rows[(of_sets + by) % len(order)]
            moved = fit.ranks(fits, texts)
            in_order = np.argsort(of_sets)
            start, end = _best_stretch((moved - as_is)[in_order])
            sets = in_order[start:end]
            before, after = mean(as_is[sets]), mean(moved[sets])
            errors = (after - 0.5) * np.sqrt(12 * len(sets))  # ranks are uniform by chance
            sure = errors > (limits.WHOLE_ERRORS if len(sets) == len(columns) else limits.PART_ERRORS)
            better = after > max(limits.FIT_AFTER, before + limits.FIT_GAIN)
            if sure and better and before < limits.FIT_BEFORE:
                yield _Moved(description, by, sets, texts[sets], before, after)


def _best_stretch(gains: Matrix) -> tuple[int, int]:
    """Return the contiguous stretch of values with the largest sum (Bentley 1984)."""
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    lowest = np.minimum.accumulate(sums)
    end = int((sums - lowest).argmax())
    return int(sums[: end + 1].argmin()), end


def _gain(evidence: Evidence, fit: Fit, moved: _Moved) -> float | None:
    """Return what giving each text the judgements that fit it adds to the score."""
    names = [query.id for query in evidence.context.queries]
    places = {name: place for place, name in enumerate(names)}
    try:
        retrieved = retrieved_rows(evidence, CUTOFF)
    except CannotJudgeError:
        return None
    judged = evidence.context.judged
    grades = list(judged.grades)
    for of_set, text in zip(moved.sets, moved.texts, strict=True):
        name = fit.texts[text].id
        if name in places:
            grades[places[name]] = judged.grades[places[fit.names[of_set]]]
    mended = JudgedQueries(judged.document_ids, grades)
    return mean(mended.ndcg_of(retrieved)) - mean(judged.ndcg_of(retrieved))


def _fits_the_examined(evidence: Evidence) -> bool:
    """Tell whether what is examined does find the judged documents, more than those of other queries."""
    try:
        retrieved = retrieved_rows(evidence, CUTOFF)
    except CannotJudgeError:
        return False
    judged = evidence.context.judged
    turned = len(judged.grades) // 2
    others = JudgedQueries(judged.document_ids, [*judged.grades[turned:], *judged.grades[:turned]])
    own, other = mean(judged.ndcg_of(retrieved)), mean(others.ndcg_of(retrieved))
    return own > limits.BEATS_CHANCE * other and own - other > limits.FINDS_OWN

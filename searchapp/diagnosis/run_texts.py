"""Which texts a run was made from: hypotheses whose vectors reproduce the scores of its results."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.hypotheses import ON_DOCUMENTS, ON_QUERIES, Hypothesis
from searchapp.diagnosis.measures import spread
from searchapp.diagnosis.model import Model, TableModel
from searchapp.diagnosis.results import Results
from searchapp.encoders.mean_pooling import mean_rows
from searchapp.encoders.vectors import Floats, unit
from searchapp.records import Document

QUERIES, EACH = 12, 5  # pairs on which every hypothesis is tried
SLOW = 12  # hypotheses of a side that are tried with a slow model
LENGTHS = np.unique(np.geomspace(1, 2048, 120).round().astype(int))  # of texts in tokens


Measure = Callable[[Floats, NDArray[np.float64], NDArray[np.intp]], float]


@dataclass(frozen=True)
class Reading:
    """What may have been done to the texts of one side, and the vectors that it gives; None is nothing."""

    cause: str | None
    description: str
    vectors: Floats


@dataclass(frozen=True)
class Reproduction:
    """How well the model's own vectors reproduce the scores of a run, 1 exactly, and what does so better.

    `documents` and `queries` say what was done to the texts, None where nothing was.
    """

    as_it_is: float
    best: float
    documents: Reading | None
    queries: Reading | None
    pairs: int


def reproduce(results: Results, model: Model) -> Reproduction | None:
    """Return which texts reproduce the scores of some results, None where there are too few."""
    pairs = _pairs(results)
    if len(pairs) < limits.FEWEST_SOLVED:
        return None
    table = model if isinstance(model, TableModel) else None
    query, document, scores = (np.array(column) for column in zip(*pairs, strict=True))
    asked, ask = np.unique(query, return_inverse=True)
    read, find = np.unique(document, return_inverse=True)
    context = results.context
    first: Reproduction | None = None
    queries = [Document("", "", context.queries[results.queries[place]].text) for place in asked]
    documents = [context.documents[row] for row in read]
    sides = [
        list(_readings(model, side, texts, hypotheses if table else hypotheses[:SLOW]))
        for side, texts, hypotheses in (
            ("documents", documents, ON_DOCUMENTS),
            ("queries", queries, ON_QUERIES),
        )
    ]
    measures = (_explained, _order) if len(np.unique(scores)) > 1 else ()
    for measure in measures:

        def fit(predicted: Floats, measure: Measure = measure) -> float:
            return measure(predicted, scores, ask)

        lines = [
            [fit(np.einsum("pd,pd->p", left.vectors[find], right.vectors[ask])) for right in sides[1]]
            for left in sides[0]
        ]
        readings = list(sides[0])
        for reading, value in _cuts(table, documents, sides[1][0].vectors[ask], find, fit) if table else ():
            readings.append(reading)
            lines.append([value] + [0.0] * (len(sides[1]) - 1))
        found = _best(np.array(lines), readings, sides[1], len(pairs))
        if found.best > limits.SCORED or (measure is _explained and found.best > limits.SAME_SCORES):
            return found
        first = first or found
    return first


def _best(
    fits: NDArray[np.float64], documents: Sequence[Reading], queries: Sequence[Reading], pairs: int
) -> Reproduction:
    """Return the readings that fit best; a change of one side is likelier than one of both."""
    alone = np.zeros_like(fits, dtype=bool)
    alone[0], alone[:, 0] = True, True
    single = np.where(alone, fits, -1)
    best = single if 1 - single.max() <= max(1 - limits.SCORED, 2 * (1 - fits.max())) else fits
    left, right = divmod(int(best.argmax()), best.shape[1])
    return Reproduction(
        float(fits[0, 0]),
        float(best.max()),
        documents[left] if left else None,
        queries[right] if right else None,
        pairs,
    )


def _pairs(results: Results) -> list[tuple[int, int, float]]:
    """Return places of queries, rows of their results, and scores."""
    pairs = []
    for place in spread(len(results.rows), QUERIES).tolist():
        for at in spread(min(len(results.rows[place]), 50), EACH).tolist():
            pairs.append((place, int(results.rows[place][at]), float(results.scores[place][at])))
    return pairs


def _readings(
    model: Model, side: str, texts: Sequence[Document], hypotheses: Sequence[Hypothesis]
) -> Iterator[Reading]:
    """Yield the texts as they are, then changed."""
    as_read = [
        model.document_text(text) if side == "documents" else model.query_text(text.text) for text in texts
    ]
    yield Reading(
        None,
        "as they are",
        model.encode_as(side, [text.text for text in texts])
        if side == "queries"
        else unit(model.encoder.encode_documents(texts)),
    )
    if isinstance(model, TableModel):
        tokens = model.table.tokenize(as_read)
        rows = mean_rows(model.table.rows, tokens.ids, tokens.offsets, model.table.unknown)
        yield Reading(
            "unnormalised" if side == "documents" else None, "without unit norm", rows.astype(np.float32)
        )
    for one in hypotheses:
        changed = model.encode_changed(side, [one.read(text) for text in texts], one.prompted)
        yield Reading(one.cause, one.description, changed)


def _cuts(
    model: TableModel,
    documents: Sequence[Document],
    queries: Floats,
    find: NDArray[np.intp],
    fit: Callable[[Floats], float],
) -> Iterator[tuple[Reading, float]]:
    """Yield the documents cut to the number of tokens that fits the scores best, and how well it fits."""
    tokens = model.table.tokenize([model.document_text(text) for text in documents])
    sums = [
        np.cumsum(model.table.rows[model.table.known(ids)], axis=0, dtype=np.float64) for ids in tokens.rows()
    ]
    if any(not len(sum_) for sum_ in sums):
        return
    longest = max(map(len, sums))

    def fit_of(length: int) -> float:
        cut = unit(np.array([one[min(length, len(one)) - 1] for one in sums], dtype=np.float32))
        return fit(np.einsum("pd,pd->p", cut[find], queries))

    tried = {int(length): fit_of(int(length)) for length in LENGTHS if length < longest}
    if not tried:
        return
    best = max(tried, key=tried.__getitem__)
    near = range(max(1, int(best * 0.9)), min(longest, int(best * 1.1) + 2))
    tried |= {length: fit_of(length) for length in near}
    best = max(tried, key=tried.__getitem__)
    yield (
        Reading("truncated", f"cut to about the first {best} tokens", np.empty((0, 0), np.float32)),
        tried[best],
    )


def _explained(predicted: Floats, scores: NDArray[np.float64], _ask: NDArray[np.intp]) -> float:
    """Return the share of the scores, or of their squares, that cosines explain linearly."""
    if np.ptp(predicted) == 0:
        return 0.0
    return float(max(np.corrcoef(predicted, values)[0, 1] ** 2 for values in (scores, scores**2)))


def _order(predicted: Floats, scores: NDArray[np.float64], ask: NDArray[np.intp]) -> float:
    """Return how far from chance results of one query are ordered alike, 1 all alike or all opposite."""
    same = (ask[:, None] == ask[None, :]) & np.triu(np.ones((len(ask), len(ask)), dtype=bool), 1)
    left, right = np.nonzero(same)
    gaps = scores[left] - scores[right]
    products = np.sign(gaps) * np.sign(predicted[left] - predicted[right])
    told = products[gaps != 0]
    return abs(float(told.mean())) if len(told) else 0.0

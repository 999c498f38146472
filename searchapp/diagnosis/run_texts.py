"""Which texts a run was made from: hypotheses whose vectors reproduce the scores of its results."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.measures import spread
from searchapp.diagnosis.model import Model, TableModel
from searchapp.diagnosis.results import Results
from searchapp.diagnosis.run_additions import added_to
from searchapp.diagnosis.tokens import cut_tokens
from searchapp.diagnosis.trials import (
    Cut,
    Trial,
    known_changes,
    known_objects,
    other_poolings,
)
from searchapp.encoders.mean_pooling import mean_rows
from searchapp.encoders.texts import assemble
from searchapp.encoders.vectors import Floats, unit
from searchapp.records import Document

QUERIES, EACH = 12, 5  # pairs on which every hypothesis is tried
SLOW = 12  # hypotheses of a side that are tried with a slow model
EVERY, GRID, ROUND = 64, 50, 10  # lengths that are tried first: all short ones, and longer or round ones
LONGEST = 2048  # length that a text may be cut to
NEARBY = 40  # lengths that are tried around the best one at a time

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


@dataclass(frozen=True, eq=False)
class Pairs:
    """Some results: `ask` and `find` are the places of their query and document among the texts, (p,)."""

    texts: dict[str, list[Document]]
    ask: NDArray[np.intp]
    find: NDArray[np.intp]
    scores: NDArray[np.float64]

    def fit(self, documents: Floats, queries: Floats, measure: Measure) -> float:
        """Return how well vectors of the texts reproduce the scores."""
        cosines = np.einsum("pd,pd->p", documents[self.find], queries[self.ask])
        return measure(cosines, self.scores, self.ask)


def reproduce(results: Results, model: Model) -> Reproduction | None:
    """Return which texts reproduce the scores of some results, None where there are too few."""
    chosen = _chosen(results)
    if len(chosen) < limits.FEWEST_SOLVED:
        return None
    query, document, scores = (np.array(column) for column in zip(*chosen, strict=True))
    asked, ask = np.unique(query, return_inverse=True)
    read, find = np.unique(document, return_inverse=True)
    context = results.context
    texts = {
        "documents": [context.documents[row] for row in read],
        "queries": [Document("", "", context.queries[results.queries[place]].text) for place in asked],
    }
    pairs = Pairs(texts, ask, find, scores)
    readings = {side: list(_readings(model, side, texts[side])) for side in texts}
    if isinstance(model, TableModel):
        rows = {"documents": read, "queries": asked}
        for added in added_to(results, model, rows):
            readings[added.side].append(Reading(added.cause, added.description, added.vectors))
    first: Reproduction | None = None
    for measure in (_explained, _order) if len(np.unique(scores)) > 1 else ():
        found = _searched(model, pairs, readings, measure)
        if found.best > limits.SCORED or (measure is _explained and found.best > limits.SAME_SCORES):
            return found
        first = first or found
    return first


def _searched(
    model: Model, pairs: Pairs, readings: dict[str, list[Reading]], measure: Measure
) -> Reproduction:
    """Return what fits best by one measure; the cuts are those of the lengths that fit it best."""
    left, right = readings["documents"], readings["queries"]
    fits = np.array([[pairs.fit(one.vectors, other.vectors, measure) for other in right] for one in left])
    found = _best(fits, left, right, len(pairs.ask))
    if isinstance(model, TableModel) and measure is _explained and found.best <= limits.SCORED:
        for side, texts in pairs.texts.items():
            own = {name: some[0].vectors for name, some in readings.items()}

            def fit(vectors: Floats, side: str = side, own: dict[str, Floats] = own) -> float:
                sides = own | {side: vectors}
                return pairs.fit(sides["documents"], sides["queries"], measure)

            for reading, value in _cuts(model, side, texts, fit):
                if 1 - value < min(1 - found.best, limits.CLOSER) / 2:
                    sides = {name: reading if name == side else None for name in pairs.texts}
                    found = Reproduction(found.as_it_is, value, **sides, pairs=found.pairs)
    return found


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


def _chosen(results: Results) -> list[tuple[int, int, float]]:
    """Return places of queries, rows of their results, and scores."""
    pairs = []
    for place in spread(len(results.rows), QUERIES).tolist():
        for at in spread(min(len(results.rows[place]), 50), EACH).tolist():
            pairs.append((place, int(results.rows[place][at]), float(results.scores[place][at])))
    return pairs


def _readings(model: Model, side: str, texts: Sequence[Document]) -> Iterator[Reading]:
    """Yield the texts as they are, then changed."""
    own = (
        model.encode_as(side, [text.text for text in texts])
        if side == "queries"
        else unit(model.encoder.encode_documents(texts))
    )
    yield Reading(None, "as they are", own)
    static = isinstance(model, TableModel)
    if isinstance(model, TableModel):
        tokens = model.tokens_of(side, texts)
        rows = mean_rows(model.table.rows, tokens.ids, tokens.offsets, model.table.unknown)
        yield Reading(
            "unnormalised" if side == "documents" else None, "without unit norm", rows.astype(np.float32)
        )
    tried = [*known_changes(model, side), *(other_poolings(model, side) if static else ())]
    for one in (*tried, *known_objects(model, side)) if static else tried[:SLOW]:
        yield Reading(one.cause, one.description, one.vectors(texts))


def _cuts(
    model: TableModel, side: str, texts: Sequence[Document], fit: Callable[[Floats], float]
) -> Iterator[tuple[Reading, float]]:
    """Yield the texts cut to as many tokens, words or characters as fit best, and how well they fit."""
    tokens = model.tokens_of(side, texts)
    for from_end, which in ((False, "first"), (True, "last")):

        def of_tokens(length: int, from_end: bool = from_end, which: str = which) -> Trial:
            def vectors(_: Sequence[Document]) -> Floats:
                return model.table.means(cut_tokens(tokens, length, from_end))

            return Trial("truncated", f"cut to the {which} {length} tokens", vectors)

        cut = Cut(assemble, from_end)

        def of_words(length: int, cut: Cut = cut) -> Trial:
            return cut.trial(model, side, length, "words")

        def of_characters(length: int, cut: Cut = cut) -> Trial:
            return cut.trial(model, side, length, "characters")

        lengths = (
            (of_tokens, int(np.diff(tokens.offsets).max())),
            (of_words, max(len(cut.places(cut.read(text))) for text in texts)),
            (of_characters, max(len(cut.read(text)) for text in texts)),
        )
        for trial_of, longest in lengths:

            def fit_of(length: int, trial_of: Callable[[int], Trial] = trial_of) -> float:
                return fit(trial_of(length).vectors(texts))

            length, value = _best_length(longest, fit_of)
            if length:
                trial = trial_of(length)
                yield Reading(trial.cause, trial.description, np.empty((0, 0), np.float32)), value


def _best_length(longest: int, fit: Callable[[int], float]) -> tuple[int, float]:
    """Return the length below the longest that fits best, and how well, by ever finer steps."""
    top = min(longest - 1, LONGEST)
    if top < 1:
        return 0, 0.0
    tried: dict[int, float] = {}
    grid = (
        *np.geomspace(1, top, GRID).round().astype(int),
        *range(1, EVERY),
        *range(ROUND, 8 * EVERY, ROUND),
    )
    lengths = sorted({int(length) for length in grid if length <= top})
    while lengths:
        tried |= {length: fit(length) for length in lengths}
        best = max(tried, key=tried.__getitem__)
        if tried[best] > limits.OWN_SCORES:
            break
        ordered = sorted(tried)
        place = ordered.index(best)
        low, high = ordered[max(place - 1, 0)], ordered[min(place + 1, len(ordered) - 1)]
        between = [length for length in range(low, high + 1) if length not in tried]
        lengths = [between[at] for at in spread(len(between), NEARBY)] if between else []
    return best, tried[best]


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

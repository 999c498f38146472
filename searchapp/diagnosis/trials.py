"""Hypotheses about texts put to the test: each gives vectors, which are compared with the stored ones."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.hypotheses import OBJECTS, ON_DOCUMENTS, ON_QUERIES, Hypothesis
from searchapp.diagnosis.measures import cosines, spread
from searchapp.diagnosis.model import Model, TableModel
from searchapp.diagnosis.tokens import POOLINGS, cut_tokens, nearest_lengths
from searchapp.encoders.texts import assemble
from searchapp.encoders.vectors import Floats
from searchapp.records import Document

POINTS = 10  # lengths that are tried at a time
ROUNDNESS = (1000, 500, 256, 128, 100, 64, 50, 32, 16, 10, 8, 5)


@dataclass(frozen=True)
class Trial:
    """A hypothesis as a function from texts to unit vectors."""

    cause: str | None
    description: str
    vectors: Callable[[Sequence[Document]], Floats]


@dataclass(frozen=True)
class Explanation:
    """What explains `matching` of `looked_at` vectors, either exactly or nearly."""

    cause: str | None
    description: str
    matching: int
    looked_at: int
    exact: bool


@dataclass(frozen=True, eq=False)
class Deviating:
    """Texts of one side whose stored vectors are not what the model gives for them.

    `rows` are their rows among the stored ones, (n,); `same` the cosine of the stored vector and the
    expected one, (n,); `share` their share of the texts of the side that were encoded again.
    """

    side: str
    rows: NDArray[np.intp]
    texts: Sequence[Document]
    stored: Floats
    expected: Floats
    share: float

    @property
    def same(self) -> Floats:
        """The cosine of each stored vector with the expected one, (n,)."""
        return cosines(self.stored, self.expected)

    def take(self, chosen: NDArray[np.intp]) -> "Deviating":
        """Return some of these texts; `share` is that of all of them."""
        texts = [self.texts[int(row)] for row in chosen]
        return replace(
            self,
            rows=self.rows[chosen],
            texts=texts,
            stored=self.stored[chosen],
            expected=self.expected[chosen],
        )


def explanations(model: Model, deviating: Deviating) -> Iterator[Explanation]:
    """Yield what explains the vectors of a side, the commonest first, each for what is not explained yet."""
    looked_at = deviating.take(spread(len(deviating.texts), limits.LOOKED_AT))
    total, left = len(looked_at.texts), looked_at
    promising = list(_promising(model, left))
    for _ in range(limits.MOST_EXPLANATIONS):
        best: tuple[int, Trial, NDArray[np.bool_], bool] | None = None
        for exact in (True, False):
            for trial in promising:
                hits = _hits(trial, left, exact)
                if best is None or hits.sum() > best[0]:
                    best = int(hits.sum()), trial, hits, exact
            if best and best[0] >= limits.MOST * len(left.texts):
                break
        if best is None or best[0] < max(limits.FEWEST_ALIKE, limits.EXPLAINED_SHARE * total):
            return
        count, trial, hits, exact = best
        yield Explanation(trial.cause, trial.description, count, total, exact)
        left = left.take(np.flatnonzero(~hits))
        if not len(left.texts):
            return


def _hits(trial: Trial, deviating: Deviating, exact: bool) -> NDArray[np.bool_]:
    distance = 1 - cosines(trial.vectors(deviating.texts), deviating.stored)
    usual = 1 - deviating.same
    enough = np.minimum(1 - limits.EXACT, limits.CLOSER * usual) if exact else limits.NEARER * usual
    hits: NDArray[np.bool_] = distance < enough
    return hits


def _promising(model: Model, deviating: Deviating) -> Iterator[Trial]:
    """Yield the trials that bring some of a few texts nearer; of a slow model, no more than are needed."""
    static = isinstance(model, TableModel)
    few = deviating.take(spread(len(deviating.texts), limits.TRIED_FIRST if static else limits.TRIED_SLOWLY))
    usual = 1 - few.same
    side = few.side
    for group in (
        known_changes(model, side),
        other_poolings(model, side),
        _tokens(model, few),
        _cuts(model, few),
        known_objects(model, side),
    ):
        found = False
        for trial in group:
            distance = 1 - cosines(trial.vectors(few.texts), few.stored)
            if (distance < limits.NEARER * usual).any():
                yield trial
            found = found or bool((distance < np.minimum(1 - limits.EXACT, limits.CLOSER * usual)).all())
            if found and not static:
                break
        if found:
            return


def _trial(model: Model, side: str, hypothesis: Hypothesis) -> Trial:
    def vectors(texts: Sequence[Document]) -> Floats:
        return model.encode_changed(side, [hypothesis.read(text) for text in texts], hypothesis.prompted)

    return Trial(hypothesis.cause, hypothesis.description, vectors)


def known_changes(model: Model, side: str) -> Iterator[Trial]:
    """Yield what may have been done to the texts of a side."""
    other = "queries" if side == "documents" else "documents"
    if model.query_text("") != model.document_text(Document("", "", "")):
        yield Trial("prompt", f"as {other}", lambda texts: model.encode_as(other, list(map(assemble, texts))))
    for hypothesis in ON_DOCUMENTS if side == "documents" else ON_QUERIES:
        if hypothesis.prompted or isinstance(model, TableModel):
            yield _trial(model, side, hypothesis)


def known_objects(model: Model, side: str) -> Iterator[Trial]:
    """Yield the objects as which documents may have been encoded, of a static model."""
    if side == "documents" and isinstance(model, TableModel):
        yield from (_trial(model, side, hypothesis) for hypothesis in OBJECTS)


def other_poolings(model: Model, side: str) -> Iterator[Trial]:
    """Yield other ways to pool the vectors of the tokens."""
    if not isinstance(model, TableModel):
        for name in ("cls", "mean", "max"):
            pooled = model.with_pooling(name)
            as_it_is = Hypothesis("pooling", f"with {name} pooling", assemble)
            yield _trial(pooled, side, as_it_is)
        return
    for pooling, (cause, description) in POOLINGS.items():

        def vectors(texts: Sequence[Document], pooling: str = pooling) -> Floats:
            return model.table.pooled(model.tokens_of(side, texts), pooling)

        yield Trial(cause, description, vectors)


def _tokens(model: Model, few: Deviating) -> Iterator[Trial]:
    """Yield the first or the last tokens, as many as fit most texts."""
    if not isinstance(model, TableModel):
        return
    for from_end, which in ((False, "first"), (True, "last")):
        lengths, near = nearest_lengths(
            model.table, model.tokens_of(few.side, few.texts), few.stored, from_end
        )
        for length, _ in Counter(lengths[near > limits.EXACT].tolist()).most_common(1):

            def vectors(texts: Sequence[Document], length: int = length, from_end: bool = from_end) -> Floats:
                tokens = cut_tokens(model.tokens_of(few.side, texts), length, from_end)
                return model.table.means(tokens)

            yield Trial("truncated", f"cut to the {which} {length} tokens", vectors)


def _cuts(model: Model, few: Deviating) -> Iterator[Trial]:
    """Yield the first or the last words or characters of texts, as many as fit most of them."""
    titled = few.side == "documents" and any(text.title for text in few.texts)
    for read, without in ((assemble, ""), (_text, ", without the title")):
        if titled or not without:
            for from_end in (False, True):
                yield from _cuts_of(model, few, Cut(read, from_end, without))


def _text(document: Document) -> str:
    return document.text


@dataclass(frozen=True)
class Cut:
    """A way to cut what `read` makes of a document: from its start, or from its end."""

    read: Callable[[Document], str]
    from_end: bool
    remark: str = ""

    def places(self, text: str) -> list[int]:
        """Return where words end, or begin in reverse order."""
        words = list(re.finditer(r"\S+", text))
        return [word.start() for word in words[::-1]] if self.from_end else [word.end() for word in words]

    def apply(self, text: str, place: int) -> str:
        """Return what is left of a text cut at a place."""
        return text[place:] if self.from_end else text[:place]

    def trial(self, model: Model, side: str, length: int, unit: str, about: str = "") -> Trial:
        """Return the trial of this cut at a number of characters or words."""

        def cut(document: Document) -> str:
            text = self.read(document)
            if unit == "characters":
                return self.apply(text, max(len(text) - length, 0) if self.from_end else length)
            places = self.places(text)
            return self.apply(text, places[length - 1]) if length <= len(places) else text

        which = "last" if self.from_end else "first"
        described = f"cut to {about}the {which} {length} {unit}{self.remark}"
        return _trial(model, side, Hypothesis("truncated", described, cut))


def _cuts_of(model: Model, few: Deviating, cut: Cut) -> Iterator[Trial]:
    fitting: dict[str, Counter[int]] = {"characters": Counter(), "words": Counter()}
    kept = []
    for text, stored, same in zip(few.texts, few.stored, few.same, strict=True):
        read = cut.read(text)
        places = cut.places(read)
        if len(places) < 2:
            continue

        def closeness(tried: Sequence[int], read: str = read, stored: Floats = stored) -> Floats:
            near = model.encode_changed(few.side, [cut.apply(read, place) for place in tried])
            return cosines(near, np.repeat(stored[None], len(tried), axis=0))

        best, near = _closest(places, closeness)
        if 1 - near > 4 * limits.NEARER * (1 - same):
            continue
        kept.append(best + 1)
        if near > limits.EXACT:
            fitting["words"][best + 1] += 1
        around = sorted((places[max(best - 1, 0)], places[min(best + 1, len(places) - 1)]))
        tried = range(around[0], around[1] + 1)
        hits = [place for place, hit in zip(tried, closeness(tried) > limits.EXACT, strict=True) if hit]
        fitting["characters"].update(len(read) - place if cut.from_end else place for place in hits)
    for unit, counted in fitting.items():
        for length in _roundest(counted):
            yield cut.trial(model, few.side, length, unit)
    if kept:
        yield cut.trial(model, few.side, int(np.median(kept)), "words", "about ")


def _roundest(counted: Counter[int]) -> list[int]:
    """Return the count that fits most texts, the roundest where several do."""
    if not counted:
        return []
    most = max(counted.values())
    fitting = sorted(length for length, count in counted.items() if count == most)
    return [next((length for size in ROUNDNESS for length in fitting if length % size == 0), fitting[0])]


def _closest(places: Sequence[int], closeness: Callable[[Sequence[int]], Floats]) -> tuple[int, float]:
    """Return which of the places, in order, is the closest cut, and its cosine; tries ever closer places."""
    low, high = 0, len(places) - 1
    points = np.unique(np.geomspace(1, len(places), POINTS).round().astype(int) - 1)
    while True:
        near = closeness([places[point] for point in points])
        best = int(near.argmax())
        low = int(points[best - 1]) + 1 if best else low
        high = int(points[best + 1]) - 1 if best + 1 < len(points) else high
        if high - low < 1 or (len(points) > 1 and np.diff(points).max() == 1 and low >= high):
            return int(points[best]), float(near[best])
        tried = np.unique(np.linspace(low, high, POINTS).round().astype(int))
        if set(tried.tolist()) == {int(points[best])} or set(tried.tolist()) <= set(points.tolist()):
            return int(points[best]), float(near[best])
        points = np.unique([*tried, points[best]])

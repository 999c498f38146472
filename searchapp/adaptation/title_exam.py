"""Titles and sentences that are held back: what there is to choose by where nothing was judged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from searchapp.adaptation.judged import Group
from searchapp.adaptation.lessons import LEFT
from searchapp.adaptation.passages import Passages, sentences_of
from searchapp.errors import SearchappError
from searchapp.records import Document, Judgements, Query

SHARE = 0.1  # of the documents, for each of the two groups
MOST = 300  # documents of a group
FEWEST = 50  # documents with a title or sentence that something can be held back of
RANKED = 20_000  # documents that are ranked, at most


@dataclass(frozen=True, eq=False)
class HeldBack:
    """Rows of documents whose titles and sentences are held back.

    `new` are documents that are left out of the lessons, `seen` those that are taught by other sentences.
    `queries` maps a row to its passages that are asked.
    """

    new: frozenset[int]
    seen: frozenset[int]
    queries: dict[int, list[int]]

    def teaching(self, passages: Passages) -> NDArray[np.bool_]:
        """Return which passages may be taught, (p,)."""
        allowed = ~np.isin(passages.owner, sorted(self.new))
        allowed[[row for rows in self.queries.values() for row in rows]] = False
        return allowed


def hold_back_titles(passages: Passages, name: str, seed: int) -> HeldBack:
    """Choose the documents whose title and first sentence are held back.

    Only documents that keep enough text without them are asked about.

    Raises:
        SearchappError: there are too few such documents.
    """
    asked = _askable(passages)
    if len(asked) < FEWEST:
        raise SearchappError(
            f"{name} has {len(asked)} documents with a title or a sentence and text besides it: too few to "
            "learn from.",
            f"At least {FEWEST} are needed; with judged queries, --judgements teaches without titles.",
        )
    order = [sorted(asked)[place] for place in np.random.default_rng(seed).permutation(len(asked))]
    size = min(MOST, round(SHARE * len(order)))
    new = order[:size]
    counts = np.bincount(passages.owner, minlength=len(passages.ids))
    others = [row for row in order[size:] if counts[row] > len(asked[row])]
    seen = others[:size]
    return HeldBack(frozenset(new), frozenset(seen), {row: asked[row] for row in [*new, *seen]})


def _askable(passages: Passages) -> dict[int, list[int]]:
    """Return the title and the first sentence of each document that keeps enough text without them."""
    tokens = np.asarray(passages.documents.sum(axis=1)).ravel()
    lengths = np.asarray(passages.passages.sum(axis=1)).ravel()
    first: dict[int, list[int]] = {}
    for number, (owner, titled) in enumerate(
        zip(passages.owner.tolist(), passages.titled.tolist(), strict=True)
    ):
        held = first.setdefault(owner, [])
        if titled or not held or (len(held) == 1 and passages.titled[held[0]]):
            held.append(number)
    return {
        row: numbers
        for row, numbers in first.items()
        if lengths[numbers].min() > 0 and tokens[row] - lengths[numbers].sum() >= LEFT
    }


def title_exam(
    documents: Iterable[Document], held: HeldBack, n_docs: int, seed: int
) -> tuple[list[Document], list[Group]]:
    """Return the documents to rank, without what is asked of them, and the groups of queries."""
    draw = np.random.default_rng(seed)
    ranked = set(range(n_docs))
    if n_docs > RANKED:
        ranked = set(draw.choice(n_docs, RANKED, replace=False).tolist()) | held.queries.keys()
    kept: list[Document] = []
    asked: dict[str, tuple[list[Query], Judgements]] = {"new": ([], {}), "seen": ([], {})}
    for row, document in enumerate(documents):
        if row not in ranked:
            continue
        if row in held.queries:
            queries, judgements = asked["new" if row in held.new else "seen"]
            title, sentences = document.title.strip(), sentences_of(document.text)[:1]
            for place, text in enumerate([title, *sentences] if title else sentences):
                queries.append(Query(f"{document.id}#{place}", text))
                judgements[queries[-1].id] = {document.id: 1}
            kept.append(_without(document, sentences))
        else:
            kept.append(document)
    return kept, [
        Group(name, sorted(queries, key=lambda query: query.id), judgements, {})
        for name, (queries, judgements) in asked.items()
        if queries
    ]


def _without(document: Document, sentences: Sequence[str]) -> Document:
    text = document.text
    for sentence in sentences:
        text = text.replace(sentence, " ", 1)
    return replace(document, title="", text=text)

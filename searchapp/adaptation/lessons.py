"""What is taught in an epoch: which queries, about which documents, in which order."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from searchapp.adaptation.passages import Passages, Rows, vectors_of
from searchapp.encoders.vectors import Floats

BATCH = (32, 256)  # queries, at least and at most
STEPS = 20  # an epoch has this many at least, as far as batches are not too small for it
LEFT = 10  # tokens; a document that would keep fewer stands with its titles and sentences
WHOLE = 8192  # documents; of more, a step sees a sample
SAMPLE = 2048  # documents of a step, of a larger corpus
POOL = 16_384  # documents among which the hard ones of an epoch are looked for
PASSAGES = 200_000  # titles and sentences of an epoch; of more, a sample
HARD = 4  # documents of the pool that are nearest to a query and are not its own


@dataclass(frozen=True, eq=False)
class Examples:
    """Judged queries to teach: `queries` (q, v) token counts, `targets` (q, n) shares of each grade."""

    queries: sparse.csr_matrix
    targets: sparse.csr_matrix


@dataclass(frozen=True, eq=False)
class Batch:
    """One step.

    `queries` (q, v) are token counts: passages, whose documents are `owner`, then judged queries, whose
    numbers are `examples`. `targets` (q, n) float32 is what to find among the n documents in `rows`. `bare`
    tells whether the documents stand without the titles and sentences of the epoch.
    """

    queries: sparse.csr_matrix
    targets: Floats
    owner: Rows
    examples: Rows
    rows: Rows
    bare: bool


class Epoch:
    """The queries of one epoch: every title, one sentence of each document, and the judged queries.

    Args:
        passages: the corpus, in the columns of the table that is taught.
        examples: judged queries, None where there are none.
        repeats: how often each judged query comes.
        teaching: (p,) which titles and sentences may be taught.
        table: (v, d) float32, which documents of a large corpus are near which queries.
        draw: decides everything that is left to chance.
    """

    def __init__(
        self,
        passages: Passages,
        examples: Examples | None,
        repeats: int,
        teaching: NDArray[np.bool_],
        table: Floats,
        draw: np.random.Generator,
    ) -> None:
        self._passages, self._examples, self._draw = passages, examples, draw
        chosen = choose_passages(passages, teaching, draw)
        self.bare = without(passages, chosen)
        judged = np.arange(examples.queries.shape[0]) if examples else np.zeros(0, np.int64)
        # A judged query has the number of the query, a passage its own number below zero.
        numbers = np.concatenate([-1 - chosen, np.tile(judged, repeats)])
        self._numbers = numbers[draw.permutation(len(numbers))]
        least, most = BATCH
        self.steps = -(-len(numbers) // min(most, max(least, len(numbers) // STEPS)))
        n_docs = passages.documents.shape[0]
        self._pool = None
        if n_docs > WHOLE:
            pool = np.sort(draw.choice(n_docs, min(POOL, n_docs), replace=False))
            self._pool = pool, vectors_of(self.bare[pool], table), table.copy()

    def batches(self) -> Iterator[Batch]:
        """Yield the batches, each an equal share of the queries."""
        for step in range(self.steps):
            numbers = np.sort(self._numbers[step :: self.steps])  # passages first
            yield self._batch(
                -1 - numbers[numbers < 0], numbers[numbers >= 0], bare=self._draw.random() < 0.5
            )

    def _batch(self, own: Rows, asked: Rows, *, bare: bool) -> Batch:
        passages, examples = self._passages, self._examples
        owner = passages.owner[own]
        queries, found = passages.passages[own], [owner]
        if examples and len(asked):
            queries = sparse.vstack([queries, examples.queries[asked]], format="csr")
            found.append(examples.targets[asked].indices)
        rows = self._documents(queries, np.unique(np.concatenate(found)))
        targets = np.zeros((queries.shape[0], len(rows)), np.float32)
        targets[np.arange(len(own)), np.searchsorted(rows, owner)] = 1
        if examples and len(asked):
            targets[len(own) :] = examples.targets[asked][:, rows].toarray()
        return Batch(queries, targets, owner, asked, rows, bare)

    def _documents(self, queries: sparse.csr_matrix, found: Rows) -> Rows:
        """Return the documents of a step: all, or those to find with hard ones of the pool and a sample."""
        n_docs = self._passages.documents.shape[0]
        if self._pool is None:
            return np.arange(n_docs)
        pool, vectors, table = self._pool
        scores = vectors_of(queries, table) @ vectors.T
        hard = np.unique(pool[np.argpartition(-scores, HARD, axis=1)[:, : HARD + 1]])
        rows = np.union1d(found, hard)
        more = self._draw.choice(n_docs, max(0, SAMPLE - len(rows)), replace=False)
        return np.union1d(rows, more)


def choose_passages(passages: Passages, teaching: NDArray[np.bool_], draw: np.random.Generator) -> Rows:
    """Return the passages of an epoch: every title and one sentence of each document, or a sample of them."""
    titles = np.flatnonzero(passages.titled & teaching)
    sentences = draw.permutation(np.flatnonzero(~passages.titled & teaching))
    _, first = np.unique(passages.owner[sentences], return_index=True)
    chosen = np.concatenate([titles, sentences[first]])
    return chosen if len(chosen) <= PASSAGES else draw.choice(chosen, PASSAGES, replace=False)


def without(passages: Passages, chosen: Rows) -> sparse.csr_matrix:
    """Return the documents' token counts without some of their passages, (n, v) float32.

    A document that would keep fewer than `LEFT` tokens stays whole.
    """
    n_docs, n_passages = passages.documents.shape[0], passages.passages.shape[0]
    ones = np.ones(len(chosen), np.float32)
    picked = sparse.csr_matrix((ones, (passages.owner[chosen], chosen)), shape=(n_docs, n_passages))
    left = passages.documents - picked @ passages.passages
    left.data[left.data < 0] = 0  # where text around a passage was split into other tokens
    whole = (np.asarray(left.sum(axis=1)).ravel() < LEFT).astype(np.float32)
    left = sparse.diags(1 - whole) @ left + sparse.diags(whole) @ passages.documents
    left = left.tocsr().astype(np.float32)
    left.eliminate_zeros()
    left.sort_indices()
    return left

"""An open index: verified, ready to search, with its documents."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from searchapp.errors import IndexMissingError, SearchappError
from searchapp.index.documents import DocumentStore
from searchapp.index.kinds import find_kind
from searchapp.index.kinds.kind import CandidateSource
from searchapp.index.layout import DOCUMENTS, LIST_HINT, VECTORS, current_folder, remove_hint
from searchapp.index.manifest import read_manifest, rebuild_command, recipe_differences
from searchapp.records import Document, Ranking, Recipe, alphabetical_ranks, best_rows, contenders

if TYPE_CHECKING:
    from searchapp.corpora.corpus import Corpus

CACHED_ROWS = 256
PRODUCT = "float64 matrix product over all documents, ambiguous roundings summed again"
PRODUCT_ROWS = 20_000  # documents; their scores for a batch of queries take some 40 MB
MARGIN = 32  # candidates beyond the depth, so that near-ties at the last place are decided exactly


class Index:
    """A finished index. Use `open_index` to get one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)
        self.vectors = _vectors(folder)
        self._documents = DocumentStore(folder / DOCUMENTS)
        self.kind = find_kind(self.manifest.kind)
        self._candidates = self._open_kind()
        shape = (self.manifest.n_docs, self.manifest.recipe.dimension)
        if self.vectors.shape != shape or self._candidates.shape != shape:
            raise SearchappError(
                f"The index {folder} is inconsistent: its manifest says {shape}, its vectors are "
                f"{self.vectors.shape}, its {self.kind.file} is {self._candidates.shape}.",
                remove_hint(folder),
            )

    def _open_kind(self) -> CandidateSource:
        file = self.folder / self.kind.file
        try:
            return self.kind.open(file, self.manifest.parameters)
        except ValueError as error:
            problem = f"{file} is not a valid {self.kind.name} index ({error})."
            raise SearchappError(problem, remove_hint(self.folder)) from error

    def check_recipe(self, wanted: Recipe) -> None:
        """Raise SearchappError when the index was built with another model, tokenizer or option."""
        differences = recipe_differences(self.manifest.recipe, wanted)
        if differences:
            problem = f"The index {self.folder} was built with another recipe: {'; '.join(differences)}."
            raise SearchappError(problem, self._rebuild)

    def check_corpus(self, corpus: "Corpus") -> None:
        """Raise SearchappError when the documents have changed since the index was built.

        Files of the same size and time count as unchanged; otherwise the whole corpus is read.
        """
        stamp, digest = corpus.stamp(), self.manifest.documents_digest
        if (stamp and stamp == self.manifest.stamp) or corpus.documents_digest == digest:
            return
        raise SearchappError(
            f"The documents of {corpus.name} have changed since the index {self.folder} was built: "
            f"digest {digest[:12]} (index) is now {corpus.documents_digest[:12]}.",
            self._rebuild,
        )

    @property
    def _rebuild(self) -> str:
        return f"Rebuild it: {rebuild_command(self.manifest)}"

    def all_ids(self) -> list[str]:
        """Return the document ids in row order."""
        return self._documents.all_ids()

    def documents(self, ids: Sequence[str]) -> list[Document]:
        """Return the documents with these ids, in the order of `ids`."""
        return self._documents.documents(ids)

    def search(self, queries: NDArray[np.float32], depth: int) -> list[Ranking]:
        """Return the best `depth` documents of each query by the tie rule (all when there are fewer).

        The kind of the index proposes candidates; for a batch of queries on a small corpus, an exact kind
        needs none, because all documents are scored. Inner products are summed in double precision and
        rounded once. Equal vectors therefore score equal, which a matrix product does not guarantee, and
        the order of the documents in the corpus cannot change a ranking. A kind that is not exact may
        miss documents, and may return fewer than `depth`.

        The queries are (q, d), from the encoder the index was built with; `depth` is at least 1.

        Raises:
            SearchappError: an exact kind proposes too few candidates.
        """
        depth = min(depth, self.manifest.n_docs)
        if not self._scores_all(len(queries)):
            return self._search_candidates(queries, depth)
        ids = np.array(self.all_ids(), dtype=object)
        ranks = alphabetical_ranks(ids.tolist())
        rankings = []
        for scores in product_scores(self.vectors, queries, self.manifest.max_norm):
            best = best_rows(scores, ranks, depth)
            rankings.append(Ranking(ids[best].tolist(), scores[best]))
        return rankings

    def search_recipe(self, queries: int) -> dict[str, Any]:
        """Return what a recipe says about searching a batch of this many queries."""
        method = PRODUCT if self._scores_all(queries) else f"{self.kind.method}; rescored in float64"
        recipe: dict[str, Any] = {"index": self.kind.name, "search": method}
        if self.manifest.parameters:
            recipe["index_parameters"] = self.manifest.parameters
        return recipe if self.kind.exact else recipe | {"exact": False}

    def _scores_all(self, queries: int) -> bool:
        return self.kind.exact and queries > 1 and self.manifest.n_docs <= PRODUCT_ROWS

    def _search_candidates(self, queries: NDArray[np.float32], depth: int) -> list[Ranking]:
        size, exact = self.manifest.n_docs, self.kind.exact
        names = self.all_ids() if len(queries) * depth > size else None  # else a few are looked up
        # Bound of the error of a float32 inner product (Higham, Accuracy and Stability, 3.1).
        slack = np.linalg.norm(queries, axis=1) * self.manifest.max_norm * queries.shape[1] * 2.0**-24

        def ranking(query: int, lowest: np.float32, candidates: NDArray[np.int64]) -> Ranking | None:
            """Rank the candidates; None when a document that an exact kind left out may belong to them."""
            candidates = candidates[candidates >= 0]
            scores = exact_scores(self.vectors[candidates], queries[query])
            kept = contenders(scores, depth)
            if exact and len(candidates) < size and scores[kept].min() <= lowest + slack[query]:
                return None
            rows = candidates[kept].tolist()
            ids = [names[row] for row in rows] if names else self._documents.ids(rows)
            return Ranking.from_scores(ids, scores[kept], depth)

        rankings: dict[int, Ranking] = {}
        undecided = list(range(len(queries)))
        fetch = depth + MARGIN
        while undecided:
            scores, rows = self._candidates.propose(queries[undecided], min(fetch, size))
            if exact and (rows < 0).any():
                raise SearchappError(
                    f"The index {self.folder} proposes fewer than {min(fetch, size)} candidates.",
                    "A stored vector is not finite; `searchapp doctor` checks the index.",
                )
            ranked = list(map(ranking, undecided, scores[:, -1], rows))
            rankings.update((query, done) for query, done in zip(undecided, ranked, strict=True) if done)
            undecided = [query for query, done in zip(undecided, ranked, strict=True) if not done]
            fetch *= 4
        return [rankings[query] for query in range(len(queries))]


def _vectors(folder: Path) -> NDArray[np.float32]:
    try:
        vectors: NDArray[np.float32] = np.asarray(np.load(folder / VECTORS, mmap_mode="r"))
    except ValueError as error:
        raise SearchappError(f"{folder / VECTORS} is damaged ({error}).", remove_hint(folder)) from error
    return vectors


def exact_scores(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inner products of (n, d) rows with a (d,) query, summed in float64, rounded to float32."""
    exact = query.astype(np.float64)
    scores = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), CACHED_ROWS):  # so many fit in the processor's cache
        rows = vectors[start : start + CACHED_ROWS].astype(np.float64)
        scores[start : start + CACHED_ROWS] = np.einsum("nd,d->n", rows, exact)
    return scores


def product_scores(
    vectors: NDArray[np.float32], queries: NDArray[np.float32], max_norm: float
) -> NDArray[np.float32]:
    """Return `exact_scores` of (n, d) rows for each of (q, d) queries, (q, n), with one matrix product.

    A product sums in any order. Where its error could change the rounding, for about one score in a
    million, the sum is repeated in the fixed order. `max_norm` is the largest norm of a row of `vectors`.
    """
    exact = queries.astype(np.float64) @ vectors.T.astype(np.float64)
    scores = exact.astype(np.float32)
    # Twice the bound of the error of a float64 inner product (Higham, Accuracy and Stability, 3.1).
    error = np.linalg.norm(queries, axis=1)[:, None] * max_norm * vectors.shape[1] * 2.0**-52
    doubtful = (exact - error).astype(np.float32) != (exact + error).astype(np.float32)
    for query, row in np.argwhere(doubtful):
        scores[query, row] = exact_scores(vectors[row : row + 1], queries[query])[0]
    return scores


def open_index(folder: Path) -> Index:
    """Open the index in a folder.

    Raises:
        IndexMissingError: there is no index.
        SearchappError: it is damaged.
    """
    current = current_folder(folder)
    if not current.exists():
        raise IndexMissingError(f"There is no index {folder}.", LIST_HINT)
    try:
        return Index(current)
    except (FileNotFoundError, SearchappError):
        # A build may have replaced the index while it was being opened: look once more.
        return Index(current_folder(folder))

"""BM25 as MTEB's `baseline-bm25s` computes it; the only importer of bm25s and of the stemmer.

bm25s computes the weight of every word in every document once (Lù, "BM25S", arXiv 2407.03618, 2024). The
weights are cached; a query only adds up those of its words, and needs neither bm25s nor the texts.
"""

import hashlib
import json
import logging
import re
import time
import zipfile
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.texts import assemble
from searchapp.errors import SearchappError
from searchapp.files import cache_folder, replacing
from searchapp.index.index import Index
from searchapp.records import Document, Query, Ranking, Run

logger = logging.getLogger(__name__)

BM25 = "bm25"  # the name of the model in results
LIBRARIES = ("bm25s", "PyStemmer")  # they shape the scores
SCHEMA = "searchapp/bm25/1"  # of the cached weights and of how they are computed here

WORD = re.compile(r"\b\w\w+\b")
PROBE = ("generally", "organic", "ageing", "dying", "internationally", "news", "skis", "university",
         "apology")  # fmt: skip
"""Words that versions of the Snowball stemmer stem differently."""


@dataclass(frozen=True)
class Bm25Recipe:
    """Everything that shapes a BM25 score; the weights are cached under its digest.

    `stems` is a digest of the stems of `PROBE`, which reveals another stemmer whatever its version says.
    """

    documents_digest: str
    stemmer: str
    stemmer_version: str
    stems: str
    bm25s: str
    stop_words: str = "bm25s en"
    words: str = WORD.pattern
    template: str = "{title}\n{text}"
    method: str = "lucene"
    k1: float = 1.5
    b: float = 0.75
    unmatched: str = "no result"

    def digest(self) -> str:
        """Return the digest that names the cached weights of this recipe."""
        return hashlib.sha256(json.dumps([SCHEMA, asdict(self)], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Bm25:
    """The weighted words of a collection, ready to search. Use `open_bm25` to get one.

    `ids` are the n document ids, `vocabulary` maps each of the v stems to its column, and `stop_words` are
    ignored in documents and queries. Column by column, `weights` (p,) float32 holds the weight of each
    pair of a stem and a document, and `rows` (p,) the document; `starts` (v + 1,) says where each column
    begins, and where the last one ends.
    """

    recipe: Bm25Recipe
    ids: Sequence[str]
    vocabulary: dict[str, int]
    stop_words: Sequence[str]
    weights: NDArray[np.float32]
    rows: NDArray[np.integer[Any]]
    starts: NDArray[np.integer[Any]]

    @classmethod
    def build(cls, recipe: Bm25Recipe, documents: Iterable[Document]) -> "Bm25":
        """Compute the weights of the words of all documents.

        Raises:
            SearchappError: no document contains a word.
        """
        import bm25s
        from bm25s.stopwords import STOPWORDS_EN

        stop_words = frozenset(STOPWORDS_EN)
        ids, texts = [], []
        for document in documents:
            ids.append(document.id)
            texts.append(words(assemble(document, recipe.template), stop_words))
        stems = stems_of(word for text in texts for word in text)
        vocabulary = {stem: column for column, stem in enumerate(dict.fromkeys(stems.values()))}
        column_of = {word: vocabulary[stem] for word, stem in stems.items()}
        if not vocabulary:
            raise SearchappError(
                f"BM25 needs words, but these {len(ids)} documents contain none.",
                "A word has at least two letters or digits and is not an English stop word.",
            )
        index = bm25s.BM25(k1=recipe.k1, b=recipe.b, method=recipe.method)
        columns = [[column_of[word] for word in text] for text in texts]
        index.index((columns, vocabulary), create_empty_token=False, show_progress=False)
        arrays = (index.scores[name] for name in ("data", "indices", "indptr"))
        return cls(recipe, ids, vocabulary, STOPWORDS_EN, *arrays)

    def search(self, queries: Sequence[Query], depth: int) -> Run:
        """Return the best `depth` documents for each query by the tie rule.

        Only documents that contain a word of the query are results, so there may be fewer, or none.

        Args:
            queries: queries with distinct ids.
            depth: the maximum number of results per query.
        """
        run = {}
        for query, scores in zip(queries, self.scores(queries), strict=True):
            rows = np.flatnonzero(scores)
            run[query.id] = Ranking.from_scores(self.ids, scores[rows], depth, rows)
        return run

    def scores(self, queries: Sequence[Query]) -> Iterator[NDArray[np.float32]]:
        """Yield for each query the scores of all documents in the order of `ids`, (n,)."""
        stop_words = frozenset(self.stop_words)
        texts = [words(query.text, stop_words) for query in queries]
        stems = stems_of(word for text in texts for word in text)
        for text in texts:
            scores = np.zeros(len(self.ids), dtype=np.float32)
            for word in text:  # in single precision and in the order of the query, as bm25s does
                column = self.vocabulary.get(stems[word])
                if column is not None:
                    start, end = self.starts[column : column + 2]
                    scores[self.rows[start:end]] += self.weights[start:end]
            yield scores

    def write(self, path: Path) -> None:
        """Write the weights to a file, atomically.

        Raises:
            OSError: it cannot be written.
        """
        header = {
            "recipe": asdict(self.recipe),
            "ids": self.ids,
            "vocabulary": list(self.vocabulary),
            "stop_words": list(self.stop_words),
        }
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                weights=self.weights,
                rows=self.rows,
                starts=self.starts,
                words=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
            )

    @classmethod
    def read(cls, path: Path) -> "Bm25":
        """Read what `write` wrote, verifying the checksums in the file.

        Raises:
            OSError, BadZipFile, EOFError, ValueError, KeyError, TypeError: it is missing or damaged.
        """
        with np.load(path) as file:
            header = json.loads(file["words"].tobytes())
            vocabulary = {stem: column for column, stem in enumerate(header["vocabulary"])}
            arrays = (file[name] for name in ("weights", "rows", "starts"))
            recipe = Bm25Recipe(**header["recipe"])
            return cls(recipe, header["ids"], vocabulary, header["stop_words"], *arrays)


def open_bm25(documents_digest: str, documents: Callable[[], Iterable[Document]]) -> Bm25:
    """Return the BM25 weights of a collection, from the cache if they are there.

    Args:
        documents_digest: identifies the collection, see `Corpus.documents_digest`.
        documents: called for the documents when the weights must be computed.

    Raises:
        SearchappError: no document contains a word.
    """
    recipe = bm25_recipe(documents_digest)
    path = cache_folder("bm25") / f"{recipe.digest()}.npz"
    try:
        return Bm25.read(path)
    except FileNotFoundError:
        pass
    except (OSError, zipfile.BadZipFile, EOFError, ValueError, KeyError, TypeError) as error:
        logger.warning("The BM25 weights %s are damaged (%s); they are computed again.", path, error)
    bm25 = Bm25.build(recipe, documents())
    try:
        bm25.write(path)
    except OSError as error:
        logger.warning("The BM25 weights cannot be cached in %s (%s).", path.parent, error.strerror)
    return bm25


def bm25_run(index: Index, queries: Sequence[Query], depth: int) -> tuple[Run, dict[str, float]]:
    """Search the documents of an index, and return the run with the seconds spent."""
    began = time.perf_counter()
    bm25 = open_bm25(index.manifest.documents_digest, lambda: index.documents(index.all_ids()))
    return bm25.search(queries, depth), {BM25: time.perf_counter() - began}


def bm25_recipe(documents_digest: str) -> Bm25Recipe:
    """Return the recipe of a collection with the installed libraries."""
    stems = " ".join(_stemmer().stemWords(PROBE))
    return Bm25Recipe(
        documents_digest=documents_digest,
        stemmer="Snowball english by PyStemmer",
        stemmer_version=version("PyStemmer"),
        stems=hashlib.sha256(stems.encode()).hexdigest()[:16],
        bm25s=version("bm25s"),
    )


def words(text: str, stop_words: Container[str]) -> list[str]:
    """Return the words of a text, lowercased and in order, without stop words.

    >>> words("The cats are asleep, a cat is not.", {"the", "are", "is", "not"})
    ['cats', 'asleep', 'cat']
    """
    return [word for word in WORD.findall(text.lower()) if word not in stop_words]


def stems_of(tokens: Iterable[str]) -> dict[str, str]:
    """Map each distinct word to its stem.

    >>> stems_of(["cats", "cat", "sleeping", "cat"])
    {'cats': 'cat', 'cat': 'cat', 'sleeping': 'sleep'}
    """
    distinct = list(dict.fromkeys(tokens))
    return dict(zip(distinct, _stemmer().stemWords(distinct), strict=True))


@cache
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")

"""The only importer of bm25s and of the stemmer: BM25 as MTEB's `baseline-bm25s` computes it.

bm25s weighs every word of every document once (Lù, "BM25S", arXiv 2407.03618, 2024), which is then kept;
a query only adds up the weights of its words, so that a second search needs neither bm25s nor the texts.
"""

import hashlib
import json
import logging
import re
import time
import zipfile
from collections.abc import Callable, Container, Iterable, Sequence
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
LIBRARIES = ("bm25s", "PyStemmer")  # that shape its scores
SCHEMA = "searchapp/bm25/1"  # of the weights that are kept, and of how they come about here

WORD = re.compile(r"\b\w\w+\b")
PROBE = (
    "generally",
    "organic",
    "ageing",
    "dying",
    "internationally",
    "news",
    "skis",
    "university",
    "apology",
)
"""Words of which some stem otherwise from one version of Snowball to the next."""


@dataclass(frozen=True)
class Bm25Recipe:
    """All that shapes a BM25 score; the weights are kept under its digest.

    `stems` is a digest of the stems of `PROBE`: another stemmer shows, whatever its version says.
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
        """Return what names the weights of this recipe."""
        return hashlib.sha256(json.dumps([SCHEMA, asdict(self)], sort_keys=True).encode()).hexdigest()


class Bm25:
    """The weights of a collection's words, ready to be searched. Use `open_bm25` to get one.

    Args:
        recipe: what made them.
        ids: the n document ids.
        vocabulary: the stems, each with its column.
        stop_words: words that queries and documents are read without.
        weights: (p,) float32, the weight of each pair of a stem and a document, column by column.
        rows: (p,) the document of each weight.
        starts: (v + 1,) where each column starts, and the end.
    """

    def __init__(
        self,
        recipe: Bm25Recipe,
        ids: Sequence[str],
        vocabulary: dict[str, int],
        stop_words: Sequence[str],
        weights: NDArray[np.float32],
        rows: NDArray[np.integer[Any]],
        starts: NDArray[np.integer[Any]],
    ) -> None:
        self.recipe = recipe
        self.ids = ids
        self._vocabulary = vocabulary
        self._stop_words = stop_words
        self._weights = weights
        self._rows = rows
        self._starts = starts

    @classmethod
    def build(cls, recipe: Bm25Recipe, documents: Iterable[Document]) -> "Bm25":
        """Weigh the words of all documents.

        Raises:
            SearchappError: there is no document, or none with a word.
        """
        import bm25s
        from bm25s.stopwords import STOPWORDS_EN

        left_out = frozenset(STOPWORDS_EN)
        ids, texts = [], []
        for document in documents:
            ids.append(document.id)
            texts.append(words(assemble(document, recipe.template), left_out))
        stems = stems_of(word for text in texts for word in text)
        vocabulary = {stem: column for column, stem in enumerate(dict.fromkeys(stems.values()))}
        column_of = {word: vocabulary[stem] for word, stem in stems.items()}
        if not vocabulary:
            raise SearchappError(
                f"BM25 needs words, and there are none in these {len(ids)} documents.",
                "A word is two letters or digits or more, and no English stop word.",
            )
        index = bm25s.BM25(k1=recipe.k1, b=recipe.b, method=recipe.method)
        columns = [[column_of[word] for word in text] for text in texts]
        index.index((columns, vocabulary), create_empty_token=False, show_progress=False)
        arrays = (index.scores[name] for name in ("data", "indices", "indptr"))
        return cls(recipe, ids, vocabulary, STOPWORDS_EN, *arrays)

    def search(self, queries: Sequence[Query], depth: int) -> Run:
        """Return the best `depth` documents for each query by the tie rule.

        Only documents that hold a word of the query are results, so there may be fewer, or none.

        Args:
            queries: queries with distinct ids.
            depth: how many results a query gets at most.
        """
        left_out = frozenset(self._stop_words)
        texts = [words(query.text, left_out) for query in queries]
        stems = stems_of(word for text in texts for word in text)
        return {
            query.id: self._rank([stems[word] for word in text], depth)
            for query, text in zip(queries, texts, strict=True)
        }

    def _rank(self, stems: Sequence[str], depth: int) -> Ranking:
        scores = np.zeros(len(self.ids), dtype=np.float32)
        for stem in stems:  # in single precision and in the order of the query, as bm25s does
            column = self._vocabulary.get(stem)
            if column is not None:
                start, end = self._starts[column : column + 2]
                scores[self._rows[start:end]] += self._weights[start:end]
        rows = np.flatnonzero(scores)
        return Ranking.from_scores(self.ids, scores[rows], depth, rows)

    def write(self, path: Path) -> None:
        """Write the weights to a file, atomically.

        Raises:
            OSError: it cannot be written.
        """
        words = {
            "recipe": asdict(self.recipe),
            "ids": self.ids,
            "vocabulary": list(self._vocabulary),
            "stop_words": list(self._stop_words),
        }
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                weights=self._weights,
                rows=self._rows,
                starts=self._starts,
                words=np.frombuffer(json.dumps(words).encode(), dtype=np.uint8),
            )

    @classmethod
    def read(cls, path: Path) -> "Bm25":
        """Read what `write` wrote; the checksums of the file are compared.

        Raises:
            OSError, BadZipFile, EOFError, ValueError, KeyError, TypeError: it is not there, or damaged.
        """
        with np.load(path) as kept:
            words = json.loads(kept["words"].tobytes())
            vocabulary = {stem: column for column, stem in enumerate(words["vocabulary"])}
            arrays = (kept[name] for name in ("weights", "rows", "starts"))
            return cls(Bm25Recipe(**words["recipe"]), words["ids"], vocabulary, words["stop_words"], *arrays)


def open_bm25(documents_digest: str, documents: Callable[[], Iterable[Document]]) -> Bm25:
    """Return the BM25 weights of a collection, those kept from an earlier time when there are any.

    Args:
        documents_digest: of the collection, see `Corpus.documents_digest`.
        documents: called for the documents when the weights must be computed.

    Raises:
        SearchappError: there is no document, or none with a word.
    """
    recipe = bm25_recipe(documents_digest)
    path = cache_folder("bm25") / f"{recipe.digest()}.npz"
    try:
        return Bm25.read(path)
    except FileNotFoundError:
        pass
    except (OSError, zipfile.BadZipFile, EOFError, ValueError, KeyError, TypeError) as error:
        logger.warning("The BM25 weights %s are damaged (%s); they are computed again.", path, error)
    index = Bm25.build(recipe, documents())
    try:
        index.write(path)
    except OSError as error:
        logger.warning("The BM25 weights cannot be kept in %s (%s).", path.parent, error.strerror)
    return index


def bm25_run(index: Index, queries: Sequence[Query], depth: int) -> tuple[Run, dict[str, float]]:
    """Search the documents of an index, and return the run with the seconds spent."""
    began = time.perf_counter()
    bm25 = open_bm25(index.manifest.documents_digest, lambda: index.documents(index.all_ids()))
    return bm25.search(queries, depth), {BM25: time.perf_counter() - began}


def bm25_recipe(documents_digest: str) -> Bm25Recipe:
    """Return the recipe that the installed versions give for a collection."""
    stems = " ".join(_stemmer().stemWords(PROBE))
    return Bm25Recipe(
        documents_digest=documents_digest,
        stemmer="Snowball english by PyStemmer",
        stemmer_version=version("PyStemmer"),
        stems=hashlib.sha256(stems.encode()).hexdigest()[:16],
        bm25s=version("bm25s"),
    )


def words(text: str, left_out: Container[str]) -> list[str]:
    """Return the words of a text in small letters and in order, without those that are left out.

    >>> words("The cats are asleep, a cat is not.", {"the", "are", "is", "not"})
    ['cats', 'asleep', 'cat']
    """
    return [word for word in WORD.findall(text.lower()) if word not in left_out]


def stems_of(found: Iterable[str]) -> dict[str, str]:
    """Return word -> stem for each distinct word.

    >>> stems_of(["cats", "cat", "sleeping", "cat"])
    {'cats': 'cat', 'cat': 'cat', 'sleeping': 'sleep'}
    """
    distinct = list(dict.fromkeys(found))
    return dict(zip(distinct, _stemmer().stemWords(distinct), strict=True))


@cache
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")

"""How well query texts fit the documents that are judged relevant, as the control and BM25 see it."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.measures import spread
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.vectors import Floats
from searchapp.evaluation.metric import RELEVANT
from searchapp.records import Document, Query
from searchapp.retrieval.bm25 import Bm25, open_bm25

Rows = NDArray[np.intp]
Matrix = NDArray[np.float64]

MOST_SETS = 1000  # judged queries that are compared, and judged documents
MOST_TEXTS = 4000  # query texts that are tried for each of them
LOOKED_AT = 50  # documents whose script is looked at
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of scripts that put no space between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""


@dataclass(eq=False)
class Fit:
    """The query texts of a corpus against the documents that its judgements name.

    A text fits a document better, the further it scores it above the other documents, compared with how far
    the other texts do. The texts are those of the judged queries in the order of the file, or, for `whole`,
    of all its queries. The judged documents of each query are a set.
    """

    context: CorpusContext
    whole: bool = False

    @cached_property
    def _relevant(self) -> dict[str, Rows]:
        rows, judgements = self.context.rows, self.context.judgements
        relevant: dict[str, Rows] = {}
        for name in self.context.all_queries:
            grades = judgements.get(name, {}).items()
            found = [rows[one] for one, grade in grades if grade >= RELEVANT and one in rows]
            if found and len(relevant) < MOST_SETS:
                relevant[name] = np.array(found)
        return relevant

    @cached_property
    def names(self) -> list[str]:
        """The judged queries with a relevant document in the corpus, in the order of the queries' file."""
        return list(self._relevant)

    @cached_property
    def texts(self) -> list[Query]:
        """The texts that are tried; a long file is not tried as a whole."""
        queries = self.context.all_queries
        whole = self.whole and len(queries) <= MOST_TEXTS
        return list(queries.values()) if whole else [queries[name] for name in self.names]

    @cached_property
    def own(self) -> Rows:
        """For each set the row of the text of its own query, (q,)."""
        places = {query.id: row for row, query in enumerate(self.texts)}
        return np.array([places[name] for name in self.names], dtype=np.intp)

    @cached_property
    def _judged(self) -> Rows:
        return np.unique(np.concatenate(list(self._relevant.values())))

    @cached_property
    def _sets(self) -> list[Rows]:
        return [np.searchsorted(self._judged, rows) for rows in self._relevant.values()]

    @cached_property
    def _text_vectors(self) -> Floats:
        return load_encoder(BUNDLED).encode_queries(self.texts)

    def _above_by_control(self, shift: int = 0) -> Matrix:
        """Return by how much each text scores each judged document above the others, (t, j)."""
        documents = self.context.control.documents
        among = self._text_vectors @ documents[spread(len(documents), MOST_TEXTS)].T
        scores = self._text_vectors @ documents[(self._judged + shift) % len(documents)].T
        above = (scores - among.mean(axis=1)[:, None]) / _positive(among.std(axis=1))[:, None]
        return np.asarray(above, dtype=np.float64)

    @cached_property
    def _above_by_bm25(self) -> Matrix:
        self.context.progress("scoring every query with BM25")
        spaced = not self._unspaced
        bm25 = self.context.bm25 if spaced else self._bm25_of_bigrams()
        place = np.array([self.context.rows[name] for name in bm25.ids])
        scores = np.zeros(len(self.context.documents))
        above = np.zeros((len(self.texts), len(self._judged)))
        texts = self.texts if spaced else [Query(one.id, _bigrams(one.text)) for one in self.texts]
        for row, found in enumerate(bm25.scores(texts)):
            scores[place] = found
            above[row] = (scores[self._judged] - scores.mean()) / (float(scores.std()) or 1.0)
        return above

    def by_control(self, shift: int = 0) -> Matrix:
        """Return how well each text fits each set, (t, q), each document read `shift` rows on."""
        return self._of_sets(self._above_by_control(shift))

    @cached_property
    def by_bm25(self) -> Matrix:
        """How well each text fits each set as BM25 sees it, (t, q)."""
        return self._of_sets(self._above_by_bm25)

    @cached_property
    def by_both(self) -> Matrix:
        """How well each text fits each set as control and BM25 together see it, (t, q)."""
        return (self.by_control() + self.by_bm25) / 2

    def _of_sets(self, above: Matrix) -> Matrix:
        return self._standardised(np.stack([above[:, rows].mean(axis=1) for rows in self._sets], axis=1))

    def _standardised(self, above: Matrix) -> Matrix:
        """Measure each column against the judged texts, since some documents are near everything."""
        usual = above[self.own]
        standardised: Matrix = (above - usual.mean(axis=0)) / _positive(usual.std(axis=0))
        return standardised

    @cached_property
    def of_documents(self) -> Matrix:
        """How well each judged document fits the texts that another is judged for, (j, j), by both.

        The first axis are the documents that are judged, the second those that are tried in their place.
        """
        both = self._standardised(self._above_by_control()) + self._standardised(self._above_by_bm25)
        texts: list[list[int]] = [[] for _ in self._judged]
        for text, rows in zip(self.own, self._sets, strict=True):
            for row in rows:
                texts[row].append(int(text))
        kept = spread(len(texts), MOST_SETS)
        fit = np.stack([both[texts[row]][:, kept].mean(axis=0) for row in kept])
        standardised: Matrix = (fit - fit.mean(axis=1)[:, None]) / _positive(fit.std(axis=1))[:, None]
        return standardised

    @cached_property
    def repeated(self) -> NDArray[np.bool_]:
        """Which of the documents of `of_documents` say nothing that another does not say too, (j,)."""
        texts = [f"{one.title} {one.text}".strip().casefold() for one in self.context.documents]
        counts = Counter(texts)
        rows = self._judged[spread(len(self._judged), MOST_SETS)]
        return np.array([counts[texts[row]] > 1 for row in rows], dtype=bool)

    def ranks(self, fit: Matrix, text: Rows | None = None) -> Matrix:
        """Return the share of judged texts that fit each set less than one text, its own by default."""
        chosen = fit[self.own if text is None else text, np.arange(len(self.own))]
        return below(fit[self.own], chosen, itself=text is None)

    def orders(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the orders in which queries and judgements may have been joined, as ids."""
        known, judged = set(self.names), self.context.corpus.source.judgements()
        yield "the order of the queries' file", [query.id for query in self.texts]
        yield "the order of the judgements' file", [name for name in judged if name in known]
        yield "the order of their ids", sorted(self.names)

    @cached_property
    def _unspaced(self) -> bool:
        documents = self.context.documents
        text = "".join(documents[row].text[:200] for row in spread(len(documents), LOOKED_AT))
        return len(UNSPACED.findall(text)) > 0.3 * sum(map(str.isalpha, text))

    def _bm25_of_bigrams(self) -> Bm25:
        name = f"{self.context.corpus.documents_digest} in pairs of letters"
        documents = self.context.documents
        return open_bm25(
            hashlib.sha256(name.encode()).hexdigest(),
            lambda: [Document(one.id, "", _bigrams(f"{one.title} {one.text}")) for one in documents],
        )


def below(values: Matrix, chosen: Matrix, *, itself: bool = True) -> Matrix:
    """Return for each column the share of values below a chosen one, which is one of them or not, (q,)."""
    lower, equal = (values < chosen).sum(axis=0), (values == chosen).sum(axis=0)
    shares: Matrix = (lower + (equal - itself) / 2) / max(len(values) - itself, 1)
    return shares


def _bigrams(text: str) -> str:
    """Return every two neighbouring letters of a text, which stand for its words."""
    return " ".join(first + second for first, second in pairwise("".join(filter(str.isalnum, text))))


def _positive(values: NDArray[Any]) -> NDArray[Any]:
    return np.where(values > 0, values, 1.0)

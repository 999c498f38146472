"""The exam: queries that are held back, scored with the table as it stands, alone and fused with BM25."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np
from numpy.typing import NDArray

from searchapp.adaptation.judged import Group
from searchapp.adaptation.passages import count_tokens, vectors_of
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.texts import assemble
from searchapp.encoders.vectors import Floats
from searchapp.evaluation.measures import parse_measure
from searchapp.evaluation.scoring import score_in_numpy
from searchapp.evaluation.tuning import FUSIONS
from searchapp.records import Document, Ranking, Run
from searchapp.retrieval.bm25 import Bm25, bm25_recipe
from searchapp.retrieval.fusion import Fusion, Pair, fuse, pair
from searchapp.retrieval.fusion_config import DEFAULT
from searchapp.retrieval.hybrid import DEPTH

Values = NDArray[np.float64]

METRIC, CUTOFF = "ndcg_at_10", 10
BLOCK = 128  # queries scored at a time


@dataclass(frozen=True)
class Marks:
    """The nDCG@10 of every query of a group, (q,) float64."""

    dense: Values
    hybrid: Values


class Exam:
    """Groups of queries on the documents that they are asked of, ready to be scored many times.

    Args:
        encoder: tokenises; its options shape the texts.
        documents: what is ranked; a held-back title or sentence is not in its document.
        groups: the queries.
    """

    def __init__(
        self, encoder: StaticEncoder, documents: Sequence[Document], groups: Sequence[Group]
    ) -> None:
        template, prompt = encoder.options.template, encoder.options.document_prompt
        self.groups = tuple(groups)
        self.ids = [document.id for document in documents]
        self._documents = count_tokens(encoder, (prompt + assemble(one, template) for one in documents))
        self._queries = [
            count_tokens(encoder, (encoder.options.query_prompt + query.text for query in group.queries))
            for group in groups
        ]
        bm25 = Bm25.build(bm25_recipe(""), documents)
        self._bm25 = [bm25.search(group.queries, DEPTH) for group in groups]

    def dense(self, table: Floats) -> list[Values]:
        """Return the nDCG@10 of every query of each group by the vectors of a (v, d) float32 table alone."""
        return [
            self._score(group, {name: cut(ranking, group.ignored.get(name)) for name, ranking in run.items()})
            for group, run in zip(self.groups, self._runs(table, CUTOFF), strict=True)
        ]

    def pairs(self, table: Floats) -> list[dict[str, Pair]]:
        """Return the dense and BM25 results of every query of each group."""
        return [
            {name: pair(ranking, bm25[name]) for name, ranking in run.items()}
            for run, bm25 in zip(self._runs(table, DEPTH), self._bm25, strict=True)
        ]

    def fused(self, pairs: Sequence[dict[str, Pair]], fusion: Fusion) -> list[Values]:
        """Return the nDCG@10 of every query of each group by fused results."""
        figures = []
        for group, sides in zip(self.groups, pairs, strict=True):
            extra = {name: len(group.ignored.get(name, ())) for name in sides}
            run = {name: fuse(side, fusion, CUTOFF + extra[name]) for name, side in sides.items()}
            run = {name: cut(ranking, group.ignored.get(name)) for name, ranking in run.items()}
            figures.append(self._score(group, run))
        return figures

    def choose_fusion(self, pairs: Sequence[dict[str, Pair]]) -> tuple[Fusion, list[Values]]:
        """Return the fusion that is best for the weighted mean of the groups, and what such a choice scores.

        The figures of each half of the queries are those of the fusion chosen on the other half.
        """
        tried = {fusion: self.fused(pairs, fusion) for fusion in CHOICES}
        halves = [np.arange(len(group.queries)) % 2 for group in self.groups]

        def best(half: int | None) -> Fusion:
            def overall(fusion: Fusion) -> float:
                chosen = [
                    values if half is None else values[side == half]
                    for values, side in zip(tried[fusion], halves, strict=True)
                ]
                return weighted_mean(self.groups, chosen)

            return max(CHOICES, key=overall)

        first, second = tried[best(0)], tried[best(1)]
        crossed = [np.where(side == 0, b, a) for a, b, side in zip(first, second, halves, strict=True)]
        return best(None), crossed

    def _runs(self, table: Floats, depth: int) -> list[Run]:
        documents = vectors_of(self._documents, table)
        return [
            self._rank(group, vectors_of(queries, table), documents, depth)
            for group, queries in zip(self.groups, self._queries, strict=True)
        ]

    def _rank(self, group: Group, queries: Floats, documents: Floats, depth: int) -> Run:
        run: Run = {}
        for start in range(0, len(queries), BLOCK):
            scores = queries[start : start + BLOCK] @ documents.T
            for query, row in zip(group.queries[start : start + BLOCK], scores, strict=True):
                extra = len(group.ignored.get(query.id, ()))
                run[query.id] = Ranking.from_scores(self.ids, row, depth + extra)
        return run

    def _score(self, group: Group, run: Run) -> Values:
        return score_in_numpy(run, group.judgements, [parse_measure(METRIC)]).values[METRIC]


CHOICES = tuple(fusion for fusion in FUSIONS if (fusion.dense, fusion.bm25) == (DEFAULT.dense, DEFAULT.bm25))
"""The fusions of the default's scales: one parameter, the weight, is chosen on few queries."""


def weighted_mean(groups: Sequence[Group], values: Sequence[Values]) -> float:
    """Return the mean of the groups' means, each as often as such queries occur."""
    counted = [
        (group.share, values_of) for group, values_of in zip(groups, values, strict=True) if len(values_of)
    ]
    total = fsum(share for share, _ in counted)
    if not total:
        return fsum(fsum(each) / len(each) for _, each in counted) / len(counted)
    return fsum(share * fsum(each) / len(each) for share, each in counted) / total


def cut(ranking: Ranking, ignored: set[str] | None) -> Ranking:
    """Return the first results of a ranking, without those that are ignored."""
    kept = [row for row, name in enumerate(ranking.document_ids) if not ignored or name not in ignored]
    rows = kept[:CUTOFF]
    return Ranking([ranking.document_ids[row] for row in rows], ranking.scores[rows])

"""A small healthy pipeline, the faults of every probe applied to it, and what each must find."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from searchapp.corpora.resolve import open_corpus
from searchapp.diagnosis.cloud import Vectors
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.evidence import Evidence
from searchapp.encoders.options import Options
from searchapp.records import Document, Ranking
from tests.exact import exact_search
from tests.injected.catalogue import FAULTS
from tests.injected.pipelines import Base, Memory, static_base, table_model, the
from tests.injected.run_faults import RUN_FAULTS, exact_run

Break = Callable[[Base], Evidence]
SEED = 5


@cache
def sentences() -> Base:
    """The bundled model on every sentence of the sample, which makes many documents of few."""
    sample = open_corpus("sample")
    items: list[Document] = []
    grades: dict[str, dict[str, int]] = {name: {} for name in sample.judgements}
    for document in sample.documents():
        for number, sentence in enumerate(re.split(r"(?<=[.?]) ", document.text)):
            name = f"{document.id}-{number}"
            items.append(Document(name, document.title, sentence))
            for query, row in sample.judgements.items():
                if document.id in row:
                    grades[query][name] = row[document.id]
    return static_base(
        replace(sample, id="sentences", source=Memory(items, list(sample.source.queries()), grades))
    )


def fault(name: str, severity: Any) -> Break:
    """Return what injects a fault of the catalogue."""
    inject = FAULTS.get(name) or RUN_FAULTS[name]
    return lambda base: inject(base, severity, np.random.default_rng(SEED))


def with_options(**options: Any) -> Break:
    return lambda base: base.with_table(base.table, Options(**options))


class _TestSplit(Memory):
    """A corpus in memory that is the test split of another."""

    @property
    def split(self) -> str:
        return "test"


def _called(name: str) -> Break:
    """Give the corpus the id of a published test split, whose digests and scores it then lacks."""

    def damage(base: Base) -> Evidence:
        corpus = base.context.corpus
        source = _TestSplit(base.context.documents, list(corpus.source.queries()), corpus.source.judgements())
        context = CorpusContext(replace(corpus, id=name, source=source))
        return base.evidence(table_model(base.table, context), context)

    return damage


def _foreign(base: Base) -> Evidence:
    return base.evidence(document_ids=[f"{name}.0" for name in base.vectors.document_ids])


def _other_dimension(base: Base) -> Evidence:
    return base.evidence(documents=base.vectors.documents[:, 5:105], queries=base.vectors.queries[:, 5:105])


def _noise(base: Base) -> Evidence:
    """Noise in half of the dimensions: a cloud needs twice as many documents as dimensions."""
    half = {side: getattr(base.vectors, side)[:, :128] for side in ("documents", "queries")}
    return fault("noise", 0.2)(Base(base.context, base.model, replace(base.vectors, **half)))


def _run_of_another_split(base: Base) -> Evidence:
    evidence = fault("scores too coarse", 4)(base)
    grades = dict(list(base.context.judgements.items())[:5])
    corpus = base.context.corpus
    source = Memory(base.context.documents, list(base.context.all_queries.values()), grades, corpus.source)
    context = CorpusContext(replace(corpus, source=source))
    run = {name: ranking for name, ranking in (evidence.run or {}).items() if name not in grades}
    return Evidence(context, run=run)


def _run_without_queries(base: Base) -> Evidence:
    evidence = fault("scores too coarse", 4)(base)
    run = dict(list((evidence.run or {}).items())[3:])
    return Evidence(base.context, run=run)


def _ranked(change: Callable[[Any, np.random.Generator], Any]) -> Break:
    """Return what writes other scores beside the results of a sound run."""

    def damage(base: Base) -> Evidence:
        rng = np.random.default_rng(SEED)
        run = {
            name: Ranking.from_scores(ranking.document_ids, change(ranking.scores, rng))
            for name, ranking in exact_run(base.evidence()).items()
        }
        return Evidence(base.context, run=run)

    return damage


def _beside_the_model(read: Callable[[Document], str]) -> Break:
    """Return what searches other texts than those of the corpus, and gives the run beside the sound model."""

    def damage(base: Base) -> Evidence:
        evidence = base.evidence()
        texts = [Document(one.id, "", read(one)) for one in base.context.documents]
        documents = the(base.model).encoder.encode_documents(texts)
        broken = replace(evidence, vectors=replace(the(evidence.vectors), documents=documents))
        return replace(evidence, run=exact_run(broken))

    return damage


def _never_found(base: Base) -> Evidence:
    evidence = base.evidence()
    kept = set(evidence.document_ids[100:])
    run = {}
    for name, ranked in exact_run(evidence, len(evidence.document_ids)).items():
        left = [row for row, one in enumerate(ranked.document_ids) if one in kept][:50]
        run[name] = Ranking([ranked.document_ids[row] for row in left], ranked.scores[left])
    return replace(evidence, run=run)


def _without_the_first(base: Base) -> Evidence:
    run = exact_run(base.evidence())
    return Evidence(
        base.context,
        run={name: Ranking(ranked.document_ids[1:], ranked.scores[1:]) for name, ranked in run.items()},
    )


def _run_of(broken: Break) -> Break:
    """Return what leaves only the run of exact search over broken vectors."""

    def damage(base: Base) -> Evidence:
        vectors = broken(base).vectors
        assert vectors is not None
        rankings = exact_search(vectors.document_ids, vectors.documents, vectors.queries, 10)
        return Evidence(base.context, run=dict(zip(vectors.query_ids, rankings, strict=True)))

    return damage


def _reported_of_another_split(base: Base) -> Evidence:
    """Report the score of `dev` for `test`; both are splits of a folder, which a test writes."""
    raise NotImplementedError


FIRES: dict[str, dict[str, Break]] = {
    "corpus-digest": {"corpus-differs": _called("beir/scifact/test")},
    "corpus-check": {
        "judged-documents-missing": fault("relevant documents missing", 0.3),
        "judgements-swapped": fault("judgement columns swapped", 1.0),
        "duplicate-query-ids": fault("duplicate query ids", 0.2),
    },
    "copies": {"duplicate-documents": fault("duplicate documents", 0.4)},
    "coverage": {"documents-missing": fault("documents missing", 0.3)},
    "vector-ids": {"foreign-ids": _foreign},
    "index-state": {"stale-index": lambda base: replace_changes(base, ["model_digest a (index) is now b"])},
    "control": {"control-differs": _called("beir/scifact/test")},
    "random-baseline": {"below-random": fault("document rows shuffled", 1.0)},
    "title-search": {"titles-not-found": fault("document rows shuffled", 1.0)},
    "row-order": {
        "rows-offset": fault("document rows shifted", 2),
        "queries-offset": fault("query rows shifted", 1),
        "order-lost": fault("batches left sorted by length", 64),
        "some-rows-misplaced": fault("some rows misplaced", 0.4),
    },
    "encoded-again": {
        "rows-offset": fault("document rows shifted", 2),
        "queries-offset": fault("query rows shifted", 1),
        "order-lost": fault("document rows shuffled", 1.0),
        "some-rows-misplaced": fault("few rows misplaced", 0.1),
    },
    "stored-texts": {
        "title-dropped": fault("title dropped", 0.5),
        "text-dropped": fault("text dropped", 1.0),
        "object-as-text": fault("a dict as text", 1.0),
        "case-changed": fault("queries in upper case", 1.0),
        "prompt": fault("an instruction before stored queries", 1.0),
        "truncated": fault("stored texts truncated", 12),
        "pooling": fault("other pooling", ("max", "max")),
        "mixed-encoders": fault("queries in other coordinates", "rotation"),
        "dominant-directions": fault("dominant directions", (5, 1.0)),
    },
    "row-alignment": {
        "table-rows-shifted": fault("rows shifted", (2, 0.3)),
        "table-rows-random": fault("random table", "plain"),
    },
    "equal-rows": {
        "zero-rows": fault("zero rows", 0.2),
        "unknown-tokens": fault("rows replaced by the unknown token's", 0.2),
        "shared-rows": fault("shared rows", 100),
    },
    "token-weights": {
        "frequent-tokens": fault("frequent tokens dominate", 0.75),
        "flat-weights": fault("rows of unit norm", 1.0),
    },
    "tokenizer": {"rebuilt-tokenizer": fault("tokenizer rebuilt by length", 1.0)},
    "model-input": {
        "truncated": with_options(max_length=8),
        "title-dropped": with_options(template="{text}"),
        "text-dropped": with_options(template="{title}"),
        "prompt": fault("an instruction in the recipe", "queries documents"),
    },
    "finite": {
        "not-finite": fault("NaN", 0.02),
        "zero-vectors": fault("zero document vectors", ("documents", 0.1)),
    },
    "norms": {"unnormalised": fault("norms drive the ranking", 0.5)},
    "dimensions": {"few-dimensions": fault("few dimensions", 16), "dimensions-differ": _other_dimension},
    "quantisation": {"overflow": fault("int8 overflow", 2.0)},
    "directions": {
        "dominant-directions": fault("dominant directions", (5, 1.0)),
        "hubness": fault("hubs", (1.5, 0.5)),
        "steep-spectrum": fault("spectrum too steep", 5.0),
        "noise": _noise,
    },
    "shared-space": {
        "wrong-sign": fault("wrong sign", 1.0),
        "mixed-encoders": fault("queries in other coordinates", "rotation"),
    },
    "run-ids": {
        "foreign-ids": fault("ids written differently", "prefix"),
        "other-split": _run_of_another_split,
        "queries-missing": _run_without_queries,
    },
    "run-rows": {
        "rows-offset": _run_of(fault("document rows shifted", 2)),
        "queries-offset": _run_of(fault("query rows shifted", 1)),
        "order-lost": _run_of(fault("document rows shuffled", 1.0)),
    },
    "run-order": {
        "wrong-sign": _ranked(lambda scores, _rng: -scores),
        "rank-as-score": _ranked(lambda scores, _rng: np.arange(1, len(scores) + 1)),
        "scores-random": _ranked(lambda scores, rng: rng.random(len(scores))),
    },
    "run-top": {"top-lost": _without_the_first},
    "run-depth": {"shallow-run": fault("run too shallow", 5)},
    "run-scores": {
        "missing-as-last": fault("-1 read as the last document", 1),
        "coarse-scores": fault("scores too coarse", 1),
    },
    "run-search": {
        "approximate-search": fault("approximate search", "PQ8x4"),
        "title-dropped": _beside_the_model(lambda d: d.text),
        "case-changed": _beside_the_model(lambda d: f"{d.title} {d.text}".upper()),
        "object-as-text": _beside_the_model(lambda d: f"None {d.text}"),
        "documents-missing": _never_found,
    },
    "reported-score": {
        "other-definition": fault("another definition", "ndcg-ideal-of-retrieved"),
        "other-cutoff": fault("another cutoff", "ndcg_at_100"),
        "other-scale": fault("a percentage", 100),
        "unexplained-score": fault("a number of another run", 0.9),
        "other-split": _reported_of_another_split,
    },
}
"""Probe -> cause -> a fault for which it must name that cause."""


def replace_changes(base: Base, changes: list[str]) -> Evidence:
    """Return healthy evidence of an index that reports changes."""
    evidence = base.evidence()
    return Evidence(base.context, base.model, evidence.vectors, changes=changes)


def healthy(base: Base) -> Evidence:
    """Return evidence in which nothing is wrong and nothing is missing."""
    evidence = fault("a percentage", 1)(base)
    return Evidence(base.context, base.model, evidence.vectors, evidence.run, evidence.reported, changes=[])


def vectors_alone(base: Base, vectors: Vectors) -> Evidence:
    """Return evidence of vectors without a model."""
    return Evidence(base.context, vectors=vectors)

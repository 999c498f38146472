"""The corpus itself, and whether all of it was encoded."""

from collections.abc import Iterator

import numpy as np

from searchapp.corpora.known_digests import KNOWN_DOCUMENTS, KNOWN_SPLITS
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.probe import HINT, LIKELY, PROOF, STRONG, Fact, Finding, Observation, percent
from searchapp.diagnosis.thresholds import TOUCHED

DOUBLES = 0.05  # share of documents that equal another: NFCorpus has 0.011, the sample 0.007
REACHABLE = 0.995  # best score that the documents which are there allow


def published(evidence: Evidence) -> Iterator[Observation]:
    """Compare the digests of documents, queries and judgements with the published corpus."""
    corpus = evidence.context.corpus
    name = corpus.base_id
    if name not in KNOWN_DOCUMENTS:
        yield Fact("corpus", corpus.id, "no published digest is known for it")
        return
    pairs = {"documents": (KNOWN_DOCUMENTS[name], corpus.documents_digest)}
    if corpus.id in KNOWN_SPLITS and not evidence.context.label_free and not _unreadable(evidence.context):
        queries, judgements = KNOWN_SPLITS[corpus.id]
        pairs["queries"] = (queries, corpus.queries_digest)
        pairs["judgements"] = (judgements, corpus.judgements_digest)
    differing = [what for what, (known, here) in pairs.items() if known != here]
    yield Fact("corpus", corpus.id, "differs from the published one" if differing else "is the published one")
    if differing:
        shown = ", ".join(f"{pairs[what][1][:12]} for {pairs[what][0][:12]}" for what in differing)
        yield Finding("corpus-differs", STRONG + 0.1, (
            f"The {' and '.join(differing)} of {corpus.id} do not have the digest of BEIR's archive "
            f"({shown})."
        ))  # fmt: skip


def _unreadable(context: CorpusContext) -> bool:
    """Tell whether the judged queries cannot be digested: one lacks its text, or an id stands twice."""
    counts = [query.id for query in context.corpus.source.queries() if query.id in context.judgements]
    return len(set(counts)) < len(counts) or len(context.corpus.source.judgements()) > len(set(counts))


def consistent(evidence: Evidence) -> Iterator[Observation]:
    """Look for what caps or blurs every score: absent, double and empty texts, swapped columns."""
    context = evidence.context
    problems = context.problems
    for problem in problems.values():
        yield Fact("corpus check", problem)
    if not context.label_free or context.corpus.source.judgements():
        yield from _judgements(context)
    if "duplicate-query-ids" in problems:
        yield Finding("duplicate-query-ids", PROOF, f"{problems['duplicate-query-ids']}.")
    texts = [f"{document.title} {document.text}".strip() for document in context.documents]
    share = 1 - len(set(texts)) / max(len(texts), 1)
    if share > DOUBLES:
        yield Finding("duplicate-documents", STRONG + 0.15, (
            f"{percent(share)} of the documents equal another one in title and text."
        ), share=share)  # fmt: skip


def _judgements(context: CorpusContext) -> Iterator[Observation]:
    judgements = context.corpus.source.judgements()
    pairs = [(query, document) for query, row in judgements.items() for document in row]
    fits = sum(query in context.all_queries and document in context.rows for query, document in pairs)
    swapped = sum(query in context.rows and document in context.all_queries for query, document in pairs)
    if swapped > 2 * fits:
        yield Finding("judgements-swapped", PROOF, (
            f"Only {fits:,} of {len(pairs):,} judgements name a query and a document of the corpus; read the "
            "other way "
            f"round, {swapped:,} do."
        ))  # fmt: skip
        return
    absent = {document for query, document in pairs if document not in context.rows}
    if absent:
        reach = _reachable(context)
        yield Fact("best score that the documents allow", reach)
        yield Finding("judgements-dangle", STRONG + 0.15 if reach < REACHABLE else HINT, (
            f"{len(absent):,} judged documents are not in the corpus (first: {min(absent)!r}); no model can "
            "score more than "
            f"{reach:.3f}."
        ), share=1 - reach)  # fmt: skip


def _reachable(context: CorpusContext) -> float:
    """Return the mean nDCG@10 of a ranking that puts every relevant document that is there first."""
    values = []
    for grades in context.judgements.values():
        every, there = (
            np.array(
                sorted((grade for name, grade in grades.items() if grade > 0 and kept(name)), reverse=True)[
                    :10
                ]
            )
            for kept in (lambda _name: True, context.rows.__contains__)
        )
        gains = [float((row / np.log2(np.arange(2, len(row) + 2))).sum()) for row in (there, every)]
        values.append(gains[0] / gains[1] if gains[1] else 0.0)
    return float(np.mean(values)) if values else 1.0


def encoded(evidence: Evidence) -> Iterator[Observation]:
    """Count the documents and queries of the corpus that have a stored vector, and ids it does not know."""
    context, stored = evidence.context, evidence.stored
    have = set(stored.document_ids)
    absent = [document.id for document in context.documents if document.id not in have]
    strange = [name for name in stored.document_ids if name not in context.rows]
    unasked = len(context.queries) - len(evidence.query_places)
    yield Fact("documents stored", len(stored.document_ids), f"of {len(context.documents):,} in the corpus")
    if unasked:
        yield Fact("queries without a vector", unasked, f"of {len(context.queries):,}")
    if strange and len(strange) >= len(stored.document_ids) / 2:
        yield Finding("foreign-ids", PROOF, (
            f"{len(strange):,} of {len(stored.document_ids):,} stored ids are not in the corpus (first: "
            f"{strange[0]!r}, "
            f"where the corpus has {context.documents[0].id!r})."
        ))  # fmt: skip
    elif absent:
        share = len(absent) / max(len(context.documents), 1)
        yield Finding("documents-missing", PROOF if share > TOUCHED else LIKELY, (
            f"{len(absent):,} of {len(context.documents):,} documents have no vector (first: {absent[0]!r})."
        ), share=share)  # fmt: skip


def built(evidence: Evidence) -> Iterator[Observation]:
    """Compare the manifest of the index with model, options, corpus and versions as they are now."""
    changes = evidence.changes or ()
    yield Fact("changes since the index was built", len(changes))
    if changes:
        yield Finding("stale-index", PROOF, f"{'; '.join(changes)}.")

"""The corpus itself, and whether all of it was encoded."""

from collections.abc import Iterator

import numpy as np

from searchapp.corpora.known import KNOWN_DOCUMENTS, KNOWN_SPLITS
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.probe import HINT, LIKELY, PROOF, STRONG, Fact, Found, Said, percent
from searchapp.diagnosis.scene import Scene
from searchapp.diagnosis.thresholds import TOUCHED

DOUBLES = 0.05  # share of documents that equal another: NFCorpus has 0.011, the sample 0.007
REACHABLE = 0.995  # best score that the documents which are there allow


def published(evidence: Evidence) -> Iterator[Said]:
    """Compare the digests of documents, queries and judgements with the published corpus."""
    corpus = evidence.scene.corpus
    name = corpus.id.rsplit("/", 1)[0]
    if name not in KNOWN_DOCUMENTS:
        yield Fact("corpus", corpus.id, "no published digest is known for it")
        return
    pairs = {"documents": (KNOWN_DOCUMENTS[name], corpus.documents_digest)}
    if corpus.id in KNOWN_SPLITS and not evidence.scene.label_free and not _unreadable(evidence.scene):
        queries, judgements = KNOWN_SPLITS[corpus.id]
        pairs["queries"] = (queries, corpus.queries_digest)
        pairs["judgements"] = (judgements, corpus.judgements_digest)
    differing = [what for what, (known, here) in pairs.items() if known != here]
    yield Fact("corpus", corpus.id, "differs from the published one" if differing else "is the published one")
    if differing:
        shown = ", ".join(f"{pairs[what][1][:12]} for {pairs[what][0][:12]}" for what in differing)
        yield Found("corpus-differs", STRONG + 0.1, (
            f"The {' and '.join(differing)} of {corpus.id} do not have the digest of BEIR's archive "
            f"({shown})."
        ))  # fmt: skip


def _unreadable(scene: Scene) -> bool:
    """Tell whether the judged queries cannot be digested: one lacks its text, or an id stands twice."""
    counts = [query.id for query in scene.corpus.source.queries() if query.id in scene.judgements]
    return len(set(counts)) < len(counts) or len(scene.corpus.source.judgements()) > len(set(counts))


def consistent(evidence: Evidence) -> Iterator[Said]:
    """Look for what caps or blurs every score: absent, double and empty texts, swapped columns."""
    scene = evidence.scene
    problems = scene.problems
    for problem in problems.values():
        yield Fact("corpus check", problem)
    if not scene.label_free or scene.corpus.source.judgements():
        yield from _judgements(scene)
    if "duplicate-query-ids" in problems:
        yield Found("duplicate-query-ids", PROOF, f"{problems['duplicate-query-ids']}.")
    texts = [f"{document.title} {document.text}".strip() for document in scene.documents]
    share = 1 - len(set(texts)) / max(len(texts), 1)
    if share > DOUBLES:
        yield Found("duplicate-documents", STRONG + 0.15, (
            f"{percent(share)} of the documents equal another one in title and text."
        ), share=share)  # fmt: skip


def _judgements(scene: Scene) -> Iterator[Said]:
    judgements = scene.corpus.source.judgements()
    pairs = [(query, document) for query, row in judgements.items() for document in row]
    fits = sum(query in scene.all_queries and document in scene.rows for query, document in pairs)
    swapped = sum(query in scene.rows and document in scene.all_queries for query, document in pairs)
    if swapped > 2 * fits:
        yield Found("judgements-swapped", PROOF, (
            f"Only {fits:,} of {len(pairs):,} judgements name a query and a document of the corpus; read the "
            "other way "
            f"round, {swapped:,} do."
        ))  # fmt: skip
        return
    absent = {document for query, document in pairs if document not in scene.rows}
    if absent:
        reach = _reachable(scene)
        yield Fact("best score that the documents allow", reach)
        yield Found("judgements-dangle", STRONG + 0.15 if reach < REACHABLE else HINT, (
            f"{len(absent):,} judged documents are not in the corpus (first: {min(absent)!r}); no model can "
            "score more than "
            f"{reach:.3f}."
        ), share=1 - reach)  # fmt: skip


def _reachable(scene: Scene) -> float:
    """Return the mean nDCG@10 of a ranking that puts every relevant document that is there first."""
    values = []
    for grades in scene.judgements.values():
        every, there = (
            np.array(
                sorted((grade for name, grade in grades.items() if grade > 0 and kept(name)), reverse=True)[
                    :10
                ]
            )
            for kept in (lambda _name: True, scene.rows.__contains__)
        )
        gains = [float((row / np.log2(np.arange(2, len(row) + 2))).sum()) for row in (there, every)]
        values.append(gains[0] / gains[1] if gains[1] else 0.0)
    return float(np.mean(values)) if values else 1.0


def encoded(evidence: Evidence) -> Iterator[Said]:
    """Count the documents and queries of the corpus that have a stored vector, and ids it does not know."""
    scene, stored = evidence.scene, evidence.stored
    have = set(stored.document_ids)
    absent = [document.id for document in scene.documents if document.id not in have]
    strange = [name for name in stored.document_ids if name not in scene.rows]
    unasked = len(scene.queries) - len(evidence.query_places)
    yield Fact("documents stored", len(stored.document_ids), f"of {len(scene.documents):,} in the corpus")
    if unasked:
        yield Fact("queries without a vector", unasked, f"of {len(scene.queries):,}")
    if strange and len(strange) >= len(stored.document_ids) / 2:
        yield Found("foreign-ids", PROOF, (
            f"{len(strange):,} of {len(stored.document_ids):,} stored ids are not in the corpus (first: "
            f"{strange[0]!r}, "
            f"where the corpus has {scene.documents[0].id!r})."
        ))  # fmt: skip
    elif absent:
        share = len(absent) / max(len(scene.documents), 1)
        yield Found("documents-missing", PROOF if share > TOUCHED else LIKELY, (
            f"{len(absent):,} of {len(scene.documents):,} documents have no vector (first: {absent[0]!r})."
        ), share=share)  # fmt: skip


def built(evidence: Evidence) -> Iterator[Said]:
    """Compare the manifest of the index with model, options, corpus and versions as they are now."""
    changes = evidence.changes or ()
    yield Fact("changes since the index was built", len(changes))
    if changes:
        yield Found("stale-index", PROOF, f"{'; '.join(changes)}.")

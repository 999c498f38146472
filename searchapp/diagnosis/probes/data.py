"""The corpus itself, and whether all of it was encoded."""

from collections.abc import Iterator

import numpy as np

from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.probe import HINT, LIKELY, PROOF, STRONG, Fact, Found, Said, percent
from searchapp.diagnosis.scene import Scene
from searchapp.diagnosis.thresholds import TOUCHED

KNOWN_DOCUMENTS = {
    "beir/nfcorpus": "4a158eb04e8f68dfd793d25206061ae4d7eb5414969cc054ef6c5abf26665f65",
    "beir/scifact": "0e10c4b323460fd7851defe097ba4f5219b5ac3b2208ed7999e3a0b3ea4a577a",
}
"""Digest of the documents (`Corpus.documents_digest`) of BEIR's archives of 2021."""

KNOWN_SPLITS = {
    "beir/nfcorpus/test": (
        "29e105fdffa46ad25e64428709d057d654ff0f9f46b89d47029b5e49050a2695",
        "f5ee4c62586b854e9c6488773881a157d1cffc2748a51cc5b6a2a5e519c82660",
    ),
    "beir/nfcorpus/train": (
        "17339ed56aeacc50e9ef7afe141f49722fe231eacbf2a95a5f21b12ded4b1dcd",
        "ea3f16fee64a402c2df2383de0151ed0c81324207231e178f3307b8f1f2f113f",
    ),
    "beir/nfcorpus/dev": (
        "a0835d668bf672257650362a36035ec7fad775a7f9eac3bac716021561760791",
        "7aaec39270d5311fdae942f491be4e2d5e798f3540e67e765ccbe0f6ab8063ca",
    ),
    "beir/scifact/test": (
        "96b32487be05e9b41db5d8fa8247d05c43770350e2ebe2b31eee21bd32618e5b",
        "293b8a52a6c353334d20d0556df20b114a22af105a68c46432daecc021a9610f",
    ),
    "beir/scifact/train": (
        "908daf494fd222d3b9e00522768ff8b1b29bbbd7ec5a1e8b735c56f939fb5ce5",
        "18b2eb352dd6d4f0153745586031453dc52be4a3783e620899bac08e47dff6c1",
    ),
}
"""Digests of the judged queries and of the judgements of each split of the same archives."""

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

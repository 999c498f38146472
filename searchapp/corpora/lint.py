"""Problems of a corpus that limit or distort every score on it."""

import hashlib
from collections import Counter
from collections.abc import Iterable

from searchapp.corpora.corpus import Corpus
from searchapp.records import Problem

EXAMPLES = 3


def lint(corpus: Corpus) -> list[Problem]:
    """Return the problems that limit or distort every score on a corpus; empty when there are none.

    Looks for judgements of missing documents or queries, duplicate ids, empty documents, and documents
    with the same title and text (whose order is decided by the tie rule).
    """
    documents: Counter[str] = Counter()
    first_id: dict[bytes, str] = {}
    copies: list[str] = []
    empty: list[str] = []
    for document in corpus.documents():
        documents[document.id] += 1
        text = f"{document.title} {document.text}".strip()
        if not text:
            empty.append(document.id)
        elif first_id.setdefault(hashlib.sha256(text.encode()).digest(), document.id) != document.id:
            copies.append(document.id)
    queries = Counter(query.id for query in corpus.source.queries())
    judgements = corpus.source.judgements()
    judged = {document_id for grades in judgements.values() for document_id in grades}
    absent = sorted(judged - documents.keys())
    checks = [
        ("duplicate-document-ids", "duplicate document ids", _repeated(documents),
         "Give each document a unique id; this corpus cannot be indexed."),
        ("duplicate-query-ids", "duplicate query ids", _repeated(queries),
         "Give each query a unique id."),
        ("empty-documents", "documents have neither title nor text", empty,
         "Their vectors are zero, so they are never retrieved."),
        ("duplicate-documents", "documents with the same title and text as another", copies,
         "They tie for every query; scores are comparable only under the same tie rule."),
        ("dangling-judgements", "judged documents that are not in the corpus", absent,
         "They cannot be retrieved, which limits every score; `--allow-dangling` scores anyway."),
        ("dangling-queries", "judged queries without a text",
         sorted(judgements.keys() - queries.keys()),
         "Add them to the queries, or remove their judgements."),
    ]  # fmt: skip
    return [
        Problem(name, f"{what}: {len(ids)} ({_first(ids)})", hint) for name, what, ids, hint in checks if ids
    ]


def dangling_judgements(corpus: Corpus, document_ids: Iterable[str]) -> list[str]:
    """Return the judged document ids that are not among `document_ids`, in ascending order."""
    judged = {document_id for grades in corpus.judgements.values() for document_id in grades}
    return sorted(judged.difference(document_ids))


def _first(ids: list[str]) -> str:
    return ", ".join(ids[:EXAMPLES] + ["..."] * (len(ids) > EXAMPLES))


def _repeated(ids: Counter[str]) -> list[str]:
    return [name for name, count in ids.items() if count > 1]


def describe(corpus: Corpus) -> tuple[dict[str, object], list[Problem]]:
    """Return the facts of a corpus (counts, characters, digests) and its problems."""
    lengths = [len(f"{document.title} {document.text}".strip()) for document in corpus.documents()]
    judgements = corpus.source.judgements()
    grades = Counter(grade for row in judgements.values() for grade in row.values())
    problems = lint(corpus)
    facts: dict[str, object] = {
        "corpus": corpus.name,
        "id": corpus.id,
        "location": corpus.location,
        "documents": len(lengths),
        "characters": sum(lengths),
        "judged queries": len(judgements),
        "judgements": {str(grade): grades[grade] for grade in sorted(grades)},
        "documents digest": corpus.documents_digest,
    }
    if judgements and "dangling-queries" not in {problem.name for problem in problems}:
        facts |= {"queries digest": corpus.queries_digest, "judgements digest": corpus.judgements_digest}
    return facts, problems

"""What is wrong with a corpus before anything is scored on it."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from searchapp.corpora.corpus import Corpus
from searchapp.records import Problem

EXAMPLES = 3


def lint(corpus: Corpus) -> list[Problem]:
    """Name what caps or blurs every score on a corpus; an empty list is a clean bill.

    Looks for judgements of absent documents or queries, ids that stand twice, documents that are
    empty, and documents whose title and text equal another's (their order is a matter of ties).
    """
    ids: Counter[str] = Counter()
    first_with: dict[bytes, str] = {}
    copies: list[str] = []
    empty: list[str] = []
    for document in corpus.documents():
        ids[document.id] += 1
        text = f"{document.title} {document.text}".strip()
        if not text:
            empty.append(document.id)
        elif first_with.setdefault(hashlib.sha256(text.encode()).digest(), document.id) != document.id:
            copies.append(document.id)
    query_ids = Counter(query.id for query in corpus.source.queries())
    judgements = corpus.source.judgements()
    judged = {document_id for grades in judgements.values() for document_id in grades}
    problems = [
        _finding("duplicate-document-ids", "document ids stand more than once", _repeated(ids),
                 "Give each document an id of its own; such a corpus cannot be indexed."),
        _finding("duplicate-query-ids", "query ids stand more than once", _repeated(query_ids),
                 "Give each query an id of its own."),
        _finding("empty-documents", "documents have neither title nor text", empty,
                 "Their vectors are zero and they are never found."),
        _finding("duplicate-documents", "documents equal another one in title and text", copies,
                 "They tie at every query; scores compare only under one tie rule."),
        _finding("dangling-judgements", "judged documents are not in the corpus", sorted(judged - ids.keys()),
                 "They can never be found and cap every score; `--allow-dangling` scores all the same."),
        _finding("dangling-queries", "judged queries have no text",
                 sorted(judgements.keys() - query_ids.keys()),
                 "They cannot be searched; add them to the queries, or remove their judgements."),
    ]  # fmt: skip
    return [problem for problem in problems if problem is not None]


def dangling_judgements(corpus: Corpus, document_ids: Iterable[str]) -> list[str]:
    """Return the judged document ids that are not among `document_ids`, in ascending order."""
    judged = {document_id for grades in corpus.judgements.values() for document_id in grades}
    return sorted(judged.difference(document_ids))


def _repeated(ids: Counter[str]) -> list[str]:
    return [name for name, count in ids.items() if count > 1]


def _finding(name: str, what: str, ids: Sequence[str], hint: str) -> Problem | None:
    if not ids:
        return None
    more = ", ..." if len(ids) > EXAMPLES else ""
    return Problem(name, f"{what}: {len(ids)} ({', '.join(ids[:EXAMPLES])}{more})", hint)


def describe(corpus: Corpus) -> tuple[dict[str, object], list[Problem]]:
    """Return the facts of a corpus (counts, characters, digests) and what is wrong with it."""
    lengths = [len(f"{document.title} {document.text}".strip()) for document in corpus.documents()]
    judgements = corpus.source.judgements()
    grades = Counter(grade for row in judgements.values() for grade in row.values())
    findings = lint(corpus)
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
    if judgements and "dangling-queries" not in {finding.name for finding in findings}:
        facts |= {"queries digest": corpus.queries_digest, "judgements digest": corpus.judgements_digest}
    return facts, findings

"""What is wrong with a corpus: faults, with which scores are impossible or wrong, and remarks."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.ids import fitting_change
from searchapp.errors import SearchappError
from searchapp.records import Document, Judgements, Problem, Query

EXAMPLES = 3

Part = TypeVar("Part")


@dataclass(frozen=True)
class CorpusProblem(Problem):
    """A problem of a corpus; a `fault` makes scores impossible or wrong, anything else is a remark."""

    fault: bool = True


@dataclass
class _Documents:
    """What one reading of the documents gives: how often each id occurs, and the ids of special ones."""

    ids: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    empty: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)


class _Reading:
    """The parts of a corpus, None where one cannot be read; `problems` says why."""

    def __init__(self, corpus: Corpus) -> None:
        self.problems: list[CorpusProblem] = []
        self.documents = self._read("documents", lambda: _survey(corpus.documents()))
        self.queries = self._read("queries", lambda: list(corpus.source.queries()))
        self.judgements = self._read("judgements", corpus.source.judgements)

    def _read(self, part: str, read: Callable[[], Part]) -> Part | None:
        try:
            return read()
        except SearchappError as error:
            self.problems.append(CorpusProblem(f"unreadable-{part}", error.message, error.hint))
            return None


def lint(corpus: Corpus) -> list[CorpusProblem]:
    """Return the problems of a corpus, empty when there are none.

    Faults are what `eval` refuses (a part that cannot be read, repeated ids, judgements without their
    document or query, nothing relevant) and what makes its scores meaningless (no text at all).
    """
    return _problems(_Reading(corpus))


def describe(corpus: Corpus) -> tuple[dict[str, object], list[CorpusProblem]]:
    """Return the facts of a corpus (counts, characters, digests) and its problems.

    A part that cannot be read has no facts.

    Raises:
        SearchappError: the corpus has several splits, and its name chooses none.
    """
    facts: dict[str, object] = {"corpus": corpus.name, "id": corpus.id, "location": corpus.location}
    _ = corpus.split  # an error when it is not clear which one is meant
    reading = _Reading(corpus)
    problems = _problems(reading)
    if reading.documents is not None:
        facts["documents"] = reading.documents.ids.total()
        facts["characters"] = reading.documents.characters
    if reading.judgements is not None:
        grades = Counter(grade for row in reading.judgements.values() for grade in row.values())
        facts["judged queries"] = len(reading.judgements)
        facts["judgements"] = {str(grade): grades[grade] for grade in sorted(grades)}
    if reading.documents is not None:
        facts["documents digest"] = corpus.documents_digest
    undigestible = {"unreadable-queries", "dangling-queries", "duplicate-query-ids"}
    if reading.judgements and not undigestible & {problem.name for problem in problems}:
        facts |= {"queries digest": corpus.queries_digest, "judgements digest": corpus.judgements_digest}
    return facts, problems


def dangling_judgements(corpus: Corpus, document_ids: Iterable[str]) -> list[str]:
    """Return the judged document ids that are not among `document_ids`, in ascending order."""
    judged = {document_id for grades in corpus.judgements.values() for document_id in grades}
    return sorted(judged.difference(document_ids))


def _survey(documents: Iterable[Document]) -> _Documents:
    found = _Documents()
    first_id: dict[bytes, str] = {}
    for document in documents:
        found.ids[document.id] += 1
        text = f"{document.title} {document.text}".strip()
        found.characters += len(text)
        if not text:
            found.empty.append(document.id)
        elif first_id.setdefault(hashlib.sha256(text.encode()).digest(), document.id) != document.id:
            found.copies.append(document.id)
    return found


def _problems(reading: _Reading) -> list[CorpusProblem]:
    """Return all problems: what cannot be read, then those of documents, queries and judgements."""
    judgements = reading.judgements
    found = list(reading.problems)
    if reading.documents is not None:
        found += _of_documents(reading.documents)
    if reading.queries is not None:
        found += _of_queries(reading.queries, judgements or {})
    if judgements is not None:
        found += _of_judgements(judgements)
        if reading.documents is not None:
            judged = {document_id for grades in judgements.values() for document_id in grades}
            found += _dangling(
                "dangling-judgements", "judged documents that are not in the corpus", judged,
                reading.documents.ids,
                "They cannot be retrieved, which limits every score; `--allow-dangling` scores anyway.",
            )  # fmt: skip
        if reading.queries is not None:
            found += _dangling(
                "dangling-queries", "judged queries without a text", judgements,
                [query.id for query in reading.queries],
                "Add them to the queries, or remove their judgements.",
            )  # fmt: skip
    return found


def _of_documents(documents: _Documents) -> Iterator[CorpusProblem]:
    if not documents.ids:
        yield CorpusProblem("no-documents", "there are no documents", "A corpus needs at least one.")
    elif len(documents.empty) == documents.ids.total():
        yield CorpusProblem(
            "no-text", "no document has a title or a text", "Their vectors are zero: every ranking is chance."
        )
    else:
        yield from _named(
            "empty-documents", "documents have neither title nor text", documents.empty,
            "Their vectors are zero, so they are never retrieved.", fault=False,
        )  # fmt: skip
    yield from _named(
        "duplicate-document-ids", "duplicate document ids", _repeated(documents.ids),
        "Give each document a unique id; this corpus cannot be indexed.",
    )  # fmt: skip
    yield from _named(
        "duplicate-documents", "documents with the same title and text as another", documents.copies,
        "They tie for every query; scores are comparable only under the same tie rule.", fault=False,
    )  # fmt: skip
    yield from _with_spaces("document", documents.ids)


def _of_queries(queries: Sequence[Query], judgements: Judgements) -> Iterator[CorpusProblem]:
    counts = Counter(query.id for query in queries)
    repeated = _repeated(counts)
    yield from _named(
        "duplicate-query-ids", "duplicate query ids", [name for name in repeated if name in judgements],
        "Give each query a unique id.",
    )  # fmt: skip
    yield from _named(
        "duplicate-unjudged-queries", "duplicate ids of queries that are not judged",
        [name for name in repeated if name not in judgements], "No score needs them.", fault=False,
    )  # fmt: skip
    yield from _named(
        "empty-queries", "judged queries whose text is empty",
        [query.id for query in queries if query.id in judgements and not query.text.strip()],
        "Add their texts, or remove their judgements.",
    )  # fmt: skip
    yield from _with_spaces("query", [name for name in counts if name in judgements])


def _of_judgements(judgements: Judgements) -> Iterator[CorpusProblem]:
    lacking = [query for query, grades in judgements.items() if max(grades.values()) <= 0]
    if not judgements:
        yield CorpusProblem(
            "no-judgements", "nothing is judged, so nothing can be scored",
            "`searchapp index` and `searchapp query` work without judgements.",
        )  # fmt: skip
    elif len(lacking) == len(judgements):
        yield CorpusProblem(
            "nothing-relevant", "no grade is above 0, so every score is 0",
            "A grade above 0 means relevant: check the column of grades.",
        )  # fmt: skip
    else:
        yield from _named(
            "queries-without-relevant", "judged queries without a relevant document", lacking,
            "They score 0 whatever is retrieved, and count in every mean.", fault=False,
        )  # fmt: skip


def _dangling(
    name: str, what: str, judged: Iterable[str], known: Iterable[str], hint: str
) -> Iterator[CorpusProblem]:
    """Yield the problem that judged ids are unknown; where a change makes them fit, the hint says which."""
    judged, known = set(judged), list(known)
    absent = sorted(judged.difference(known))
    mostly = known and len(absent) > len(judged) / 2  # a few ids are likely to fit by chance
    change = fitting_change(absent, known) if mostly else None
    fits = ""
    if change:
        written, right = next(iter(change.mapping.items()))
        fits = f"They fit {change.description}: {written!r} is {right!r} there. "
    yield from _named(name, what, absent, f"{fits}{hint}")


def _with_spaces(what: str, ids: Iterable[str]) -> Iterator[CorpusProblem]:
    yield from _named(
        f"{what}-ids-with-spaces", f"{what} ids with white space",
        [repr(name) for name in ids if name.split() != [name]],
        "`eval --run-out` cannot write them: a TREC run separates its columns by white space.", fault=False,
    )  # fmt: skip


def _named(
    name: str, what: str, ids: Sequence[str], hint: str, *, fault: bool = True
) -> Iterator[CorpusProblem]:
    if ids:
        first = ", ".join([*ids[:EXAMPLES], *["..."] * (len(ids) > EXAMPLES)])
        yield CorpusProblem(name, f"{what}: {len(ids)} ({first})", hint, fault)


def _repeated(ids: Counter[str]) -> list[str]:
    return [name for name, count in ids.items() if count > 1]

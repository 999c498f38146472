"""One corpus: what it is called, where it comes from, and what it says."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from searchapp.errors import SearchappError
from searchapp.files import Stamp, file_stamp, slug
from searchapp.records import Document, Judgements, Query


class Source(Protocol):
    """Where the texts come from; each call reads them anew, so that large corpora stream."""

    @property
    def location(self) -> str:
        """The folder, archive or id that a person can look at."""

    def documents(self) -> Iterator[Document]:
        """Yield every document in stored order."""

    def queries(self) -> Iterator[Query]:
        """Yield every query, judged or not."""

    def judgements(self) -> Judgements:
        """Return the judgements of the split."""

    def files(self) -> list[Path]:
        """List the files that hold the documents; empty when they are not plain files."""

    def count(self) -> int | None:
        """Return the number of documents when it is cheap to know."""


class Digests:
    """An order-free digest of records, built one at a time in constant memory.

    The SHA-256 of each record is added modulo 2**256 (the additive multiset hash of Clarke et al.,
    "Incremental multiset hash functions", ASIACRYPT 2003), so the same records in another order give
    the same digest. It guards against accidents, not against an adversary.

    >>> one, other = Digests(), Digests()
    >>> for record in (["a", "1"], ["b", "2"]): one.add(record)
    >>> for record in (["b", "2"], ["a", "1"]): other.add(record)
    >>> one.hexdigest() == other.hexdigest()
    True
    """

    def __init__(self, start: str = "0") -> None:
        self._sum = int(start, 16)

    def add(self, record: Iterable[str | int]) -> None:
        """Add one record, a list of strings and whole numbers."""
        # Each part behind its length, so that no two records read the same.
        line = "".join([f"{len(part)}:{part}" for part in map(str, record)]).encode()
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest(), "big")) % 2**256

    def hexdigest(self) -> str:
        """Return the digest of what was added so far, 64 hexadecimal digits."""
        return f"{self._sum:064x}"


@dataclass(frozen=True)
class Corpus:
    """Documents, judged queries and judgements under one name.

    `name` is what the user typed, `id` names the split (`beir/nfcorpus/test`), and `documents_id`
    names the documents alone, which all splits share (`nfcorpus`).
    """

    name: str
    id: str
    documents_id: str
    source: Source

    @property
    def location(self) -> str:
        """The folder, archive or id that a person can look at."""
        return self.source.location

    def documents(self) -> Iterator[Document]:
        """Yield every document in stored order, reading as it goes."""
        return self.source.documents()

    @cached_property
    def judgements(self) -> Judgements:
        """The judgements of the split, by query id in ascending order.

        Raises:
            SearchappError: the split has no judgements.
        """
        judgements = self.source.judgements()
        if not judgements:
            raise SearchappError(
                f"{self.id} has no judgements, so nothing can be scored.",
                "`searchapp query` works without them.",
            )
        return {query: judgements[query] for query in sorted(judgements)}

    @cached_property
    def queries(self) -> list[Query]:
        """The judged queries of the split, by id in ascending order; the others are not searched.

        Raises:
            SearchappError: a judged query has no text, or an id stands twice.
        """
        texts: dict[str, Query] = {}
        for query in self.source.queries():
            if query.id in self.judgements:
                if query.id in texts:
                    raise SearchappError(
                        f"Query id {query.id!r} stands twice in {self.location}.",
                        "Give each query an id of its own.",
                    )
                texts[query.id] = query
        absent = [query_id for query_id in self.judgements if query_id not in texts]
        if absent:
            raise SearchappError(
                f"{len(absent)} judged queries of {self.id} have no text (first: {absent[0]!r}).",
                f"Check the ids in {self.location}; `searchapp corpora {self.name}` lists what is wrong.",
            )
        return [texts[query_id] for query_id in self.judgements]

    @property
    def name_anywhere(self) -> str:
        """The name that stands for the documents in any working folder."""
        return self.location if Path(self.id).is_absolute() else self.name

    @property
    def slug(self) -> str:
        """A name for files: the documents, and the split if there are several."""
        split = self.id.rsplit("/", 1)[-1]
        name = slug(self.documents_id)
        return name if name.endswith(split) else f"{name}.{split}"

    def count(self) -> int | None:
        """Return the number of documents when it is cheap to know."""
        return self.source.count()

    def stamp(self) -> Stamp:
        """Return size and modification time of the files that hold the documents."""
        return file_stamp(self.source.files())

    @cached_property
    def documents_digest(self) -> str:
        """Order-free digest of every document's id, title and text (reads the whole corpus)."""
        digest = Digests()
        for document in self.documents():
            digest.add((document.id, document.title, document.text))
        return digest.hexdigest()

    @cached_property
    def queries_digest(self) -> str:
        """Order-free digest of the judged queries' ids and texts."""
        digest = Digests()
        for query in self.queries:
            digest.add((query.id, query.text))
        return digest.hexdigest()

    @cached_property
    def judgements_digest(self) -> str:
        """Order-free digest of all (query, document, grade) judgements."""
        digest = Digests()
        for query_id, grades in self.judgements.items():
            pairs = [part for document_id in sorted(grades) for part in (document_id, grades[document_id])]
            digest.add((query_id, *pairs))
        return digest.hexdigest()

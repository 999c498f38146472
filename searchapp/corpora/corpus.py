"""A corpus: its names, its documents, queries and judgements, and their digests."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from searchapp.corpora.source import Source
from searchapp.errors import SearchappError
from searchapp.files import Stamp, file_stamp, slug
from searchapp.records import Document, Judgements, Query


class Digests:
    """An order-independent digest of records, added one at a time in constant memory.

    The SHA-256 of each record is added modulo 2**256 (the additive multiset hash of Clarke et al.,
    "Incremental multiset hash functions", ASIACRYPT 2003), so the order of the records does not matter.
    It guards against accidents, not against an adversary.

    >>> first, second = Digests(), Digests()
    >>> for record in (["a", "1"], ["b", "2"]): first.add(record)
    >>> for record in (["b", "2"], ["a", "1"]): second.add(record)
    >>> first.hexdigest() == second.hexdigest()
    True
    """

    def __init__(self, start: str = "0") -> None:
        self._sum = int(start, 16)

    def add(self, record: Iterable[str | int]) -> None:
        """Add one record, a list of strings and integers."""
        # Each part is preceded by its length, so that no two records give the same line.
        line = "".join([f"{len(part)}:{part}" for part in map(str, record)]).encode()
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest(), "big")) % 2**256

    def hexdigest(self) -> str:
        """Return the digest of the records added so far, 64 hexadecimal digits."""
        return f"{self._sum:064x}"


@dataclass(frozen=True)
class Corpus:
    """Documents, judged queries and judgements.

    `name` is what the user typed, `id` identifies the split (`beir/nfcorpus/test`), and `documents_id`
    identifies the documents, which all splits share (`nfcorpus`).
    """

    name: str
    id: str
    documents_id: str
    source: Source

    @property
    def location(self) -> str:
        """The folder, archive or id that a person can look at."""
        return self.source.location

    @property
    def split(self) -> str | None:
        """The split whose judgements are read; None when there are none, or they are not split."""
        return self.source.split

    @property
    def base_id(self) -> str:
        """The id without the split: `beir/nfcorpus` for `beir/nfcorpus/test`."""
        return self.id.removesuffix(f"/{self.split}")

    def splits(self) -> list[str]:
        """List the splits that have judgements, in alphabetical order."""
        return self.source.splits()

    def with_split(self, split: str) -> "Corpus":
        """Return the same corpus with the judgements of another split."""
        if split == self.split:
            return self
        source = self.source.with_split(split)
        name = f"{self.base_id}/{source.split}"
        return Corpus(name, name, self.documents_id, source)

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
                f"{self.id} has no judgements, so it cannot be scored.",
                "`searchapp query` works without them.",
            )
        return {query: judgements[query] for query in sorted(judgements)}

    @cached_property
    def queries(self) -> list[Query]:
        """The judged queries of the split, by id in ascending order; the others are not searched.

        Raises:
            SearchappError: a judged query has no text, or an id occurs twice.
        """
        texts: dict[str, Query] = {}
        for query in self.source.queries():
            if query.id in self.judgements:
                if query.id in texts:
                    raise SearchappError(
                        f"Duplicate query id {query.id!r} in {self.location}.",
                        "Give each query a unique id.",
                    )
                texts[query.id] = query
        if missing := [query_id for query_id in self.judgements if query_id not in texts]:
            raise SearchappError(
                f"{len(missing)} judged queries of {self.id} have no text (first: {missing[0]!r}).",
                f"Check the ids in {self.location}; `searchapp corpora {self.name}` lists the problems.",
            )
        return [texts[query_id] for query_id in self.judgements]

    @property
    def name_anywhere(self) -> str:
        """A name that opens the corpus from any working folder."""
        return self.location if Path(self.id).is_absolute() else self.name

    @property
    def slug(self) -> str:
        """A name for files: the documents, and the split if it is part of the id."""
        name = slug(self.documents_id)
        return name if self.base_id == self.id else f"{name}.{slug(self.split or '')}"

    def count(self) -> int | None:
        """Return the number of documents when it is cheap to know."""
        return self.source.count()

    def stamp(self) -> Stamp:
        """Return size and modification time of the files that hold the documents."""
        return file_stamp(self.source.files())

    @cached_property
    def documents_digest(self) -> str:
        """Order-independent digest of every document's id, title and text (reads the whole corpus)."""
        return _digest((document.id, document.title, document.text) for document in self.documents())

    @cached_property
    def queries_digest(self) -> str:
        """Order-independent digest of the judged queries' ids and texts."""
        return _digest((query.id, query.text) for query in self.queries)

    @cached_property
    def judgements_digest(self) -> str:
        """Order-independent digest of all (query, document, grade) judgements."""
        return judgements_digest(self.judgements)


def judgements_digest(judgements: Judgements) -> str:
    """Return the order-independent digest of all (query, document, grade) judgements."""
    return _digest(
        (query_id, *(part for pair in sorted(grades.items()) for part in pair))
        for query_id, grades in judgements.items()
    )


def _digest(records: Iterable[Iterable[str | int]]) -> str:
    digests = Digests()
    for record in records:
        digests.add(record)
    return digests.hexdigest()

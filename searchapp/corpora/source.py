"""Where a corpus is read from: what every source offers, and the base class of file formats."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import ClassVar

from searchapp.errors import SearchappError, did_you_mean
from searchapp.records import Document, Judgements, Query


class Source(ABC):
    """Documents, queries and the judgements of one split; each call reads again, so large corpora stream."""

    @property
    @abstractmethod
    def location(self) -> str:
        """The folder, archive or id that a person can look at."""

    @property
    @abstractmethod
    def split(self) -> str | None:
        """The split that is read; None where there are no judgements, or they are not split.

        Raises:
            SearchappError: there is no such split, or there are several and none was requested.
        """

    @abstractmethod
    def splits(self) -> list[str]:
        """List the splits that have judgements, in alphabetical order."""

    @abstractmethod
    def with_split(self, split: str) -> "Source":
        """Return the same documents with the judgements of another split."""

    @abstractmethod
    def documents(self) -> Iterator[Document]:
        """Yield every document in stored order."""

    @abstractmethod
    def queries(self) -> Iterator[Query]:
        """Yield every query, judged or not."""

    @abstractmethod
    def judgements(self) -> Judgements:
        """Return the judgements of the split, empty when there are none."""

    def files(self) -> list[Path]:
        """List the files that hold the documents; empty when they are not plain files."""
        return []

    def count(self) -> int | None:
        """Return the number of documents where it is cheap to know."""
        return None


class FileSource(Source):
    """A corpus in a file or folder. A new format subclasses this and joins `resolve.FORMATS`.

    The split that is read is `test`, or the only one there is, where none is requested.
    """

    layout: ClassVar[str]
    """What such a corpus consists of, as help and errors show it."""

    def __init__(self, root: Path, split: str | None = None) -> None:
        self.root = root
        self._requested = split

    @staticmethod
    @abstractmethod
    def recognises(path: Path) -> bool:
        """Tell whether a file or folder looks like this format."""

    @property
    def location(self) -> str:
        """The file or folder."""
        return str(self.root)

    def files(self) -> list[Path]:
        """List the file that holds the documents."""
        return [self.root]

    @property
    def split(self) -> str | None:
        """The requested split; `test` or the only one where none was requested."""
        splits, split = self.splits(), self._requested
        if split is None:
            split = "test" if "test" in splits else splits[0] if len(splits) == 1 else None
        if split is None and splits:
            problem = f"{self.root} has several splits, and none is named `test`."
            suggestion = f"Name one as in CORPUS/{splits[0]}. "
        elif split is not None and split not in splits:
            problem, suggestion = f"{self.root} has no split {split!r}.", did_you_mean(split, splits)
        else:
            return split
        raise SearchappError(problem, f"{suggestion}It has: {', '.join(splits) or 'no judgements at all'}.")

    def with_split(self, split: str) -> "FileSource":
        """Return the same documents with the judgements of another split."""
        changed = copy(self)
        changed._requested = split
        return changed

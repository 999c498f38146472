"""The indexes on this machine and their state."""

from dataclasses import dataclass
from pathlib import Path

from searchapp.errors import SearchappError
from searchapp.index.layout import find_indexes
from searchapp.index.manifest import read_manifest


@dataclass(frozen=True)
class ListedIndex:
    """One row of the list; `state` is `ready`, or says what is wrong."""

    folder: str
    corpus: str
    model: str
    kind: str
    n_docs: int
    size_mb: float
    created: str
    state: str


def list_indexes() -> list[ListedIndex]:
    """Return every finished index, in alphabetical order of folders."""
    return [_describe(folder) for folder in find_indexes()]


def _describe(folder: Path) -> ListedIndex:
    size_mb = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    try:
        manifest = read_manifest(folder)
    except SearchappError as error:
        return ListedIndex(str(folder), "?", "?", folder.name, 0, size_mb, "?", error.message)
    modified = "its corpus has been modified; `searchapp doctor` compares them"
    state = modified if manifest.corpus_modified() else "ready"
    contents = (manifest.corpus, folder.parent.name, manifest.kind, manifest.n_docs)
    return ListedIndex(str(folder), *contents, size_mb, manifest.created, state)

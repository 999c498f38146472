"""Which indexes are on this machine, and in what state."""

from dataclasses import dataclass
from pathlib import Path

from searchapp.errors import SearchappError
from searchapp.files import file_stamp
from searchapp.index.layout import find_indexes
from searchapp.index.manifest import read_manifest


@dataclass(frozen=True)
class ListedIndex:
    """An index in a list; `state` is `ready`, or what is wrong with it."""

    folder: str
    corpus: str
    model: str
    kind: str
    n_docs: int
    size_mb: float
    created: str
    state: str


def list_indexes() -> list[ListedIndex]:
    """Return every finished index, in alphabetical order of the folders."""
    return [_describe(folder) for folder in find_indexes()]


def _describe(folder: Path) -> ListedIndex:
    size_mb = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    try:
        manifest = read_manifest(folder)
    except SearchappError as error:
        return ListedIndex(str(folder), "?", "?", folder.name, 0, size_mb, "?", error.message)
    now = file_stamp(Path(name) for name in manifest.stamp)
    touched = any(manifest.stamp[name] != stamp for name, stamp in now.items())
    state = "ready" if not touched else "its corpus was touched since; `searchapp doctor` compares"
    return ListedIndex(
        str(folder),
        manifest.corpus,
        folder.parent.name,
        manifest.kind,
        manifest.n_docs,
        size_mb,
        manifest.created,
        state,
    )

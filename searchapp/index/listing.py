"""The indexes on this machine and their state."""

from dataclasses import dataclass
from pathlib import Path

from searchapp.errors import SearchappError
from searchapp.index.layout import find_indexes
from searchapp.index.manifest import read_manifest


@dataclass(frozen=True)
class ListedIndex:
    """One row of the list; `state` is `ready`, or says what is wrong.

    `model` is the name of the folder of a model with its options, `encoder` what `-m` takes.
    """

    folder: str
    corpus: str
    model: str
    encoder: str
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
        return ListedIndex(str(folder), "?", "?", "?", folder.name, 0, size_mb, "?", error.message)
    modified = "its corpus has been modified; `searchapp doctor` compares them"
    state = modified if manifest.corpus_modified() else "ready"
    names = (manifest.corpus, folder.parent.name, manifest.recipe.model)
    return ListedIndex(str(folder), *names, manifest.kind, manifest.n_docs, size_mb, manifest.created, state)

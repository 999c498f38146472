"""Where an index lives, and how a finished build takes the place of an older one.

<indexes>/<corpus>/<model>/<kind>/     the index
<indexes>/<corpus>/<model>/.<kind>.part/   an unfinished build, resumable
<indexes>/<corpus>/<model>/.<kind>.old/    the previous index, for the instant of the exchange
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from searchapp.encoders.options import Options, model_slug
from searchapp.errors import SearchappError
from searchapp.files import slug
from searchapp.index.kinds import DEFAULT_KIND
from searchapp.settings import indexes_folder

if TYPE_CHECKING:
    from searchapp.corpora.corpus import Corpus

MANIFEST = "manifest.json"
VECTORS = "vectors.npy"
DOCUMENTS = "docs.sqlite"


def index_folder(corpus: "Corpus", model: str, options: Options, kind: str = DEFAULT_KIND) -> Path:
    """Return the folder of the index of a corpus by a model, whether or not it is there."""
    return indexes_folder() / slug(corpus.documents_id) / model_slug(model, options) / kind


def find_indexes() -> list[Path]:
    """List the folders of all finished indexes, in alphabetical order.

    Where a build died in the middle of the exchange, the previous index is the finished one.
    """
    root = indexes_folder()
    finished = [path.parent for path in root.glob(f"*/*/[!.]*/{MANIFEST}")]
    previous = [path.parent for path in root.glob(f"*/*/.*.old/{MANIFEST}")]
    return sorted(finished + [folder for folder in previous if not _new(folder).exists()])


def match_indexes(names: Iterable[str]) -> list[Path]:
    """Return the index folders that names stand for: a folder, `corpus`, `corpus/model` or all three.

    Raises:
        SearchappError: a name fits no index below the folder of indexes.
    """
    root = indexes_folder().resolve()
    found = []
    for name in names:
        path = Path(name).resolve()
        parts = path.relative_to(root).parts if path.is_relative_to(root) else Path(name).parts
        folders = [
            folder
            for folder in find_indexes()
            if parts
            and folder.resolve().is_relative_to(root)  # a link may lead elsewhere
            and folder.resolve().relative_to(root).parts[: len(parts)] == parts
        ]
        if not folders:
            raise SearchappError(
                f"There is no index {name!r} in {indexes_folder()}.",
                "`searchapp indexes` lists those that are here.",
            )
        found += folders
    return list(dict.fromkeys(found))


def remove_index(folder: Path) -> None:
    """Delete an index and what an unfinished build left beside it.

    Raises:
        SearchappError: another process builds it, or the folder cannot be written.
    """
    folder = _new(folder)
    with building(folder):
        for path in (folder, part_folder(folder), _old(folder)):
            if path.exists():
                _delete(path)
        _lock(folder).unlink(missing_ok=True)
    for parent in (folder.parent, folder.parent.parent):
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()


def remove_hint(folder: Path) -> str:
    """Return the next step when an index is damaged."""
    return f"Remove it and build it again: searchapp indexes --remove {folder}"


def part_folder(folder: Path) -> Path:
    """Return the folder in which the build of an index goes on."""
    return folder.parent / f".{folder.name}.part"


def current_folder(folder: Path) -> Path:
    """Return the folder to read: the previous index if a build died in the middle of the exchange."""
    return folder if folder.exists() or not _old(folder).exists() else _old(folder)


def commit(folder: Path) -> None:
    """Put the finished build in the place of the index; a reader sees the old one or the new one."""
    part, old = part_folder(folder), _old(folder)
    for file in part.iterdir():
        sync(file)
    sync(part)
    if folder.exists():
        if old.exists():
            _delete(old)
        folder.rename(old)
    part.rename(folder)
    sync(folder.parent)
    if old.exists():
        _delete(old)


def sync(path: Path) -> None:
    """Have the operating system write a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def building(folder: Path) -> Iterator[None]:
    """Hold the lock on the build of an index.

    Raises:
        SearchappError: another process builds it, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(_lock(folder))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise SearchappError(
            f"Another process is building {folder} right now.", "Wait for it; the old index can be read."
        ) from error
    except OSError as error:
        raise SearchappError(
            f"{folder.parent} cannot be written ({error.strerror}).",
            "Set SEARCHAPP_INDEXES to a folder that can.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _old(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.old"


def _new(folder: Path) -> Path:
    """Return the folder of an index, given that or the folder of its previous one."""
    name = folder.name
    return (
        folder.parent / name[1 : -len(".old")] if name.startswith(".") and name.endswith(".old") else folder
    )


def _lock(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.lock"


def _delete(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)

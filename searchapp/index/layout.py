"""Where an index lives, and how a finished build replaces an older one.

<indexes>/<corpus>/<model>/<kind>/         the index
<indexes>/<corpus>/<model>/.<kind>.part/   an unfinished build, which can be resumed
<indexes>/<corpus>/<model>/.<kind>.old/    the previous index, while it is being replaced
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from searchapp.encoders.options import Options, model_slug
from searchapp.errors import SearchappError, did_you_mean
from searchapp.files import slug
from searchapp.index.kinds import DEFAULT_KIND
from searchapp.settings import indexes_folder

if TYPE_CHECKING:
    from searchapp.corpora.corpus import Corpus

MANIFEST = "manifest.json"
VECTORS = "vectors.npy"
DOCUMENTS = "docs.sqlite"

LIST_HINT = "`searchapp indexes` lists the indexes on this machine."


def index_folder(corpus: "Corpus", model: str, options: Options, kind: str = DEFAULT_KIND) -> Path:
    """Return the folder of the index of a corpus with a model, whether or not it exists."""
    return indexes_folder() / slug(corpus.documents_id) / model_slug(model, options) / kind


def find_indexes() -> list[Path]:
    """List the folders of all finished indexes, in alphabetical order.

    Where a build died while replacing an index, that is the previous one.
    """
    root = indexes_folder()
    finished = [path.parent for path in root.glob(f"*/*/[!.]*/{MANIFEST}")]
    previous = [path.parent for path in root.glob(f"*/*/.*.old/{MANIFEST}")]
    return sorted(finished + [folder for folder in previous if not _new(folder).exists()])


def match_indexes(names: Iterable[str]) -> list[Path]:
    """Return the folders of the indexes named by a path, `corpus`, `corpus/model` or `corpus/model/kind`.

    Raises:
        SearchappError: a name matches no index in the folder of indexes.
    """
    root = indexes_folder().resolve()
    resolved = {folder: folder.resolve() for folder in find_indexes()}
    # A link may lead elsewhere.
    indexes = {folder: path for folder, path in resolved.items() if path.is_relative_to(root)}
    matches: dict[Path, None] = {}
    for name in names:
        path = Path(name).resolve()
        path = path if path.is_relative_to(root) else root / name
        folders = [
            folder for folder, index in indexes.items() if root in path.parents and index.is_relative_to(path)
        ]
        if not folders:
            parts = [index.relative_to(root).parts for index in indexes.values()]
            known = {"/".join(part[:depth]) for part in parts for depth in range(1, len(part) + 1)}
            raise SearchappError(
                f"There is no index {name!r} in {indexes_folder()}.",
                did_you_mean(name, sorted(known)) + LIST_HINT,
            )
        matches.update(dict.fromkeys(folders))
    return list(matches)


def remove_index(folder: Path) -> None:
    """Delete an index and any unfinished build of it.

    Raises:
        SearchappError: another process is building it, or the folder is not writable.
    """
    folder = _new(folder)
    with build_lock(folder):
        for path in (folder, part_folder(folder), _hidden(folder, "old")):
            if path.exists():
                shutil.rmtree(path)
        _hidden(folder, "lock").unlink(missing_ok=True)
    for parent in (folder.parent, folder.parent.parent):
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()


def remove_hint(folder: Path) -> str:
    """Return what to do about a damaged index."""
    return f"Remove it, then build it again: searchapp indexes --remove {folder}"


def part_folder(folder: Path) -> Path:
    """Return the folder of an unfinished build."""
    return _hidden(folder, "part")


def current_folder(folder: Path) -> Path:
    """Return the folder to read: the previous index if a build died while replacing it."""
    old = _hidden(folder, "old")
    return folder if folder.exists() or not old.exists() else old


def commit(folder: Path) -> None:
    """Replace the index with the finished build; a reader sees the old one or the new one.

    Everything is flushed to the disk first, so that a crash leaves one of them whole.
    """
    part, old = part_folder(folder), _hidden(folder, "old")
    for file in part.iterdir():
        _sync(file)
    _sync(part)
    if folder.exists():
        if old.exists():
            shutil.rmtree(old)
        folder.rename(old)
    part.rename(folder)
    _sync(folder.parent)
    if old.exists():
        shutil.rmtree(old)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def build_lock(folder: Path) -> Iterator[None]:
    """Hold the build lock of an index.

    Raises:
        SearchappError: another process is building it, or the folder is not writable.
    """
    from filelock import FileLock, Timeout

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(_hidden(folder, "lock")).acquire(timeout=0)
    except Timeout as error:
        hint = "Wait until it is done; an older index can be searched."
        raise SearchappError(f"Another process is building {folder}.", hint) from error
    except OSError as error:
        hint = "Set SEARCHAPP_INDEXES to a writable folder."
        raise SearchappError(f"{folder.parent} is not writable ({error.strerror}).", hint) from error
    with lock:
        yield


def _hidden(folder: Path, suffix: str) -> Path:
    return folder.parent / f".{folder.name}.{suffix}"


def _new(folder: Path) -> Path:
    """Return the folder of an index, given it or the folder of the previous one."""
    return folder.with_name(re.sub(r"^\.(.*)\.old$", r"\1", folder.name))

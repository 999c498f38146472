"""Builds that are killed, meet another builder or a full disk, or cannot be done at all."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.options import Options
from searchapp.errors import IndexMissingError, SearchappError
from searchapp.index.build import build_index
from searchapp.index.index import open_index
from searchapp.index.layout import find_indexes, index_folder, remove_index
from tests.conftest import Cli, MakeFolder, jsonl

# Dies just before the finished build replaces the index, which has been moved away by then.
KILLED = """
import os, signal, sys
from pathlib import Path
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.index.build import build_index
rename = Path.rename
def kill(path, target):
    if path.name == ".flat.part":
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(path, target)
Path.rename = kill
build_index(open_corpus(sys.argv[1]), load_encoder(sys.argv[2]), fresh=True)
"""

HOLDS_THE_LOCK = """
import sys
from pathlib import Path
from searchapp.index.layout import build_lock
with build_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

# Writes to files no larger than the first argument, which fails as a full disk does.
FULL_DISK = """
import resource, sys
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.errors import SearchappError
from searchapp.index.build import build_index
corpus, encoder = open_corpus(sys.argv[2]), load_encoder(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
try:
    build_index(corpus, encoder)
except SearchappError as error:
    print(error.message)
"""


def run(code: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def build(corpus: Path, model: Path, *, fresh: bool = False) -> Path:
    return build_index(open_corpus(str(corpus)), load_encoder(str(model)), fresh=fresh).folder


@pytest.fixture
def killed(make_corpus: MakeFolder, make_model: MakeFolder) -> tuple[Path, Path, Path]:
    """The folder of an index whose rebuild was killed, its corpus and its model."""
    corpus, model = make_corpus(), make_model()
    folder = build(corpus, model)
    assert run(KILLED, corpus, model).returncode == -signal.SIGKILL
    assert not folder.exists()
    return folder, corpus, model


def test_a_build_killed_while_replacing_leaves_the_old_index(
    killed: tuple[Path, Path, Path], cli: Cli
) -> None:
    folder, corpus, model = killed
    assert open_index(folder).all_ids() == ["d1", "d2", "d3"]
    assert build(corpus, model) == open_index(folder).folder
    assert len(find_indexes()) == 1
    hits = json.loads(cli("query", "plum", "-c", str(corpus), "-k", "1", "--json").stdout)
    assert hits["queries"][0]["hits"][0]["id"] == "d2"
    assert "ready" in cli("indexes").stdout


def test_a_new_build_clears_up_after_a_killed_one(killed: tuple[Path, Path, Path]) -> None:
    folder, corpus, model = killed
    build(corpus, model, fresh=True)
    assert {path.name for path in folder.parent.iterdir()} <= {"flat", ".flat.lock"}
    assert open_index(folder).all_ids() == ["d1", "d2", "d3"]


def test_every_file_reaches_the_disk_before_the_index_is_replaced(
    make_corpus: MakeFolder, make_model: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[int | str] = []  # inodes flushed, names renamed
    fsync, rename = os.fsync, Path.rename

    def recorded_fsync(descriptor: int) -> None:
        events.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def recorded_rename(path: Path, target: Path) -> Path:
        events.append(path.name)
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(Path, "rename", recorded_rename)
    folder = build(make_corpus(), make_model())
    replaced = events.index(".flat.part")
    assert {path.stat().st_ino for path in (folder, *folder.iterdir())} <= set(events[:replaced])
    assert folder.parent.stat().st_ino in events[replaced:]


def test_an_index_whose_rebuild_was_killed_can_be_removed(killed: tuple[Path, Path, Path]) -> None:
    (left,) = find_indexes()
    remove_index(left)
    assert find_indexes() == []
    assert not killed[0].parent.exists()


@contextmanager
def another_builder(folder: Path) -> Iterator[None]:
    command = [sys.executable, "-c", HOLDS_THE_LOCK, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate()


def test_one_builder_at_a_time(make_corpus: MakeFolder, make_model: MakeFolder) -> None:
    corpus, model = make_corpus(), make_model()
    folder = index_folder(open_corpus(str(corpus)), str(model), Options())
    with another_builder(folder), pytest.raises(SearchappError, match="Another process is building"):
        build(corpus, model)
    assert build(corpus, model) == folder


def test_readers_never_wait_and_nobody_removes_what_is_being_built(
    make_corpus: MakeFolder, make_model: MakeFolder
) -> None:
    folder = build(make_corpus(), make_model())
    with another_builder(folder):
        assert open_index(folder).all_ids() == ["d1", "d2", "d3"]
        with pytest.raises(SearchappError, match="Another process is building"):
            remove_index(folder)
    assert open_index(folder).all_ids() == ["d1", "d2", "d3"]


# The one file that is larger than 100,000 bytes: 400 vectors of 512 numbers, or 400 texts of 600 characters.
@pytest.mark.parametrize(("width", "words"), [(512, 1), (4, 100)], ids=["vectors", "documents"])
def test_a_full_disk_is_an_error_and_no_index(
    make_corpus: MakeFolder, make_model: MakeFolder, width: int, words: int
) -> None:
    corpus = make_corpus(documents={f"d{number}": "apple " * words for number in range(400)})
    model = make_model(table=np.ones((6, width), dtype=np.float32))
    done = run(FULL_DISK, 100_000, corpus, model)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The index cannot be written to" in done.stdout
    assert find_indexes() == []
    assert open_index(build(corpus, model)).manifest.n_docs == 400


@pytest.mark.parametrize("batch", [2, 1024], ids=["in different batches", "in one batch"])
def test_a_duplicate_id_is_named(
    make_corpus: MakeFolder, make_model: MakeFolder, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr("searchapp.encoders.static_encoder.StaticEncoder.batch", batch)
    folder = make_corpus()
    rows = [{"_id": name, "text": "apple"} for name in ("a", "b", "c", "d", "b")]
    (folder / "corpus.jsonl").write_text(jsonl(rows))
    with pytest.raises(SearchappError, match="Duplicate document id 'b'"):
        build(folder, make_model())
    assert find_indexes() == []


def test_a_corpus_without_documents_is_an_error(make_corpus: MakeFolder, make_model: MakeFolder) -> None:
    folder = make_corpus()
    (folder / "corpus.jsonl").write_text("\n")
    with pytest.raises(SearchappError, match="has no documents"):
        build(folder, make_model())
    assert find_indexes() == []


def test_a_corpus_that_changes_while_it_is_indexed_is_an_error(
    make_corpus: MakeFolder, make_model: MakeFolder
) -> None:
    file = make_corpus() / "corpus.jsonl"
    with pytest.raises(SearchappError, match="changed during the build"):
        build_index(
            open_corpus(str(file.parent)),
            load_encoder(str(make_model())),
            progress=lambda _rows: os.utime(file, ns=(1, 1)),
        )
    assert find_indexes() == []


def test_a_folder_that_is_not_writable_is_an_error(
    make_corpus: MakeFolder, make_model: MakeFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEARCHAPP_INDEXES", str(tmp_path / "file" / "indexes"))
    with pytest.raises(SearchappError, match=r"is not writable \(Not a directory\)") as caught:
        build(make_corpus(), make_model())
    assert caught.value.hint == "Set SEARCHAPP_INDEXES to a writable folder."


def test_a_missing_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="There is no index"):
        open_index(tmp_path / "indexes" / "sample" / "wordllama" / "flat")

"""Means over flat token ids, worked out by hand, and the folders that hold what can be made again."""

import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from searchapp.encoders.mean_pooling import mean_rows
from searchapp.encoders.tokenization import Tokens, truncate
from searchapp.files import cache_folder
from tests.conftest import Cli
from tests.real_data import REPOSITORY
from tests.trained import own_cache

UNKNOWN = 3
LENGTHS = [0, 1, 7, 0, 300, 2, 1, 0, 0, 64, 1, 0]
LAST = LENGTHS.index(300)

# Averages in a process of its own, by the kernel, and says how often numba found it in its cache.
AVERAGE = """
import json
import numpy as np
from searchapp.encoders import mean_pooling
mean_pooling.FEW_TOKENS = 0
table = np.array([[1, 2], [3, 5]], dtype=np.float32)
means = mean_pooling.mean_rows(table, np.array([0, 1, 1], dtype=np.uint32), np.array([0, 2, 3]), None)
found = mean_pooling._kernel().stats
print(json.dumps([means.tolist(), *(sum(n.values()) for n in (found.cache_hits, found.cache_misses))]))
"""


@pytest.fixture(autouse=True)
def private_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a cache of its own."""
    own_cache(tmp_path / "cache", monkeypatch)


@pytest.fixture(params=["numpy", "kernel"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Average by numpy, as below FEW_TOKENS before numba is imported, or by the kernel, as above."""
    if request.param == "numpy":
        monkeypatch.setattr("searchapp.encoders.mean_pooling.FEW_TOKENS", 1_000_000)
        monkeypatch.delitem(sys.modules, "numba", raising=False)
        monkeypatch.setattr("searchapp.encoders.mean_pooling._in_threads", None)
    else:
        monkeypatch.setattr("searchapp.encoders.mean_pooling.FEW_TOKENS", 0)
    return str(request.param)


def ragged(lengths: list[int], rows: int = 40) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    ids = np.random.default_rng(5).integers(0, rows, sum(lengths), dtype=np.uint32)
    return ids, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def table_of(kind: str, columns: int = 6) -> NDArray[Any]:
    random = np.random.default_rng(11)
    if kind == "int8":
        return random.integers(-128, 128, (40, columns)).astype(np.int8)
    return random.standard_normal((40, columns)).astype(kind)


def by_hand(
    table: NDArray[Any], ids: NDArray[np.uint32], offsets: NDArray[np.int64], unknown: int | None
) -> NDArray[Any]:
    precision = np.float64 if table.dtype == np.float64 else np.float32
    means = np.zeros((len(offsets) - 1, table.shape[1]), dtype=precision)
    for text in range(len(means)):
        kept = [row for row in ids[offsets[text] : offsets[text + 1]].tolist() if row != unknown]
        if kept:
            means[text] = table[kept].astype(precision).mean(axis=0)
    return means


@pytest.mark.parametrize("unknown", [None, UNKNOWN])
@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "int8"])
@pytest.mark.parametrize("threads", [1, 2, 3, 64, None])
@pytest.mark.usefixtures("way")
def test_means_equal_those_of_numpy_in_every_precision(
    kind: str, unknown: int | None, threads: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: threads)
    table, (ids, offsets) = table_of(kind), ragged(LENGTHS)
    means = mean_rows(table, ids, offsets, unknown)
    expected = by_hand(table, ids, offsets, unknown)
    assert means.dtype == expected.dtype
    np.testing.assert_array_equal(means, expected)
    assert not means[np.array(LENGTHS) == 0].any()
    assert means[LAST].any()


@pytest.mark.parametrize("threads", [1, 2, 64])
@pytest.mark.parametrize("lengths", [[], [0], [5], [0, 0], [0, 9], [9, 0], [1, 1, 1]])
@pytest.mark.usefixtures("way")
def test_fewer_texts_than_threads(lengths: list[int], threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: threads)
    table, (ids, offsets) = table_of("float32"), ragged(lengths)
    means = mean_rows(table, ids, offsets, None)
    assert means.shape == (len(lengths), 6)
    np.testing.assert_array_equal(means, by_hand(table, ids, offsets, None))


@pytest.mark.usefixtures("way")
def test_the_unknown_token_does_not_count() -> None:
    table = np.array([[1, 10], [3, 30], [100, 100]], dtype=np.float32)
    ids, offsets = np.array([0, 2, 1, 2, 2, 2], dtype=np.uint32), np.array([0, 3, 6])
    assert mean_rows(table, ids, offsets, 2).tolist() == [[2, 20], [0, 0]]
    assert mean_rows(table, ids, offsets, None)[1].tolist() == [100, 100]


@pytest.mark.usefixtures("way")
def test_a_mapped_or_fortran_ordered_table_gives_the_same_means(tmp_path: Path) -> None:
    table, (ids, offsets) = table_of("float32"), ragged(LENGTHS)
    np.save(tmp_path / "table.npy", table)
    mapped = np.load(tmp_path / "table.npy", mmap_mode="r")
    expected = by_hand(table, ids, offsets, UNKNOWN)
    np.testing.assert_array_equal(mean_rows(mapped, ids, offsets, UNKNOWN), expected)
    np.testing.assert_array_equal(mean_rows(np.asfortranarray(table), ids, offsets, UNKNOWN), expected)


@pytest.mark.parametrize(
    ("max_length", "ids", "offsets"),
    [
        (1, [1, 5, 6], [0, 1, 1, 2, 3]),
        (2, [1, 2, 5, 6, 7], [0, 2, 2, 3, 5]),
        (3, [1, 2, 3, 5, 6, 7, 8], [0, 3, 3, 4, 7]),
        (4, [1, 2, 3, 4, 5, 6, 7, 8], [0, 4, 4, 5, 8]),
        (99, [1, 2, 3, 4, 5, 6, 7, 8], [0, 4, 4, 5, 8]),
    ],
)
def test_truncate_keeps_the_first_tokens_of_each_text(
    max_length: int, ids: list[int], offsets: list[int]
) -> None:
    whole = Tokens(np.arange(1, 9, dtype=np.uint32), np.array([0, 4, 4, 5, 8]))
    cut = truncate(whole, max_length)
    assert (cut.ids.tolist(), cut.offsets.tolist()) == (ids, offsets)
    assert whole.offsets.tolist() == [0, 4, 4, 5, 8]


def test_truncate_of_nothing_is_nothing() -> None:
    cut = truncate(Tokens(np.zeros(0, dtype=np.uint32), np.array([0])), 3)
    assert (cut.ids.tolist(), cut.offsets.tolist()) == ([], [0])


def test_the_cache_folder_is_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder("kernels") == tmp_path / "cache" / "searchapp" / "kernels"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder("kernels") == tmp_path / "home" / ".cache" / "searchapp" / "kernels"
    assert cache_folder("kernels").is_dir()


@pytest.fixture
def unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a home in which nobody, not even root, can make a folder; return where temporary ones go."""
    (tmp_path / "file").touch()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    own_cache(tmp_path / "file" / "cache", monkeypatch)
    return tmp_path / "temporary"


def test_without_a_writable_home_the_folder_is_private_and_temporary(unwritable: Path) -> None:
    folder = cache_folder("kernels")
    assert folder.parent.parent == unwritable
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert cache_folder("kernels") == folder


def test_everything_works_without_a_writable_home(unwritable: Path, cli: Cli) -> None:
    assert cli("index", "sample").exit_code == 0
    assert cli("query", "honey").exit_code == 0
    assert all(stat.S_IMODE(folder.stat().st_mode) == 0o700 for folder in unwritable.iterdir())


def average(cache: Path, temporary: Path) -> "tuple[list[Any], str]":
    """Average in a new process; return what it printed, and its remarks."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    here = {"XDG_CACHE_HOME": str(cache), "TMPDIR": str(temporary), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", AVERAGE], env=environment | here, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout), done.stderr


def test_a_second_process_finds_the_kernels_of_the_first(tmp_path: Path) -> None:
    printed, remarks = average(tmp_path / "kept", tmp_path)
    assert printed == [[[2, 3.5], [3, 5]], 0, 1]
    assert "Compiling numerical kernels" in remarks
    assert list((tmp_path / "kept" / "searchapp" / "kernels").rglob("*.nbi"))
    printed, remarks = average(tmp_path / "kept", tmp_path)
    assert printed == [[[2, 3.5], [3, 5]], 1, 0]
    assert remarks == ""


def test_kernels_compile_without_a_writable_home(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    printed, remarks = average(tmp_path / "file" / "cache", tmp_path)
    assert printed[0] == [[2, 3.5], [3, 5]]
    assert "Compiling numerical kernels" in remarks
    assert "Traceback" not in remarks

"""The vector cache returns what was written, or nothing."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from searchapp.encoders.vector_cache import VectorCache

VALUES = {bytes([number]) * 32: bytes([number]) * 8 for number in range(200)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file, with values in it."""
    path = tmp_path / "kept.sqlite"
    VectorCache(path).write(VALUES)
    return path


def test_values_are_read_by_another_instance(file: Path) -> None:
    assert VectorCache(file).read(VALUES) == VALUES
    assert VectorCache(file).read([b"unheard of"]) == {}
    assert VectorCache(file).read([]) == {}


def test_more_keys_than_one_statement_allows_are_read(file: Path) -> None:
    many = {number.to_bytes(32, "big"): b"x" for number in range(1700)}
    VectorCache(file).write(many)
    assert VectorCache(file).read(many) == many


def test_a_value_can_be_overwritten(file: Path) -> None:
    key = next(iter(VALUES))
    VectorCache(file).write({key: b"new"})
    assert VectorCache(file).read([key]) == {key: b"new"}


@pytest.mark.parametrize("changed", ["value = x'00'", "sum = sum + 1", f"key = x'{'ee' * 32}'"])
def test_a_damaged_value_counts_as_missing(file: Path, changed: str) -> None:
    key, other = list(VALUES)[:2]
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute(f"UPDATE kept SET {changed} WHERE key = ?", (key,))
    assert VectorCache(file).read([key, other, b"\xee" * 32]) == {other: VALUES[other]}


@pytest.mark.parametrize("damage", ["none of it", "its head", "its middle"])
def test_a_damaged_file_is_replaced_with_a_warning(
    file: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    data = file.read_bytes()
    torn = {
        "none of it": b"hello " * 900,
        "its head": b"\xff" * 4096 + data[4096:],
        "its middle": data[:4096] + b"\xff" * (len(data) - 4096),
    }
    file.write_bytes(torn[damage])
    kept = VectorCache(file)
    assert kept.read(VALUES) == {}
    assert f"The cached vectors in {file} are damaged" in caplog.text
    kept.write(VALUES)
    assert VectorCache(file).read(VALUES) == VALUES


def test_an_empty_file_is_an_empty_store(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "empty").touch()
    kept = VectorCache(tmp_path / "empty")
    assert kept.read(VALUES) == {}
    kept.write(VALUES)
    assert kept.read(VALUES) == VALUES
    assert caplog.text == ""


def test_where_nothing_can_be_written_nothing_is_cached(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = VectorCache(tmp_path / "nowhere" / "kept.sqlite")
    kept.write(VALUES)
    assert kept.read(VALUES) == {}
    assert caplog.text.count("Vectors cannot be cached in") == 1  # said once, not for every batch


def test_several_threads_may_write_at_once(tmp_path: Path) -> None:
    def write(number: int) -> None:
        for part in range(5):
            VectorCache(tmp_path / "shared").write({f"{number} {part}".encode(): b"v" * 5000})

    with ThreadPoolExecutor(8) as executor:
        list(executor.map(write, range(8)))
    keys = [f"{number} {part}".encode() for number in range(8) for part in range(5)]
    assert len(VectorCache(tmp_path / "shared").read(keys)) == 40

"""Files are written whole or not at all, and JSON that cannot be used is explained."""

import math
from pathlib import Path
from typing import Any

import pytest

from searchapp.errors import SearchappError
from searchapp.files import read_json, replacing, write_text


@pytest.mark.parametrize(
    ("content", "expected", "problem"),
    [
        (b"{", dict, "is not valid JSON (Expecting property name enclosed in double quotes"),
        (b"[1]", dict, "does not hold a JSON object."),
        (b"{}", list, "does not hold a JSON array."),
        (b'{"a": NaN}', dict, "is not valid JSON (NaN is not a JSON number)."),
        (b"\xff", object, "is not valid JSON ('utf-8' codec can't decode byte 0xff"),
        (b"[" * 100_000, object, "is not valid JSON (maximum recursion depth exceeded"),
    ],
)
def test_json_that_cannot_be_used_is_explained(
    tmp_path: Path, content: bytes, expected: Any, problem: str
) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(content)
    with pytest.raises(SearchappError) as caught:
        read_json(file, expected, "Copy it again.")
    assert caught.value.message.startswith(f"{file} {problem}")
    assert caught.value.hint == "Copy it again."


def test_a_missing_json_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SearchappError, match=r"gone\.json cannot be read \(No such file or directory\)"):
        read_json(tmp_path / "gone.json", dict, "")


def test_json_may_begin_with_a_byte_order_mark_and_hold_nan_where_allowed(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(b'\xef\xbb\xbf{"a": NaN}')
    assert math.isnan(read_json(file, dict, "", allow_nan=True)["a"])


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "x"
    write_text(file, "old")
    with pytest.raises(KeyboardInterrupt), replacing(file) as temporary:
        temporary.write_text("ne")
        raise KeyboardInterrupt
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_reader_sees_the_old_text_until_all_of_the_new_is_written(tmp_path: Path) -> None:
    file = tmp_path / "x"
    write_text(file, "old")
    with replacing(file) as temporary:
        temporary.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"


def test_text_is_replaced_by_a_rename(tmp_path: Path) -> None:
    file, name = tmp_path / "a" / "x", tmp_path / "second name"
    write_text(file, "old")
    name.hardlink_to(file)
    write_text(file, "new\n")
    assert (file.read_bytes(), name.read_bytes()) == (b"new\n", b"old")


def test_a_symbolic_link_keeps_pointing_to_its_target(tmp_path: Path) -> None:
    file, link = tmp_path / "x", tmp_path / "link"
    file.touch()
    link.symlink_to(file)
    write_text(link, "new")
    assert (link.is_symlink(), file.read_text()) == (True, "new")


def test_a_path_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SearchappError, match=r"cannot be written \(Is a directory\)"):
        write_text(tmp_path, "text")
    assert list(tmp_path.parent.glob(".*.new")) == []

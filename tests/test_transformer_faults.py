"""Transformers that are damaged, foreign or missing, and builds by them that are interrupted."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.options import Options
from searchapp.encoders.transformer_encoder import TransformerEncoder
from searchapp.encoders.transformer_files import find_transformer
from searchapp.encoders.transformer_model import PROBE, TransformerModel
from searchapp.errors import SearchappError
from searchapp.records import Document
from tests.conftest import Cli, MakeFolder, as_queries
from tests.transformers_made import by_hand, keep_vectors_in, save_transformer

DOCUMENTS = {f"d{number}": "apple " * number + "pear plum" for number in range(10)}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep vectors in a folder of the test's own, and return it."""
    return keep_vectors_in(tmp_path / "cache", monkeypatch)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformer that is whole."""
    return save_transformer(tmp_path_factory.mktemp("models") / "plain")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A transformer of the test's own."""
    return save_transformer(tmp_path / "made")


@pytest.fixture
def unread(tmp_path: Path) -> Path:
    """A folder that looks like a transformer."""
    folder = tmp_path / "unread"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert"}')
    (folder / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    return folder


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list to which the texts go that are encoded from now on."""
    seen: list[str] = []
    honest = TransformerModel.encode

    def watched(self: Any, side: Any, texts: Any) -> Any:
        seen.extend(text for text in texts if text != PROBE)
        return honest(self, side, texts)

    monkeypatch.setattr(TransformerModel, "encode", watched)
    return seen


def as_documents(*texts: str) -> list[Document]:
    return [Document(str(number), "red", text) for number, text in enumerate(texts)]


def test_without_the_extra_the_error_says_how_to_install_it(
    unread: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    result = cli("eval", "sample", "-m", f"st:{unread}")
    assert result.exit_code == 1
    assert f"st:{unread} needs sentence-transformers, which is not installed" in result.stderr
    assert 'pip install "searchapp[transformers]"' in result.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "'nowhere' is neither a model folder nor a hub id"),
        ("./nowhere", "'./nowhere' is neither a model folder nor a hub id"),
        (".", "does not hold a transformer"),
        ("org/name", "The model org/name is not in the local cache, and searchapp is offline"),
        ("org/name@v1", "The model org/name@v1 is not in the local cache, and searchapp is offline"),
    ],
)
def test_an_unknown_name_is_an_error(name: str, message: str, working_folder: Path) -> None:
    with pytest.raises(SearchappError, match=message):
        load_encoder(f"st:{name}")


def test_weights_in_a_pickle_are_not_read(unread: Path) -> None:
    (unread / "model.safetensors").rename(unread / "pytorch_model.bin")
    with pytest.raises(
        SearchappError, match=r"not hold a transformer \(it holds config\.json, pytorch_model\.bin\)"
    ):
        load_encoder(f"st:{unread}")


@pytest.mark.parametrize("module", ["modeling_own.Transformer", "os.path", "sentence_transformersx.models.A"])
def test_code_that_comes_with_a_model_is_not_run(unread: Path, module: str) -> None:
    (unread / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": module}]))
    with pytest.raises(SearchappError, match=f"names {module}, which is code that comes with the model"):
        load_encoder(f"st:{unread}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not valid JSON"),
        ("[1]", "is not a list of modules"),
        ('[{"path": ""}]', "is not a list of modules"),
        ("null", "does not hold a JSON array"),
    ],
)
def test_an_invalid_list_of_modules_is_an_error(unread: Path, content: str, message: str) -> None:
    (unread / "modules.json").write_text(content)
    with pytest.raises(SearchappError, match=f"modules.json {message}"):
        load_encoder(f"st:{unread}")


def test_the_digest_covers_the_files_that_shape_a_vector(unread: Path) -> None:
    def digests() -> tuple[str, str]:
        files = find_transformer(str(unread))
        return files.model_digest(), files.tokenizer_digest()

    model, tokenizer = digests()
    for name in ("README.md", "pytorch_model.bin", "onnx/config.json", ".gitattributes"):
        (unread / name).parent.mkdir(exist_ok=True)
        (unread / name).write_text("other")
    assert digests() == (model, tokenizer)
    (unread / "tokenizer.json").write_text("{}")
    assert digests()[0] == model
    assert digests()[1] != tokenizer
    (unread / "1_Pooling").mkdir()
    (unread / "1_Pooling" / "config.json").write_text("{}")
    assert digests()[0] != model


@pytest.mark.parity
@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_truncated_file_is_an_error(made: Path, file: str) -> None:
    data = (made / file).read_bytes()
    (made / file).write_bytes(data[: len(data) // 2])
    with pytest.raises(SearchappError, match="cannot be loaded"):
        load_encoder(f"st:{made}")


@pytest.mark.parity
def test_a_missing_weight_is_an_error_rather_than_random(made: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(made / "model.safetensors")
    gone = "encoder.layer.1.output.dense.weight"
    del weights[gone], weights["pooler.dense.weight"]  # the pooler is not used
    save_file(weights, made / "model.safetensors", {"format": "pt"})
    with pytest.raises(SearchappError, match=rf"1 weights are missing from its files \(first: {gone}\)"):
        load_encoder(f"st:{made}")


@pytest.mark.parity
def test_vectors_that_are_not_finite_are_an_error_and_not_cached(made: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(made / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][6] = np.nan  # pear
    save_file(weights, made / "model.safetensors", {"format": "pt"})
    encoder = load_encoder(f"st:{made}")
    for _ in range(2):
        with pytest.raises(SearchappError, match="gives NaN or infinity for 'pear'"):
            encoder.encode_queries(as_queries(["fig", "pear"]))
    assert np.isfinite(encoder.encode_queries(as_queries(["fig"]))).all()


@pytest.mark.parity
@pytest.mark.parametrize(
    ("max_length", "message"),
    [
        (None, "cannot read whole texts: its limit is 16 tokens"),
        (2, "--max-length 2 leaves no room for text: .* adds 2 special tokens"),
        (17, "cannot read 17 tokens: it does not have that many positions"),
    ],
)
def test_a_length_that_a_model_cannot_read_is_an_error(
    plain: Path, max_length: int | None, message: str
) -> None:
    with pytest.raises(SearchappError, match=message):
        load_encoder(f"st:{plain}", Options(max_length=max_length))


@pytest.mark.parity
def test_a_static_model_is_not_a_transformer(make_model: MakeFolder) -> None:
    with pytest.raises(SearchappError, match="cannot be loaded"):
        load_encoder(f"st:{make_model()}")


@pytest.mark.parametrize("options", [Options(query_pooling="cls"), Options(document_pooling="cls")])
def test_a_static_model_pools_only_by_the_mean(make_model: MakeFolder, options: Options) -> None:
    asked = Options(query_pooling="mean", document_pooling="mean")
    assert load_encoder(str(make_model()), asked).recipe.query_pooling == "mean"
    with pytest.raises(SearchappError, match="Static models have no 'cls' pooling"):
        load_encoder(str(make_model()), options)


@pytest.mark.parity
def test_no_text_is_encoded_twice(plain: Path, encoded: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_encoder(f"st:{plain}")
    encoded.clear()
    vectors = first.encode_documents(as_documents("fig", "plum", "fig"))
    assert encoded == ["red fig", "red plum"]
    monkeypatch.setattr(
        "searchapp.encoders.transformer_encoder.TransformerModel", None
    )  # called, it would fail
    again = load_encoder(f"st:{plain}")
    np.testing.assert_array_equal(again.encode_documents(as_documents("fig", "plum", "fig")), vectors)
    assert again.recipe == first.recipe
    other = load_encoder(f"st:{plain}", Options(template="red {text}"))
    np.testing.assert_array_equal(other.encode_documents(as_documents("fig")), vectors[:1])


@pytest.mark.parity
def test_a_change_of_any_setting_encodes_again(plain: Path, made: Path, encoded: list[str]) -> None:
    load_encoder(f"st:{plain}").encode_documents(as_documents("fig"))
    for options in (
        Options(max_length=8),
        Options(document_pooling="cls"),
        Options(document_prompt="plum "),
    ):
        encoder = load_encoder(f"st:{plain}", options)
        encoded.clear()
        encoder.encode_documents(as_documents("fig"))
        assert len(encoded) == 1, options
    asked = load_encoder(f"st:{plain}")
    encoded.clear()
    asked.encode_queries(as_queries(["red fig"]))  # the other side
    assert encoded == ["red fig"]
    save_transformer(made.parent / "other", seed=1)
    other = load_encoder(f"st:{made.parent / 'other'}")
    encoded.clear()
    other.encode_documents(as_documents("fig"))
    assert encoded == ["red fig"]


@pytest.mark.parity
def test_a_damaged_cache_is_replaced_with_a_warning(
    plain: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    load_encoder(f"st:{plain}").encode_queries(as_queries(["fig"]))
    (file,) = cache.glob("*.sqlite")
    file.write_bytes(b"hello " * 2000)
    vectors = load_encoder(f"st:{plain}", Options(normalize=False)).encode_queries(as_queries(["fig"]))
    np.testing.assert_allclose(vectors, by_hand(plain, ["fig"], "mean"), rtol=0, atol=1e-6)
    assert "are damaged (file is not a database); they are recomputed" in caplog.text


@pytest.mark.parity
def test_an_interrupted_build_resumes_and_encodes_nothing_twice(
    plain: Path,
    cli: Cli,
    make_corpus: MakeFolder,
    encoded: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(TransformerEncoder, "batch", 2)
    monkeypatch.setattr("searchapp.index.checkpoint.CHECKPOINT_SECONDS", 0)
    corpus = str(make_corpus(documents=DOCUMENTS))
    load_encoder(f"st:{plain}")
    encoded.clear()
    whole = TransformerModel.encode

    def interrupted(self: Any, side: Any, texts: Any) -> Any:
        if len(encoded) >= 6:
            raise KeyboardInterrupt
        return whole(self, side, texts)

    with monkeypatch.context() as context, caplog.at_level(logging.INFO):
        context.setattr(TransformerModel, "encode", interrupted)
        result = cli("index", corpus, "-m", f"st:{plain}")
        assert result.exit_code == 130
        assert "6 documents are saved; run the same command again to resume" in result.stderr
    assert cli("index", corpus, "-m", f"st:{plain}").exit_code == 0
    assert encoded == [text.strip() for text in DOCUMENTS.values()]
    assert cli("index", corpus, "-m", f"st:{plain}", "--fresh").exit_code == 0
    assert len(encoded) == len(DOCUMENTS)


@pytest.mark.parity
def test_the_other_commands_accept_it(made: Path, cli: Cli, make_corpus: MakeFolder) -> None:
    corpus = str(make_corpus())
    assert cli("index", corpus, "-m", f"st:{made}").exit_code == 0
    assert cli("query", "apple", "-c", corpus, "-k", "1").exit_code == 0
    assert f"st:{made}" in {row["name"] for row in json.loads(cli("models", "--json").stdout)["models"]}
    doctor = cli("doctor")
    assert doctor.exit_code == 0
    assert "intact, corpus and model unchanged" in doctor.stdout
    (made / "config.json").write_text((made / "config.json").read_text() + " ")
    assert "its model has changed" in cli("doctor").stdout
    assert "was built with another recipe: model_digest" in cli("query", "apple", "-c", corpus).stderr

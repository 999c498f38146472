"""A repaired table changes every text as the fix would change its vector."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from scripts.build_patient import patient_table
from searchapp.corpora.resolve import open_corpus
from searchapp.diagnosis.cloud import without_directions
from searchapp.diagnosis.collect import collect
from searchapp.diagnosis.gains import gain_with
from searchapp.diagnosis.repaired_model import TABLE_FIXES, repaired_table, write_model
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.options import Options
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.errors import SearchappError
from tests.conftest import Cli, MakeFolder


def plain(name: str) -> StaticEncoder:
    encoder = load_encoder(name, Options(normalize=False))
    assert isinstance(encoder, StaticEncoder)
    return encoder


def test_every_text_loses_the_mean_and_the_dominant_directions(tmp_path: Path) -> None:
    """By hand on the texts' own vectors: singular vectors instead of the table's eigenvectors."""
    documents = list(open_corpus("sample").documents())
    before = plain("wordllama")
    write_model(tmp_path / "repaired", before, repaired_table(before, documents, without_directions(3)))
    vectors = before.encode_documents(documents).astype(np.float64)
    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    by_hand = centred - centred @ directions[:3].T @ directions[:3]
    by_hand /= np.linalg.norm(by_hand, axis=1, keepdims=True)
    repaired = load_encoder(str(tmp_path / "repaired")).encode_documents(documents)
    np.testing.assert_allclose(repaired, by_hand, rtol=0, atol=1e-5)


def test_the_command_repairs_a_model(cli: Cli, working_folder: Path) -> None:
    encoder = plain("wordllama")
    table = patient_table(np.asarray(encoder.model.rows, dtype=np.float32))
    write_model(working_folder / "patient", encoder, table)

    def score(model: str) -> float:
        results = json.loads(cli("eval", "sample", "-m", model, "--json").stdout)["results"]
        return float(results[0]["metrics"]["ndcg_at_10"])

    done = cli("repair", "sample", "-m", "patient", "-o", "repaired", "--json")
    assert (done.exit_code, json.loads(done.stdout)["shape"]) == (0, [32000, 1024])
    # The bundled table that the patient was made from scores 0.87565 on the sample.
    assert score("patient") < 0.4
    assert score("repaired") > 0.75


@pytest.mark.parametrize("fix", [*TABLE_FIXES])
def test_the_gain_that_a_diagnosis_promises_is_what_the_repaired_model_scores(
    fix: str, cli: Cli, working_folder: Path
) -> None:
    """The repaired model is written, read, and scored by FAISS; a maximum length truncates both alike."""
    encoder = plain("wordllama")
    write_model(
        working_folder / "model", encoder, np.asarray(encoder.model.rows, np.float32) + np.float32(0.1)
    )
    config = {"max_length": 9, "normalize": True}
    (working_folder / "model" / "config.json").write_text(json.dumps(config), "utf-8")
    options = Options(max_length="model")
    evidence = collect(open_corpus("sample"), str(working_folder / "model"), options)
    assert evidence.table is not None
    gain, _ = gain_with(evidence, evidence.table, evidence.table.fixed(TABLE_FIXES[fix]))
    assert cli("repair", "sample", "-m", "model", "-o", "repaired", "--fix", fix).exit_code == 0
    for model, promised in (("model", evidence.score), ("repaired", evidence.score + gain)):
        results = json.loads(cli("eval", "sample", "-m", model, "--json").stdout)["results"]
        assert results[0]["metrics"]["ndcg_at_10"] == pytest.approx(promised, abs=5e-6)


def test_maximum_length_and_tokenizer_are_kept(make_model: MakeFolder, tmp_path: Path) -> None:
    encoder = plain(str(make_model(config={"max_length": 7})))
    write_model(tmp_path / "new", encoder, np.ones((6, 4), dtype=np.float32))
    again = plain(str(tmp_path / "new"))
    assert again.recipe.max_length == 7
    assert again.recipe.tokenizer_digest == encoder.recipe.tokenizer_digest
    assert load_file(tmp_path / "new" / "model.safetensors")["embeddings"].tolist() == [[1.0] * 4] * 6


def test_what_cannot_be_repaired_is_an_error(cli: Cli, make_model: MakeFolder, working_folder: Path) -> None:
    with pytest.raises(SearchappError, match="256 directions cannot be removed from 150 vectors of 256"):
        repaired_table(plain("wordllama"), list(open_corpus("sample").documents()), without_directions(256))
    (working_folder / "full").mkdir()
    (working_folder / "full" / "notes").touch()
    done = cli("repair", "sample", "-o", "full")
    assert (done.exit_code, "full is not empty." in done.stderr) == (1, True)
    assert cli("repair", "sample", "-o", "new", "--remove", "-1").exit_code == 2

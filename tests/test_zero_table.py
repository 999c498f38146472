"""A static model whose table is all zeros: every command says what it finds; none warns or breaks."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Cli

pytestmark = pytest.mark.filterwarnings("error")  # of numpy's, which users would see on stderr


@pytest.fixture(params=["float32", "float16", "weights"])
def empty(request: pytest.FixtureRequest, trained_models: dict[str, Path], tmp_path: Path) -> str:
    """Return a model that gives every text a zero vector."""
    from safetensors.numpy import load_file, save_file

    folder = tmp_path / "empty"
    shutil.copytree(trained_models["uncased"], folder)
    table = load_file(folder / "model.safetensors")["embeddings"]
    if request.param == "weights":
        tensors = {"embeddings": table, "weights": np.zeros(len(table), dtype=np.float32)}
    else:
        tensors = {"embeddings": np.zeros(table.shape, dtype=request.param)}
    save_file(tensors, folder / "model.safetensors")
    return str(folder)


def test_every_command_works_on_a_table_of_zeros(cli: Cli, empty: str) -> None:
    built = cli("index", "sample", "-m", empty)
    assert built.exit_code == 0
    assert "150 documents get zero vectors (d001, d002, d003, d004, d005)" in built.stderr
    answer = json.loads(cli("query", "honey", "-m", empty, "-k", "1", "--json").stdout)["queries"][0]
    assert answer["hits"][0]["score"] == 0
    result = json.loads(cli("eval", "sample", "-m", empty, "--json").stdout)["results"][0]
    assert 0 < result["metrics"]["ndcg_at_10"] < 0.1  # ties in the order of ids
    assert "intact, corpus and model unchanged" in cli("doctor").stdout
    diagnosis = cli("diagnose", "sample", "-m", empty, "--json")
    assert diagnosis.exit_code == 3, diagnosis.stderr
    assert "zero-vectors" in diagnosis.stdout

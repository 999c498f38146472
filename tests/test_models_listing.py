"""Which models work without a network: those in the hub's cache, and those that an index uses."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.encoders.encoder import model_digests
from searchapp.encoders.listing import list_models
from searchapp.encoders.transformer_files import find_transformer
from tests.conftest import TABLE, Cli, MakeFolder

REVISION = "0123456789abcdef0123456789abcdef01234567"
FIND = """
import sys
from searchapp.encoders.transformer_files import find_transformer
files = find_transformer(sys.argv[1])
print(files.name, files.revision, files.folder.name)
"""


@pytest.fixture
def hub(tmp_path: Path, make_model: MakeFolder) -> Path:
    """A Hugging Face cache with a static model, a transformer, and a model of another kind."""
    for name in ("static", "transformer", "other"):
        repository = tmp_path / "hf" / "hub" / f"models--org--{name}"
        (repository / "refs").mkdir(parents=True)
        (repository / "refs" / "main").write_text(REVISION)
        (repository / "snapshots").mkdir()
        folder = repository / "snapshots" / REVISION
        make_model(name).rename(folder)
        if name == "static":
            continue
        (folder / "config.json").write_text(json.dumps({"vocab_size": 100, "hidden_size": 7}))
        (folder / "tokenizer.json").unlink()
        if name == "transformer":
            modules = [
                {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}
            ]
            (folder / "modules.json").write_text(json.dumps(modules))
    return tmp_path / "hf"


def apart(hub: Path, *command: str, **settings: str) -> str:
    """Run Python in a process of its own: the hub's client keeps the path of its cache from its import."""
    kept = {key: value for key, value in os.environ.items() if key not in {"HF_HUB_CACHE", "HF_HUB_OFFLINE"}}
    environment = kept | {"HF_HOME": str(hub)} | settings
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_the_cache_is_listed_and_nothing_is_downloaded(hub: Path) -> None:
    # Were anything asked for, nobody would answer there.
    output = apart(hub, "-m", "searchapp", "models", "--json", HF_ENDPOINT="http://127.0.0.1:9")
    rows: list[dict[str, Any]] = json.loads(output)["models"]
    assert [(row["name"], row["revision"], row["rows"], row["dimension"]) for row in rows] == [
        ("wordllama", None, 32_000, 256),
        ("org/static", REVISION, 6, 4),
        ("st:org/transformer", REVISION, 100, 7),
    ]


def test_a_revision_other_than_main_is_listed_with_its_name(hub: Path) -> None:
    (hub / "hub" / "models--org--static" / "refs" / "v1.0").write_text(REVISION)
    (hub / "hub" / "models--org--static" / "refs" / "gone").write_text("f" * 40)
    output = apart(hub, "-m", "searchapp", "models", "--json")
    names = [row["name"] for row in json.loads(output)["models"]]
    assert names == ["wordllama", "org/static", "org/static@v1.0", "st:org/transformer"]


@pytest.mark.parametrize("name", ["org/transformer", "org/transformer@main", f"org/transformer@{REVISION}"])
def test_a_transformer_is_read_from_the_cache(hub: Path, name: str) -> None:
    found = apart(hub, "-c", FIND, name, HF_HUB_OFFLINE="1").split()
    assert found == [f"st:{name}", REVISION, REVISION]


def test_models_that_an_index_uses_are_listed(tmp_path: Path, make_model: MakeFolder) -> None:
    vectors = tmp_path / "vectors"
    vectors.mkdir()
    np.save(vectors / "documents.npy", np.ones((3, 5)))
    static = make_model()
    torn = make_model("torn")
    (torn / "model.safetensors").write_bytes(b"torn")
    names = [str(static), f"npy:{vectors}", f"npy:{tmp_path}/gone", f"st:{vectors}", "gone/away", str(torn)]
    rows = [(row.name, row.rows, row.dimension) for row in list_models(names)]
    assert ("wordllama", 32_000, 256) in rows
    assert rows[-2:] == [(str(static), 6, 4), (f"npy:{vectors}", 3, 5)]


def test_the_digests_of_a_transformer_need_no_torch(make_model: MakeFolder) -> None:
    folder = make_model()
    files = find_transformer(str(folder))
    assert model_digests(f"st:{folder}") == (files.model_digest(), files.tokenizer_digest())


@pytest.fixture
def namesakes(tmp_path: Path, make_model: MakeFolder) -> list[str]:
    """Return two models whose folders have one name."""
    folders = [tmp_path / place / "tiny" for place in ("a", "b")]
    for factor, folder in enumerate(folders, start=1):
        folder.parent.mkdir()
        make_model(table=TABLE * factor).rename(folder)
    return [str(folder) for folder in folders]


def test_models_of_one_folder_name_are_told_apart(
    cli: Cli, namesakes: list[str], make_corpus: MakeFolder, tmp_path: Path
) -> None:
    corpus = str(make_corpus())
    for name in namesakes:
        cli("index", corpus, "-m", name)
    # A width of a pipe: nothing is cut.
    for command in (["models"], ["indexes"]):
        lines = cli(*command).stdout.splitlines()
        assert [sum(name in line for line in lines) for name in namesakes] == [1, 1], command
    listed = json.loads(cli("indexes", "--json").stdout)["indexes"]
    assert sorted(row["encoder"] for row in listed) == namesakes
    for name in namesakes:
        assert json.loads(cli("query", "plum", "-m", name, "--json").stdout)["model"] == name
    missing = cli("query", "plum", "-m", "c/tiny")
    assert missing.exit_code == 1
    assert "There is no index with c/tiny." in missing.stderr
    assert f"Did you mean {namesakes[0]!r} or {namesakes[1]!r}? Build it: " in missing.stderr


def test_a_model_of_its_own_name_is_listed_by_it(
    cli: Cli, namesakes: list[str], make_corpus: MakeFolder
) -> None:
    cli("index", str(make_corpus()), "-m", namesakes[0])
    assert "tiny " in cli("models").stdout
    assert namesakes[0] in cli("models").stdout  # where it is
    (row,) = cli("indexes").stdout.splitlines()[2:]
    assert row.split()[1].startswith("tiny-")

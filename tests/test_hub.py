"""Models of the hub through the command line, against a local server that speaks the hub's API."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import TABLE, MakeFolder
from tests.hub_server import Hub, serve_hub

Run = Callable[..., "subprocess.CompletedProcess[str]"]
NAME = "org/name"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Serve an empty hub."""
    with serve_hub() as served:
        yield served


@pytest.fixture
def run(hub: Hub, tmp_path: Path) -> Run:
    """Run searchapp in a process of its own: the hub's client keeps address and cache from its import."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
    settings = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1"}

    def searchapp(*arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "searchapp", *arguments],
            env=kept | settings | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return searchapp


@pytest.fixture
def corpus(make_corpus: MakeFolder) -> str:
    """Return the path of a corpus whose words the model knows."""
    return str(make_corpus())


def succeed(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(done: "subprocess.CompletedProcess[str]") -> tuple[str, str]:
    """Return the error and its hint."""
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    *_, message, hint = done.stderr.splitlines()
    return message.removeprefix("Error: "), hint.strip()


def test_a_downloaded_model_is_found_offline(hub: Hub, run: Run, make_model: MakeFolder, corpus: str) -> None:
    commit = hub.repository(NAME).add(make_model(), "main")
    built = run("index", corpus, "-m", NAME)
    succeed(built)
    assert built.stderr == ""  # no progress where stderr is no terminal
    assert not any(path.endswith(("README.md", ".gitattributes")) for path in hub.asked)  # nor are they kept
    hub.asked.clear()
    rows = json.loads(succeed(run("models", "--json")))["models"]
    assert [(row["name"], row["revision"]) for row in rows[1:]] == [(NAME, commit)]
    for command in (["query", "plum", "-m", NAME], ["eval", corpus, "-m", NAME], ["doctor"]):
        succeed(run("--offline", *command))
    hits = json.loads(succeed(run("query", "plum", "-m", NAME, "--json", "--offline")))["queries"][0]["hits"]
    assert hits[0]["id"] == "d2"  # the only document with the word
    assert hub.asked == []


def test_an_index_keeps_the_revision_that_it_was_built_with(
    hub: Hub, run: Run, make_model: MakeFolder, corpus: str, tmp_path: Path
) -> None:
    first = hub.repository(NAME).add(make_model(), "main")
    succeed(run("index", corpus, "-m", NAME))
    second = hub.repository(NAME).add(make_model(table=TABLE[:, ::-1] * 2), "main")
    download = f"from huggingface_hub import snapshot_download; snapshot_download({NAME!r})"
    environment = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "0"}
    subprocess.run([sys.executable, "-c", download], env=os.environ | environment, check=True)

    succeed(run("--offline", "query", "plum", "-c", corpus))
    result = json.loads(succeed(run("--offline", "eval", corpus, "-m", NAME, "--json")))["results"][0]
    assert (result["model"], result["recipe"]["revision"]) == (NAME, first)
    checks = json.loads(succeed(run("--offline", "doctor", "--json")))["checks"]
    (index,) = [check["detail"] for check in checks if check["name"] == "index"]
    assert index.endswith("intact, corpus and model unchanged")

    succeed(run("index", corpus, "-m", NAME, "--fresh"))
    result = json.loads(succeed(run("--offline", "eval", corpus, "-m", NAME, "--json")))["results"][0]
    assert result["recipe"]["revision"] == second


def test_a_tag_is_a_revision(hub: Hub, run: Run, make_model: MakeFolder, corpus: str) -> None:
    repository = hub.repository(NAME)
    old = repository.add(make_model(), "v1.0")
    new = repository.add(make_model(table=TABLE[:, ::-1] * 2), "main")
    recipes = [
        json.loads(succeed(run("eval", corpus, "-m", name, "--json")))["results"][0]["recipe"]
        for name in (f"{NAME}@v1.0", NAME)
    ]
    assert [recipe["revision"] for recipe in recipes] == [old, new]
    names = [row["name"] for row in json.loads(succeed(run("models", "--json")))["models"]]
    assert names == ["wordllama", NAME, f"{NAME}@v1.0"]


@pytest.mark.parametrize(
    ("state", "message", "hint"),
    [
        ("gated", "The model org/name is gated: its authors grant access on request.", "HF_TOKEN"),
        ("not granted", "The model org/name is gated: its authors grant access on request.", "HF_TOKEN"),
        ("hidden", "shows no model org/name: it does not exist, or it is private.", "HF_TOKEN"),
        ("private", "refuses access to org/name (403): it is private.", "HF_TOKEN"),
        ("failing", "answered 500 for org/name.", "Try again"),
        ("portal", "does not answer as a hub does (JSONDecodeError: ", "HF_ENDPOINT"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "st:"])
def test_a_refusal_says_why_and_what_to_do(
    hub: Hub, run: Run, make_model: MakeFolder, state: str, message: str, hint: str, prefix: str
) -> None:
    folder = make_model()
    (folder / "modules.json").write_text("[]")
    hub.repository(NAME).add(folder, "main")
    hub.repository(NAME).state = state
    said = refusal(run("eval", "sample", "-m", prefix + NAME))
    assert message in said[0]
    assert hint in said[1]


def test_what_the_hub_does_not_have_is_named(hub: Hub, run: Run, make_model: MakeFolder) -> None:
    hub.repository(NAME).add(make_model(), "main")
    message, hint = refusal(run("eval", "sample", "-m", "org/nmae"))
    assert message == f"There is no model org/nmae on {hub.endpoint}."
    assert "HF_TOKEN" in hint  # it may be private
    message, hint = refusal(run("eval", "sample", "-m", f"{NAME}@v9"))
    assert message == f"The model {NAME} has no revision 'v9' on {hub.endpoint}."
    assert f"{hub.endpoint}/{NAME}" in hint


def test_a_hub_that_cannot_be_reached_is_an_error(run: Run) -> None:
    message, hint = refusal(run("eval", "sample", "-m", NAME, HF_ENDPOINT="http://127.0.0.1:9"))
    assert message.startswith("http://127.0.0.1:9 cannot be reached for org/name (ConnectError")
    assert "network" in hint


def test_a_download_that_breaks_off_is_resumed(
    hub: Hub, run: Run, make_model: MakeFolder, corpus: str
) -> None:
    repository = hub.repository(NAME)
    repository.add(make_model(), "main")
    repository.broken = "model.safetensors"
    message, hint = refusal(run("eval", corpus, "-m", NAME))
    assert message.startswith("The download of org/name broke off (")
    assert hint.startswith("Run the command again")
    offline = refusal(run("eval", corpus, "-m", NAME, "--offline"))
    assert offline[0] == f"The model {NAME} is only partly in the local cache, and searchapp is offline."
    assert [row["name"] for row in json.loads(succeed(run("models", "--json")))["models"]] == ["wordllama"]
    repository.broken = ""
    succeed(run("eval", corpus, "-m", NAME))
    succeed(run("eval", corpus, "-m", NAME, "--offline"))


def test_a_model_that_lacks_a_configuration_is_completed(
    hub: Hub, run: Run, make_model: MakeFolder, tmp_path: Path
) -> None:
    """A transformer without the file of its prompts would load, and give other vectors."""
    folder = make_model()
    (folder / "modules.json").write_text("[]")
    (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "q: "}}')
    repository = hub.repository(NAME)
    repository.add(folder, "main")
    repository.broken = "config_sentence_transformers.json"
    message, _ = refusal(run("eval", "sample", "-m", f"st:{NAME}"))
    assert message.startswith("The download of org/name broke off (")
    message, _ = refusal(run("eval", "sample", "-m", f"st:{NAME}", "--offline"))
    assert message == f"The model {NAME} is only partly in the local cache, and searchapp is offline."


def test_the_vectors_are_those_of_the_folder(hub: Hub, run: Run, make_model: MakeFolder, corpus: str) -> None:
    folder = make_model()
    hub.repository(NAME).add(folder, "main")
    scores = [
        json.loads(succeed(run("eval", corpus, "-m", name, "--json")))["results"][0]["metrics"]
        for name in (NAME, str(folder))
    ]
    assert scores[0] == scores[1]
    assert np.isfinite(list(scores[0].values())).all()

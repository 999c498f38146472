"""The workflow of docs/ci.md: it parses, and its commands do what the page says they do."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from searchapp.cli import app
from searchapp.encoders.model_files import find_model

from .real_data import REPOSITORY

PAGE = (REPOSITORY / "docs" / "ci.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
WORKFLOW: dict[Any, Any] = yaml.safe_load(dict(BLOCKS)["yaml"])
JOB = WORKFLOW["jobs"]["gate"]
STEPS = {step["name"]: step["run"] for step in JOB["steps"] if "run" in step}
COMMANDS = [
    command
    for _, block in BLOCKS
    for command in re.findall(r"^\s*(?:\$ )?(searchapp .*?)(?:\s+>.*|; .*)?$", block, re.MULTILINE)
]
"""Every searchapp command in a code block, without its redirection."""
SEARCHAPP = 'set -eo pipefail; searchapp() { "$PYTHON" -m searchapp "$@"; }; '


def test_the_workflow_has_what_a_runner_needs() -> None:
    assert WORKFLOW[True] == "pull_request"  # YAML 1.1 reads the key `on` as true, and so does PyYAML
    assert JOB["runs-on"]
    assert WORKFLOW["permissions"] == {"contents": "read"}
    for step in JOB["steps"]:
        assert ("run" in step) != ("uses" in step)
        assert "run" in step or re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])
    assert list(STEPS) == ["Install", "Check the corpus", "Score both", "Summarise", "Gate"]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_page_is_one_that_searchapp_accepts(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("baseline/model", "candidate/model"):
        Path(folder).mkdir(parents=True)
    Path("FILE").touch()
    words = [os.path.expandvars(word) for word in shlex.split(line)]
    words = [word.replace("$GATE", WORKFLOW["env"]["GATE"]).replace("$CORPUS", "sample") for word in words]
    name, *arguments = words[1:]
    with click.Context(app) as parent:
        command = app.get_command(parent, name)
        assert command is not None
        command.make_context(name, arguments, parent=parent).close()


def test_the_page_has_all_its_commands() -> None:
    assert [command.split()[1] for command in COMMANDS] == (
        ["doctor", "corpora", "eval", "eval", "compare", "compare", "eval", "eval", "compare", "compare"]
    )


@pytest.fixture
def checkouts(tmp_path: Path) -> Path:
    """A folder as the checkout steps leave it, with the bundled model on both branches."""
    bundled = find_model("wordllama")
    for branch in ("baseline", "candidate"):
        model = tmp_path / branch / "model"
        model.mkdir(parents=True)
        (model / "config_sentence_transformers.json").write_text("{}")
        shutil.copyfile(bundled.table, model / "model.safetensors")
        shutil.copyfile(bundled.tokenizer, model / "tokenizer.json")
    return tmp_path


def run(step: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a step as the runner does, on the bundled corpus."""
    environment = (
        os.environ
        | WORKFLOW["env"]
        | {
            "CORPUS": "sample",
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "PYTHON": sys.executable,
            "PYTHONPATH": str(REPOSITORY),
            "SEARCHAPP_INDEXES": str(folder / "indexes"),
        }
    )
    return subprocess.run(
        ["bash", "-c", SEARCHAPP + STEPS[step]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_change_that_keeps_the_scores_passes(checkouts: Path) -> None:
    for step in ("Check the corpus", "Score both", "Summarise", "Gate"):
        done = run(step, checkouts)
        assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("OK ndcg_at_10>=-0.005")
    assert "| nDCG@10 |" in (checkouts / "summary.md").read_text("utf-8")


def test_a_change_that_ruins_the_model_fails_at_the_gate(
    checkouts: Path, trained_models: dict[str, Path]
) -> None:
    shutil.rmtree(checkouts / "candidate" / "model")
    shutil.copytree(trained_models["uncased"], checkouts / "candidate" / "model")  # its vectors are random
    assert run("Score both", checkouts).returncode == 0
    done = run("Gate", checkouts)
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1].startswith("FAIL ndcg_at_10>=-0.005")


def test_a_run_that_is_missing_is_an_error_not_a_failed_gate(checkouts: Path) -> None:
    assert run("Gate", checkouts).returncode == 1

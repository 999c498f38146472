"""Shell completion as click's own classes ask for it: names from this machine, and nothing heavy loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from searchapp.cli import COMMANDS, app
from searchapp.diagnosis.registry import PROBES
from searchapp.index.kinds import KINDS
from searchapp.retrieval.modes import MODES

from .conftest import Cli
from .test_cli import HEAVY


def complete(*words: str) -> list[str]:
    """Return what is offered for the last of some words."""
    *before, typed = words
    shell = ShellComplete(app, {}, "searchapp", "_SEARCHAPP_COMPLETE")
    return [item.value for item in shell.get_completions(before, typed)]


def test_commands_complete() -> None:
    assert complete("") == list(COMMANDS)
    assert complete("re") == ["reproduce", "repair"]


@pytest.mark.parametrize(
    "command", [("index",), ("eval",), ("query", "-c"), ("corpora",), ("diagnose", "-c")]
)
def test_corpora_complete(command: tuple[str, ...]) -> None:
    assert complete(*command, "sci") == ["scidocs", "scifact"]
    assert complete(*command, "samp") == ["sample"]


@pytest.mark.parametrize("command", ["index", "query", "eval", "tune", "diagnose", "reproduce", "repair"])
def test_models_complete_from_the_cache_and_the_indexes(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    (tmp_path / "hub" / "models--someone--wordy" / "refs").mkdir(parents=True)
    (tmp_path / "hub" / "models--someone--wordy" / "refs" / "main").write_text("0" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    assert complete(command, "-m", "w") == ["wordllama"]
    assert complete(command, "-m", "some") == ["someone/wordy"]
    assert complete(command, "-m", "st:") == ["st:someone/wordy"]
    manifest = tmp_path / "indexes" / "sample" / "mine-1a2b" / "flat" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text('{"recipe": {"model": "/models/mine"}}')
    assert complete(command, "-m", "/mod") == ["/models/mine"]
    manifest.write_text("{}")  # damaged, which is for `doctor` to say
    assert complete(command, "-m", "w") == ["wordllama"]


def test_indexes_complete(cli: Cli) -> None:
    cli("index", "sample")
    assert complete("indexes", "sam") == ["sample/wordllama/flat"]


def test_registered_names_complete() -> None:
    assert complete("eval", "--kind", "") == list(KINDS)
    assert complete("query", "--mode", "") == list(MODES)
    assert complete("query", "--format", "t") == ["table", "trec"]
    assert complete("eval", "--format", "t") == ["table"]
    assert complete("diagnose", "--probe", "tok") == [name for name in PROBES if name.startswith("tok")]


def test_measures_complete_also_inside_a_list() -> None:
    assert complete("eval", "--measure", "nDCG@10") == ["nDCG@10", "nDCG@100", "nDCG@1000"]
    assert complete("compare", "--measure", "P@5 Rp") == ["P@5 Rprec"]


def test_where_no_name_fits_the_shell_offers_files() -> None:
    shell = ShellComplete(app, {}, "searchapp", "_SEARCHAPP_COMPLETE")
    assert [item.type for item in shell.get_completions(["index"], "./my")] == ["file"]


@pytest.mark.parametrize("shell", [BashComplete, ZshComplete, FishComplete])
def test_the_line_of_the_docs_prints_a_script_for_each_shell(shell: type[ShellComplete]) -> None:
    line = f"_SEARCHAPP_COMPLETE={shell.name}_source searchapp"
    page = (Path(__file__).parent.parent / "docs" / "completion.md").read_text("utf-8")
    assert line in page
    environment = os.environ | {"_SEARCHAPP_COMPLETE": f"{shell.name}_source"}
    program = "from searchapp.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert f"_SEARCHAPP_COMPLETE={shell.name}_complete" in done.stdout


@pytest.mark.parametrize(
    "words", ["searchapp index ", "searchapp eval --measure ", "searchapp query -m ", "searchapp indexes "]
)
def test_completion_loads_nothing_heavy(words: str, cli: Cli) -> None:
    cli("index", "sample")
    program = f"""
import sys
from searchapp.cli import main
try:
    main()
finally:
    print(sorted({HEAVY!r} & sys.modules.keys()), file=sys.stderr)
"""
    environment = os.environ | {
        "_SEARCHAPP_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split())),
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == "[]\n"
    assert done.stdout

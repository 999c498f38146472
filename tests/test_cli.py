"""The command line as a whole: help, lists, the doctor, and how errors look."""

import json
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from searchapp.cli import COMMANDS

from .conftest import Cli, MakeFolder

HEAVY = {"numpy", "faiss", "model2vec", "tokenizers", "ranx", "numba", "ir_datasets", "rich"}


def test_help_loads_nothing_heavy() -> None:
    code = f"""
import sys
from searchapp.cli import main
sys.argv = ["searchapp", "--help"]
try:
    main()
except SystemExit as leaving:
    print(leaving.code, sorted({HEAVY!r} & sys.modules.keys()), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "0 []\n"
    assert all(f"  {name} " in done.stdout and summary in done.stdout for name, summary in COMMANDS.items())


def test_the_help_of_commands_loads_nothing_heavy() -> None:
    names = [*COMMANDS]
    code = f"""
import sys
from searchapp.cli import app
for name in {names}:
    try:
        app([name, "--help"])
    except SystemExit as leaving:
        print(name, leaving.code, sorted({HEAVY!r} & sys.modules.keys()), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == [f"{name} 0 []" for name in names]


def examples(cli: Cli, *command: str) -> list[list[str]]:
    """Return the arguments of the examples at the end of the help of a command."""
    text = cli(*command, "--help").stdout.rstrip()
    lines = text.split("  Examples:\n")[1].split("\n\n")[0].splitlines()
    assert all(len(line) < 80 for line in lines)
    assert not any("\b" in line for line in lines)
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_help_of_a_command_ends_with_examples_that_parse(cli: Cli, name: str) -> None:
    found = examples(cli, name)
    assert 2 <= len(found) <= 3
    for first, *arguments in found:
        assert first == name
        command = import_module(f"searchapp.cli.{name}_command").command
        assert command.make_context(name, arguments).params


NEED_NOTHING = {"corpora", "models", "indexes", "doctor results/", "export results/ --trec runs"}


def test_the_examples_that_need_only_the_sample_work(cli: Cli, working_folder: Path) -> None:
    (working_folder / "queries.txt").write_text("honey\n")
    cli("eval", "sample", "--run-out", "results")
    runnable = [
        arguments
        for name in COMMANDS
        for arguments in examples(cli, name)
        if "sample" in arguments or " ".join(arguments) in NEED_NOTHING
    ]
    assert len(runnable) == 5 + 7  # those above, and those that name the sample
    for arguments in runnable:
        assert cli(*arguments).exit_code == 0, arguments


def test_the_help_of_the_program_has_examples(cli: Cli) -> None:
    assert examples(cli)[0] == ["eval", "sample"]


def test_a_mistyped_command_suggests_the_nearest(cli: Cli) -> None:
    result = cli("qurey", "honey")
    assert result.exit_code == 2
    assert "No such command 'qurey'. Did you mean 'query'?" in result.stderr
    assert "Did you mean" not in cli("frobnicate").stderr


def test_commands_and_modules_are_the_same(cli: Cli) -> None:
    folder = Path(str(import_module("searchapp.cli").__file__)).parent
    assert {file.stem.removesuffix("_command") for file in folder.glob("*_command.py")} == COMMANDS.keys()
    for name, summary in COMMANDS.items():
        command = import_module(f"searchapp.cli.{name}_command").command
        assert command.name == name
        assert command.help.split()[0].strip(",") == summary.split()[0].strip(","), name
        result = cli(name, "--help")
        assert result.exit_code == 0
        assert "--offline" in result.stdout
        assert "--json" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("index",),
        ("index", "sample", "--kind", "none"),
        ("index", "sample", "--max-length", "0"),
        ("query",),
        ("query", "-k", "many", "x"),
        ("query", "x", "-i", "file"),
        ("eval",),
        ("eval", "sample", "--at", "0,10"),
        ("eval", "sample", "--at", "ten"),
        ("indexes", "--remove"),
    ],
)
def test_wrong_usage_exits_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    result = cli(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert "Usage: " in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("eval", "wikipedia"), "There is no corpus 'wikipedia'", "sample"),
        (("eval", "./missing"), "no file or folder missing", "a BEIR folder with corpus.jsonl"),
        (("eval", "nfcorpus"), "beir/nfcorpus/test is not on this machine", "searchapp eval sample"),
        (("index", "sample", "-m", "glove"), "There is no model 'glove'", "wordllama"),
        (("index", "sample", "-m", "no/such"), "no/such is not in the local cache", "wordllama"),
        (("index", "sample", "--template", "x"), "The template 'x' contains neither", "{title} {text}"),
        (("indexes", "nothing"), "There is no index 'nothing'", "searchapp indexes"),
    ],
)
def test_an_error_says_what_to_do(cli: Cli, arguments: tuple[str, ...], message: str, hint: str) -> None:
    result = cli(*arguments)
    assert result.exit_code == 1
    first, *others = result.stderr.splitlines()
    assert first.startswith("Error: ")
    assert message in first
    assert hint in "\n".join(others)
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_an_unusable_path_is_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").mkdir()
    result = cli("index", str(tmp_path))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert str(tmp_path / "corpus.jsonl") in result.stderr


def test_index_prints_the_folder_and_the_number_of_documents(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "indexes" / "sample" / "wordllama" / "flat"
    first = cli("index", "sample")
    assert first.exit_code == 0
    where, what = first.stdout.splitlines()
    assert where == str(folder)
    assert what.startswith(
        "150 documents embedded with wordllama, 256 dimensions, cosine; "
    )  # lines of corpus.jsonl
    assert "up to date" not in first.stderr
    again = cli("index", "sample", "--json")
    assert again.stderr.splitlines()[-1] == "The index is already up to date."
    document = json.loads(again.stdout)
    assert (document["folder"], document["n_docs"]) == (str(folder), 150)
    assert "up to date" not in cli("index", "sample", "--fresh").stderr


def test_indexes_cannot_be_built_below_a_file(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEARCHAPP_INDEXES", str(tmp_path / "file" / "indexes"))
    result = cli("index", "sample")
    assert result.exit_code == 1
    assert "is not writable" in result.stderr
    assert "SEARCHAPP_INDEXES" in result.stderr


def test_corpora_are_listed(cli: Cli) -> None:
    table = cli("corpora").stdout
    row = next(line.split() for line in table.splitlines() if line.startswith("sample"))
    assert row[:6] == ["sample", "sample", "150", "40", "181", "test"]  # as its README counts them
    assert "Downloaded at first use (documents): " in table
    assert "scifact (5,183)" in table
    rows = {row["name"]: row for row in json.loads(cli("corpora", "--json").stdout)["corpora"]}
    assert rows["sample"]["here"] is True
    assert rows["scifact"]["here"] is False


def test_a_corpus_is_described_with_its_problems(cli: Cli, make_corpus: MakeFolder) -> None:
    folder = make_corpus(documents={"d1": "apple", "d2": "apple", "d3": ""}, qrels=[("q1", "gone", 2)])
    text = cli("corpora", str(folder)).stdout
    for fact in ("documents ", "judgements ", "1 of grade 2"):
        assert fact in text
    for fault in ("duplicate-documents: ", "empty-documents: ", "dangling-judgements: ", "--allow-dangling"):
        assert fault in text
    facts = json.loads(cli("corpora", str(folder), "--json").stdout)
    assert (facts["documents"], facts["judged queries"], facts["judgements"]) == (3, 1, {"2": 1})
    assert [finding["name"] for finding in facts["findings"]] == [
        "empty-documents", "duplicate-documents", "dangling-judgements"
    ]  # fmt: skip
    assert "No problems found." in cli("corpora", str(make_corpus("whole"))).stdout


def test_models_of_indexes_are_listed_too(cli: Cli, make_corpus: MakeFolder, make_model: MakeFolder) -> None:
    model = make_model()
    cli("index", str(make_corpus()), "-m", str(model))
    rows = {row["name"]: row for row in json.loads(cli("models", "--json").stdout)["models"]}
    assert (rows["wordllama"]["rows"], rows["wordllama"]["dimension"]) == (32_000, 256)
    assert (rows[str(model)]["rows"], rows[str(model)]["dimension"]) == (6, 4)
    bundled = next(line.split() for line in cli("models").stdout.splitlines() if line.startswith("wordllama"))
    assert bundled[1:3] == ["32,000", "256"]


def test_indexes_are_listed_shown_and_removed(cli: Cli, make_corpus: MakeFolder, tmp_path: Path) -> None:
    empty = cli("indexes")
    assert empty.exit_code == 0
    command = empty.stdout.strip().rsplit(": ", 1)[1]
    assert cli(*shlex.split(command)[1:]).exit_code == 0
    cli("index", str(make_corpus()))
    rows = json.loads(cli("indexes", "--json").stdout)["indexes"]
    assert [(row["n_docs"], row["state"]) for row in rows] == [(3, "ready"), (150, "ready")]
    folder = str(tmp_path / "indexes" / "sample" / "wordllama" / "flat")
    assert next(line for line in cli("indexes").stdout.splitlines() if folder in line).startswith("sample")
    shown = json.loads(cli("indexes", "sample/wordllama").stdout)
    assert shown[folder]["recipe"]["model"] == "wordllama"
    removed = cli("indexes", "sample", "--remove")
    assert removed.stdout == f"removed {folder}\n"
    assert not Path(folder).exists()
    assert [row["n_docs"] for row in json.loads(cli("indexes", "--json").stdout)["indexes"]] == [3]


@pytest.mark.parametrize("name", ["../precious", "{tmp}/precious", "..", ".", "", "{tmp}", "/"])
def test_nothing_outside_the_folder_of_indexes_is_removed(cli: Cli, tmp_path: Path, name: str) -> None:
    cli("index", "sample")
    precious = tmp_path / "precious" / "wordllama" / "flat"
    precious.mkdir(parents=True)
    (precious / "manifest.json").write_text("{}")
    result = cli("indexes", "--remove", name.format(tmp=tmp_path))
    assert result.exit_code == 1
    assert "There is no index" in result.stderr
    assert (precious / "manifest.json").exists()
    assert len(json.loads(cli("indexes", "--json").stdout)["indexes"]) == 1

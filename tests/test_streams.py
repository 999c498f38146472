"""What scripts do to a program: closed streams, readers that leave, bytes that are not UTF-8, numbers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from searchapp.cli import COMMANDS

from .conftest import Cli, MakeFolder
from .test_options import REQUIRED

PROGRAM = (sys.executable, "-m", "searchapp")
UGLY = ("Traceback", "Exception ignored", "BrokenPipeError", "AttributeError")
COMMAND_LINES = {  # -> exit code
    ("--help",): 0,
    ("eval", "--help"): 0,
    ("corpora",): 0,
    ("corpora", "broken"): 3,
    ("corpora", "broken", "--format", "csv"): 3,
    ("corpora", "missing"): 1,
    ("eval", "sample", "--mode", "bm25"): 0,
    ("eval", "sample", "--at", "x"): 2,
    ("query", "-c", "sample", "honey"): 0,
}


@pytest.fixture
def folder(cli: Cli, make_corpus: MakeFolder, tmp_path: Path) -> Path:
    """Return a working folder with an index of the sample and a corpus with a fault."""
    cli("index", "sample")
    make_corpus("broken", qrels=[("q1", "gone", 1)])
    return tmp_path


def shell(folder: Path, line: str) -> "subprocess.CompletedProcess[str]":
    """Run a line of bash, in which `searchapp` is the program that is tested."""
    root = str(Path(__file__).parent.parent)
    program = f'searchapp() {{ "{sys.executable}" -m searchapp "$@"; }}\n'
    return subprocess.run(
        ["bash", "-c", program + line],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        cwd=folder,
        env=os.environ | {"PYTHONPATH": root},
        check=False,
        timeout=300,
    )


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")


@needs_bash
def test_closed_streams_change_no_exit_code(folder: Path) -> None:
    for arguments, code in COMMAND_LINES.items():
        for closed in (">&-", ">&- 2>&- <&-"):
            done = shell(folder, f"searchapp {' '.join(arguments)} {closed}")
            assert done.returncode == code, (arguments, closed, done.stderr)
            assert not any(word in done.stderr for word in UGLY), done.stderr


@needs_bash
def test_a_reader_that_leaves_changes_no_exit_code(folder: Path) -> None:
    for arguments, code in COMMAND_LINES.items():
        # `true` reads nothing; the program writes only after it has gone
        line = f'(sleep 0.5; searchapp {" ".join(arguments)}; echo "code $?" >&2) | true'
        done = shell(folder, line)
        assert done.stderr.splitlines()[-1] == f"code {code}", (arguments, done.stderr)
        assert not any(word in done.stderr for word in UGLY), done.stderr


@needs_bash
def test_a_terminal_that_lacks_a_character_is_a_clear_error(folder: Path) -> None:
    done = shell(folder, "PYTHONIOENCODING=latin-1 searchapp query -c sample -k 150 honey --json")
    assert done.returncode == 1
    assert "Error: The output cannot be written in the encoding latin-1" in done.stderr
    assert "PYTHONIOENCODING=utf-8" in done.stderr


LATIN = "caf\udce9"  # é in Latin-1, as Python reads it from a command line


@pytest.mark.parametrize("name", COMMANDS)
def test_an_argument_that_is_not_utf8_is_a_clear_error(cli: Cli, name: str) -> None:
    for arguments in ([LATIN], [*REQUIRED[name], "--format", LATIN], [f"--{LATIN}"]):
        result = cli(name, *arguments)
        assert result.exit_code == 1
        assert "caf\\udce9' is not valid UTF-8." in result.stderr
        assert "Rename the file" in result.stderr


@needs_bash
@pytest.mark.skipif(sys.platform != "linux", reason="file names of bytes")
def test_folders_that_are_not_utf8_are_a_clear_error(folder: Path, make_corpus: MakeFolder) -> None:
    shutil.copytree(make_corpus(), folder / LATIN)
    for line in (
        "searchapp corpora $'caf\\xe9'",
        "cd $'caf\\xe9'; searchapp corpora .",
        "cd $'caf\\xe9'; searchapp eval .",
        "cd $'caf\\xe9'; searchapp eval sample --run-out out",
        "SEARCHAPP_INDEXES=$'caf\\xe9' searchapp index sample",
        "SEARCHAPP_INDEXES=$'caf\\xe9' searchapp indexes",
        "mv indexes $'caf\\xe9/indexes'; SEARCHAPP_INDEXES=$'caf\\xe9/indexes' searchapp indexes",
        "SEARCHAPP_INDEXES=$'caf\\xe9/indexes' searchapp query honey -c sample",
        "SEARCHAPP_INDEXES=$'caf\\xe9/indexes' searchapp doctor",
    ):
        done = shell(folder, line)
        assert done.returncode in {0, 1}, (line, done.stderr)
        assert not any(word in done.stderr for word in UGLY), (line, done.stderr)
        if done.returncode:
            assert "Error: " in done.stderr


HUGE = (str(10**30), "9" * 5000, "-1", "²", "1e3")


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "-c", "sample", "honey", "-k"),
        ("eval", "sample", "--at"),
        ("eval", "sample", "--mode", "bm25", "--at"),
        ("eval", "sample", "--measure", "nDCG@"),
        ("compare", "a", "b", "--gate", "nDCG@"),
        ("diagnose", "sample", "--reported", "nDCG@"),
    ],
)
def test_a_number_out_of_range_is_a_short_error(cli: Cli, arguments: tuple[str, ...], number: str) -> None:
    if arguments[0] == "query":
        cli("index", "sample")
    *before, last = arguments
    end = {"--gate": ">=-0.1", "--reported": "=0.5"}.get(before[-1], "")
    result = cli(*before, f"{last}{number}{end}") if last == "nDCG@" else cli(*arguments, number)
    assert result.exit_code in {1, 2}
    assert "Error: " in result.stderr
    assert "integer string conversion" not in result.stderr
    assert "int()" not in result.stderr


def test_the_largest_cutoff_needs_no_memory(cli: Cli) -> None:
    for mode in ("dense", "bm25", "hybrid"):
        assert cli("eval", "sample", "--mode", mode, "--at", str(10**9)).exit_code == 0
    assert cli("eval", "sample", "--at", str(10**9 + 1)).exit_code == 2


def test_other_numbers_that_are_huge_are_accepted_or_refused(cli: Cli, tmp_path: Path) -> None:
    huge = str(10**30)
    assert cli("eval", "sample", "--max-length", huge).exit_code in {0, 2}
    assert cli("repair", "sample", "-o", str(tmp_path / "out"), "--remove", huge).exit_code == 1
    assert not (tmp_path / "out").exists()
    (tmp_path / "a.trec").write_text("q01 Q0 d001 1 1 x\n")
    runs = ["compare", str(tmp_path / "a.trec"), str(tmp_path / "a.trec"), "-c", "sample"]
    assert cli(*runs, "--show", huge).exit_code == 0
    for change in (huge, f"-{huge}", "nan", "inf", "-inf"):
        assert cli(*runs, "--gate", f"nDCG@10>={change}").exit_code in {0, 2, 3}

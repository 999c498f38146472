"""Real processes: pipes that close, full disks, Ctrl-C, other folders, and no sockets offline."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import jsonl

PROGRAM = (sys.executable, "-m", "searchapp")
UGLY = ("Traceback", "Exception ignored", "BrokenPipeError")


def run(*arguments: str, cwd: Path | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run searchapp and return what it printed."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | environment,
        check=False,
        timeout=300,
    )


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes import the searchapp that is tested, from any folder."""
    here = str(Path(__file__).parent.parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")])))


@pytest.fixture
def sample() -> None:
    """Index the sample."""
    assert run("index", "sample").returncode == 0


@pytest.mark.usefixtures("sample")
@pytest.mark.parametrize("form", ["ndjson", "json", "table", "trec"])
def test_a_closed_pipe_is_no_error_message(tmp_path: Path, form: str) -> None:
    (tmp_path / "queries.txt").write_text("honey\n" * 60)
    command = [*PROGRAM, "query", "-i", str(tmp_path / "queries.txt"), "-k", "150", "--format", form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()  # as head -1 does; far more than a pipe holds is still to come
        process.stdout.close()
        remarks = process.stderr.read()
    assert not any(word in remarks for word in UGLY), remarks
    assert "Error" not in remarks


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [("eval", "sample"), ("corpora", "sample"), ("--help",)])
def test_a_full_disk_is_a_clear_error(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode != 0
    assert not any(word in done.stderr for word in UGLY), done.stderr
    assert "Error: The output cannot be written (No space left on device)." in done.stderr


@pytest.mark.parametrize("numba", ["", "/dev/null/numba"])
def test_a_home_that_cannot_be_written_costs_a_compilation_and_says_so_once(numba: str) -> None:
    done = run(
        "eval", "sample", XDG_CACHE_HOME="/dev/null/cache", HOME="/dev/null/home", NUMBA_CACHE_DIR=numba
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("anew in each process") == 1
    assert "set XDG_CACHE_HOME to a writable folder" in done.stderr
    assert "once per installation" not in done.stderr
    assert not any(word in done.stderr for word in UGLY), done.stderr


def test_a_writable_cache_is_filled_once(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    remarks = [run("eval", "sample", HOME="/dev/null/home", XDG_CACHE_HOME=cache).stderr for _ in range(2)]
    assert ["once per installation" in remark for remark in remarks] == [True, False]
    assert not any("anew in each process" in remark for remark in remarks)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Write a corpus that takes seconds to index."""
    folder = tmp_path / "large"
    folder.mkdir()
    words = ("honey", "tides", "garlic", "bread", "sleep", "iron", "vitamin", "moon", "rice", "salt")
    rows = (
        {"_id": f"d{i}", "text": " ".join(words[(i // 10**place) % 10] for place in range(6))}
        for i in range(60_000)
    )
    (folder / "corpus.jsonl").write_text(jsonl(list(rows)))
    (folder / "queries.jsonl").write_text("")
    return folder


# A process that starts in the background (nohup, `&`) ignores SIGINT, and so do its children.
LISTENING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from searchapp.cli import main
main()
"""


def interrupt(*arguments: str, when: Path) -> "subprocess.CompletedProcess[str]":
    """Run searchapp and press Ctrl-C once a file has grown."""
    with subprocess.Popen(
        [sys.executable, "-c", LISTENING, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while process.poll() is None and not (when.exists() and when.stat().st_size > 1_000_000):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        printed, remarks = process.communicate(timeout=300)
    return subprocess.CompletedProcess(arguments, process.returncode, printed, remarks)


def test_ctrl_c_keeps_the_old_index_and_the_command_can_be_repeated(large: Path, tmp_path: Path) -> None:
    build = ("index", str(large))
    unfinished = "*/wordllama/.flat.part/vectors.npy"
    assert run("index", "sample").returncode == 0
    folder = tmp_path / "indexes"

    part = folder / index_name(large) / "wordllama" / ".flat.part" / "vectors.npy"
    stopped = interrupt(*build, when=part)
    assert stopped.returncode == 130
    assert stopped.stdout == ""
    assert not any(word in stopped.stderr for word in UGLY), stopped.stderr
    assert stopped.stderr.splitlines()[-1] == "Interrupted."
    assert "run the same command again to resume" in stopped.stderr
    assert list(folder.glob(unfinished))
    assert run("query", "honey", "-c", "sample").returncode == 0
    assert run("query", "honey", "-c", str(large)).returncode == 1  # never half an index

    finished = run(*build)
    assert finished.returncode == 0
    assert "60,000 documents" in finished.stdout
    assert not list(folder.glob(unfinished))

    again = interrupt(*build, "--fresh", when=part)
    assert again.returncode == 130
    answer = run("query", "honey honey honey", "-c", str(large), "-k", "1", "--json")
    assert json.loads(answer.stdout)["queries"][0]["hits"][0]["id"] == "d0"  # it consists of honey only
    assert run("doctor").returncode == 0


def index_name(folder: Path) -> str:
    """Return the name of the folder in which a corpus is indexed, as searchapp gives it."""
    from searchapp.corpora.resolve import open_corpus
    from searchapp.files import slug

    return slug(open_corpus(str(folder)).documents_id)


RECORDER = """
import os, sys

def record(event, arguments):
    if event.startswith("socket."):
        with open(os.environ["SOCKET_LOG"], "a") as log:
            log.write(f"{event} {arguments}\\n")

sys.addaudithook(record)
"""


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have every Python process write its socket events to the file returned."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(RECORDER)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'hook'}{os.pathsep}{os.environ['PYTHONPATH']}")
    monkeypatch.setenv("SOCKET_LOG", str(tmp_path / "sockets.log"))
    return tmp_path / "sockets.log"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--offline", "eval", "sample"),
        ("eval", "sample", "--offline"),
        ("--offline", "doctor"),
        ("models", "--offline"),
    ],
)
def test_offline_opens_no_socket(recorded: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, HF_HUB_OFFLINE="")
    assert done.returncode == 0, done.stderr
    assert not recorded.exists(), recorded.read_text()


def test_the_recorder_sees_sockets(recorded: Path) -> None:
    subprocess.run([sys.executable, "-c", "import socket; socket.socket()"], check=True)
    assert "socket.__new__" in recorded.read_text()


@pytest.fixture
def server() -> Iterator[str]:
    """Listen on this machine; return the address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("place", ["before", "behind", "absent"])
def test_offline_refuses_a_library_that_connects(server: str, place: str) -> None:
    arguments = {"before": ["--offline", "models"], "behind": ["models", "--offline"], "absent": ["models"]}
    code = f"""
import socket, sys
from searchapp.cli import app
app({arguments[place]!r}, standalone_mode=False)
host, port = {server!r}.removeprefix("http://").split(":")
try:
    socket.create_connection((host, int(port)), timeout=5)
    print("connected", file=sys.stderr)
except OSError as error:
    print(error, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("--offline: ") if place != "absent" else last == "connected"


def test_offline_says_what_is_missing() -> None:
    done = run("--offline", "index", "sample", "-m", "some/model", HF_HUB_OFFLINE="")
    assert done.returncode == 1
    assert "some/model is not in the local cache, and searchapp is offline" in done.stderr
    assert "-m wordllama" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("sample")
@pytest.mark.parametrize(("mode", "loads"), [("dense", False), ("bm25", True), ("hybrid", True)])
def test_only_the_modes_that_use_bm25_load_it(mode: str, loads: bool) -> None:
    code = f"""
import sys
from searchapp.cli import app
app(["query", "-c", "sample", "--mode", {mode!r}, "honey"], standalone_mode=False)
print(sorted({{"bm25s", "Stemmer", "searchapp.retrieval.bm25"}} & sys.modules.keys()), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # A first BM25 search weights the words with bm25s, unless an earlier test has left them in the cache.
    last = done.stderr.splitlines()[-1]
    assert ("'searchapp.retrieval.bm25'" in last, "'Stemmer'" in last) == (loads, loads)
    assert loads or last == "[]"


@pytest.mark.usefixtures("sample")
def test_indexes_are_found_from_any_folder(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = run("query", "why does honey keep", "-k", "1", "--json", cwd=elsewhere)
    assert json.loads(done.stdout)["queries"][0]["hits"][0]["id"] in {"d048", "d141"}  # the sample's qrels
    assert list(elsewhere.iterdir()) == []


def test_indexes_go_to_the_working_folder_when_no_other_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEARCHAPP_INDEXES")
    assert run("index", "sample", cwd=tmp_path).stdout.splitlines()[0] == "indexes/sample/wordllama/flat"
    assert (tmp_path / "indexes" / "sample" / "wordllama" / "flat" / "manifest.json").exists()


@pytest.mark.parametrize("arguments", [("--version",), ("corpora", "--json"), ("--help",), ("eval",)])
def test_the_script_and_the_module_are_the_same(arguments: tuple[str, ...]) -> None:
    script = shutil.which("searchapp", path=sysconfig.get_path("scripts"))
    if script is None:
        pytest.skip("the script is not installed")
    by_script = subprocess.run([script, *arguments], capture_output=True, text=True, check=False)
    by_module = run(*arguments)
    assert by_script.returncode == by_module.returncode
    assert (by_script.stdout, by_script.stderr) == (by_module.stdout, by_module.stderr)


TRY_SOCKETS = """
import socket, sys
from searchapp.cli import go_offline
opened = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(4)]
go_offline()
attempts = {
    "bind": lambda: opened[0].bind(("127.0.0.1", 0)),
    "connect": lambda: opened[1].connect(("127.0.0.1", 9)),
    "getaddrinfo": lambda: socket.getaddrinfo("127.0.0.1", 9),
    "gethostbyaddr": lambda: socket.gethostbyaddr("127.0.0.1"),
    "gethostbyname": lambda: socket.gethostbyname("127.0.0.1"),
    "getnameinfo": lambda: socket.getnameinfo(("127.0.0.1", 9), 0),
    "sendmsg": lambda: opened[2].sendmsg([b"x"], [], 0, ("127.0.0.1", 9)),
    "sendto": lambda: opened[3].sendto(b"x", ("127.0.0.1", 9)),
}
for name, attempt in attempts.items():
    try:
        attempt()
        print(name, "works")
    except ConnectionRefusedError as error:
        print(error)
"""


def test_offline_refuses_every_way_to_the_network() -> None:
    done = subprocess.run([sys.executable, "-c", TRY_SOCKETS], capture_output=True, text=True, check=True)
    names = ("bind", "connect", "getaddrinfo", "gethostbyaddr", "gethostbyname", "getnameinfo", "sendmsg")
    assert done.stdout.splitlines() == [f"--offline: socket.{name} refused" for name in (*names, "sendto")]

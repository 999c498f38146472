"""Makes the files of each case and runs the command line on them, in fresh processes.

The main process imports what is heavy and then only forks: one child makes the files, another runs the
command, as a user's shell would start it, but without the seconds of importing.
"""

import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.faults.bases import Bases
from tests.faults.box import Box
from tests.faults.cases import Case

TIMEOUT = 400.0
NOISE = 0.005  # of nDCG@10: a smaller loss changes nothing that anyone would act on
IMPORTED = """
searchapp.cli.diagnose_command searchapp.cli.index_command searchapp.api searchapp.diagnosis.registry
searchapp.reports.diagnoses searchapp.corpora.resolve searchapp.encoders.encoder searchapp.retrieval.bm25
faiss rich.table tokenizers safetensors.numpy scipy.sparse.linalg bm25s ranx numba
"""


@dataclass(frozen=True)
class Outcome:
    """What the command said: `causes` are the faults named, best first; `score` may not apply (None)."""

    case: Case
    code: int
    verdict: str = ""
    causes: list[tuple[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    healthy: float | None = None
    score: float | None = None
    command: str = ""
    error: str = ""
    warned: bool = False

    @property
    def kind(self) -> str:
        """One of first, among (the first three), missed, silent, no-effect, fine, alarm, crashed."""
        if self.code not in {0, 3} or self.error:
            return "crashed"
        named = [cause for cause, _ in self.causes]
        fault = self.case.fault
        if not fault.accepts:
            return "fine" if self.code == 0 and not named else "alarm"
        if named[:1] and named[0] in fault.accepts:
            return "first"
        if set(named[:3]) & {*fault.accepts, *fault.also}:
            return "among"
        if named or self.code:
            return "missed"
        if self.healthy is not None and self.score is not None:
            lost = self.healthy - self.score
            return "no-effect" if lost < max(NOISE, 0.02 * self.healthy) else "silent"
        return "silent"


def run_all(cases: Iterable[Case], work: Path, jobs: int, keep: bool = False) -> Iterator[Outcome]:
    """Run cases in `jobs` processes and yield their outcomes as they come."""
    _import_all()
    bases = Bases(work)
    waiting = list(cases)[::-1]
    running: dict[int, tuple[Case, Path]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            case = waiting.pop()
            folder = work / "cases" / f"{case.seed:08x}"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            running[_fork(partial(_one, case, folder, bases), folder / "log")] = case, folder
        process, _ = os.waitpid(-1, 0)
        if process in running:
            case, folder = running.pop(process)
            yield _outcome(case, folder)
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)


def prepare(cases: Iterable[Case], work: Path) -> None:
    """Make the models and vectors that cases share, so that no two processes make the same."""
    _import_all()
    bases = Bases(work)
    for corpus, model in sorted({(case.corpus, case.model) for case in cases}):
        process = _fork(partial(bases.vectors, corpus, model), work / "prepare.log")
        if os.waitpid(process, 0)[1]:
            raise RuntimeError((work / "prepare.log").read_text("utf-8"))


def _import_all() -> None:
    import importlib

    for name in IMPORTED.split():
        importlib.import_module(name)


def _fork(action: Callable[[], object], log: Path) -> int:
    """Run an action in a child whose output goes to a file; return its process id."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        with log.open("w", encoding="utf-8") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            code = _exit_code(action)
    finally:
        os._exit(code)


def _exit_code(action: Callable[[], object]) -> int:
    code = 0
    try:
        action()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _one(case: Case, folder: Path, bases: Bases) -> None:
    os.environ["SEARCHAPP_INDEXES"] = str(folder / "indexes")
    os.chdir(folder)
    made = _wait(_fork(lambda: _make(case, folder, bases), folder / "made.log"))
    if made:
        return
    files = json.loads((folder / "made.json").read_text("utf-8"))
    argv: list[str] = files["argv"]
    os.environ.update(files["environment"])
    started = time.monotonic()
    code = _wait(_fork(lambda: run_command([*argv, "--json"], folder / "out"), folder / "err"))
    (folder / "done.json").write_text(
        json.dumps({"code": code, "seconds": time.monotonic() - started}), "utf-8"
    )


def run_command(argv: list[str], out: Path) -> None:
    """Run `searchapp` with these arguments in this process, its stdout in a file."""
    from searchapp.cli import main

    with out.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        sys.argv = ["searchapp", *argv]
        main()


def _make(case: Case, folder: Path, bases: Bases) -> None:
    box = Box(case, folder, bases)
    argv = case.fault.make(box, case.severity)
    healthy = None if box.score is None else box.healthy
    record = {"argv": argv, "score": box.score, "healthy": healthy, "environment": box.environment}
    (folder / "made.json").write_text(json.dumps(record), "utf-8")


def _wait(process: int) -> int:
    """Return the exit code of a child, which is killed when it takes too long."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return 124


def _outcome(case: Case, folder: Path) -> Outcome:
    if not (folder / "made.json").exists():
        return Outcome(case, 1, error=f"no files: {_tail(folder / 'made.log')} {_tail(folder / 'log')}")
    made = json.loads((folder / "made.json").read_text("utf-8"))
    done = json.loads((folder / "done.json").read_text("utf-8"))
    said, error = (folder / "err").read_text("utf-8", "replace"), ""
    if done["code"] not in {0, 3}:
        error = "timeout" if done["code"] == 124 else _tail(folder / "err")
    elif "Traceback (most recent call last)" in said:
        error = said.strip()[-500:]
    document = json.loads((folder / "out").read_text("utf-8")) if done["code"] in {0, 3} else {}
    causes = [(one["id"], one["strength"]) for one in document.get("causes", []) if one["fault"]]
    causes += [(one["name"], 1.0) for one in document.get("findings", [])]  # of --mteb
    return Outcome(
        case,
        done["code"],
        document.get("verdict", ""),
        causes,
        round(done["seconds"], 1),
        made["healthy"],
        made["score"],
        " ".join(made["argv"]),
        error,
        "Warning: " in said,
    )


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace").strip()[-300:] if log.exists() else ""

"""A part of the benchmark of diagnose: faults as files, on small corpora, through the command line."""

import json
import subprocess
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.faults.__main__ import select
from tests.faults.cases import SPLITS, Case, Fault
from tests.faults.report import counts
from tests.faults.runner import Outcome
from tests.real_data import REPOSITORY, TEST_DATA, needs

FIRST, AMONG, ALARMS = 0.6, 0.7, 0.4  # below what the small corpora of this part give now (0.70, 0.77, 0.36)


def benchmark(folder: Path, *options: str) -> dict[str, Any]:
    """Run a part of the benchmark and return its counts and misses."""
    results = folder / "results.json"
    command = ["-m", "tests.faults", *options, "--work", str(folder), "--results", str(results)]
    done = subprocess.run(
        [sys.executable, *command], cwd=REPOSITORY, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(results.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return benchmark(tmp_path_factory.mktemp("faults"), "--quick")


@needs(TEST_DATA / "corpora")
def test_most_faults_are_named_and_nothing_crashes(found: dict[str, Any]) -> None:
    kinds = Counter(found["all"])
    faults = sum(kinds[kind] for kind in ("first", "among", "missed", "silent", "crashed"))
    assert faults > 30, found
    assert kinds["crashed"] == 0, found["misses"]
    assert kinds["first"] >= FIRST * faults, found["misses"]
    assert kinds["first"] + kinds["among"] >= AMONG * faults, found["misses"]


@needs(TEST_DATA / "corpora")
def test_sound_pipelines_raise_no_alarm(found: dict[str, Any]) -> None:
    kinds = Counter(found["all"])
    assert kinds["harmless"] > 10
    assert kinds["alarm"] <= ALARMS * kinds["harmless"], found["misses"]


@needs(TEST_DATA / "corpora")
def test_what_was_done_to_the_texts_behind_a_run_is_named(tmp_path: Path) -> None:
    """An unknown prompt, a cut of characters, a pooling, and a search that loses results without an order."""
    pattern = "prompt-on-queries chat|truncated-characters 250|max', 'both'|approximate HNSW"
    results = benchmark(tmp_path, "--held", "--only", rf"({pattern}).* run-model\]")
    assert results["all"] == {"first": 4}, results["misses"]


def outcome(
    *causes: str,
    code: int = 3,
    accepts: tuple[str, ...] = ("noise",),
    also: tuple[str, ...] = (),
    lost: float = 0.2,
) -> Outcome:
    fault = Fault("one", "family", lambda _box, _severity: [], accepts, also)
    case = Case(fault, "sample", "wordllama", "npy", None, "calibration")
    return Outcome(case, code, "", [(cause, 1.0) for cause in causes], 1.0, 0.5, 0.5 - lost)


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (outcome("noise", "hubness"), "first"),
        (outcome("hubness", "noise"), "among"),
        (outcome("hubness", "bias", "overflow", "noise"), "missed"),
        (outcome("hubness", also=("hubness",)), "among"),
        (outcome(code=3), "missed"),
        (outcome(code=0), "silent"),
        (outcome(code=0, lost=0.004), "no-effect"),
        (outcome(code=0, lost=-0.1), "no-effect"),
        (outcome("hubness", lost=0.0), "missed"),
        (outcome(code=1), "crashed"),
        (outcome(code=0, accepts=()), "fine"),
        (outcome(code=3, accepts=()), "alarm"),
        (outcome("noise", accepts=()), "alarm"),
        (outcome(code=1, accepts=()), "crashed"),
    ],
)
def test_an_outcome_is_judged(one: Outcome, kind: str) -> None:
    assert one.kind == kind


def test_harmless_cases_that_crash_are_alarms() -> None:
    some = [outcome(code=1, accepts=()), outcome(code=0, accepts=()), outcome("noise")]
    assert counts(some) == {"harmless": 2, "alarm": 1, "first": 1}


def test_the_splits_share_neither_corpora_nor_models() -> None:
    for one, other in combinations(SPLITS.values(), 2):
        assert not set(one.corpora) & set(other.corpora)
        assert not set(one.models) & set(other.models)


def test_the_benchmark_is_as_large_as_it_says() -> None:
    for split, faults in (("held", 250), ("fresh", 100)):
        chosen = select(split)
        assert len({case.id for case in chosen}) == len(chosen)
        assert {case.corpus for case in chosen} == set(SPLITS[split].corpora)
        assert {case.model for case in chosen} == set(SPLITS[split].models)
        assert sum(bool(case.fault.accepts) for case in chosen) >= faults
        assert sum(not case.fault.accepts for case in chosen) >= 60
        assert {case.entry for case in chosen} == {"model", "npy", "made-by", "run", "run-model"}


def test_every_accepted_cause_exists() -> None:
    from searchapp.diagnosis.causes import CAUSES

    causes = {cause for case in select("all") if case.fault.family != "files" for cause in case.fault.accepts}
    assert causes <= set(CAUSES)

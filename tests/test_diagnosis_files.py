"""Result files looked into without running anything: what is empty, unnamed or conspicuously low."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from searchapp.diagnosis.published_files import diagnose_files
from searchapp.errors import SearchappError
from tests.conftest import Cli

from .real_data import PUBLISHED, needs, result_folders

# The case that this was written for: two low retrieval scores, and four tasks that took microseconds.
LOW = {"NFCorpus": 0.0239, "SciFact": 0.0897}
EMPTY = {
    "TwentyNewsgroupsClustering": 4.5e-6,
    "SprintDuplicateQuestions": 5.2e-6,
    "STSBenchmark": 4.8e-6,
    "SICK-R": 5.0e-6,
}


def write(folder: Path, task: str, scores: Mapping[str, Any], seconds: float = 8.3) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document = {"task_name": task, "mteb_version": "1.39.7", "evaluation_time": seconds, "scores": scores}
    (folder / f"{task}.json").write_text(json.dumps(document))


def scores(value: float, metric: str = "ndcg_at_10", language: str = "eng-Latn") -> dict[str, Any]:
    return {"test": [{metric: value, "main_score": value, "hf_subset": "default", "languages": [language]}]}


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    folder = tmp_path / "results" / "no_model_name_available" / "no_revision_available"
    for task, value in LOW.items():
        write(folder, task, scores(value))
    write(folder, "Banking77Classification", scores(0.2895, "accuracy"))
    for task, seconds in EMPTY.items():
        write(folder, task, {}, seconds)
    return tmp_path / "results"


def test_the_four_empty_tasks_are_explained(patient: Path) -> None:
    found = diagnose_files(str(patient)).findings
    empty = [finding for finding in found if finding.name == "empty-scores"]
    assert [task for task in sorted(EMPTY) if any(task in one.message for one in empty)] == sorted(EMPTY)
    assert len(empty) == len(EMPTY)
    assert all("`en`" in one.hint and "eng" in one.hint for one in empty)


def test_a_model_without_a_name_is_pointed_out(patient: Path) -> None:
    (named,) = [one for one in diagnose_files(str(patient)).findings if one.name == "unnamed-model"]
    assert "no_model_name_available" in named.message


def test_low_scores_are_placed_among_the_published_ones(patient: Path) -> None:
    """Counted by hand in the published table: 5 of 233 are below 0.0239, 8 of 231 below 0.0897."""
    diagnosis = diagnose_files(str(patient))
    assert [(one.task, one.below, one.models) for one in diagnosis.standings] == [
        ("NFCorpus", 5, 233),
        ("SciFact", 8, 231),
    ]
    low = [one.message for one in diagnosis.findings if one.name == "among-the-lowest"]
    assert ["NFCorpus" in message for message in low] == [True, False]
    assert "searchapp diagnose" in next(
        one.hint for one in diagnosis.findings if one.name == "among-the-lowest"
    )


def test_a_sound_folder_is_healthy(tmp_path: Path) -> None:
    folder = tmp_path / "org__model" / "abc"
    write(folder, "NFCorpus", scores(0.2427))
    write(folder, "SciFact", scores(0.5064))
    diagnosis = diagnose_files(str(folder))
    assert diagnosis.healthy
    assert [one.models for one in diagnosis.standings] == [233, 231]


def test_a_language_code_of_two_letters_and_equal_figures_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "org__model" / "abc"
    both = {"ndcg_at_10": 0.30642, "map_at_10": 0.21234, "recall_at_100": 0.51235}
    for task in ("NFCorpus", "SciFact"):
        entry = {**both, "main_score": 0.30642, "hf_subset": "default", "languages": ["en"]}
        write(folder, task, {"test": [entry]}, seconds=4e-6)
    names = {finding.name for finding in diagnose_files(str(folder)).findings}
    assert names >= {"language-code", "same-figures", "evaluation-time"}


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SearchappError, match=str(tmp_path / "absent")):
        diagnose_files(str(tmp_path / "absent"))


@needs(PUBLISHED)
def test_published_files_are_healthy_but_for_their_ties() -> None:
    for folder in result_folders():
        names = {finding.name for finding in diagnose_files(str(folder)).findings}
        assert names <= {"tie-order"}, folder.name


def test_the_command_prints_what_it_found_and_exits_3(cli: Cli, patient: Path) -> None:
    result = cli("diagnose", "--mteb", str(patient))
    assert result.exit_code == 3
    first = result.stdout.splitlines()[0]
    assert first == f"{patient}: 7 tasks, 2 of retrieval; 7 findings."
    assert result.stdout.count("empty-scores: ") == 4
    document = json.loads(cli("diagnose", "--mteb", str(patient), "--json").stdout)
    assert [one["below"] for one in document["standings"]] == [5, 8]
    assert document["healthy"] is False


def test_files_and_a_corpus_exclude_each_other(cli: Cli, patient: Path) -> None:
    result = cli("diagnose", "nfcorpus", "--mteb", str(patient))
    assert result.exit_code == 2
    assert "CORPUS has no effect with --mteb, which examines files only; leave it out." in result.stderr

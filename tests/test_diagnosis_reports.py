"""searchapp diagnose on reported figures: what no ranking can score, and other definitions."""

import json
from pathlib import Path
from typing import Any

import pytest

from searchapp.corpora.resolve import open_corpus
from tests.conftest import Cli


def causes(cli: Cli, *reported: str) -> list[dict[str, Any]]:
    flags = [part for figure in reported for part in ("--reported", figure)]
    result = cli("diagnose", "sample", "--probe", "reported-score", "--json", *flags)
    document = json.loads(result.stdout)
    assert result.exit_code == (3 if any(cause["fault"] for cause in document["causes"]) else 0)
    found: list[dict[str, Any]] = document["causes"]
    return found


def test_a_precision_that_no_ranking_can_have(cli: Cli) -> None:
    judged = [sum(grade > 0 for grade in row.values()) for row in open_corpus("sample").judgements.values()]
    best = sum(min(count, 10) for count in judged) / 10 / len(judged)
    (cause,) = causes(cli, f"precision_at_10={best + 0.02:.5f}")
    assert cause["id"] == "impossible-score"
    assert cause["found"][0]["values"]["best"] == pytest.approx(best)
    assert causes(cli, f"precision_at_10={best - 0.02:.5f}")[0]["id"] == "unexplained-score"


@pytest.mark.parametrize(
    "figures", [("recall_at_10=0.9", "recall_at_100=0.8"), ("map_at_10=0.9", "recall_at_10=0.8")]
)
def test_figures_that_contradict_each_other(cli: Cli, figures: tuple[str, str]) -> None:
    first = causes(cli, *figures)[0]
    assert (first["id"], first["found"][0]["key"]) == ("impossible-score", "contradicting-scores")


def result_file(folder: Path, task: str, **figures: float) -> str:
    scores = {"hf_subset": "default", "languages": ["eng-Latn"], **figures}
    document = {
        "task_name": task,
        "mteb_version": "2.1.0",
        "scores": {"test": [scores]},
        "evaluation_time": 9.0,
    }
    (folder / f"{task}.json").write_text(json.dumps(document), "utf-8")
    return str(folder / f"{task}.json")


def test_precision_at_10_of_019_with_one_relevant_document_a_query(cli: Cli, tmp_path: Path) -> None:
    # SciFact's test split has 339 relevant pairs for 300 queries: precision@10 is at most 0.113.
    file = result_file(tmp_path, "SciFact", ndcg_at_10=0.50632, recall_at_10=0.6425, precision_at_10=0.19)
    result = cli("diagnose", "--mteb", file, "--json")
    assert result.exit_code == 3
    names = [finding["name"] for finding in json.loads(result.stdout)["findings"]]
    assert "impossible-score" in names


@pytest.mark.usefixtures("real_corpora")
def test_a_figure_of_another_task_is_named(cli: Cli) -> None:
    """0.51338 is the bundled model's nDCG@10 on SciFact, 0.64508 the published one of all-MiniLM-L6-v2."""
    for reported, said in (
        ("0.51338", "0.51338 as the same model on SciFact."),
        ("0.64508", "0.64508 as the published figure of sentence-transformers/all-MiniLM-L6-v2 on SciFact."),
    ):
        result = cli(
            "diagnose",
            "nfcorpus",
            "--probe",
            "reported-score",
            "--reported",
            f"ndcg_at_10={reported}",
            "--json",
        )
        first = json.loads(result.stdout)["causes"][0]
        assert (result.exit_code, first["id"]) == (3, "other-task")
        assert first["found"][0]["evidence"].endswith(said)

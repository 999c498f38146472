"""A metric takes one file: the toy below is listed, computed, stored, compared and gated by its name."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from searchapp.evaluation.metric import METRICS, JudgedRanking, Metric, register

from .conftest import Cli


def top_grade(query: JudgedRanking, _cutoff: int) -> float:
    """1 when the top result has the highest grade of its query, else 0."""
    return float(len(query.retrieved) > 0 and query.retrieved[0] == query.judged[0])


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    """Register the toy for one test."""
    summary = "Whether the top result has the highest grade."
    register(Metric("top_grade", "TopGrade", summary, top_grade, cutoff="none", spellings=("best_first",)))
    yield
    del METRICS["top_grade"]


@pytest.mark.parametrize("command", ["eval", "compare"])
def test_help_lists_it(command: str, cli: Cli) -> None:
    text = " ".join(cli(command, "--help").stdout.split())
    assert "TopGrade Whether the top result has the highest grade." in text


def test_eval_computes_it_with_an_interval_and_shows_it(cli: Cli) -> None:
    result = cli("eval", "sample", "--measure", "TopGrade nDCG@10", "--json", "--per-query")
    (row,) = json.loads(result.stdout)["results"]
    values = [query["top_grade"] for query in row["per_query"].values()]
    assert set(values) == {0.0, 1.0}
    assert row["metrics"]["top_grade"] == sum(values) / 40
    low, high = row["intervals"]["top_grade"]
    assert low < row["metrics"]["top_grade"] < high
    header, _, cells = cli("eval", "sample", "--measure", "best_first").stdout.splitlines()[:3]
    assert header.split() == ["corpus", "model", "TopGrade", "95", "%"]
    assert cells.split()[2] == f"{row['metrics']['top_grade']:.5f}"


def test_its_results_are_stored_compared_and_gated(cli: Cli, tmp_path: Path) -> None:
    for name, length in (("whole", "none"), ("short", "2")):
        options = ("--max-length", length, "--run-out", str(tmp_path / name))
        assert cli("eval", "sample", "--measure", "TopGrade", *options).exit_code == 0
    runs = str(tmp_path / "whole"), str(tmp_path / "short")
    result = cli("compare", *runs, "--measure", "TopGrade", "--gate", "best_first>=-0.01", "--json")
    assert result.exit_code == 3, result.stderr
    document = json.loads(result.stdout)
    (comparison,) = document["comparisons"]
    assert list(comparison["changes"]) == ["top_grade"]
    assert document["gates"][0]["gate"] == "top_grade>=-0.01"
    assert document["gates"][0]["status"] == "FAIL"

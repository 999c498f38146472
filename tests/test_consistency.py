"""Figures that contradict themselves, and the bounds that correct ones never exceed."""

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from searchapp.evaluation.numpy_metrics import reference_scores
from searchapp.published.claims import Claim, Source
from searchapp.published.consistency import check_consistency
from searchapp.published.ndcg_bound import largest_ndcg
from searchapp.published.sources import read_source, scan_source
from searchapp.records import Judgements, Problem, Ranking, Run
from searchapp.tasks.mteb import FORUMS

from .real_data import CARD, PUBLISHED, needs, result_folders
from .test_sources import block, card, document, result

CUTS = (1, 2, 3, 5, 10, 20, 100)

# Worked out by hand for one query with relevant documents a and b, and the ranking a, x, b.
HONEST = {
    "ndcg_at_1": 1.0, "ndcg_at_3": 0.91972, "map_at_1": 0.5, "map_at_3": 0.83333, "mrr_at_1": 1.0,
    "mrr_at_3": 1.0, "recall_at_1": 0.5, "recall_at_3": 1.0, "precision_at_1": 1.0, "precision_at_3": 0.66667,
}  # fmt: skip


def found(metrics: dict[str, float], task: str = "SciFact") -> list[Problem]:
    """Return what contradicts itself in a claim at five decimals."""
    claim = Claim(task, "test", None, metrics, dict.fromkeys(metrics, 5), "figures.json, test")
    return check_consistency(Source("figures", "made up", None, None, (claim,), 1))


def test_an_honest_ranking_does_not_contradict_itself() -> None:
    assert found(HONEST) == []


@pytest.mark.parametrize(
    ("change", "name", "evidence"),
    [
        ({"mrr_at_1": 0.99}, "tie-order", "precision_at_1 1.00000, mrr_at_1 0.99000"),
        ({"mrr_at_1": 0.01}, "unit", "precision_at_1 1.00000, mrr_at_1 0.01000 differ by a factor of 100"),
        ({"map_at_1": 0.4}, "map-definition", "recall_at_1 0.50000, map_at_1 0.40000"),
        ({"recall_at_3": 0.49, "map_at_3": 0.49}, "recall-falls", "recall_at_1 0.50000, recall_at_3 0.49000"),
        ({"map_at_3": 0.49}, "map-falls", "map_at_1 0.50000, map_at_3 0.49000"),
        ({"mrr_at_3": 0.9}, "mrr-falls", "mrr_at_1 1.00000, mrr_at_3 0.90000"),
        ({"precision_at_3": 0.333}, "precision-falls", "(precision_at_1 <= 3 x precision_at_3)"),
        ({"map_at_3": 0.6, "recall_at_3": 0.59}, "map-above-recall", "map_at_3 0.60000, recall_at_3 0.59000"),
        (
            {"precision_at_1": 0.4, "mrr_at_1": 0.4},
            "recall-above-hits",
            "recall_at_1 0.50000, precision_at_1",
        ),
        ({"precision_at_1": 0.9, "mrr_at_1": 0.9}, "ndcg-above-precision", "ndcg_at_1 1.00000"),
        ({"precision_at_3": 0.34, "recall_at_3": 0.5, "map_at_3": 0.5}, "ndcg-above-recall", "cannot exceed"),
    ],
)
def test_a_change_is_found_out(change: dict[str, float], name: str, evidence: str) -> None:
    findings = [finding for finding in found(HONEST | change) if finding.name == name]
    assert len(findings) == 1
    assert evidence in findings[0].message
    assert findings[0].message.startswith("figures.json, test: ")
    assert findings[0].hint


@pytest.mark.parametrize("cut", [1, 3, 10])
def test_the_bound_of_ndcg_by_hand(cut: int) -> None:
    # One relevant document a query, found for half of them: nDCG is at most a half.
    assert largest_ndcg(0.5, 0.5 / cut, cut, 1) == pytest.approx(0.5)
    assert largest_ndcg(1.0, 1.0, cut, 1) == pytest.approx(1.0)
    assert largest_ndcg(0.0, 0.0, cut, 1) == pytest.approx(0.0)


def test_the_bound_of_ndcg_mixes_the_best_cases() -> None:
    # Half the queries have one relevant document, found at rank 1 or 2; the other half have very many, of
    # which one is found: 1 / (1 + 1 / log2(3)) at best, and more when it has the larger of two grades.
    second = 1 / math.log2(3)
    assert largest_ndcg(0.5, 0.5, 2, 1) == pytest.approx((1 + 1 / (1 + second)) / 2)
    assert largest_ndcg(0.5, 0.5, 2, 2) == pytest.approx((1 + 2 / (2 + second)) / 2)
    assert largest_ndcg(0.5, 0.5, 2) == pytest.approx(1.0)


def made_up(generator: np.random.Generator, grades: int) -> tuple[Judgements, Run]:
    """Return judgements of a few queries, graded 1 to `grades`, and rankings of any quality."""
    judgements: Judgements = {}
    run: Run = {}
    for query in map(str, range(generator.integers(1, 6))):
        relevant = [f"r{i}" for i in range(generator.choice([1, 1, 2, 3, 8, 40]))]
        judgements[query] = {name: int(generator.integers(1, grades + 1)) for name in relevant}
        pool = relevant + [f"x{i}" for i in range(generator.integers(0, 120))]
        bonus = np.array([name.startswith("r") for name in pool]) * generator.choice([-3, 0, 1, 3])
        scores: NDArray[Any] = generator.normal(size=len(pool)) + bonus
        run[query] = Ranking.from_scores(pool, scores, depth=int(generator.choice([5, 100])))
    return judgements, run


@pytest.mark.parametrize(("grades", "task"), [(1, "SciFact"), (2, "NFCorpus"), (3, "Another")])
def test_correct_figures_never_contradict_themselves(grades: int, task: str) -> None:
    generator = np.random.default_rng(grades)
    for _ in range(60):
        judgements, run = made_up(generator, grades)
        values = reference_scores(run, judgements, CUTS)
        means = {metric: float(np.mean(value)) for metric, value in values.items()}
        assert found({metric: round(mean, 5) for metric, mean in means.items()}, task) == []


@needs(PUBLISHED)
def test_published_results_contradict_themselves_by_the_order_of_ties_alone() -> None:
    retrieval = [
        folder
        for folder in result_folders()
        if any((folder / f"{task}.json").exists() for task in ("NFCorpus", "SciFact"))
    ]
    findings = {folder.parent.name: check_consistency(read_source(str(folder))) for folder in retrieval}
    assert len(findings) == len(retrieval) >= 12
    assert {name for name, some in findings.items() if some} == {
        "mteb__baseline-bm25s",
        "sentence-transformers__all-MiniLM-L6-v2",
        "sentence-transformers__all-mpnet-base-v2",
        "thenlper__gte-large",
    }
    assert {finding.name for some in findings.values() for finding in some} == {"tie-order"}
    card = read_source(str(CARD))
    assert [(one.name, one.message.split("(")[1].split(")")[0]) for one in check_consistency(card)] == [
        ("tie-order", "ArguAna"),
        ("tie-order", "NQ"),
        ("tie-order", "QuoraRetrieval"),
    ]


@needs(PUBLISHED)
def test_models_of_the_table_are_without_contradiction() -> None:
    with (PUBLISHED / "leaderboard.csv").open() as stream:
        models = list(dict.fromkeys(row["model"] for row in csv.DictReader(stream)))[::40]
    left = [
        one for model in models for one in check_consistency(read_source(model)) if one.name != "tie-order"
    ]
    assert left == []


def test_a_result_folder_shaped_like_the_motivating_case(tmp_path: Path) -> None:
    result(tmp_path, document(ndcg_at_10=0.0239))
    for task in ("STS12", "SICK-R"):
        empty = document(task) | {"scores": {}, "evaluation_time": 4.5e-06}
        result(tmp_path, empty, f"{task}.json")
    findings = check_consistency(read_source(str(tmp_path)))
    assert [finding.name for finding in findings] == ["empty-scores", "empty-scores"]
    assert "SICK-R has no scores; it took 4.5e-06 s" in findings[0].message
    assert "language filter `en`" in findings[0].hint


def test_what_a_result_file_says_beside_its_figures(tmp_path: Path) -> None:
    strange = document(ndcg_at_10=0.25, main_score=0.26, languages=["en"]) | {"evaluation_time": 2e-5}
    findings = check_consistency(scan_source(result(tmp_path, strange)))
    assert [finding.name for finding in findings] == ["evaluation-time", "language-code", "main-score"]
    assert "evaluated in 2e-05 s" in findings[0].message
    assert "the language 'en' is no ISO 639-3 code" in findings[1].message
    assert "main score is 0.26, but nDCG@10 is 0.25" in findings[2].message


def test_figures_of_another_task(tmp_path: Path) -> None:
    same: dict[str, Any] = {"ndcg_at_10": 0.30642, "map_at_10": 0.2}
    result(tmp_path, document(**same))
    result(tmp_path, document("SciFact", **same), "SciFact.json")
    result(tmp_path, document("NQ", ndcg_at_10=0.0), "NQ.json")
    result(tmp_path, document("FEVER", ndcg_at_10=0.0), "FEVER.json")
    (finding,) = check_consistency(read_source(str(tmp_path)))
    assert finding.name == "same-figures"
    assert "SciFact has all figures of NFCorpus, such as main_score 0.30642" in finding.message


def test_the_units_of_a_source(tmp_path: Path) -> None:
    blocks = [block({"ndcg_at_10": 0.25, "recall_at_100": 0.5}), block({"ndcg_at_10": 30.5}, "NQ")]
    findings = check_consistency(read_source(card(tmp_path, *blocks)))
    assert [finding.name for finding in findings] == ["unit"]
    percent = result(tmp_path, document(ndcg_at_10=25.0))
    assert [finding.name for finding in check_consistency(read_source(percent))] == ["unit"]


@pytest.mark.parametrize(("stated", "names"), [(36.501, []), (36.6, ["aggregate"])])
def test_the_average_of_the_forums(tmp_path: Path, stated: float, names: list[str]) -> None:
    forums = [block({"ndcg_at_10": 31.001 + number}, task) for number, task in enumerate(FORUMS)]
    source = card(tmp_path, *forums, block({"ndcg_at_10": stated}, "MTEB CQADupstackRetrieval"))
    assert [finding.name for finding in check_consistency(read_source(source))] == names


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    result(tmp_path, document(ndcg_at_10=0.25))
    (tmp_path / "SciFact.json").write_text("{")
    assert [finding.name for finding in check_consistency(read_source(str(tmp_path)))] == ["unreadable"]

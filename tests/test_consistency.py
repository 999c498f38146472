"""Figures that contradict one another, and the bounds that correct figures never exceed."""

import csv
from itertools import combinations
from math import inf, log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from searchapp.evaluation.measures import measures_at
from searchapp.evaluation.scoring import score_in_numpy
from searchapp.published.claims import Claim, Source
from searchapp.published.consistency import check_consistency
from searchapp.published.ndcg_bound import largest_ndcg
from searchapp.published.sources import read_source, scan_source
from searchapp.records import Judgements, Problem, Ranking, Run
from searchapp.tasks.mteb import FORUMS

from .real_data import CARD, PUBLISHED, needs, result_folders
from .test_sources import block, card, document, result

CUTOFFS = (1, 2, 3, 5, 10, 20, 100)

# Worked out by hand for one query with relevant documents a and b, and the ranking a, x, b.
HONEST = {
    "ndcg_at_1": 1.0, "ndcg_at_3": 0.91972, "map_at_1": 0.5, "map_at_3": 0.83333, "mrr_at_1": 1.0,
    "mrr_at_3": 1.0, "recall_at_1": 0.5, "recall_at_3": 1.0, "precision_at_1": 1.0, "precision_at_3": 0.66667,
}  # fmt: skip


def problems(metrics: dict[str, float], task: str = "ArguAna") -> list[Problem]:
    """Return what is inconsistent in a claim published to five decimals."""
    claim = Claim(task, "test", None, metrics, dict.fromkeys(metrics, 5), "figures.json, test")
    return check_consistency(Source("figures", "made up", None, None, (claim,)))


def test_the_figures_of_one_ranking_are_consistent() -> None:
    assert problems(HONEST) == []


@pytest.mark.parametrize(
    ("change", "name", "evidence"),
    [
        ({"mrr_at_1": 0.99}, "tie-order", "precision_at_1 1.00000, mrr_at_1 0.99000"),
        ({"mrr_at_1": 0.01}, "unit", "precision_at_1 1.00000, mrr_at_1 0.01000 differ by a factor of 100"),
        ({"map_at_1": 0.4}, "map-definition", "recall_at_1 0.50000, map_at_1 0.40000"),
        ({"recall_at_3": 0.49, "map_at_3": 0.49}, "recall-falls", "recall_at_1 0.50000, recall_at_3 0.49000"),
        ({"map_at_3": 0.49}, "map-falls", "map_at_1 0.50000, map_at_3 0.49000"),
        ({"mrr_at_3": 0.9}, "mrr-falls", "mrr_at_1 1.00000, mrr_at_3 0.90000"),
        ({"precision_at_3": 0.333}, "precision-falls", "violates precision_at_1 <= 3 x precision_at_3"),
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
def test_an_edited_figure_is_detected(change: dict[str, float], name: str, evidence: str) -> None:
    findings = [problem for problem in problems(HONEST | change) if problem.name == name]
    assert len(findings) == 1
    assert evidence in findings[0].message
    assert findings[0].message.startswith("figures.json, test: ")
    assert findings[0].hint


@pytest.mark.parametrize(
    ("published", "names"), [(0.49999, []), (0.50001, []), (0.49998, ["tie-order"]), (0.50002, ["tie-order"])]
)
def test_rounding_explains_one_unit_in_the_last_place_and_no_more(published: float, names: list[str]) -> None:
    # Two equal means, each rounded to five decimals, differ by at most 0.00001.
    assert [one.name for one in problems({"precision_at_1": 0.5, "mrr_at_1": published})] == names


@pytest.mark.parametrize(("deep", "names"), [(0.30001, []), (0.3, ["recall-falls"])])
def test_rounding_lets_recall_fall_by_one_unit_and_no_more(deep: float, names: list[str]) -> None:
    assert [one.name for one in problems({"recall_at_5": 0.30002, "recall_at_10": deep})] == names


@pytest.mark.parametrize("cutoff", [1, 3, 10, 100])
def test_the_ndcg_bound_by_hand(cutoff: int) -> None:
    # One relevant document per query, retrieved for half of them: nDCG is at most one half.
    assert largest_ndcg(0.5, 0.5 / cutoff, cutoff, 1) == pytest.approx(0.5)
    assert largest_ndcg(1.0, 1.0, cutoff, 1) == pytest.approx(1.0)
    assert largest_ndcg(0.0, 0.0, cutoff, 1) == pytest.approx(0.0)


def brute_force_planes(cutoff: int, grade: float) -> NDArray[np.float64]:
    """Return every plane a + b recall + c precision through three cases of one query that no case exceeds."""
    discounts = [1 / log2(rank + 1) for rank in range(1, cutoff + 1)]
    cases = {(0.0, 0.0, 0.0)}
    for hits in range(1, cutoff + 1):
        gained = grade * sum(discounts[:hits])
        for relevant in range(hits, cutoff + 1):
            rest = sum(discounts[hits:relevant])
            cases.add((hits / relevant, hits / cutoff, 1 / (1 + rest / gained)))
        cases.add((0.0, hits / cutoff, 1 / (1 + sum(discounts[hits:]) / gained)))  # endlessly many relevant
    points = np.array(sorted(cases))
    homogeneous = np.insert(points[:, :2], 0, 1.0, axis=1)
    planes = []
    for triple in map(list, combinations(range(len(points)), 3)):
        if abs(np.linalg.det(homogeneous[triple])) > 1e-9:
            plane = np.linalg.solve(homogeneous[triple], points[triple, 2])
            if (homogeneous @ plane >= points[:, 2] - 1e-9).all():
                planes.append(plane)
    return np.array(planes)


@pytest.mark.parametrize("cutoff", [1, 2, 3, 5])
@pytest.mark.parametrize("grade", [1.0, 2.0, inf])
def test_the_ndcg_bound_equals_that_of_brute_force(cutoff: int, grade: float) -> None:
    planes = brute_force_planes(cutoff, grade)
    generator = np.random.default_rng(cutoff)
    for recall, precision, slack in generator.random((200, 3)) * (1, 1, 0.01):
        rounding = np.abs(planes[:, 1:]).sum(axis=1) * slack
        bound = (planes @ (1.0, recall, precision) + rounding).min()
        assert largest_ndcg(recall, precision, cutoff, grade, slack) == pytest.approx(bound, abs=1e-13)


def test_the_ndcg_bound_mixes_the_best_cases() -> None:
    # Half the queries have one relevant document, retrieved at rank 1 or 2; the other half have very many, of
    # which one is retrieved: 1 / (1 + 1 / log2(3)) at best, and more if it has the larger of two grades.
    second = 1 / log2(3)
    assert largest_ndcg(0.5, 0.5, 2, 1) == pytest.approx((1 + 1 / (1 + second)) / 2)
    assert largest_ndcg(0.5, 0.5, 2, 2) == pytest.approx((1 + 2 / (2 + second)) / 2)
    assert largest_ndcg(0.5, 0.5, 2) == pytest.approx(1.0)


def random_run(generator: np.random.Generator, grades: int) -> tuple[Judgements, Run]:
    """Return judgements for a few queries, graded 1 to `grades`, and rankings of any quality."""
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


@pytest.mark.parametrize(("grades", "task"), [(1, "ArguAna"), (2, "DBPedia"), (3, "Another")])
def test_correct_figures_are_consistent(grades: int, task: str) -> None:
    generator = np.random.default_rng(grades)
    for _ in range(60):
        judgements, run = random_run(generator, grades)
        values = score_in_numpy(run, judgements, measures_at(CUTOFFS)).values
        means = {metric: float(np.mean(value)) for metric, value in values.items()}
        assert problems({metric: round(mean, 5) for metric, mean in means.items()}, task) == []


@needs(PUBLISHED)
def test_published_results_are_consistent_except_for_the_order_of_ties() -> None:
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
def test_models_of_the_table_are_consistent() -> None:
    with (PUBLISHED / "leaderboard.csv").open() as stream:
        models = list(dict.fromkeys(row["model"] for row in csv.DictReader(stream)))[::40]
    left = [
        one for model in models for one in check_consistency(read_source(model)) if one.name != "tie-order"
    ]
    assert left == []


def test_a_result_folder_like_the_motivating_case(tmp_path: Path) -> None:
    result(tmp_path, document(ndcg_at_10=0.0239))
    for task in ("STS12", "SICK-R"):
        empty = document(task) | {"scores": {}, "evaluation_time": 4.5e-06}
        result(tmp_path, empty, f"{task}.json")
    findings = check_consistency(read_source(str(tmp_path)))
    assert [finding.name for finding in findings] == ["empty-scores", "empty-scores"]
    assert "SICK-R has no scores; it took 4.5e-06 s" in findings[0].message
    assert "language filter `en`" in findings[0].hint


def test_a_result_file_with_implausible_metadata(tmp_path: Path) -> None:
    strange = document(ndcg_at_10=0.25, main_score=0.26, languages=["en"]) | {"evaluation_time": 2e-5}
    findings = check_consistency(scan_source(result(tmp_path, strange)))
    assert [finding.name for finding in findings] == ["evaluation-time", "language-code", "main-score"]
    assert "evaluating NFCorpus took 2e-05 s" in findings[0].message
    assert "the language 'en' is not an ISO 639-3 code" in findings[1].message
    assert "main score is 0.26, but nDCG@10 is 0.25" in findings[2].message


def test_two_tasks_with_the_same_figures(tmp_path: Path) -> None:
    same: dict[str, Any] = {"ndcg_at_10": 0.30642, "map_at_10": 0.2}
    result(tmp_path, document(**same))
    result(tmp_path, document("SciFact", **same), "SciFact.json")
    result(tmp_path, document("NQ", ndcg_at_10=0.0), "NQ.json")
    result(tmp_path, document("FEVER", ndcg_at_10=0.0), "FEVER.json")
    (finding,) = check_consistency(read_source(str(tmp_path)))
    assert finding.name == "same-figures"
    assert "every figure of SciFact equals that of NFCorpus, such as main_score 0.30642" in finding.message


def test_the_units_of_a_source(tmp_path: Path) -> None:
    blocks = [block({"ndcg_at_10": 0.25, "recall_at_100": 0.5}), block({"ndcg_at_10": 30.5}, "NQ")]
    findings = check_consistency(read_source(card(tmp_path, *blocks)))
    assert [finding.name for finding in findings] == ["unit"]
    percent = result(tmp_path, document(ndcg_at_10=25.0))
    assert [finding.name for finding in check_consistency(read_source(percent))] == ["unit"]


@pytest.mark.parametrize(("stated", "names"), [(36.501, []), (36.6, ["aggregate"])])
def test_the_mean_of_the_forums(tmp_path: Path, stated: float, names: list[str]) -> None:
    forums = [block({"ndcg_at_10": 31.001 + number}, task) for number, task in enumerate(FORUMS)]
    source = card(tmp_path, *forums, block({"ndcg_at_10": stated}, "MTEB CQADupstackRetrieval"))
    assert [finding.name for finding in check_consistency(read_source(source))] == names


def test_an_unreadable_file_is_a_finding(tmp_path: Path) -> None:
    result(tmp_path, document(ndcg_at_10=0.25))
    (tmp_path / "SciFact.json").write_text("{")
    assert [finding.name for finding in check_consistency(read_source(str(tmp_path)))] == ["unreadable"]

"""The metrics by hand, the tie rule, what counts and what is left out, and the intervals."""

import os
import subprocess
import sys
from math import comb, log2
from pathlib import Path

import numpy as np
import pytest

from searchapp.errors import SearchappError
from searchapp.evaluation.intervals import bootstrap_intervals
from searchapp.evaluation.measures import MAIN_MEASURES, measures_at
from searchapp.evaluation.scoring import Scores, score
from searchapp.records import Judgements, Ranking, Run

GRADES = {"q": {"a": 3, "b": 2, "c": 1, "z": 0}}  # three relevant documents
FIVE = ["b", "x", "a", "z", "c"]  # relevant at ranks 1, 3 and 5, with grades 2, 3 and 1
IDEAL = 3 / log2(2) + 2 / log2(3) + 1 / log2(4)


def ranked(*document_ids: str) -> Ranking:
    """Return a ranking in this order."""
    return Ranking(list(document_ids), -np.arange(len(document_ids), dtype=np.float32))


def scored(*document_ids: str, cut: int, metric: str) -> float:
    """Return one metric of one ranking against GRADES."""
    return score({"q": ranked(*document_ids)}, GRADES, measures_at([cut])).means()[f"{metric}_at_{cut}"]


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (1, (2 / log2(2)) / (3 / log2(2))),  # with gains 2^grade - 1 it would be 3/7
        (2, (2 / log2(2)) / (3 / log2(2) + 2 / log2(3))),
        (3, (2 / log2(2) + 3 / log2(4)) / IDEAL),
        (5, (2 / log2(2) + 3 / log2(4) + 1 / log2(6)) / IDEAL),
        (10, (2 / log2(2) + 3 / log2(4) + 1 / log2(6)) / IDEAL),
    ],
)
def test_ndcg_has_linear_gains_and_a_log2_discount(cut: int, expected: float) -> None:
    assert scored(*FIVE, cut=cut, metric="ndcg") == pytest.approx(expected, abs=1e-12)


def test_ndcg_compares_with_all_that_is_judged_and_not_with_what_was_found() -> None:
    assert scored("c", cut=10, metric="ndcg") == pytest.approx((1 / log2(2)) / IDEAL, abs=1e-12)


@pytest.mark.parametrize(
    ("cut", "expected"),
    [(1, (1 / 1) / 3), (3, (1 / 1 + 2 / 3) / 3), (5, (1 / 1 + 2 / 3 + 3 / 5) / 3)],
)
def test_map_divides_by_all_relevant_documents(cut: int, expected: float) -> None:
    assert scored(*FIVE, cut=cut, metric="map") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("cut", "expected"), [(1, 0.0), (2, 0.0), (3, 1 / 3), (10, 1 / 3)])
def test_mrr_is_the_reciprocal_of_the_first_relevant_rank_at_the_cut(cut: int, expected: float) -> None:
    assert scored("x", "z", "c", "a", cut=cut, metric="mrr") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("cut", "expected"), [(1, 1 / 3), (4, 2 / 3), (5, 3 / 3), (100, 3 / 3)])
def test_recall_divides_by_all_relevant_documents(cut: int, expected: float) -> None:
    assert scored(*FIVE, cut=cut, metric="recall") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("cut", "expected"), [(1, 1 / 1), (3, 2 / 3), (5, 3 / 5), (10, 3 / 10)])
def test_precision_divides_by_k_though_fewer_were_found(cut: int, expected: float) -> None:
    assert scored(*FIVE, cut=cut, metric="precision") == pytest.approx(expected, abs=1e-12)


def test_ties_go_to_the_higher_id() -> None:
    ranking = Ranking.from_scores(["d1", "d9", "d10", "d2"], np.array([0.5, 0.5, 0.5, 0.7]))
    assert ranking.document_ids == ["d2", "d9", "d10", "d1"]  # as strings: d9 > d10 > d1


def test_scores_tie_when_single_precision_cannot_tell_them_apart() -> None:
    ranking = Ranking.from_scores(["a", "b"], np.array([1 + 1e-9, 1.0]))
    assert ranking.document_ids == ["b", "a"]
    apart = Ranking.from_scores(["a", "b"], np.array([1 + 1e-6, 1.0]))
    assert apart.document_ids == ["a", "b"]


def test_the_order_of_the_input_does_not_matter() -> None:
    generator = np.random.default_rng(3)
    names = [f"d{i}" for i in range(200)]
    values = generator.integers(0, 9, size=200) / 7  # nine values: many ties
    first = Ranking.from_scores(names, values, depth=50)
    for _ in range(5):
        order = generator.permutation(200)
        again = Ranking.from_scores([names[i] for i in order], values[order], depth=50)
        assert again.document_ids == first.document_ids
        assert again.scores.tobytes() == first.scores.tobytes()


def test_a_judged_query_without_results_counts_0() -> None:
    judgements = {"q": {"a": 1}, "lost": {"a": 1}}
    means = score({"q": ranked("a")}, judgements, measures_at([1])).means()
    assert means == {f"{name}_at_1": 0.5 for name in ("ndcg", "map", "mrr", "recall", "precision")}


def test_an_empty_ranking_counts_0() -> None:
    assert score(
        {"q": ranked(), "r": ranked("a")}, {"q": {"a": 1}, "r": {"a": 1}}, measures_at([1])
    ).per_query()["q"] == {f"{name}_at_1": 0.0 for name in ("ndcg", "map", "mrr", "recall", "precision")}


def test_a_query_without_a_relevant_document_counts_0() -> None:
    judgements = {"q": {"a": 1}, "none": {"a": 0, "b": 0}}
    run = {"q": ranked("a"), "none": ranked("a", "b")}
    means = score(run, judgements, measures_at([1])).means()
    assert means == {f"{name}_at_1": 0.5 for name in ("ndcg", "map", "mrr", "recall", "precision")}


def test_unjudged_queries_are_left_out() -> None:
    scores = score({"q": ranked("a"), "other": ranked("x")}, {"q": {"a": 1}}, measures_at([1]))
    assert scores.query_ids == ["q"]
    assert scores.means()["ndcg_at_1"] == 1.0


def test_a_run_that_shares_no_query_is_an_error() -> None:
    with pytest.raises(SearchappError, match=r"None of the 1 queries .*'x'.*'q'") as caught:
        score({"x": ranked("a")}, {"q": {"a": 1}})
    assert "another split" in caught.value.hint


def test_no_measures_are_an_error() -> None:
    with pytest.raises(SearchappError, match="There are no measures to score"):
        score({"q": ranked("a")}, {"q": {"a": 1}}, [])


def random_case(seed: int, queries: int = 50) -> tuple[Run, Judgements]:
    """Return random rankings and judgements of 30 documents."""
    generator = np.random.default_rng(seed)
    names = [f"d{i}" for i in range(30)]
    run = {f"q{q}": Ranking.from_scores(names, generator.random(30)) for q in range(queries)}
    return run, {
        query: {name: int(generator.integers(0, 3)) for name in generator.choice(names, 6)} for query in run
    }


def test_means_and_intervals_do_not_depend_on_the_order_of_anything() -> None:
    run, judgements = random_case(4)
    first = score(run, judgements)
    turned = {query: dict(reversed(grades.items())) for query, grades in reversed(judgements.items())}
    second = score(dict(reversed(run.items())), turned)
    assert second.means() == first.means()
    assert second.intervals() == first.intervals()


def test_every_main_metric_has_a_seeded_interval_around_its_mean() -> None:
    run, judgements = random_case(5)
    scores = score(run, judgements)
    intervals, means = scores.intervals(), scores.means()
    assert list(intervals) == [measure.name for measure in MAIN_MEASURES]
    assert scores.intervals() == intervals
    for metric, (low, high) in intervals.items():
        assert 0 <= low <= means[metric] <= high <= 1
        assert low < high or metric == "recall_at_100"  # all 30 documents are within 100


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert Scores(["a", "b"], {"ndcg_at_10": np.array([0.25, 0.25])}).intervals() == {
        "ndcg_at_10": (0.25, 0.25)
    }


def binomial_range(trials: int, chance: float, tail: float) -> tuple[int, int]:
    """Return the smallest range of successes with at most `tail` of the probability beyond each end."""
    below = np.cumsum([comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(trials + 1)])
    return int(np.searchsorted(below, tail)), int(np.searchsorted(below, 1 - tail))


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_intervals_cover_a_known_mean_as_often_as_they_say(level: float) -> None:
    samples = np.random.default_rng(6).uniform(size=(300, 100))  # 300 samples whose true mean is 1/2
    intervals = bootstrap_intervals({str(i): sample for i, sample in enumerate(samples)}, level)
    covered = sum(low <= 0.5 <= high for low, high in intervals.values())
    fewest, most = binomial_range(300, level, tail=0.001)
    assert fewest <= covered <= most


def test_scoring_loads_the_kernels_of_ranx_and_not_ranx() -> None:
    code = """
import sys
import numpy as np
from searchapp.evaluation.measures import measures_at
from searchapp.evaluation.scoring import score
from searchapp.records import Ranking
values = score({"q": Ranking(["a"], np.zeros(1, np.float32))}, {"q": {"a": 1}}, measures_at([1])).means()
heavy = {"ranx", "pandas", "matplotlib", "seaborn", "scipy.stats"} & sys.modules.keys()
print(values["ndcg_at_1"], sorted(heavy), "numba" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1.0 [] True\n"


def test_diagnose_and_the_numpy_scores_compile_nothing(tmp_path: Path) -> None:
    code = """
import sys
import numpy as np
from searchapp.cli import app
from searchapp.evaluation.measures import DEFAULT_MEASURES
from searchapp.evaluation.scoring import score_in_numpy
from searchapp.records import Ranking
score_in_numpy({"q": Ranking(["a"], np.zeros(1, np.float32))}, {"q": {"a": 1}}, DEFAULT_MEASURES)
try:
    app(["diagnose", "sample", "--json"])
except SystemExit as leaving:
    print(leaving.code, {"numba", "ranx", "searchapp_ranx_metrics"} & sys.modules.keys(), file=sys.stderr)
"""
    environment = os.environ | {"SEARCHAPP_INDEXES": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stderr.splitlines()[-1] == "0 set()"

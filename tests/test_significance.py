"""Significance: by hand, by enumeration, by ranx's own test, and in simulation against what is known."""

import importlib.util
import json
from itertools import product
from math import sqrt
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from searchapp.evaluation.intervals import bootstrap_intervals, difference_intervals
from searchapp.evaluation.significance import EXACT, SAMPLES, holm, randomisation_tests

from .conftest import Cli

Values = NDArray[np.float64]
EXPERIMENTS = 400
QUERIES = 100


def p_value(differences: list[float] | Values) -> float:
    return randomisation_tests({"m": np.array(differences, dtype=np.float64)})["m"]


def enumerated(differences: Values) -> float:
    """The share of all assignments of signs that are as extreme, one after another."""
    signs = np.array(list(product((1, -1), repeat=len(differences))), dtype=np.int8)
    return float((abs(signs @ differences) >= abs(differences.sum()) - 1e-9).mean())


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1, 1, 1], 2 / 8),  # only +++ and --- are as far from 0
        ([3, 1], 2 / 4),
        ([-3, -1], 2 / 4),
        ([0.5, -0.5, 1, 0], 6 / 8),  # sums of 1: six; the query that does not differ says nothing
        ([0.1, 0.2, -0.3], 1.0),  # a sum of 0, up to the rounding of 0.1
        ([0.3 - 0.2] * 4 + [0.2 - 0.3] * 5, 1.0),  # nine of equal size: no sum is nearer to 0
        ([0, 0], 1.0),
        ([0.7], 1.0),
    ],
)
def test_a_few_differences_give_the_p_value_worked_out_by_hand(differences: list[float], p: float) -> None:
    assert p_value(differences) == p


def test_few_differences_are_enumerated_among_many_queries() -> None:
    values = np.random.default_rng(1).normal(0.2, 1, EXACT)
    assert p_value(np.concatenate([values, np.zeros(500)])) == enumerated(values)


def test_more_differences_are_sampled_within_the_error_of_sampling() -> None:
    values = np.random.default_rng(2).normal(0.3, 1, EXACT + 1)
    exact = enumerated(values)
    assert 0.01 < exact < 0.5
    assert p_value(values) == pytest.approx(exact, abs=4 * sqrt(exact * (1 - exact) / SAMPLES))


def test_a_sampled_p_value_is_never_0() -> None:
    # of 2**60 assignments two are as extreme; the one seen counts (Phipson and Smyth 2010)
    assert p_value(np.ones(60)) == 1 / (SAMPLES + 1)


def test_metrics_are_tested_apart_from_each_other() -> None:
    generator = np.random.default_rng(3)
    table = {"many": generator.normal(0.1, 1, 80), "few": np.zeros(80), "more": generator.normal(0.2, 1, 80)}
    table["few"][:3] = 1
    together = randomisation_tests(table)
    assert list(together) == ["many", "few", "more"]
    assert together == {metric: randomisation_tests({metric: table[metric]})[metric] for metric in table}
    assert together["few"] == 2 / 8


def test_holm_corrects_step_by_step() -> None:
    # by hand: 0.005 * 4, 0.01 * 3, 0.03 * 2, and 0.04 * 1, which may not fall below the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]


@pytest.fixture(scope="module")
def ranx_test() -> ModuleType:
    """ranx's randomisation test as it is written, without the library around it and without compiling it."""
    spec = importlib.util.find_spec("ranx")
    assert spec is not None and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "statistical_tests"
    found = importlib.util.spec_from_file_location("ranx_test", folder / "fisher_randomization_test.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    vars(module)["permute"] = module.permute.py_func
    return module


@pytest.mark.parametrize(("seed", "shift"), [(4, 0.0), (5, 0.03), (6, 0.08), (7, 0.2)])
def test_ranx_agrees_within_the_error_of_sampling(ranx_test: ModuleType, seed: int, shift: float) -> None:
    generator = np.random.default_rng(seed)
    control = generator.random(40)
    treatment = np.where(generator.random(40) < 0.6, control + generator.normal(shift, 0.3, 40), control)
    samples = 1_000
    theirs, _ = ranx_test.fisher_randomization_test.py_func(control, treatment, samples, 0.05, seed)
    ours = p_value(treatment - control)
    error = sqrt(ours * (1 - ours) * (1 / samples + 1 / SAMPLES))
    assert theirs == pytest.approx(ours, abs=3 * error + 1 / samples)


def test_ranx_agrees_on_two_runs(ranx_test: ModuleType, cli: Cli, tmp_path: Path) -> None:
    for name, length in (("a", "none"), ("b", "5")):
        cli("eval", "sample", "--max-length", length, "--run-out", str(tmp_path / name))
    printed = cli("compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json").stdout
    (comparison,) = json.loads(printed)["comparisons"]
    samples = 1_000
    # Precision is left out: its sums are equal but for rounding, which ranx lets decide.
    assert comparison["changes"].pop("precision_at_10")["p"] < 1
    for metric, change in comparison["changes"].items():
        control, treatment = np.array([values[metric] for values in comparison["per_query"].values()]).T
        theirs, _ = ranx_test.fisher_randomization_test.py_func(control, treatment, samples, 0.05, 1)
        error = sqrt(change["p"] * (1 - change["p"]) * (1 / samples + 1 / SAMPLES))
        assert theirs == pytest.approx(change["p"], abs=3 * error + 1 / samples), metric


def experiments(seed: int, mean: float) -> dict[str, Values]:
    """Many experiments whose differences are mostly 0 and have a known mean, as between two runs."""
    generator = np.random.default_rng(seed)
    shape = (EXPERIMENTS, QUERIES)
    changed = generator.random(shape) < 0.5
    table = np.where(changed, generator.normal(mean / 0.5, 0.3, shape), 0)
    return {str(number): row for number, row in enumerate(table)}


@pytest.mark.parametrize(("seed", "mean"), [(8, 0.02), (9, -0.1), (10, 0.0)])
def test_the_interval_covers_the_true_difference_as_often_as_it_says(seed: int, mean: float) -> None:
    intervals = difference_intervals(experiments(seed, mean)).values()
    covered = sum(low <= mean <= high for low, high in intervals)
    band = 3 * sqrt(0.95 * 0.05 / EXPERIMENTS)
    assert covered / EXPERIMENTS == pytest.approx(0.95, abs=band)


def test_the_interval_is_that_of_the_resampled_means_mirrored() -> None:
    values = np.random.default_rng(11).exponential(0.2, 60)
    mean = float(values.mean())
    ((low, high),) = bootstrap_intervals({"m": values}).values()
    ((left, right),) = difference_intervals({"m": values}).values()
    assert (left, right) == pytest.approx((2 * mean - high, 2 * mean - low), abs=1e-15)
    assert mean - left != pytest.approx(right - mean, rel=0.01)  # skewed: the sides are not alike


def test_an_interval_of_equal_differences_has_no_width() -> None:
    ((low, high),) = difference_intervals({"m": np.full(30, 0.25)}).values()
    assert (low, high) == (0.25, 0.25)


def test_p_values_are_uniform_where_there_is_no_difference() -> None:
    p_values = np.sort(list(randomisation_tests(experiments(12, 0.0)).values()))
    places = np.arange(1, EXPERIMENTS + 1) / EXPERIMENTS
    distance = max(abs(p_values - places).max(), abs(p_values - places + 1 / EXPERIMENTS).max())
    assert distance < 1.63 / sqrt(EXPERIMENTS)  # Kolmogorov and Smirnov, 1 %
    rejected = float((p_values < 0.05).mean())
    assert rejected == pytest.approx(0.05, abs=3 * sqrt(0.05 * 0.95 / EXPERIMENTS))

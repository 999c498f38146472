"""Measures: the spellings of their names, the usual sets, and that names are read in one place only."""

import ast
import re
from collections.abc import Iterator
from math import log2
from pathlib import Path

import numpy as np
import pytest

from searchapp.errors import SearchappError
from searchapp.evaluation.measures import (
    DEFAULT_MEASURES,
    HEADLINE,
    depth_for,
    headline,
    is_mteb_name,
    measure_named,
    measures_at,
    metric_forms,
    parse_measure,
    parse_measures,
)
from searchapp.evaluation.metric import METRICS, JudgedRanking, Measure, Metric, register
from searchapp.evaluation.metrics import BPREF, NDCG, NDCG_EXPONENTIAL, PRECISION, R_PRECISION, dcg
from searchapp.evaluation.scoring import score, score_in_numpy
from searchapp.records import Ranking

PACKAGE = Path(__file__).parent.parent / "searchapp"


@pytest.mark.parametrize(
    ("name", "title", "spellings"),
    [  # MTEB's names; trec_eval's; those of ir_measures
        ("ndcg_at_10", "nDCG@10", ["ndcg_cut_10", "ndcg_cut.10", "nDCG@10", "NDCG@10", " ndcg@10 "]),
        ("ndcg", "nDCG", ["nDCG"]),
        ("map_at_100", "MAP@100", ["map_cut_100", "AP@100"]),
        ("map", "MAP", ["AP"]),
        ("mrr_at_10", "MRR@10", ["RR@10"]),
        ("mrr", "MRR", ["recip_rank", "RR"]),
        ("recall_at_1000", "R@1000", ["recall_1000", "recall.1000", "R@1000", "Recall@1000"]),
        ("precision_at_5", "P@5", ["P_5", "P.5", "P@5", "precision@5"]),
        ("hit_rate_at_5", "Success@5", ["success_5", "Success@5", "HitRate@5"]),
        ("r_precision", "Rprec", ["Rprec", "RPrec", "r-precision"]),
        ("bpref", "Bpref", ["bpref", "Bpref"]),
        ("ndcg_exp_at_10", "nDCG(exp)@10", ["nDCG(dcg='exp-log2')@10", "ndcg_burges@10"]),
    ],
)
def test_a_measure_has_the_names_of_mteb_trec_eval_and_ir_measures(
    name: str, title: str, spellings: list[str]
) -> None:
    measure = parse_measure(name)
    assert (measure.name, measure.title) == (name, title)
    assert {parse_measure(spelling) for spelling in [*spellings, title]} == {measure}


def test_a_text_may_name_several_measures_and_none_twice() -> None:
    assert [measure.title for measure in parse_measures(["nDCG@10 P@5", "Rprec,ndcg_at_10"])] == [
        "nDCG@10",
        "P@5",
        "Rprec",
    ]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("nDGC@10", "'nDGC@10' is not a measure.", "Did you mean nDCG@10? Known are nDCG[@k], MAP[@k],"),
        ("recal_100", "'recal_100' is not a measure.", "Did you mean R@100?"),
        ("rprecision@5", "Rprec takes no cutoff.", "Write Rprec."),
        ("Rprek@5", "'Rprek@5' is not a measure.", "Did you mean Rprec?"),
        ("P", "P needs a cutoff of at least 1.", "Write, for example, P@10."),
        ("nDCG@0", "nDCG needs a cutoff of at least 1.", "Write, for example, nDCG@10."),
        ("speed", "'speed' is not a measure.", "Known are nDCG[@k], MAP[@k], MRR[@k], R@k, P@k, Success@k"),
        (f"P@{10**9 + 1}", "The cutoff 1000000001 is above 1,000,000,000.", "Choose a smaller one."),
        ("nDCG@-1", "'nDCG@-1' is not a measure.", ""),
        ("nDCG@ten", "'nDCG@ten' is not a measure.", ""),
        ("", "'' is not a measure.", "Known are"),
    ],
)
def test_what_is_not_a_measure_is_named_with_the_nearest_one(text: str, message: str, hint: str) -> None:
    with pytest.raises(SearchappError) as caught:
        parse_measure(text)
    assert caught.value.message == message
    assert caught.value.hint.startswith(hint)


def test_stored_results_have_the_one_name_of_a_measure() -> None:
    assert measure_named("ndcg_at_10") == NDCG.at(10)
    assert measure_named("r_precision") == R_PRECISION.at(None)
    wrong = (
        "nDCG@10",
        "ndcg_cut_10",
        "ndcg_at_010",
        "ndcg_at_0",
        "precision",
        "rprec",
        "NDCG_at_10",
        "speed",
        "",
    )
    assert [name for name in wrong if measure_named(name) is not None] == []


def test_only_the_five_metrics_of_mteb_at_a_cutoff_are_read_from_published_files() -> None:
    others = ("ndcg", "hit_rate_at_10", "r_precision", "ndcg_exp_at_10", "main_score", "nauc_map_at_10_max")
    assert all(is_mteb_name(measure.name) for measure in DEFAULT_MEASURES)
    assert [name for name in others if is_mteb_name(name)] == []


def test_the_default_is_five_metrics_at_the_seven_cutoffs_of_mteb() -> None:
    assert [measure.name for measure in DEFAULT_MEASURES] == [
        f"{metric}_at_{cutoff}"
        for metric in ("ndcg", "map", "mrr", "recall", "precision")
        for cutoff in (1, 3, 5, 10, 20, 100, 1000)
    ]


@pytest.mark.parametrize(
    ("measures", "titles"),
    [
        (DEFAULT_MEASURES, "nDCG@10 MAP@10 MRR@10 R@100 P@10"),
        (measures_at([1, 3]), "nDCG@3 MAP@3 MRR@3 R@3 P@3"),  # the largest, without the main one
        (measures_at([10, 50]), "nDCG@10 MAP@10 MRR@10 R@50 P@10"),
        (measures_at([5]), "nDCG@5 MAP@5 MRR@5 R@5 P@5"),
        (parse_measures(["P@5 Rprec nDCG@10"]), "P@5 Rprec nDCG@10"),  # few: as they were asked for
        ([NDCG.at(k) for k in range(1, HEADLINE + 1)], " ".join(f"nDCG@{k}" for k in range(1, HEADLINE + 1))),
        ([NDCG.at(k) for k in range(1, HEADLINE + 2)], f"nDCG@{HEADLINE + 1}"),
    ],
)  # fmt: skip
def test_a_table_shows_few_measures_all_and_of_many_one_per_metric(
    measures: list[Measure], titles: str
) -> None:
    assert " ".join(measure.title for measure in headline(measures)) == titles


def test_a_run_is_as_deep_as_the_largest_cutoff_and_as_mteb_s_without_one() -> None:
    assert depth_for(parse_measures(["nDCG@10 P@50"])) == 50
    assert depth_for(parse_measures(["nDCG@10 Rprec"])) == 1000
    assert depth_for(parse_measures(["P@5000 Rprec"])) == 5000


def test_measures_are_ordered_as_metrics_are_registered_with_no_cutoff_last() -> None:
    measures = parse_measures(["Rprec MRR P@5 ndcg nDCG@100 MRR@10 nDCG@5"])
    assert [measure.title for measure in sorted(measures, key=lambda measure: measure.order)] == [
        "nDCG@5", "nDCG@100", "nDCG", "MRR@10", "MRR", "P@5", "Rprec",
    ]  # fmt: skip


def test_every_metric_is_told_apart_and_says_what_it_is() -> None:
    assert [
        metric for metric in METRICS.values() if not metric.summary.endswith(".") or not metric.title
    ] == []
    assert len({metric.title.casefold() for metric in METRICS.values()}) == len(METRICS)
    assert list(metric_forms())[:4] == ["nDCG[@k]", "MAP[@k]", "MRR[@k]", "R@k"]


def test_a_spelling_cannot_stand_for_two_metrics() -> None:
    taken = Metric(
        "another", "Another", "Something else.", lambda _query, _cutoff: 0.0, spellings=("R-Prec",)
    )
    with pytest.raises(ValueError, match="'R-Prec' is a spelling of r_precision"):
        register(taken)
    assert "another" not in METRICS


# Values by hand ---------------------------------------------------------------------------------------

GRADES = {"a": 3, "b": 1, "c": 1, "x": 0, "y": 0}
RANKED = ["x", "b", "unjudged", "a"]  # one judged non-relevant document above both hits
QUERY = JudgedRanking.of(Ranking(RANKED, -np.arange(4, dtype=np.float32)), GRADES)


def test_exponential_gains_are_two_to_the_grade_less_one() -> None:
    ideal = 7 / log2(2) + 1 / log2(3) + 1 / log2(4)
    assert NDCG_EXPONENTIAL.at(3).compute(QUERY) == pytest.approx((1 / log2(3)) / ideal, abs=1e-12)
    whole = (1 / log2(3) + 7 / log2(5)) / ideal
    assert NDCG_EXPONENTIAL.at(None).compute(QUERY) == pytest.approx(whole, abs=1e-12)


def test_r_precision_looks_at_as_many_documents_as_are_relevant() -> None:
    assert R_PRECISION.at(None).compute(QUERY) == 1 / 3


def test_bpref_passes_over_what_nobody_judged() -> None:
    # Above b and above a stands one of two documents judged not relevant: 1 - 1/2 each, of three relevant.
    assert BPREF.at(None).compute(QUERY) == (1 / 2 + 1 / 2) / 3
    only_relevant = JudgedRanking.of(Ranking(["b", "a"], np.zeros(2, dtype=np.float32)), {"a": 1, "b": 1})
    assert BPREF.at(None).compute(only_relevant) == 1.0


def test_dcg_discounts_by_the_logarithm_of_the_rank() -> None:
    assert dcg(np.array([1.0, 0.0, 3.0])) == 1 / log2(2) + 3 / log2(4)
    assert dcg(np.zeros(0)) == 0.0


def test_a_grade_below_0_is_no_judgement() -> None:
    query = JudgedRanking.of(Ranking(["x", "a"], np.zeros(2, dtype=np.float32)), {"a": 1, "x": -1, "y": 0})
    assert BPREF.at(None).compute(query) == 1.0


def test_scores_come_in_the_order_of_the_measures() -> None:
    measures = [BPREF.at(None), PRECISION.at(2), R_PRECISION.at(None)]
    run, judgements = {"q": Ranking(RANKED, -np.arange(4, dtype=np.float32))}, {"q": GRADES}
    assert list(score(run, judgements, measures).means().items()) == [
        ("bpref", 1 / 3), ("precision_at_2", 1 / 2), ("r_precision", 1 / 3),
    ]  # fmt: skip
    assert score_in_numpy(run, judgements, measures).means() == score(run, judgements, measures).means()


# One place --------------------------------------------------------------------------------------------

NAMING = {"evaluation/metric.py", "evaluation/measures.py"}


def texts_of(tree: ast.AST) -> Iterator[str]:
    """Yield every string in a module, also the pieces of formatted ones."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def cut_names(source: str) -> list[str]:
    """Return what looks like a part of a measure's name, such as `_at_` or `ndcg_at_`."""
    words = [word for text in texts_of(ast.parse(source)) for word in re.findall(r"\w*_at_\w*", text)]
    return [word for word in words if measure_named(word) is None]


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_no_name_of_a_measure_is_cut_or_glued_elsewhere(path: Path) -> None:
    if str(path.relative_to(PACKAGE)) not in NAMING:
        assert cut_names(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    ['name.split("_at_")', 'f"{name}_at_{cutoff}"', 'name.startswith("ndcg_at_")', 'name.endswith("_at_10")'],
)
def test_a_cut_name_is_caught(source: str) -> None:
    assert cut_names(source) != []

"""Every definition of a metric that tools differ in: a figure made by it is recognised as its own.

The claimed figures are worked out here with plain loops, apart from the code under test.
"""

from collections.abc import Callable
from math import log2

import numpy as np
import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.evaluation.measures import measures_at
from searchapp.evaluation.scoring import score
from searchapp.published.claims import Claim
from searchapp.published.definitions import DEFINITIONS, JudgedRun, tie_range
from searchapp.published.explain import Explanation, Mismatches
from searchapp.published.verdicts import agrees
from searchapp.records import Ranking, Run
from tests.conftest import MakeFolder

CUTS = (1, 3, 5, 10)
GRADES = {
    "q1": {"d02": 2, "d05": 1, "d09": 1, "d30": 2},
    "q2": {"d01": 1, "d07": 2, "d08": 1},
    "q3": {"d03": 1, "d12": 2, "q3": 1},
    "q4": {"d11": 1, "d29": 1},
    "q6": {"d04": 2},
}
# (document, score) as the search gave them; equal scores stand as they were found.
FOUND = {
    "q1": [("d01", 9.0), ("d05", 8.0), ("d02", 8.0), ("d03", 8.0), ("d04", 6.0), ("d09", 5.0)],
    "q2": [("d07", 9.0), ("d02", 7.0), ("d01", 7.0), ("d09", 7.0), ("d08", 2.0)],
    "q3": [("q3", 9.0), ("d01", 6.0), ("d12", 6.0), ("d09", 6.0), ("d02", 5.5), ("d05", 5.0), ("d03", 4.0)],
    "q4": [
        *((f"d{number:02}", 30.0 - number) for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13)),
        ("d11", 1.0),
    ],
}
ALL_QUERIES = ("q1", "q2", "q3", "q4", "q5", "q6", "q7")
LENGTHS = {f"d{number:02}": (number * 7) % 13 + 3 for number in range(1, 31)} | {"q3": 5}


@pytest.fixture
def ranked(make_corpus: MakeFolder) -> JudgedRun:
    """The corpus and the run above, in an order of documents that no other order agrees."""
    order = sorted(LENGTHS, key=lambda name: (hash_of(name), name))
    folder = make_corpus(
        documents={name: "w" * LENGTHS[name] for name in order},
        queries={name: f"about {name}" for name in ALL_QUERIES},
        qrels=[(query, name, grade) for query, grades in GRADES.items() for name, grade in grades.items()],
    )
    run: Run = {
        query: Ranking.from_scores([name for name, _ in pairs], np.array([value for _, value in pairs]))
        for query, pairs in FOUND.items()
    }
    return JudgedRun(open_corpus(str(folder)), run, CUTS)


def hash_of(name: str) -> int:
    return sum(ord(letter) * pow(31, place, 101) for place, letter in enumerate(name)) % 101


Order = Callable[[str], object]


def ordering(query: str, tie: Order, *, reverse: bool) -> list[str]:
    """Return the results of a query by score, equal scores by a key of their ids."""
    pairs = FOUND.get(query, [])
    names = sorted((name for name, _ in pairs), key=tie, reverse=reverse)  # type: ignore[arg-type]
    value = dict(pairs)
    return sorted(names, key=lambda name: -value[name])


def plain_figures(
    orders: dict[str, list[str]],
    queries: list[str],
    *,
    gain: Callable[[int], float] = float,
    lowest: int = 1,
    ideal_of_retrieved: bool = False,
    map_by_cut: bool = False,
    mrr_cut: bool = True,
    over: int | None = None,
) -> dict[str, float]:
    """Return the mean of each metric at each cut, in plain loops."""
    sums: dict[str, float] = {}
    for query in queries:
        grades = {name: grade for name, grade in GRADES[query].items() if grade >= lowest}
        names = orders.get(query, [])
        for cut in CUTS:
            gained = sum(
                gain(grades[name]) / log2(rank + 2) for rank, name in enumerate(names[:cut]) if name in grades
            )
            pool = (
                [grades[name] for name in names[:cut] if name in grades]
                if ideal_of_retrieved
                else grades.values()
            )
            best = sorted((gain(grade) for grade in pool), reverse=True)[:cut]
            ideal = sum(value / log2(rank + 2) for rank, value in enumerate(best))
            hits, precisions = 0, 0.0
            for rank, name in enumerate(names[:cut], start=1):
                if name in grades:
                    hits += 1
                    precisions += hits / rank
            first = next((rank for rank, name in enumerate(names, start=1) if name in grades), None)
            within = first is not None and (first <= cut or not mrr_cut)
            figures = {
                "ndcg": gained / ideal if ideal else 0.0,
                "map": precisions / (min(len(grades), cut) if map_by_cut else len(grades)),
                "mrr": 1 / first if first and within else 0.0,
                "recall": hits / len(grades),
                "precision": hits / cut,
            }
            for metric, value in figures.items():
                sums[f"{metric}_at_{cut}"] = sums.get(f"{metric}_at_{cut}", 0.0) + value
    return {metric: value / (over or len(queries)) for metric, value in sums.items()}


USUAL = {query: ordering(query, lambda name: name, reverse=True) for query in FOUND}
JUDGED = sorted(GRADES)
STORED = sorted(LENGTHS, key=lambda name: (hash_of(name), name))


def by(tie: Order) -> dict[str, list[str]]:
    return {query: ordering(query, tie, reverse=False) for query in FOUND}


def answered() -> dict[str, float]:
    """Average at each cut over the queries that found something there."""
    found: dict[str, float] = {}
    for cut in CUTS:
        hit = [query for query in USUAL if set(USUAL[query][:cut]) & GRADES[query].keys()]
        figures = plain_figures(USUAL, hit)
        found |= {metric: value for metric, value in figures.items() if metric.endswith(f"_at_{cut}")}
    return found


def shallow(depth: int) -> dict[str, float]:
    return plain_figures({query: names[:depth] for query, names in USUAL.items()}, JUDGED)


# What a tool would publish by each definition, the metrics that show it, and who is to be named.
CLAIMS: dict[str, tuple[dict[str, float], str]] = {
    "ndcg-exponential": (plain_figures(USUAL, JUDGED, gain=lambda grade: 2.0**grade - 1), "ndcg"),
    "ndcg-binary": (plain_figures(USUAL, JUDGED, gain=lambda grade: 1.0), "ndcg"),
    "ndcg-ideal-of-retrieved": (plain_figures(USUAL, JUDGED, ideal_of_retrieved=True), "ndcg"),
    "map-min-r-k": (plain_figures(USUAL, JUDGED, map_by_cut=True), "map"),
    "mrr-without-cut": (plain_figures(USUAL, JUDGED, mrr_cut=False), "mrr"),
    "grade-2-only": (plain_figures(USUAL, ["q1", "q2", "q3", "q6"], lowest=2), "ndcg map mrr recall"),
    "answered-queries-only": (answered(), "ndcg map mrr recall precision"),
    "queries-with-results-only": (plain_figures(USUAL, sorted(FOUND)), "ndcg map mrr recall precision"),
    "all-queries": (plain_figures(USUAL, JUDGED, over=len(ALL_QUERIES)), "ndcg map mrr recall precision"),
    "self-hits-removed": (
        plain_figures(
            {query: [name for name in names if name != query] for query, names in USUAL.items()}, JUDGED
        ),
        "ndcg map mrr recall precision",
    ),
    "ties-by-ascending-id": (plain_figures(by(lambda name: name), JUDGED), "ndcg map mrr"),
    "ties-by-corpus-order": (plain_figures(by(STORED.index), JUDGED), "ndcg map mrr"),
    "ties-by-reverse-corpus-order": (
        plain_figures(by(lambda name: -STORED.index(name)), JUDGED),
        "ndcg map mrr",
    ),
    "ties-by-length": (plain_figures(by(lambda name: -LENGTHS[name]), JUDGED), "ndcg map mrr"),
}
DEEP = {"depth-10", "depth-20", "depth-100"}  # the run above is too short for them; see below


def claim_of(figures: dict[str, float], families: str = "ndcg map mrr recall precision") -> Claim:
    """Return a claim of some metrics at five decimals."""
    metrics = {
        metric: round(value, 5)
        for metric, value in figures.items()
        if metric.split("_at_")[0] in families.split()
    }
    return Claim("Task", "test", None, metrics, dict.fromkeys(metrics, 5), "made up")


def explanations(ranked: JudgedRun, claim: Claim) -> list[Explanation]:
    measured = score(ranked.run, ranked.judgements, measures_at(ranked.cutoffs)).means()
    return Mismatches(claim, ranked, measured).explain_by_definitions()


def test_every_definition_is_tested() -> None:
    assert {definition.name for definition in DEFINITIONS} == CLAIMS.keys() | DEEP


def test_the_plain_loops_agree_with_the_scores_where_nothing_is_varied(ranked: JudgedRun) -> None:
    measured = score(ranked.run, ranked.judgements, measures_at(CUTS)).means()
    assert plain_figures(USUAL, JUDGED) == pytest.approx(measured, abs=1e-12)
    assert explanations(ranked, claim_of(plain_figures(USUAL, JUDGED))) == []


@pytest.mark.parametrize("name", CLAIMS)
def test_the_definition_behind_a_claim_is_named_first(ranked: JudgedRun, name: str) -> None:
    figures, families = CLAIMS[name]
    usual = plain_figures(USUAL, JUDGED)
    claim = claim_of(figures, families)
    differing = {metric for metric, value in claim.metrics.items() if not agrees(value, usual[metric], 5)}
    assert differing, "the case must be able to tell the definition from the usual one"
    first = explanations(ranked, claim)[0]
    assert (first.name, set(first.metrics), first.lost) == (name, differing, 0)


@pytest.mark.parametrize(
    ("depth", "metric"), [(10, "recall_at_20"), (20, "recall_at_100"), (100, "recall_at_1000")]
)
def test_a_run_that_was_cut_short_is_recognised(make_corpus: MakeFolder, depth: int, metric: str) -> None:
    ids = [f"d{number:04}" for number in range(200)]
    relevant = [ids[place] for place in (0, 8, 15, 50, 90, 150)]
    folder = make_corpus(
        documents=dict.fromkeys(ids, "w"), queries={"q": "w"}, qrels=[("q", name, 1) for name in relevant]
    )
    run = {"q": Ranking(ids, np.linspace(1, 0, 200, dtype=np.float32))}
    cuts = (10, 20, 100, 1000)
    found = sum(ids.index(name) < depth for name in relevant) / len(relevant)
    claim = Claim("Task", "test", None, {metric: round(found, 5)}, {metric: 5}, "made up")
    names = [one.name for one in explanations(JudgedRun(open_corpus(str(folder)), run, cuts), claim)]
    assert f"depth-{depth}" in names


def test_a_figure_that_some_order_of_the_ties_gives_is_said_to_be_one(ranked: JudgedRun) -> None:
    band = tie_range(ranked)
    low, high = band["mrr_at_10"]
    usual = plain_figures(USUAL, JUDGED)["mrr_at_10"]
    assert low <= usual <= high
    # By hand: d02, d03 and d05 tie at rank 2 of q1, where d03 is not relevant, so its first relevant
    # document is second or third; those of q2 and q3 come first, q4 finds one at rank 13, q6 nothing.
    assert (low, high) == pytest.approx(((1 / 3 + 1 + 1) / 5, (1 / 2 + 1 + 1) / 5), abs=1e-12)


def test_another_k_is_recognised(ranked: JudgedRun) -> None:
    figures = plain_figures(USUAL, JUDGED)
    claim = claim_of({"ndcg_at_10": figures["ndcg_at_3"]})
    found = explanations(ranked, claim)
    assert ("other-k", ("ndcg_at_10",)) in [(one.name, one.metrics) for one in found]
    (named,) = [one for one in found if one.name == "other-k"]
    assert "the claimed ndcg_at_10 is our ndcg_at_3" in named.description


def test_a_figure_that_nothing_yields_stays_unexplained(ranked: JudgedRun) -> None:
    assert explanations(ranked, claim_of({"ndcg_at_10": 0.98765, "recall_at_5": 0.12345})) == []


def test_equal_means_equal_as_published() -> None:
    assert agrees(0.5, 0.500004, 5)
    assert not agrees(0.5, 0.500006, 5)

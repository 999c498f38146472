"""Every definition of a metric in which tools differ: a figure computed by it is recognised.

The claimed figures are computed here in plain loops, independently of the code under test.
"""

from collections.abc import Callable
from math import log2

import numpy as np
import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.evaluation.measures import measures_at
from searchapp.evaluation.scoring import score
from searchapp.published.claims import Claim
from searchapp.published.definitions import DEFINITIONS, Definition, JudgedRun, tie_range
from searchapp.published.explain import Explanation, Mismatches
from searchapp.published.verdicts import agrees, compare_figures
from searchapp.records import Ranking, Run
from tests.conftest import MakeFolder

CUTOFFS = (1, 3, 5, 10)
GRADES = {
    "q1": {"d02": 2, "d05": 1, "d09": 1, "d30": 2},
    "q2": {"d01": 1, "d07": 2, "d08": 1},
    "q3": {"d03": 1, "d12": 2, "q3": 1},
    "q4": {"d11": 1, "d29": 1},
    "q6": {"d04": 2},
}
# (document, score) as retrieved; ties are in retrieval order.
RETRIEVED = {
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
        for query, pairs in RETRIEVED.items()
    }
    return JudgedRun(open_corpus(str(folder)), run, CUTOFFS)


def hash_of(name: str) -> int:
    return sum(ord(character) * pow(31, place, 101) for place, character in enumerate(name)) % 101


Order = Callable[[str], object]


def ordering(query: str, tie: Order, *, reverse: bool) -> list[str]:
    """Return the results of a query by score, with ties broken by a key of their ids."""
    pairs = RETRIEVED.get(query, [])
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
    map_over_cutoff: bool = False,
    mrr_at_cutoff: bool = True,
    over: int | None = None,
) -> dict[str, float]:
    """Return the mean of each metric at each cutoff, in plain loops."""
    sums: dict[str, float] = {}
    for query in queries:
        grades = {name: grade for name, grade in GRADES[query].items() if grade >= lowest}
        names = orders.get(query, [])
        for cutoff in CUTOFFS:
            gained = sum(
                gain(grades[name]) / log2(rank + 2)
                for rank, name in enumerate(names[:cutoff])
                if name in grades
            )
            pool = (
                [grades[name] for name in names[:cutoff] if name in grades]
                if ideal_of_retrieved
                else grades.values()
            )
            best = sorted((gain(grade) for grade in pool), reverse=True)[:cutoff]
            ideal = sum(value / log2(rank + 2) for rank, value in enumerate(best))
            hits, precisions = 0, 0.0
            for rank, name in enumerate(names[:cutoff], start=1):
                if name in grades:
                    hits += 1
                    precisions += hits / rank
            first = next((rank for rank, name in enumerate(names, start=1) if name in grades), None)
            within = first is not None and (first <= cutoff or not mrr_at_cutoff)
            figures = {
                "ndcg": gained / ideal if ideal else 0.0,
                "map": precisions / (min(len(grades), cutoff) if map_over_cutoff else len(grades)),
                "mrr": 1 / first if first and within else 0.0,
                "recall": hits / len(grades),
                "precision": hits / cutoff,
            }
            for metric, value in figures.items():
                sums[f"{metric}_at_{cutoff}"] = sums.get(f"{metric}_at_{cutoff}", 0.0) + value
    return {metric: value / (over or len(queries)) for metric, value in sums.items()}


USUAL = {query: ordering(query, lambda name: name, reverse=True) for query in RETRIEVED}
JUDGED = sorted(GRADES)
STORED = sorted(LENGTHS, key=lambda name: (hash_of(name), name))


def by(tie: Order) -> dict[str, list[str]]:
    return {query: ordering(query, tie, reverse=False) for query in RETRIEVED}


def answered() -> dict[str, float]:
    """Average at each cutoff over the queries with a relevant document there."""
    means: dict[str, float] = {}
    for cutoff in CUTOFFS:
        hit = [query for query in USUAL if set(USUAL[query][:cutoff]) & GRADES[query].keys()]
        figures = plain_figures(USUAL, hit)
        means |= {metric: value for metric, value in figures.items() if metric.endswith(f"_at_{cutoff}")}
    return means


def shallow(depth: int) -> dict[str, float]:
    return plain_figures({query: names[:depth] for query, names in USUAL.items()}, JUDGED)


# What a tool would publish by each definition, and the metrics that reveal it.
CLAIMS: dict[str, tuple[dict[str, float], str]] = {
    "ndcg-exponential": (plain_figures(USUAL, JUDGED, gain=lambda grade: 2.0**grade - 1), "ndcg"),
    "ndcg-binary": (plain_figures(USUAL, JUDGED, gain=lambda grade: 1.0), "ndcg"),
    "ndcg-ideal-of-retrieved": (plain_figures(USUAL, JUDGED, ideal_of_retrieved=True), "ndcg"),
    "map-min-r-k": (plain_figures(USUAL, JUDGED, map_over_cutoff=True), "map"),
    "mrr-without-cut": (plain_figures(USUAL, JUDGED, mrr_at_cutoff=False), "mrr"),
    "grade-2-only": (plain_figures(USUAL, ["q1", "q2", "q3", "q6"], lowest=2), "ndcg map mrr recall"),
    "answered-queries-only": (answered(), "ndcg map mrr recall precision"),
    "queries-with-results-only": (plain_figures(USUAL, sorted(RETRIEVED)), "ndcg map mrr recall precision"),
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
DEEP = {"depth-10", "depth-20", "depth-100"}  # the run above is too short for these; see below


def claim_of(figures: dict[str, float], families: str = "ndcg map mrr recall precision") -> Claim:
    """Return a claim of some metrics, published to five decimals."""
    metrics = {
        metric: round(value, 5)
        for metric, value in figures.items()
        if metric.split("_at_")[0] in families.split()
    }
    return Claim("Task", "test", None, metrics, dict.fromkeys(metrics, 5), "made up")


def explanations(ranked: JudgedRun, claim: Claim) -> list[Explanation]:
    measured = score(ranked.run, ranked.corpus.judgements, measures_at(ranked.cutoffs)).means()
    return Mismatches(claim, ranked, measured).explain_by_definitions()


def test_every_definition_is_tested() -> None:
    assert {definition.name for definition in DEFINITIONS} == CLAIMS.keys() | DEEP


def test_the_plain_loops_agree_with_the_scores_by_trec_evals_definitions(ranked: JudgedRun) -> None:
    measured = score(ranked.run, ranked.corpus.judgements, measures_at(CUTOFFS)).means()
    assert plain_figures(USUAL, JUDGED) == pytest.approx(measured, abs=1e-12)
    assert explanations(ranked, claim_of(plain_figures(USUAL, JUDGED))) == []


@pytest.mark.parametrize("name", CLAIMS)
def test_the_definition_behind_a_claim_is_named_first(ranked: JudgedRun, name: str) -> None:
    figures, families = CLAIMS[name]
    usual = plain_figures(USUAL, JUDGED)
    claim = claim_of(figures, families)
    differing = {metric for metric, value in claim.metrics.items() if not agrees(value, usual[metric], 5)}
    assert differing, "the case must distinguish the definition from trec_eval's"
    first = explanations(ranked, claim)[0]
    assert (first.name, set(first.metrics), first.lost) == (name, differing, 0)


@pytest.mark.parametrize(
    ("depth", "metric"), [(10, "recall_at_20"), (20, "recall_at_100"), (100, "recall_at_1000")]
)
def test_a_truncated_run_is_recognised(make_corpus: MakeFolder, depth: int, metric: str) -> None:
    ids = [f"d{number:04}" for number in range(200)]
    relevant = [ids[place] for place in (0, 8, 15, 50, 90, 150)]
    folder = make_corpus(
        documents=dict.fromkeys(ids, "w"), queries={"q": "w"}, qrels=[("q", name, 1) for name in relevant]
    )
    run = {"q": Ranking(ids, np.linspace(1, 0, 200, dtype=np.float32))}
    cutoffs = (10, 20, 100, 1000)
    recall = sum(ids.index(name) < depth for name in relevant) / len(relevant)
    claim = Claim("Task", "test", None, {metric: round(recall, 5)}, {metric: 5}, "made up")
    names = [one.name for one in explanations(JudgedRun(open_corpus(str(folder)), run, cutoffs), claim)]
    assert f"depth-{depth}" in names


def test_the_range_that_the_order_of_ties_can_give(ranked: JudgedRun) -> None:
    low, high = tie_range(ranked)["mrr_at_10"]
    usual = plain_figures(USUAL, JUDGED)["mrr_at_10"]
    assert low <= usual <= high
    # By hand: d02, d03 and d05 tie at rank 2 of q1, where d03 is not relevant, so its first relevant
    # document has rank 2 or 3; in q2 and q3 it has rank 1, in q4 rank 13, and q6 has none.
    assert (low, high) == pytest.approx(((1 / 3 + 1 + 1) / 5, (1 / 2 + 1 + 1) / 5), abs=1e-12)


def test_another_k_is_recognised(ranked: JudgedRun) -> None:
    figures = plain_figures(USUAL, JUDGED)
    claim = claim_of({"ndcg_at_10": figures["ndcg_at_3"]})
    named = explanations(ranked, claim)
    assert ("other-k", ("ndcg_at_10",)) in [(one.name, one.metrics) for one in named]
    (other_k,) = [one for one in named if one.name == "other-k"]
    assert "the claimed ndcg_at_10 is our ndcg_at_3" in other_k.description


def test_a_figure_that_nothing_yields_stays_unexplained(ranked: JudgedRun) -> None:
    assert explanations(ranked, claim_of({"ndcg_at_10": 0.98765, "recall_at_5": 0.12345})) == []


@pytest.mark.parametrize(
    ("fixed", "broken", "missed", "accepted"),
    [
        (1, 0, 0, True),
        (2, 1, 0, True),
        (1, 1, 0, False),  # yields no more figures than it spoils
        (1, 2, 0, False),
        (2, 0, 2, True),
        (2, 0, 3, False),  # yields fewer than half of the figures that it changes
    ],
)
def test_an_explanation_must_yield_more_than_it_spoils(
    ranked: JudgedRun, monkeypatch: pytest.MonkeyPatch, fixed: int, broken: int, missed: int, accepted: bool
) -> None:
    cutoffs = range(1, 11)  # of a metric claimed as 0.5 at each; ours is 0.5 only where it agrees
    claim = claim_of({f"recall_at_{cutoff}": 0.5 for cutoff in cutoffs})
    differing = [f"recall_at_{cutoff}" for cutoff in cutoffs[: fixed + missed]]
    measured = {metric: 0.25 if metric in differing else 0.5 for metric in claim.metrics}
    agreeing = [metric for metric in claim.metrics if metric not in differing]
    theirs = dict.fromkeys(differing[:fixed], 0.5) | dict.fromkeys(differing[fixed:], 0.75)
    theirs |= dict.fromkeys(agreeing[:broken], 0.75)
    definition = Definition("made-up", "a definition made up", lambda _judged: theirs)
    monkeypatch.setattr("searchapp.published.explain.DEFINITIONS", (definition,))
    judged = JudgedRun(ranked.corpus, ranked.run, tuple(cutoffs))
    named = Mismatches(claim, judged, measured).explain_by_definitions()
    outcome = [(one.metrics, one.of, one.lost) for one in named if one.name == "made-up"]
    assert outcome == ([(tuple(differing[:fixed]), fixed + missed, broken)] if accepted else [])


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (0.300004, "exact"),
        (0.299996, "exact"),
        (0.300006, "close"),
        (0.3004999, "close"),
        (0.2995001, "close"),
        (0.3005001, "differs"),
        (0.2994999, "differs"),
        (None, "not run"),
    ],
)
def test_a_figure_is_exact_as_published_and_close_within_half_a_thousandth(
    measured: float | None, verdict: str
) -> None:
    claim = claim_of({"ndcg_at_10": 0.3})
    (comparison,) = compare_figures(claim, {} if measured is None else {"ndcg_at_10": measured})
    assert comparison.verdict.value == verdict

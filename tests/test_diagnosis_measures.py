"""The numbers that probes rest on, by hand or by a second implementation."""

import numpy as np
import pytest

from searchapp.diagnosis.additions import common_direction
from searchapp.diagnosis.agreement import Match, match_rows, nearest, realign_rows
from searchapp.diagnosis.cloud import (
    FIXES,
    Cloud,
    Sides,
    negate,
    participation,
    spectrum,
    without_directions,
)
from searchapp.diagnosis.measures import (
    JudgedQueries,
    hubness,
    judged_queries,
    percentile_ranks,
    spearman,
    spread,
)
from searchapp.diagnosis.probes.row_order import misplaced
from searchapp.diagnosis.tokens import TokenTable, alignment, nearest_lengths, variant_pairs, without_dominant
from searchapp.encoders.tokenization import Tokens
from searchapp.encoders.vectors import unit
from searchapp.evaluation.metrics import NDCG
from searchapp.evaluation.scoring import score_in_numpy
from searchapp.records import Ranking


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_ndcg_is_that_of_the_second_implementation_ties_included(rng: np.random.Generator) -> None:
    ids = [f"d{number}" for number in rng.permutation(60)]
    documents = rng.integers(0, 2, (60, 4)).astype(np.float32)  # so few values that most scores tie
    queries = rng.integers(0, 2, (8, 4)).astype(np.float32)
    judgements = {
        f"q{row}": {f"d{n}": int(rng.integers(0, 3)) for n in range(row, 60, 7)} for row in range(8)
    }
    trial = judged_queries(ids, sorted(judgements), judgements)
    run = {f"q{row}": Ranking.from_scores(ids, documents @ queries[row], 10) for row in range(8)}
    expected = score_in_numpy(run, judgements, [NDCG.at(10)]).values["ndcg_at_10"]
    np.testing.assert_allclose(trial.ndcg(documents, queries), expected, atol=1e-12)


def test_a_judged_document_that_is_absent_raises_the_ideal() -> None:
    trial = judged_queries(["a"], ["q"], {"q": {"a": 1, "gone": 1}})
    found = trial.ndcg(np.ones((1, 2), np.float32), np.ones((1, 2), np.float32))
    assert found.tolist() == pytest.approx([1 / (1 + 1 / np.log2(3))])


def test_a_rank_without_a_result_is_no_missing_document() -> None:
    """One of two relevant documents at rank 1 and nothing else: 1 / (1 + 1 / log2(3))."""
    queries = judged_queries(["a"], ["q"], {"q": {"a": 1, "gone": 1}})
    (value,) = queries.ndcg_of(np.array([[0] + [-1] * 9]))
    assert value == pytest.approx(1 / (1 + 1 / np.log2(3)), abs=1e-15)


def test_a_vector_with_nan_is_never_retrieved() -> None:
    trial = JudgedQueries(["a", "b"], [{0: 1}])
    documents = np.array([[np.nan, 9], [1, 0]], np.float32)
    assert trial.top(documents, np.array([[1, 1]], np.float32), 1).tolist() == [[1]]


def test_chance_of_one_relevant_among_four_documents() -> None:
    # Each of the four places is as likely: the mean of the discounts.
    trial = JudgedQueries(["a", "b", "c", "d"], [{2: 1}])
    assert trial.chance == pytest.approx(sum(1 / np.log2(np.arange(2, 6))) / 4)


def test_participation_counts_the_directions_that_share_variance() -> None:
    axes = np.concatenate([np.eye(4), -np.eye(4)]).astype(np.float32)
    assert participation(spectrum(axes)) == pytest.approx(4)
    assert participation(spectrum(axes * np.array([1, 1, 0, 0], np.float32))) == pytest.approx(2)
    assert spectrum(axes * np.array([3, 1, 0, 0], np.float32)).tolist() == pytest.approx(
        [18 / 8, 2 / 8, 0, 0]
    )


def test_hubness_of_a_document_that_every_query_retrieves() -> None:
    found = hubness(np.array([[0, 1], [0, 2], [0, 3]]), 10)
    assert (found.largest, found.unique) == (1.0, 4 / 6)
    assert found.skew == pytest.approx(
        1.272 / 0.84**1.5
    )  # third moment over variance of 3, 1, 1, 1 and six 0


def test_agreement_is_one_at_the_top_and_nought_at_the_bottom() -> None:
    documents = np.eye(5, dtype=np.float32)
    asked = np.array([[5, 4, 3, 2, 1]], np.float32)
    near = np.array([[0, 4, 2]])
    assert percentile_ranks(near, asked, documents).tolist() == [[1.0, 0.0, 0.5]]


def test_spread_takes_all_of_few_and_both_ends_of_many() -> None:
    assert spread(3, 10).tolist() == [0, 1, 2]
    assert spread(101, 3).tolist() == [0, 50, 100]


def test_misplaced_rows_are_told_from_noise(rng: np.random.Generator) -> None:
    values = np.full((4000, 5), 0.98)
    broken = rng.random(values.shape) < 1 - 0.7**2  # three rows in ten stand elsewhere
    values[broken] = rng.random(int(broken.sum()))
    share, flatness = misplaced(values)
    assert share == pytest.approx(0.3, abs=0.03)
    assert flatness == pytest.approx(1, abs=0.1)
    assert misplaced(1 - rng.random((4000, 5)) ** 2 * 0.6)[1] < 0.1


def test_misplaced_rows_are_located_and_realigned(rng: np.random.Generator) -> None:
    expected = unit(rng.standard_normal((50, 16)).astype(np.float32))
    stored = expected.copy()
    stored[[3, 7, 9]] = expected[[7, 9, 3]]
    match = match_rows(np.arange(50), expected, stored)
    assert match.exact
    assert np.flatnonzero(match.misplaced).tolist() == [3, 7, 9]
    assert match.place[[3, 7, 9]].tolist() == [9, 3, 7]
    np.testing.assert_array_equal(realign_rows(stored, match), expected)


def test_rows_drawn_to_one_place_are_not_misplaced(rng: np.random.Generator) -> None:
    expected = unit(rng.standard_normal((60, 16)).astype(np.float32))
    stored = unit(rng.standard_normal((60, 16)).astype(np.float32))
    near = Match(np.arange(60), np.full(60, 0.1, np.float32), np.full(60, 0.7, np.float32), np.full(60, 4))
    assert near.displaced.all() and not near.misplaced.any()
    np.testing.assert_array_equal(realign_rows(stored, near), stored)
    shuffled = rng.permutation(60)
    blurred = unit(expected[shuffled] + 0.1 * stored)
    shifted_match = match_rows(np.arange(60), expected, blurred)
    assert shifted_match.misplaced.mean() > 0.9 and not shifted_match.exact
    assert (shuffled[shifted_match.place] == np.arange(60)).all()


def test_an_unknown_addition_is_computed(rng: np.random.Generator) -> None:
    sums = rng.standard_normal((300, 12)).astype(np.float32) * rng.uniform(1, 9, (300, 1)).astype(np.float32)
    addition = rng.standard_normal(12).astype(np.float32) * 5
    times = rng.integers(1, 4, (300, 1))
    found, fit, amounts = common_direction(unit(sums), unit(sums + times * addition))
    np.testing.assert_allclose(found * np.sign(found @ addition), unit(addition[None])[0], atol=1e-4)
    np.testing.assert_allclose(
        np.abs(amounts * np.linalg.norm(sums, axis=1)), times[:, 0] * np.linalg.norm(addition), rtol=1e-3
    )
    assert fit.min() > 0.9999
    other = unit(rng.standard_normal((300, 12)).astype(np.float32))
    assert np.median(common_direction(unit(sums), other)[1]) < 0.9


def test_the_truncation_length_is_recovered() -> None:
    rows = np.eye(6, dtype=np.float32)
    tokens = Tokens(np.arange(6, dtype=np.uint32), np.array([0, 6]))
    table = TokenTable(rows, list("abcdef"), lambda _texts: tokens, None, "BPE")
    for from_end, kept in ((False, rows[:4]), (True, rows[3:])):
        lengths, near = nearest_lengths(table, tokens, unit(kept.sum(axis=0, keepdims=True)), from_end)
        assert (lengths.tolist(), near.tolist()) == ([len(kept)], [pytest.approx(1)])


def test_spellings_are_near_each_other_only_in_their_own_rows(rng: np.random.Generator) -> None:
    words = [f"{chr(97 + row % 26) * 3}{chr(97 + row // 26)}x" for row in range(400)]
    vocabulary = [spelt for word in words for spelt in (word, f"▁{word}", f"{word}s")]
    rows = np.repeat(rng.standard_normal((400, 32)), 3, axis=0) + 0.1 * rng.standard_normal((1200, 32))
    table = rows.astype(np.float32)
    pairs = variant_pairs(vocabulary)
    assert alignment(table, pairs) > 0.99
    assert alignment(np.roll(table, 2, axis=0), pairs, 2) > 0.99
    assert alignment(table[rng.permutation(1200)], pairs) == pytest.approx(0.5, abs=0.05)
    loud = table + 50 * rng.standard_normal((1200, 1)).astype(np.float32) @ np.ones((1, 32), np.float32)
    assert alignment(loud, pairs) < 0.8 < alignment(without_dominant(loud), pairs)


def test_fixes_do_what_they_say(rng: np.random.Generator) -> None:
    documents = (rng.standard_normal((400, 8)) * np.array([20, 9, 1, 1, 1, 1, 1, 1]) + 3).astype(np.float32)
    queries = documents[:20] + 0.1
    cloud = Cloud(Sides(documents, queries))
    assert np.abs(FIXES["centre"].apply(cloud).documents.mean(axis=0)).max() < 0.1
    removed, asked = without_directions(2).apply(cloud)
    assert (spectrum(removed)[-2:] < 1e-6).all()
    assert asked.shape == (20, 8)
    whitened, _ = FIXES["whiten"].apply(cloud)
    assert participation(spectrum(whitened)) > 7 > 3 > participation(spectrum(unit(documents)))
    np.testing.assert_array_equal(negate(cloud).queries, -queries)
    for name, fix in FIXES.items():
        changed = fix.apply(cloud)
        assert np.isfinite(changed.documents).all() and np.isfinite(changed.queries).all(), name


@pytest.mark.parametrize(("fix", "power"), [("whiten", 1 / 2), ("soften", 1 / 4)])
def test_whitening_divides_by_a_power_of_the_variance(
    fix: str, power: float, rng: np.random.Generator
) -> None:
    """By hand from the singular values instead of the covariance; the sign of a direction is arbitrary."""
    documents = (rng.standard_normal((300, 6)) * np.array([9, 5, 3, 2, 1, 1])).astype(np.float32)
    vectors = unit(documents).astype(np.float64)
    left, values, _ = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    by_hand = left * values / (values**2 / len(vectors)) ** power
    by_hand /= np.linalg.norm(by_hand, axis=1, keepdims=True)
    changed = FIXES[fix].apply(Cloud(Sides(documents, documents[:3]))).documents
    np.testing.assert_allclose(np.abs(changed), np.abs(by_hand), rtol=0, atol=1e-5)


def test_rank_correlation_gives_equal_values_the_mean_of_their_ranks() -> None:
    """Ranks 1, 2.5, 2.5, 4 against 1, 3, 2, 4: a covariance of 4.5 over the root of 4.5 * 5."""
    correlation = spearman(np.array([1, 2, 2, 9]), np.array([0.1, 0.7, 0.3, 0.9]))
    assert correlation == pytest.approx(4.5 / np.sqrt(4.5 * 5))
    assert spearman(np.array([1, 1, 1]), np.array([1, 2, 3])) == 0.0


def test_nearest_orders_by_score() -> None:
    documents = np.array([[1, 0], [3, 0], [2, 0]], np.float32)
    assert nearest(np.array([[1, 0]], np.float32), documents, 5).tolist() == [[1, 2, 0]]

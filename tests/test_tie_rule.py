"""The tie rule and top-k, in the one place that implements them: score descending, then id descending."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import searchapp
from searchapp.records import Ranking, alphabetical_ranks, best_rows, contenders

IDS = [f"d{number}" for number in range(200)]


def by_sorting(ids: list[str], scores: NDArray[np.float32], depth: int) -> list[tuple[str, float]]:
    """Return the best by Python's sort, which compares pairs of a score and an id."""
    pairs = sorted(zip(scores.tolist(), ids, strict=True), reverse=True)
    return [(name, score) for score, name in pairs[:depth]]


def listed(ranking: Ranking) -> list[tuple[str, float]]:
    return list(zip(ranking.document_ids, ranking.scores.tolist(), strict=True))


@pytest.mark.parametrize("depth", [0, 1, 5, 150, 159, 160, 161, 500])
@pytest.mark.parametrize("values", [1, 2, 12, 10_000])
def test_the_best_few_are_those_of_a_full_sort(depth: int, values: int) -> None:
    generator = np.random.default_rng(depth + values)
    rows = generator.permutation(200)[:160]
    scores = generator.integers(-values // 2, values, 160).astype(np.float32)
    ids = [IDS[row] for row in rows]
    expected = by_sorting(ids, scores, depth)
    assert listed(Ranking.from_scores(ids, scores, depth)) == expected
    assert listed(Ranking.from_scores(IDS, scores, depth, rows)) == expected
    best = best_rows(scores, alphabetical_ranks(ids), depth)
    assert [(ids[row], float(scores[row])) for row in best] == expected


def test_nan_is_the_lowest_score_and_pushes_nothing_out() -> None:
    scores = np.array([1, np.nan, 3, np.nan, 2], dtype=np.float32)
    for depth, expected in ((1, "c"), (2, "ce"), (3, "cea"), (4, "cead"), (5, "ceadb")):
        assert "".join(Ranking.from_scores("abcde", scores, depth).document_ids) == expected


def test_all_that_tie_with_the_last_place_contend() -> None:
    scores = np.array([1, 5, 3, 3, 3, 0], dtype=np.float32)
    assert contenders(scores, 2).tolist() == [1, 2, 3, 4]
    assert contenders(scores, 4).tolist() == [1, 2, 3, 4]
    assert contenders(scores, 5).tolist() == [0, 1, 2, 3, 4]


def test_scores_are_compared_as_float32() -> None:
    scores = np.array([1 + 1e-9, 1.0, 1 + 1e-6])
    assert Ranking.from_scores("abc", scores, 2).document_ids == ["c", "b"]


def test_no_other_module_sorts_by_the_tie_rule() -> None:
    package = Path(str(searchapp.__file__)).parent
    sources = {
        path.relative_to(package).as_posix(): path.read_text("utf-8") for path in package.rglob("*.py")
    }
    assert [name for name, text in sources.items() if "lexsort" in text or "np.partition" in text] == [
        "records.py"
    ]

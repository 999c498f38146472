"""Fusing two rankings, by hand and as ranx does it; and the random baseline."""

import json
import os
import subprocess
import sys
from hashlib import blake2b
from math import fsum, log2, sqrt

import numpy as np
import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.evaluation.measures import measures_at
from searchapp.evaluation.scoring import score
from searchapp.records import Query, Ranking
from searchapp.retrieval import random_baseline
from searchapp.retrieval.fusion import SCALES, Fusion, bm25_alone, dense_alone, fuse, pair
from searchapp.retrieval.random_baseline import random_run

DENSE = Ranking(["a", "b", "c"], np.array([0.9, 0.5, 0.1], dtype=np.float32))
BM25 = Ranking(["c", "d"], np.array([4.0, 2.0], dtype=np.float32))
NOTHING = Ranking([], np.zeros(0, dtype=np.float32))


def listed(ranking: Ranking) -> list[tuple[str, float]]:
    return list(zip(ranking.document_ids, ranking.scores.tolist(), strict=True))


@pytest.mark.parametrize(
    ("fusion", "expected"),
    [
        (Fusion("min-max", "max", 0.25), {"c": 0.75, "d": 0.75 / 2, "a": 0.25, "b": 0.125}),
        (Fusion("max", "max", 0.5), {"c": 0.5 / 9 + 0.5, "a": 0.5, "b": 2.5 / 9, "d": 0.25}),
        (Fusion("sum", "sum", 0.5), {"c": 0.5, "a": 1 / 3, "b": 1 / 6, "d": 0.0}),
        (Fusion("rank", "rank", 0.5), {"c": 1 / 6 + 0.5, "a": 0.5, "b": 1 / 3, "d": 0.25}),
        (Fusion("rrf", "rrf", 0.5), {"c": 0.5 / 63 + 0.5 / 61, "a": 0.5 / 61, "d": 0.5 / 62, "b": 0.5 / 62}),
        # In zero-mean unit-variance scores what one side lacks counts as its mean, 0.
        (Fusion("zmuv", "zmuv", 0.5), {"a": sqrt(1.5) / 2, "b": 0.0, "c": 0.5 - sqrt(1.5) / 2, "d": -0.5}),
    ],
)
def test_two_rankings_are_fused_as_by_hand(fusion: Fusion, expected: dict[str, float]) -> None:
    ranking = fuse(pair(DENSE, BM25), fusion, 10)
    assert ranking.document_ids == sorted(expected, key=lambda name: (expected[name], name), reverse=True)
    for name, value in listed(ranking):
        assert value == pytest.approx(expected[name], abs=1e-6)


@pytest.mark.parametrize("scale", list(SCALES))
def test_a_side_with_no_or_one_result_is_not_an_error(scale: str) -> None:
    fusion = Fusion(scale, scale, 0.5)
    one = Ranking(["z"], np.array([3.0], dtype=np.float32))
    assert fuse(pair(NOTHING, NOTHING), fusion, 10).document_ids == []
    assert sorted(fuse(pair(DENSE, NOTHING), fusion, 10).document_ids) == ["a", "b", "c"]
    assert sorted(fuse(pair(NOTHING, BM25), fusion, 10).document_ids) == ["c", "d"]
    ranking = fuse(pair(one, one), fusion, 10)
    assert ranking.document_ids == ["z"]
    assert np.isfinite(ranking.scores).all()


def test_ties_are_broken_by_id_at_every_depth() -> None:
    flat = Ranking(["e", "d", "c", "b", "a"], np.ones(5, dtype=np.float32))
    assert fuse(pair(flat, NOTHING), Fusion("max", "max", 0.5), 3).document_ids == ["e", "d", "c"]
    assert fuse(pair(DENSE, BM25), Fusion("min-max", "max", 0.25), 2).document_ids == ["c", "d"]


def test_each_side_alone_is_unchanged() -> None:
    sides = pair(DENSE, BM25)
    assert listed(dense_alone(sides, 2)) == listed(DENSE)[:2]
    assert listed(bm25_alone(sides, 10)) == listed(BM25)


def test_a_fusion_says_what_it_does() -> None:
    assert str(Fusion("min-max", "max", 0.25)) == "0.25 min-max(dense) + 0.75 max(BM25)"


# ranx compiles its fusion and normalisation for a minute or more; interpreted, it does the same sums.
RANX = """
import json, sys
from ranx import Run, fuse
from ranx.fusion.wsum import wsum
from ranx.normalization import max_norm, min_max_norm

dense, bm25 = (Run({"q": side}) for side in json.load(sys.stdin))
fused = {
    norm: fuse([dense, bm25], norm=norm, method="wsum", params={"weights": (0.3, 0.7)})
    for norm in ("min-max", "max", "sum", "zmuv", "rank")
}
fused["rrf"] = fuse([dense, bm25], method="rrf", params={"k": 60})
fused["min-max max"] = wsum([min_max_norm(dense, False), max_norm(bm25)], [0.3, 0.7])
scores = {name: {d: float(v) for d, v in run.to_dict()["q"].items()} for name, run in fused.items()}
print(json.dumps(scores))
"""


def test_ranx_fuses_to_the_same_scores() -> None:
    generator = np.random.default_rng(5)
    sides = []
    for size in (40, 25):
        names = [f"d{number}" for number in generator.permutation(60)[:size]]
        sides.append(Ranking.from_scores(names, generator.normal(5, 2, size).astype(np.float32)))
    done = subprocess.run(
        [sys.executable, "-c", RANX],
        input=json.dumps([dict(listed(side)) for side in sides]),
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = json.loads(done.stdout)
    fusions = {scale: Fusion(scale, scale, 0.3) for scale in ("min-max", "max", "sum", "zmuv", "rank")}
    fusions |= {"rrf": Fusion("rrf", "rrf", 0.5), "min-max max": Fusion("min-max", "max", 0.3)}
    assert theirs.keys() == fusions.keys()
    for name, fusion in fusions.items():
        factor = 0.5 if name == "rrf" else 1  # ranx has no weights for reciprocal rank fusion
        expected = {document: factor * value for document, value in theirs[name].items()}
        ranking = fuse(pair(*sides), fusion, 100)
        in_order = Ranking.from_scores(list(expected), np.array(list(expected.values())))
        assert ranking.document_ids == in_order.document_ids
        assert dict(listed(ranking)) == pytest.approx(expected, abs=1e-6)


def by_hand(seed: int, query: str, document: str) -> float:
    """Return the random score of a document, in Python's integers: SplitMix64's finaliser of two hashes."""

    def hashed(text: str) -> int:
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")

    value = hashed(document) ^ hashed(f"{seed} {query}")
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        value = (value ^ value >> shift) * factor % 2**64
    return (value ^ value >> 31) // 2**40 / 2**24


@pytest.mark.parametrize("seed", [0, 7])
def test_random_scores_are_worked_out_by_hand(seed: int) -> None:
    ids = [f"d{number}" for number in range(50)]
    run = random_run(ids, [Query("1", "x"), Query("q", "x")], 20, seed)
    for query, ranking in run.items():
        best = sorted(((by_hand(seed, query, name), name) for name in ids), reverse=True)[:20]
        assert listed(ranking) == [(name, score) for score, name in best]


def test_the_random_baseline_is_the_same_everywhere_and_differs_by_seed() -> None:
    ids = [f"d{number}" for number in range(500)]
    queries = [Query("1", "x"), Query("2", "x")]
    run = random_run(ids, queries, 20)
    # The first number of SplitMix64 from seed 0, as Vigna's splitmix64.c gives it.
    assert random_baseline._mix(np.array([0x9E3779B97F4A7C15], dtype=np.uint64))[0] == 0xE220A8397B1DCDAF
    turned = random_run(ids[::-1], queries, 20)
    assert turned["1"].document_ids == run["1"].document_ids
    assert run["2"].document_ids != run["1"].document_ids
    assert random_run(ids, queries, 20, seed=1)["1"].document_ids != run["1"].document_ids


def test_the_random_baseline_scores_its_expectation() -> None:
    corpus = open_corpus("sample")
    ids = [document.id for document in corpus.documents()]
    runs = [random_run(ids, corpus.queries, 10, seed) for seed in range(60)]
    means = [score(run, corpus.judgements, measures_at([10])).means()["ndcg_at_10"] for run in runs]
    # A document of random rank has at each of the ten ranks the mean gain of all documents.
    discounts = [1 / log2(rank + 1) for rank in range(1, 11)]
    expected = []
    for grades in corpus.judgements.values():
        gains = sorted((max(grade, 0) for grade in grades.values()), reverse=True)
        ideal = fsum(gain * discount for gain, discount in zip(gains, discounts, strict=False))
        expected.append(sum(gains) / len(ids) * sum(discounts) / ideal)
    error = float(np.std(means)) / sqrt(len(means))
    assert abs(float(np.mean(means)) - float(np.mean(expected))) < 4 * error

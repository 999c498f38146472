"""ranx scores as the numpy metrics do, to the bit, by its kernels and by its public API."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version

import numpy as np
import pytest
from numpy.typing import NDArray

from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import Options
from searchapp.evaluation import ranx_scorer
from searchapp.evaluation.measures import DEFAULT_MEASURES, parse_measures
from searchapp.evaluation.metric import METRICS
from searchapp.evaluation.scoring import score, score_in_numpy
from searchapp.index.build import encoder_for
from searchapp.records import Judgements, Ranking, Run
from searchapp.tasks.retrieval import RetrievalTask

ALL_MEASURES = (
    *DEFAULT_MEASURES,
    *parse_measures(["nDCG MAP MRR Rprec Success@1 Success@5 nDCG(exp)@3 nDCG(exp)@10 nDCG(exp)"]),
)


def random_collection(seed: int) -> tuple[Run, Judgements]:
    """Return graded random rankings; among the queries are those that a mean must not drop."""
    generator = np.random.default_rng(seed)
    names = [f"d{number}" for number in range(300)]
    run, judgements = {}, {}
    for number in range(200):
        depth = int(generator.integers(0, 250))
        retrieved = [names[row] for row in generator.permutation(300)[:depth]]
        scores = generator.integers(0, 20, depth).astype(np.float32)
        run[f"q{number}"] = Ranking.from_scores(retrieved, scores)
        judged = generator.permutation(300)[: int(generator.integers(1, 60))]
        judgements[f"q{number}"] = {names[row]: int(generator.integers(-1, 4)) for row in judged}
    del run["q3"]  # judged, but without results
    run["q4"] = Ranking([], np.zeros(0, dtype=np.float32))
    judgements["q5"] = dict.fromkeys(judgements["q5"], 0)  # nothing relevant
    del judgements["q6"]
    return run, judgements


def assert_same_bits(first: dict[str, NDArray[np.float64]], second: dict[str, NDArray[np.float64]]) -> None:
    """Compare every value of every query."""
    assert list(first) == list(second)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)


@pytest.fixture(autouse=True)
def forget_kernels() -> Iterator[None]:
    """Look kernels up again, and remark again, in every test."""
    ranx_scorer._kernel.cache_clear()
    ranx_scorer._remark.cache_clear()
    yield
    ranx_scorer._kernel.cache_clear()


def test_every_metric_with_a_kernel_is_compared() -> None:
    assert {measure.metric for measure in ALL_MEASURES} == {
        metric for metric in METRICS.values() if metric.ranx
    }


@pytest.mark.parametrize("seed", [7, 8])
def test_the_kernels_and_the_numpy_metrics_give_the_same_bits(seed: int) -> None:
    run, judgements = random_collection(seed)
    assert_same_bits(
        score(run, judgements, ALL_MEASURES).values, score_in_numpy(run, judgements, ALL_MEASURES).values
    )


@pytest.mark.parametrize(
    "name",
    [
        "sample",
        pytest.param("nfcorpus", marks=pytest.mark.shared),
        pytest.param("scifact", marks=pytest.mark.shared),
    ],
)
def test_both_give_the_same_bits_on_a_corpus(name: str, request: pytest.FixtureRequest) -> None:
    if name != "sample":
        request.getfixturevalue("shared_indexes")
    corpus = open_corpus(name)
    evaluation = RetrievalTask(corpus).evaluate(encoder_for(corpus, BUNDLED, Options()))
    expected = score_in_numpy(evaluation.run, corpus.judgements, DEFAULT_MEASURES)
    assert_same_bits(evaluation.scores.values, expected.values)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Score twice where ranx's kernels are refused, without compiling its public API; return the remarks."""
    run, judgements = random_collection(9)
    expected = score_in_numpy(run, judgements, ALL_MEASURES).values

    def remarks() -> list[str]:
        monkeypatch.setattr(ranx_scorer, "_by_public_api", lambda _pairs, _measures: expected)
        with caplog.at_level(logging.WARNING, "searchapp"):
            assert score(run, judgements, ALL_MEASURES).values == expected
            score(run, judgements, ALL_MEASURES)
        return [record.getMessage() for record in caplog.records if record.name == ranx_scorer.__name__]

    return remarks


REST = "; ranx.evaluate scores instead: the same figures, but it starts slowly."


def test_an_unchecked_version_of_ranx_scores_by_its_public_api(
    refused: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranx_scorer, "version", lambda _name: "9.9")
    assert refused() == [f"ranx 9.9 is not a version whose kernels were checked{REST}"]


def test_a_kernel_with_other_parameters_is_not_called(
    refused: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranx_scorer._import_kernels("recall"), "_recall", lambda qrels, run, k: 1.0)
    installed = f"ranx {version('ranx')}"
    expected = "qrels, run, k, rel_lvl"
    assert refused() == [f"recall._recall of {installed} does not take the arguments {expected}{REST}"]


def test_a_module_of_kernels_that_is_gone_is_named(
    refused: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "searchapp_ranx_metrics.precision", None)
    assert refused() == [f"ranx {version('ranx')} has no module metrics.precision{REST}"]


RENAMED = """
import logging
import numpy as np
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import Options
from searchapp.evaluation import ranx_scorer
from searchapp.evaluation.scoring import score, score_in_numpy
from tests.test_ranx_scorer import ALL_MEASURES, random_collection

logging.basicConfig(format="%(message)s")
module = ranx_scorer._import_kernels("ndcg")
module._ndcg_of_one_query = module._ndcg
del module._ndcg
run, judgements = random_collection(9)
values = score(run, judgements, ALL_MEASURES).values
score(run, judgements, ALL_MEASURES)
expected = score_in_numpy(run, judgements, ALL_MEASURES).values
assert list(values) == list(expected)
print(max(float(abs(values[name] - expected[name]).max()) for name in values))
"""


def test_a_renamed_kernel_is_replaced_by_the_public_api_with_one_remark() -> None:
    # Compiling ranx takes a minute. Without a compiler numpy adds in pairs, so the last digits differ.
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", RENAMED], capture_output=True, text=True, check=True, env=environment
    )
    assert float(done.stdout) < 1e-12
    assert done.stderr == f"ranx {version('ranx')} has no ndcg._ndcg{REST}\n"

"""ranx's kernels and the metrics written again in numpy give the same values for every query."""

import numpy as np
import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import Options
from searchapp.evaluation.measures import DEFAULT_MEASURES
from searchapp.evaluation.scoring import score, score_in_numpy
from searchapp.index.build import encoder_for
from searchapp.records import Judgements, Ranking, Run
from searchapp.tasks.retrieval import evaluate_model

TOLERANCE = 1e-12


def agree(run: Run, judgements: Judgements) -> None:
    """Compare all metrics at all cuts, query by query."""
    first, second = score(run, judgements).values, score_in_numpy(run, judgements, DEFAULT_MEASURES).values
    assert list(second) and first.keys() == second.keys()
    for metric, values in first.items():
        np.testing.assert_allclose(values, second[metric], rtol=0, atol=TOLERANCE, err_msg=metric)


def test_both_agree_on_random_graded_rankings() -> None:
    generator = np.random.default_rng(7)
    names = [f"d{number}" for number in range(300)]
    run, judgements = {}, {}
    for number in range(200):
        depth = int(generator.integers(0, 250))
        found = [names[row] for row in generator.permutation(300)[:depth]]
        run[f"q{number}"] = Ranking.from_scores(found, generator.integers(0, 20, depth).astype(np.float32))
        judged = generator.permutation(300)[: int(generator.integers(1, 60))]
        judgements[f"q{number}"] = {names[row]: int(generator.integers(-1, 4)) for row in judged}
    del run["q3"]  # judged, but without results
    agree(run, judgements)


@pytest.mark.parametrize(
    "name",
    [
        "sample",
        pytest.param("nfcorpus", marks=pytest.mark.shared),
        pytest.param("scifact", marks=pytest.mark.shared),
    ],
)
def test_both_agree_on_a_corpus(name: str, request: pytest.FixtureRequest) -> None:
    if name != "sample":
        request.getfixturevalue("shared_indexes")
    corpus = open_corpus(name)
    evaluation = evaluate_model(corpus, encoder_for(corpus, BUNDLED, Options()))
    agree(evaluation.run, corpus.judgements)

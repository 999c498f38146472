"""A kind of task takes one file: the toy below is opened by its name, scored and shown by `eval`."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from searchapp.encoders.encoder import Encoder
from searchapp.errors import SearchappError
from searchapp.evaluation.metric import Measure
from searchapp.evaluation.metrics import MRR
from searchapp.evaluation.scoring import Scores
from searchapp.records import Query, Result
from searchapp.tasks.open_task import OPENERS, open_task
from searchapp.tasks.retrieval import RetrievalTask
from searchapp.tasks.task import Evaluation, Task

from .conftest import Cli


class Pair(Task):
    """How similar two words are."""

    name = "pair"
    main_measure: Measure = MRR.at(None)

    def count(self) -> int | None:
        return 2

    def evaluate(self, encoder: Encoder, progress: Callable[[int], None] = lambda _count: None) -> Evaluation:
        first, second = encoder.encode_queries([Query("a", "honey"), Query("b", "bees")])
        similarity = float(first @ second)
        metrics = {self.main_measure.name: similarity}
        result = Result("pair", "pair", encoder.name, "dense", 2, 2, 1, metrics, {}, {}, {}, {})
        return Evaluation("pair", result, {}, Scores(["a"], {"mrr": np.array([similarity])}))


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """List the toy before retrieval for one test."""

    def open_pair(name: str, **_settings: Any) -> Task | None:
        return Pair() if name == "pair" else None

    monkeypatch.setattr("searchapp.tasks.open_task.OPENERS", [open_pair, *OPENERS])


@pytest.mark.usefixtures("pair")
def test_eval_scores_a_task_of_another_kind_beside_retrieval(cli: Cli) -> None:
    result = cli("eval", "pair", "--json")
    assert result.exit_code == 0, result.stderr
    (row,) = json.loads(result.stdout)["results"]
    assert row["corpus"] == "pair"
    assert 0 < row["metrics"]["mrr"] < 1
    assert cli("eval", "pair", "--baselines").stdout.split()[:3] == ["corpus", "model", "MRR"]


@pytest.mark.usefixtures("pair")
def test_a_task_refuses_what_it_cannot_score(cli: Cli) -> None:
    assert "pair scores models only." in cli("eval", "pair", "--mode", "bm25").stderr
    with pytest.raises(SearchappError, match=r"pair is not a retrieval task, so it cannot score a run\."):
        open_task("pair").evaluate_run({}, "run")


def test_a_name_of_a_corpus_is_a_retrieval_task() -> None:
    task = open_task("sample", allow_dangling=True)
    assert isinstance(task, RetrievalTask)
    assert (task.name, task.main_measure.title, task.depth) == ("sample", "nDCG@10", 1000)
    with pytest.raises(SearchappError, match="nosuch"):
        open_task("nosuch")

"""Stored results: read back as they were written, and what is wrong with one is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from searchapp.errors import SearchappError
from searchapp.evaluation.results import read_result, read_results, result_files, run_file
from searchapp.records import Result
from searchapp.reports.evaluations import results_document
from searchapp.reports.formats import to_json

RESULT = Result(
    corpus="tiny",
    corpus_id="tiny/test",
    model="m",
    mode="dense",
    n_docs=3,
    n_queries=2,
    n_judged=2,
    metrics={"ndcg_at_10": 1 / 3, "map_at_10": 0.1},
    intervals={"ndcg_at_10": (0.1, 2 / 3)},
    seconds={"encode": 0.25},
    recipe={"depth": 3, "max_length": None},
    versions={"numpy": "2"},
)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a result whose first row is changed: `write(model=3)`; a value of `...` leaves the key out."""

    def make(results: int = 1, name: str = "tiny.m.dense.json", **changes: Any) -> Path:
        document = json.loads(to_json(results_document([RESULT] * results)))
        for key, value in changes.items():
            document["results"][0][key] = value
            if value is ...:
                del document["results"][0][key]
        path = tmp_path / name
        path.write_text(json.dumps(document))
        return path

    return make


def test_a_result_comes_back_as_it_was_written(write: Write) -> None:
    assert read_result(write()) == RESULT


def test_what_eval_prints_is_read_too(write: Write) -> None:
    assert read_results(write(2, per_query={"q": {"ndcg_at_10": 1.0}})) == [RESULT, RESULT]


def test_the_run_stands_beside_its_result(write: Write, tmp_path: Path) -> None:
    # a dot in the model's name is no ending
    assert run_file(tmp_path / "c.potion-v1.5.dense.json") == tmp_path / "c.potion-v1.5.dense.trec"


def test_a_folder_gives_its_results_and_passes_over_other_files(write: Write, tmp_path: Path) -> None:
    second, first = write(name="b.json"), write(name="a.json")
    (tmp_path / "a.trec").write_text("q Q0 d 1 1 t\n")
    (tmp_path / "model_meta.json").write_text('{"name": "m"}')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "deep").mkdir()
    assert result_files(tmp_path) == [first, second]


def test_several_results_are_named_where_one_is_needed(write: Write) -> None:
    path = write(2)
    with pytest.raises(SearchappError, match=r"has 2 results instead of one: tiny with m, tiny with m"):
        read_result(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": 3}, "model is not"),
        ({"recipe": ...}, "recipe is missing"),
        ({"recipe": []}, "recipe is not"),
        ({"n_docs": -1}, "n_docs is not"),
        ({"n_docs": True}, "n_docs is not"),
        ({"metrics": {}}, "an empty set of metrics is not"),
        ({"metrics": {"ndcg_at_10": "0.3"}}, "ndcg_at_10 is not"),
        ({"metrics": {"ndcg_at_10": 24.4}}, "ndcg_at_10 is not"),  # per cent
        ({"metrics": {"ndcg@10": 0.3}}, "ndcg@10 is not"),
        ({"metrics": {"ndcg_at_0": 0.3}}, "ndcg_at_0 is not"),
        ({"intervals": {"ndcg_at_10": [0.1]}}, "the interval of ndcg_at_10 is not"),
        ({"intervals": {"mrr_at_1": [0.1, 0.2]}}, "the interval of mrr_at_1 is not"),
        ({"seconds": {"encode": None}}, "encode is not"),
        ({"versions": {"numpy": 2}}, "the version of 'numpy' is not"),
        ({"versions": {"": "2"}}, "the version of '' is not"),
    ],
)
def test_a_wrong_row_is_named(changes: dict[str, Any], message: str, write: Write) -> None:
    path = write(**changes)
    with pytest.raises(SearchappError, match=message) as caught:
        read_result(path)
    assert caught.value.message.startswith(f"{path}, result 1: ")
    assert "searchapp eval" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not valid JSON"),
        ("{", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        (
            '{"schema": "searchapp/result/1", "results": [NaN]}',
            r"\(NaN is not a JSON number\)",
        ),
        ("[]", "is not a result: its schema is None"),
        ('{"schema": "searchapp/result/2", "results": []}', "its schema is 'searchapp/result/2'"),
        ('{"schema": "searchapp/result/1", "results": []}', "has no results"),
        ('{"schema": "searchapp/result/1"}', "has no results"),
        ('{"schema": "searchapp/result/1", "results": [7]}', "result 1: everything is missing"),
    ],
)
def test_a_file_that_is_no_result_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(SearchappError, match=message) as caught:
        read_result(path)
    assert str(path) in caught.value.message


def test_a_file_or_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SearchappError, match=r"none\.json cannot be read \(No such file"):
        read_result(tmp_path / "none.json")
    with pytest.raises(SearchappError, match=r"none cannot be read \(No such file"):
        result_files(tmp_path / "none")
    with pytest.raises(SearchappError, match=r"cannot be read \(Is a directory"):
        read_result(tmp_path)


def test_a_damaged_file_of_a_folder_is_named(write: Write, tmp_path: Path) -> None:
    write()
    (tmp_path / "torn.json").write_text('{"schema": "searchapp/res')
    with pytest.raises(SearchappError, match=r"torn\.json is not valid JSON"):
        result_files(tmp_path)

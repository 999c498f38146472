"""TREC runs and per-query CSV: what is written is read back exactly, and errors say where."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from searchapp.errors import SearchappError
from searchapp.evaluation.trec import (
    per_query_lines,
    read_run,
    run_lines,
    write_run,
)
from searchapp.files import write_text
from searchapp.records import Ranking, Run

from .conftest import Cli, MakeFolder

GOOD = "q1 Q0 d1 1 0.5 tag\n"


def random_run(seed: int) -> Run:
    """Return rankings whose scores use every bit of a float32, ties and extremes among them."""
    generator = np.random.default_rng(seed)
    names = [f"d{i}" for i in range(500)]
    run = {}
    for query in ("q2", "q1", "é-旨味"):
        scores = generator.standard_normal(500).astype(np.float32)
        scores[:100] = scores[100]
        scores[200:207] = [0.0, 1e-45, 1.1754944e-38, 3.4028235e38, -3.4028235e38, 0.1, 1 / 3]
        run[query] = Ranking.from_scores(names, scores)
    return run


def test_a_run_comes_back_in_order_and_bit_for_bit(tmp_path: Path) -> None:
    run = random_run(1)
    path = tmp_path / "deep" / "run.trec"
    write_run(path, run, "tag")
    again = read_run(path)
    assert list(again) == list(run)
    for query, ranking in run.items():
        assert again[query].document_ids == ranking.document_ids
        assert again[query].scores.tobytes() == ranking.scores.tobytes()


def test_a_line_of_a_run_has_the_six_columns() -> None:
    run = {"q": Ranking(["b", "a"], np.array([1.5, -0.1], dtype=np.float32))}
    # the nine digits of the float32 nearest to 0.1, by hand: 0.100000001490116...
    assert list(run_lines(run, "mine")) == ["q Q0 b 1 1.5 mine", "q Q0 a 2 -0.100000001 mine"]


def test_the_scores_decide_and_not_the_ranks_or_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "run.trec"
    path.write_text("q Q0 a 1 0.1 t\nq\tQ0\tb\t2\t0.9\tt\n\nr Q0 x 1 1e-3 t\nq Q0 c 3 0.9 t\n")
    run = read_run(path)
    assert run["q"].document_ids == ["c", "b", "a"]
    assert run["r"].document_ids == ["x"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q1 Q0 d2 2 0.4\n", "line 2: 5 columns"),
        ("q1 Q0 d2 2 0.4 my tag\n", "line 2: 7 columns"),
        ("q1 Q0 d2 2 nan tag\n", "line 2: the score 'nan'"),
        ("q1 Q0 d2 2 inf tag\n", "line 2: the score 'inf'"),
        ("q1 Q0 d2 2 1e39 tag\n", "line 2: the score '1e39'"),  # infinite as float32
        ("q1 Q0 d2 2 high tag\n", "line 2: the score 'high'"),
        ("\nq1 Q0 d1 2 0.4 tag\n", "line 3: duplicate document 'd1' for query 'q1'"),
    ],
)
def test_a_bad_line_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.trec"
    path.write_text(GOOD + text)
    with pytest.raises(SearchappError, match=message) as caught:
        read_run(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_run_is_an_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "empty.trec"
    path.write_text(text)
    with pytest.raises(SearchappError, match=r"empty\.trec has no results"):
        read_run(path)


def test_a_missing_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SearchappError, match=r"none\.trec cannot be read \(No such file"):
        read_run(tmp_path / "none.trec")


def test_a_compressed_run_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "run.trec.gz"
    path.write_bytes(b"\x1f\x8b\x08\x00\xff\xfe")
    with pytest.raises(SearchappError, match="is not UTF-8") as caught:
        read_run(path)
    assert "Unpack" in caught.value.hint


@pytest.mark.parametrize("name", ["two words", "tab\there", "", "end\n", "nbsp\xa0x"])
def test_ids_that_the_format_cannot_carry_are_refused(name: str) -> None:
    with pytest.raises(SearchappError, match="empty or contains whitespace"):
        list(run_lines({"q": Ranking([name], np.zeros(1, np.float32))}, "t"))
    with pytest.raises(SearchappError, match="empty or contains whitespace"):
        list(run_lines({name: Ranking(["d"], np.zeros(1, np.float32))}, "t"))


def test_per_query_values_come_back_exactly(tmp_path: Path) -> None:
    generator = np.random.default_rng(2)
    names = ["q1", "a,b", 'say "x"', "two\nlines", "line\u2028separator", "é", ""]
    table = {name: {"ndcg_at_10": float(generator.random()), "map_at_10": 1 / 3} for name in names}
    path = tmp_path / "values.csv"
    write_text(path, "".join(f"{line}\n" for line in per_query_lines(table)))
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row.pop("query_id"): row for row in csv.DictReader(file)}
    assert {name: {key: float(value) for key, value in row.items()} for name, row in rows.items()} == table
    assert path.read_text("utf-8").startswith("query_id,ndcg_at_10,map_at_10\nq1,")


def test_a_written_run_scores_as_the_model_that_made_it(cli: Cli, tmp_path: Path) -> None:
    made = cli("eval", "sample", "--json", "--run-out", str(tmp_path / "out"))
    (path,) = (tmp_path / "out").glob("*.trec")
    read = cli("eval", "sample", "--json", "--run", str(path))
    (ours,), (theirs,) = (json.loads(result.stdout)["results"] for result in (made, read))
    assert theirs["metrics"] == ours["metrics"]
    assert theirs["intervals"] == ours["intervals"]
    assert (theirs["mode"], theirs["model"]) == ("run", path.stem)
    assert theirs["n_judged"] == 40  # judged queries, counted in the sample's qrels


def test_a_run_of_another_corpus_is_an_error(cli: Cli, make_corpus: MakeFolder, tmp_path: Path) -> None:
    path = tmp_path / "other.trec"
    path.write_text("q1 Q0 d1 1 0.5 t\nq1 Q0 MED-10 2 0.4 t\n")
    result = cli("eval", str(make_corpus()), "--run", str(path))
    assert result.exit_code == 1
    assert "Error: Document 'MED-10' of the run other (query 'q1') is not in" in result.stderr
    assert "Is it a run of another corpus" in result.stderr
    assert result.stdout == ""


def test_a_run_of_other_queries_is_an_error(cli: Cli, make_corpus: MakeFolder, tmp_path: Path) -> None:
    path = tmp_path / "dev.trec"
    path.write_text("dev-7 Q0 d1 1 0.5 t\n")
    result = cli("eval", str(make_corpus()), "--run", str(path))
    assert result.exit_code == 1
    assert "None of the 1 queries of the run is judged (first: 'dev-7'; a judged one: 'q1')" in result.stderr
    assert "is it another split?" in result.stderr


def test_foreign_queries_in_a_run_do_not_count(cli: Cli, make_corpus: MakeFolder, tmp_path: Path) -> None:
    path = tmp_path / "half.trec"
    path.write_text("q1 Q0 d1 1 0.5 t\ndev-7 Q0 d2 1 0.5 t\n")
    result = cli("eval", str(make_corpus()), "--run", str(path), "--json")
    (row,) = json.loads(result.stdout)["results"]
    # q1 of two judged queries is found at rank 1, q2 has no results
    assert row["metrics"]["mrr_at_10"] == 0.5
    assert row["n_judged"] == 2


def test_a_run_is_scored_alone(cli: Cli, make_corpus: MakeFolder, tmp_path: Path) -> None:
    path = tmp_path / "run.trec"
    path.write_text(GOOD)
    corpus = str(make_corpus())
    for more, message in (
        (["sample"], "--run needs exactly one TASK."),
        (["-m", "other"], "--model has no effect with --run; leave it out."),
    ):
        result = cli("eval", corpus, *more, "--run", str(path))
        assert result.exit_code == 2
        assert message in result.stderr

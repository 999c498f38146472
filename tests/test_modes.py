"""Modes on the command line: eval and query with BM25 and hybrid, baselines, files, and refused options."""

import csv
import json
from math import log
from pathlib import Path
from typing import Any

import pytest

from searchapp.evaluation.trec import read_run
from searchapp.retrieval.fusion_config import DEFAULT

from .conftest import Cli, MakeFolder


def lucene(tf: int, length: int, df: int) -> float:
    """BM25 of a word in the three documents of the fixtures, 8 words long together."""
    return log(1 + (3 - df + 0.5) / (df + 0.5)) * tf / (tf + 1.5 * (0.25 + 0.75 * length / (8 / 3)))


APPLE = {"d3": lucene(2, 3, 2), "d1": lucene(1, 3, 2)}
# By the model of the fixtures "apple" is as near as 2 / sqrt 5, 1 / sqrt 2 and 0 to d3, d1 and d2.
HYBRID = {"d3": 0.25 + 0.75, "d1": 0.25 * (5 / 8) ** 0.5 + 0.75 * APPLE["d1"] / APPLE["d3"], "d2": 0.0}


@pytest.fixture
def tiny(make_corpus: MakeFolder, make_model: MakeFolder) -> tuple[str, str]:
    """Return the corpus and the model of the fixtures."""
    return str(make_corpus()), str(make_model())


def rows(cli: Cli, *arguments: str) -> list[dict[str, Any]]:
    result = cli("eval", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    results: list[dict[str, Any]] = json.loads(result.stdout)["results"]
    return results


def test_bm25_is_scored_without_a_model_or_an_index(cli: Cli, tiny: tuple[str, str], tmp_path: Path) -> None:
    (row,) = rows(cli, tiny[0], "--mode", "bm25", "--at", "1,2")
    assert (row["model"], row["mode"], row["n_docs"], row["n_queries"]) == ("bm25", "bm25", 3, 2)
    # "apple" finds d3 (grade 1), then d1 (grade 2); "plum" finds d2, the only relevant one.
    assert row["metrics"]["recall_at_2"] == 1.0
    assert row["metrics"]["ndcg_at_1"] == (1 / 2 + 1) / 2
    assert row["recipe"].items() >= {"method": "lucene", "k1": 1.5, "b": 0.75, "depth": 2}.items()
    assert row["recipe"]["stemmer_version"] == row["versions"]["PyStemmer"]
    assert row["recipe"]["bm25s"] == row["versions"]["bm25s"]
    assert (
        row["recipe"]["documents_digest"]
        == rows(cli, tiny[0], "-m", tiny[1])[0]["recipe"]["documents_digest"]
    )
    assert row["seconds"].keys() == {"encode", "search", "score"}
    assert [path.name for path in (tmp_path / "indexes").iterdir()] != ["bm25"]


def test_a_query_without_results_counts_0(cli: Cli, make_corpus: MakeFolder) -> None:
    corpus = make_corpus(queries={"q1": "apple", "q2": "is it the"}, qrels=[("q1", "d3", 1), ("q2", "d2", 1)])
    (row,) = rows(cli, str(corpus), "--mode", "bm25")
    assert (row["n_queries"], row["n_judged"]) == (2, 2)
    assert row["metrics"]["mrr_at_10"] == 1 / 2
    assert row["metrics"]["recall_at_1000"] == 1 / 2


def test_hybrid_says_how_it_was_fused(cli: Cli, tiny: tuple[str, str]) -> None:
    (row,) = rows(cli, tiny[0], "-m", tiny[1], "--mode", "hybrid")
    assert (row["model"], row["mode"]) == (tiny[1], "hybrid")
    assert row["recipe"]["fusion"] == {
        "dense": DEFAULT.dense, "bm25": DEFAULT.bm25, "weight": DEFAULT.weight,
        "chosen_by": "default", "depth": 1000,
    }  # fmt: skip
    assert row["recipe"]["bm25"]["k1"] == 1.5
    assert row["recipe"]["model_digest"]
    assert {"bm25s", "PyStemmer"} <= row["versions"].keys()


def test_baselines_are_scored_with_each_model(cli: Cli, tiny: tuple[str, str], tmp_path: Path) -> None:
    corpus, model = tiny
    arguments = ("eval", corpus, "sample", "-m", model, "-m", "wordllama", "--baselines")
    out = tmp_path / "out"
    listed = cli(*arguments, "--format", "csv", "--run-out", str(out), "--max-length", "64").stdout
    names = [(row["corpus"], row["model"], row["mode"]) for row in csv.DictReader(listed.splitlines())]
    assert names == [
        (corpus, model, "dense"), (corpus, model, "hybrid"), (corpus, "bm25", "bm25"),
        (corpus, "random", "random"),
        ("sample", model, "dense"), ("sample", model, "hybrid"), ("sample", "bm25", "bm25"),
        ("sample", "random", "random"),
        (corpus, "wordllama", "dense"), (corpus, "wordllama", "hybrid"),
        ("sample", "wordllama", "dense"), ("sample", "wordllama", "hybrid"),
    ]  # fmt: skip
    assert len(list(out.glob("*.trec"))) == len(names)
    assert (out / "sample.bm25.bm25.json").exists()
    assert (out / "sample.random.random.json").exists()
    assert "mode" in cli(*arguments[:3], "--baselines").stdout.splitlines()[0]


def test_per_query_rows_name_their_mode(cli: Cli, tiny: tuple[str, str]) -> None:
    lines = cli(
        "eval", tiny[0], "-m", tiny[1], "--baselines", "--per-query", "--format", "csv"
    ).stdout.splitlines()
    listed = [(row["mode"], row["query_id"]) for row in csv.DictReader(lines)]
    assert listed == [
        (mode, query) for mode in ("dense", "hybrid", "bm25", "random") for query in ("q1", "q2")
    ]


def test_dangling_judgements_stop_every_mode(cli: Cli, make_corpus: MakeFolder) -> None:
    corpus = str(make_corpus(qrels=[("q1", "d3", 1), ("q1", "gone", 1)]))
    for mode in ("bm25", "hybrid"):
        refused = cli("eval", corpus, "--mode", mode)
        assert refused.exit_code == 1
        assert "'gone'" in refused.stderr
    (row,) = rows(cli, corpus, "--mode", "bm25", "--allow-dangling")
    assert row["metrics"]["recall_at_10"] == 1 / 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--mode", "bm25", "-m", "wordllama"), "--model has no effect with --mode bm25"),
        (("--mode", "bm25", "--baselines"), "--baselines has no effect with --mode bm25"),
        (("--mode", "bm25", "--max-length", "5"), "--max-length has no effect with --mode bm25"),
        (("--run", "x.trec", "--mode", "bm25"), "--mode has no effect with --run; leave it out."),
        (("--run", "x.trec", "--baselines"), "--baselines has no effect with --run"),
        (("--run", "x.trec", "--max-length", "5"), "--max-length has no effect with --run"),
        (("--baselines", "--mode", "hybrid"), "--mode has no effect with --baselines"),
        (("--run", "x.trec", "sample"), "--run needs exactly one TASK."),
        (("--mode", "sparse"), "'sparse' is not one of dense, bm25, hybrid"),
    ],
)
def test_conflicting_options_are_refused(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    result = cli("eval", "sample", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_documents_without_words_are_an_error(cli: Cli, make_corpus: MakeFolder) -> None:
    corpus = str(make_corpus(documents={"d1": "the of", "d2": "?"}, qrels=[("q1", "d1", 1)]))
    result = cli("eval", corpus, "--mode", "bm25")
    assert result.exit_code == 1
    assert "these 2 documents contain none" in result.stderr


@pytest.mark.parametrize(
    ("mode", "expected", "by"),
    [
        ("bm25", APPLE, "with BM25 ("),
        ("hybrid", HYBRID, "and BM25, 0.25 min-max(dense) + 0.75 max(BM25) (default) ("),
    ],
)
def test_a_query_is_answered_in_every_mode(
    cli: Cli, tiny: tuple[str, str], mode: str, expected: dict[str, float], by: str
) -> None:
    corpus, model = tiny
    cli("index", corpus, "-m", model)
    result = cli("query", "-c", corpus, "--mode", mode, "--json", "apples" if mode == "bm25" else "apple")
    document = json.loads(result.stdout)
    assert (document["mode"], document["model"]) == (mode, "bm25" if mode == "bm25" else model)
    hits = document["queries"][0]["hits"]
    assert [hit["id"] for hit in hits] == list(expected)
    assert [hit["score"] for hit in hits] == pytest.approx(list(expected.values()), abs=1e-6)
    assert (hits[1]["title"], hits[1]["text"]) == ("Red", "apple pear")
    assert by in result.stderr


def test_a_query_of_stop_words_has_no_results_and_says_so(cli: Cli, tiny: tuple[str, str]) -> None:
    cli("index", tiny[0])
    arguments = ("query", "-c", tiny[0], "--mode", "bm25", "is the")
    assert json.loads(cli(*arguments, "--json").stdout)["queries"][0]["hits"] == []
    assert cli(*arguments).stdout == "No document contains a word of the query.\n"
    assert cli(*arguments, "--format", "trec").stdout == ""
    assert cli("query", "-c", tiny[0], "--mode", "bm25", "-k", "9", "apple").exit_code == 1


def test_bm25_answers_without_the_model(cli: Cli, tiny: tuple[str, str]) -> None:
    corpus, model = tiny
    cli("index", corpus, "-m", model)
    (Path(model) / "model.safetensors").unlink()
    assert cli("query", "-c", corpus, "apple").exit_code == 1
    answered = cli("query", "-c", corpus, "--mode", "bm25", "-k", "1", "--format", "ndjson", "apple")
    assert json.loads(answered.stdout)["id"] == "d3"


@pytest.mark.shared
@pytest.mark.usefixtures("shared_indexes")
@pytest.mark.parametrize(("name", "least"), [("nfcorpus", 0.333), ("scifact", 0.700)])
def test_hybrid_is_above_the_transformer(cli: Cli, name: str, least: float, tmp_path: Path) -> None:
    (row,) = rows(cli, name, "--mode", "hybrid", "--run-out", str(tmp_path))
    assert row["recipe"]["fusion"]["chosen_by"] == "default"
    assert row["metrics"]["ndcg_at_10"] >= least
    (run,) = tmp_path.glob("*.wordllama.hybrid.trec")
    assert max(len(ranking.document_ids) for ranking in read_run(run).values()) == 1000

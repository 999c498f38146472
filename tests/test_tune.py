"""searchapp tune: what is chosen, on which judgements, how it is recorded, and when the record applies."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.corpora.beir import BeirFiles
from searchapp.corpora.resolve import open_corpus
from searchapp.errors import SearchappError
from searchapp.evaluation.tuning import FUSIONS, SURE, Tuning, tuning_splits
from searchapp.records import Judgements
from searchapp.retrieval.fusion import Fusion
from searchapp.retrieval.fusion_config import DEFAULT

from .conftest import Cli, MakeFolder

# In the model of the fixtures "red" is apple and pear together, so that the dense side finds the one
# relevant document, which BM25 cannot find: it does not hold the word.
QUERIES = {f"q{number}": "red" for number in range(30)}
DOCUMENTS = {"a": "apple pear", "b": "red plum", "c": "red fig", "d": "red plum fig"}


@pytest.fixture
def corpus(make_corpus: MakeFolder) -> Path:
    """A corpus with a dev split on which only the dense side is right, and an unreadable test split."""
    folder = make_corpus(
        documents=DOCUMENTS, queries=QUERIES, qrels=[(name, "a", 1) for name in QUERIES], split="dev"
    )
    (folder / "qrels" / "test.tsv").write_text("this is no judgement\n")
    return folder


@pytest.fixture
def tables(make_model: MakeFolder) -> str:
    return str(make_model())


def recorded(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    (path,) = (tmp_path / "indexes").glob("*/*/fusion.json")
    record: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return path, record


def tuning(best: float, others: float, spread: float) -> Tuning:
    """Values of a fusion that gains on the default, by `best - others` in the mean."""
    noise = np.tile([-spread, spread], 50)
    default = np.full(100, others)
    good = Fusion("max", "max", 0.5)
    return Tuning((), {DEFAULT: default, good: best + noise}, {"default": default})


def test_the_best_is_chosen_when_it_gains_more_than_chance() -> None:
    # The difference has mean 0.1 and standard deviation `spread`, of 100 queries: error spread / 10.
    sure, unsure = tuning(0.5, 0.4, spread=0.3), tuning(0.5, 0.4, spread=0.6)
    assert sure.gain[0] == pytest.approx(0.1)
    assert sure.gain[1] == pytest.approx(0.03, rel=0.01)
    assert sure.chosen == sure.best == unsure.best == Fusion("max", "max", 0.5)
    assert SURE == 2
    assert unsure.chosen == DEFAULT  # 0.1 is less than twice 0.06


def test_the_choice_is_recorded_shown_and_used(cli: Cli, corpus: Path, tables: str, tmp_path: Path) -> None:
    shown = cli("tune", str(corpus), "-m", tables)
    assert shown.exit_code == 0, shown.stderr
    assert "nDCG@10 of 30 queries" in shown.stdout
    path, record = recorded(tmp_path)
    assert str(path) in shown.stderr
    assert record["schema"] == "searchapp/fusion/1"
    chosen = Fusion(**record["fusion"])
    assert chosen != DEFAULT
    assert str(chosen) in shown.stdout
    assert {(row["dense"], row["bm25"], row["weight"]) for row in record["tried"]} == {
        (fusion.dense, fusion.bm25, fusion.weight) for fusion in FUSIONS
    }
    best = max(row["ndcg_at_10"] for row in record["tried"])
    assert (
        record["fusion"].items() <= next(row for row in record["tried"] if row["ndcg_at_10"] == best).items()
    )
    assert record["alone"]["dense"] == 1.0
    assert record["alone"]["default"] < best == 1.0
    (split,) = record["splits"]
    dev = open_corpus(f"{corpus}/dev")
    assert split["corpus_id"] == dev.id
    assert split["judgements_digest"] == dev.judgements_digest
    assert record["fits"]["documents_digest"] == dev.documents_digest
    assert {"bm25s", "PyStemmer", "numpy"} <= record["versions"].keys()
    result = cli("eval", f"{corpus}/dev", "-m", tables, "--mode", "hybrid", "--json")
    (row,) = json.loads(result.stdout)["results"]
    assert row["recipe"]["fusion"] == record["fusion"] | {
        "chosen_by": f"searchapp tune, {dev.id}",
        "depth": 1000,
    }
    assert row["metrics"]["ndcg_at_10"] == best
    assert "this score is optimistic" in result.stderr  # it was chosen by these very judgements
    assert f"{chosen} (searchapp tune" in cli("query", "-c", str(corpus), "--mode", "hybrid", "red").stderr


def test_json_is_the_record_and_where_it_is(cli: Cli, corpus: Path, tables: str, tmp_path: Path) -> None:
    document = json.loads(cli("tune", str(corpus), "-m", tables, "--json").stdout)
    path, record = recorded(tmp_path)
    assert (document["schema"], document["file"]) == ("searchapp/tuning/1", str(path))
    assert document["fusion"] == record["fusion"]
    assert document["tried"] == record["tried"]


def test_tuning_scores_without_ranx(
    cli: Cli, corpus: Path, tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "searchapp.evaluation.ranx_scorer", None)  # an import would fail
    assert cli("tune", str(corpus), "-m", tables, "--json").exit_code == 0


def test_judgements_of_the_test_split_are_never_read(
    cli: Cli, corpus: Path, tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str | None] = []
    judgements = BeirFiles.judgements

    def noted(files: BeirFiles) -> Judgements:
        read.append(files.split)
        return judgements(files)

    monkeypatch.setattr(BeirFiles, "judgements", noted)
    assert cli("tune", str(corpus), "-m", tables).exit_code == 0
    assert set(read) == {"dev"}


@pytest.mark.parametrize(
    ("split", "message"),
    [("test", "reported on its split 'test'"), ("train", "has no split 'train'")],
)
def test_a_split_that_cannot_be_used_is_named(cli: Cli, corpus: Path, split: str, message: str) -> None:
    result = cli("tune", str(corpus), "--split", split)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "dev" in result.stderr.splitlines()[1]


def test_without_other_judgements_there_is_nothing_to_tune_on(cli: Cli, make_corpus: MakeFolder) -> None:
    for name, problem in (
        (str(make_corpus("bare", qrels=[])), "has no judgements"),
        (str(make_corpus()), "(test)"),
    ):
        result = cli("tune", name)
        assert result.exit_code == 1
        assert problem in result.stderr
        assert "there is nothing to tune on" in result.stderr


@pytest.mark.shared
@pytest.mark.usefixtures("real_corpora")
def test_dev_is_preferred_to_train() -> None:
    assert [split.id for split in tuning_splits("nfcorpus")] == ["beir/nfcorpus/dev"]
    assert [split.id for split in tuning_splits("beir/nfcorpus/train")] == ["beir/nfcorpus/train"]
    assert [split.id for split in tuning_splits("scifact")] == ["beir/scifact/train"]
    both = tuning_splits("nfcorpus", ("train", "dev", "train"))
    assert [split.id for split in both] == ["beir/nfcorpus/train", "beir/nfcorpus/dev"]
    with pytest.raises(SearchappError, match="reported on its split 'test'"):
        tuning_splits("scifact", ("train", "test"))


def test_the_split_of_an_alias_is_one_that_scores_are_reported_on(
    make_corpus: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_corpus("msmarco", qrels=[("q1", "d1", 1)], split="dev")
    monkeypatch.setattr("searchapp.evaluation.tuning.ALIASES", {"msmarco": f"{folder}/dev"})
    for splits in ((), ("dev",)):
        with pytest.raises(SearchappError, match=r"tuning on it would bias them|there is nothing to tune on"):
            tuning_splits(f"{folder}/dev", splits)


def test_a_record_applies_only_to_its_model_and_documents(
    cli: Cli, corpus: Path, tables: str, tmp_path: Path
) -> None:
    cli("tune", str(corpus), "-m", tables)
    path, record = recorded(tmp_path)
    for key, value in (
        ("documents_digest", "0"),
        ("recipe", record["fits"]["recipe"] | {"model_digest": "0"}),
    ):
        path.write_text(json.dumps(record | {"fits": record["fits"] | {key: value}}))
        result = cli("eval", f"{corpus}/dev", "-m", tables, "--mode", "hybrid", "--json")
        assert json.loads(result.stdout)["results"][0]["recipe"]["fusion"]["chosen_by"] == "default"
        assert "for another model or other documents" in result.stderr
        assert str(path) in result.stderr


@pytest.mark.parametrize(
    "change",
    [
        {"fusion": {"dense": "cosine", "bm25": "max", "weight": 0.5}},
        {"fusion": {"dense": "max", "bm25": "max", "weight": 3}},
        {"fusion": {"dense": "max", "bm25": "max", "weight": "much"}},
        {"fusion": {"dense": "max"}},
        {"splits": 7},
        {"fits": None},
        "{",
        "[]",
    ],
)
def test_a_damaged_record_is_an_error(
    cli: Cli, corpus: Path, tables: str, tmp_path: Path, change: dict[str, Any] | str
) -> None:
    cli("index", f"{corpus}/dev", "-m", tables)
    (manifest,) = (tmp_path / "indexes").glob("*/*/flat/manifest.json")
    fits = {"documents_digest": "0", "recipe": {}}
    record = {"fusion": {"dense": "max", "bm25": "max", "weight": 0.5}, "splits": [], "fits": fits}
    path = manifest.parent.parent / "fusion.json"
    path.write_text(change if isinstance(change, str) else json.dumps(record | change))
    result = cli("query", "-c", str(corpus), "--mode", "hybrid", "red")
    assert result.exit_code == (0 if change == {"fits": None} else 1)
    assert str(path) in result.stderr
    problem = {"{": "is not valid JSON", "[]": "does not hold a JSON object"}.get(str(change), "is damaged")
    assert (problem in result.stderr) == (change != {"fits": None})


def test_the_record_outlives_a_fresh_index_and_goes_unused_when_removed(
    cli: Cli, corpus: Path, tables: str, tmp_path: Path
) -> None:
    cli("tune", str(corpus), "-m", tables)
    path, record = recorded(tmp_path)
    cli("index", f"{corpus}/dev", "-m", tables, "--fresh")
    assert "(searchapp tune" in cli("query", "-c", str(corpus), "--mode", "hybrid", "red").stderr
    path.unlink()
    assert "(default)" in cli("query", "-c", str(corpus), "--mode", "hybrid", "red").stderr
    assert record["n_queries"] == 30

"""A kind of index takes one file: the toy below is built, searched, scored, listed and rebuilt by name."""

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from searchapp.index.kinds import KINDS
from searchapp.index.kinds.kind import CandidateSource, Kind

from .conftest import Cli, MakeFolder


class Toy(Kind):
    """Searches only every `step`-th vector."""

    name = "toy"
    description = "approximate; only every second vector is searched"
    method = "numpy over every second vector"
    parameters: ClassVar = {"step": 2}

    def build(self, vectors: NDArray[np.float32], file: Path, parameters: Mapping[str, Any]) -> None:
        with file.open("wb") as stream:
            np.save(stream, vectors)

    def open(self, file: Path, parameters: Mapping[str, Any]) -> CandidateSource:
        vectors, step = np.load(file), parameters["step"]

        def propose(queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
            scores = queries @ vectors[::step].T
            rows = np.argsort(-scores, axis=1) * step
            missing = np.full((len(queries), max(k - rows.shape[1], 0)), -1)
            return scores, np.hstack([rows, missing])

        return CandidateSource(vectors.shape, propose)


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the toy for one test."""
    monkeypatch.setitem(KINDS, "toy", Toy())
    yield


def rows_of(cli: Cli, *arguments: str) -> dict[str, Any]:
    result = cli("eval", "sample", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    (row,) = json.loads(result.stdout)["results"]
    assert isinstance(row, dict)
    return row


def test_the_toy_fits_30_lines() -> None:
    source = Path(__file__).read_text("utf-8")
    start, end = source.index("class Toy(Kind)"), source.index("@pytest.fixture")
    assert len(source[start:end].strip().splitlines()) <= 30


@pytest.mark.parametrize("command", ["index", "query", "eval", "tune", "diagnose"])
def test_help_describes_the_kind(cli: Cli, command: str) -> None:
    text = " ".join(cli(command, "--help").stdout.split())
    assert "--kind [flat|toy]" in text
    assert "flat: exact; every vector is compared with the query." in text
    assert "toy: approximate; only every second vector is searched." in text


def test_the_recipe_says_that_the_kind_is_not_exact(cli: Cli) -> None:
    recipe = rows_of(cli, "--kind", "toy")["recipe"]
    assert recipe["index"] == "toy"
    assert recipe["index_parameters"] == {"step": 2}
    assert recipe["exact"] is False
    # 150 documents and 40 queries: an exact kind would score all documents here and not search.
    assert recipe["search"] == "numpy over every second vector; rescored in float64"


def test_the_recipe_of_an_exact_kind_is_as_before(cli: Cli) -> None:
    recipe = rows_of(cli)["recipe"]
    assert recipe["index"] == "flat"
    assert recipe["search"] == "float64 matrix product over all documents, ambiguous roundings summed again"
    assert not {"exact", "index_parameters"} & recipe.keys()


def test_results_of_a_kind_have_their_own_files_and_name_it_when_they_are_stale(
    cli: Cli, tmp_path: Path
) -> None:
    for kind in ("flat", "toy"):
        assert cli("eval", "sample", "--kind", kind, "--run-out", str(tmp_path / "out")).exit_code == 0
    names = {"sample.wordllama.dense", "sample.wordllama.dense.toy"}
    assert {path.stem for path in (tmp_path / "out").glob("*.trec")} == names
    file = tmp_path / "out" / "sample.wordllama.dense.toy.json"
    file.write_text(file.read_text().replace('"numpy": "', '"numpy": "0.'))
    assert "-m wordllama --kind toy --run-out" in " ".join(cli("doctor", str(file)).stdout.split())


def test_only_the_candidates_are_scored(cli: Cli) -> None:
    exact = rows_of(cli)["metrics"]
    toy = rows_of(cli, "--kind", "toy")
    # Of 181 judged documents the toy can find those in even rows alone.
    assert 0.2 < toy["metrics"]["recall_at_1000"] < 0.8
    assert exact["recall_at_1000"] == 1.0
    assert toy["recipe"]["depth"] == 75


def test_missing_candidates_are_remarked_and_never_read_as_documents(cli: Cli) -> None:
    cli("index", "sample", "--kind", "toy")
    result = cli("query", "-c", "sample", "--kind", "toy", "-k", "150", "why does honey keep", "--json")
    (query,) = json.loads(result.stdout)["queries"]
    ids = [hit["id"] for hit in query["hits"]]
    assert len(ids) == len(set(ids)) == 75
    assert json.loads(result.stdout)["kind"] == "toy"
    assert "1 of 1 queries got fewer than 150 results: the index kind toy is approximate." in result.stderr


def test_candidates_get_exact_scores_and_the_tie_rule(
    cli: Cli, make_corpus: MakeFolder, make_model: MakeFolder
) -> None:
    texts = {"b": "apple", "x": "apple", "c": "apple", "y": "apple", "a": "apple", "z": "pear", "d": "plum"}
    corpus, model = str(make_corpus(documents=texts)), str(make_model())
    cli("index", corpus, "-m", model, "--kind", "toy")
    result = cli("query", "-c", corpus, "--kind", "toy", "-k", "3", "apple", "--json")
    (query,) = json.loads(result.stdout)["queries"]
    assert [(hit["id"], hit["score"]) for hit in query["hits"]] == [("c", 1.0), ("b", 1.0), ("a", 1.0)]


def test_an_exact_index_answers_where_no_kind_is_named(cli: Cli) -> None:
    cli("index", "sample")
    cli("index", "sample", "--kind", "toy")  # the later of the two
    assert "/flat)" in cli("query", "-c", "sample", "honey").stderr
    assert "/toy)" in cli("query", "-c", "sample", "--kind", "toy", "honey").stderr


def test_a_missing_index_names_the_command_with_its_kind(cli: Cli) -> None:
    cli("index", "sample")
    result = cli("query", "-c", "sample", "--kind", "toy", "honey")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Error: There is no index of sample of kind toy.",
        "  Build it: searchapp index sample --kind toy",
    ]


def test_the_manifest_keeps_the_parameters_and_the_rebuild_command_the_kind(
    cli: Cli, make_model: MakeFolder
) -> None:
    command = ("index", "sample", "-m", str(make_model()), "--kind", "toy")
    assert json.loads(cli(*command, "--json").stdout)["parameters"] == {"step": 2}
    assert [row["kind"] for row in json.loads(cli("indexes", "--json").stdout)["indexes"]] == ["toy"]
    make_model(table=np.eye(6, 4, dtype=np.float32))
    failed = cli(*command)
    assert failed.exit_code == 1
    hint = failed.stderr.splitlines()[-1]
    assert "--kind toy" in hint
    assert cli(*shlex.split(hint.split("searchapp ")[1])).exit_code == 0


def test_a_damaged_file_of_a_kind_is_named(cli: Cli, tmp_path: Path) -> None:
    cli("index", "sample", "--kind", "toy")
    (file,) = (tmp_path / "indexes").glob("*/*/toy/index.bin")
    content = file.read_bytes()
    file.write_bytes(b"x" * len(content))
    result = cli("query", "-c", "sample", "honey")
    assert result.exit_code == 1
    assert f"{file} is not a valid toy index" in result.stderr
    assert f"searchapp indexes --remove {file.parent}" in result.stderr


def test_an_index_of_an_unknown_kind_is_an_error(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("index", "sample", "--kind", "toy")
    monkeypatch.delitem(KINDS, "toy")
    result = cli("query", "-c", "sample", "honey")
    assert result.exit_code == 1
    assert "Error: There is no index kind 'toy'." in result.stderr
    assert "Choose one of: flat." in result.stderr


def test_tune_records_a_fusion_for_each_kind_that_is_not_exact(
    cli: Cli, make_corpus: MakeFolder, make_model: MakeFolder, tmp_path: Path
) -> None:
    corpus, model = str(make_corpus(split="dev")), str(make_model())
    for kind in ("flat", "toy"):
        assert cli("tune", corpus, "-m", model, "--kind", kind).exit_code == 0
    records = {path.name: json.loads(path.read_text()) for path in (tmp_path / "indexes").glob("*/*/*.json")}
    assert {name: record["index"] for name, record in records.items()} == {
        "fusion.json": "flat",
        "fusion.toy.json": "toy",
    }


@pytest.mark.parametrize("arguments", [("--mode", "bm25"), ("--run", "x.trec")])
def test_a_kind_that_would_be_ignored_is_refused(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli("eval", "sample", "--kind", "toy", *arguments).exit_code == 2


def test_diagnose_reads_the_vectors_of_the_kind(cli: Cli, tmp_path: Path) -> None:
    result = cli("diagnose", "sample", "--kind", "toy", "--quick", "--json")
    assert result.exit_code in {0, 3}, result.stderr
    assert [path.name for path in (tmp_path / "indexes").glob("*/*/[!.]*")] == ["toy"]

"""searchapp doctor RESULT: what is no longer what it was when a result was stored, and what that means."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.versions import installed_versions

from .conftest import TABLE, Cli, MakeFolder

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def places(make_corpus: MakeFolder, make_model: MakeFolder) -> tuple[Path, Path]:
    """Return the corpus and the model of the fixtures."""
    return make_corpus(), make_model()


@pytest.fixture
def stored(cli: Cli, places: tuple[Path, Path], tmp_path: Path) -> Path:
    """Store a result of the corpus and the model of the fixtures."""
    return evaluate(cli, str(places[0]), "-m", str(places[1]), "--run-out", str(tmp_path / "out"))


def evaluate(cli: Cli, *arguments: str) -> Path:
    assert cli("eval", *arguments).exit_code == 0
    (path,) = Path(arguments[-1]).glob("*.json")
    return path


def checks(cli: Cli, *arguments: str) -> list[tuple[str, str, str]]:
    """Return (status, detail without the result it is of, hint) of each check."""
    rows = json.loads(cli("doctor", *arguments, "--json").stdout)["checks"]
    assert {row["name"] for row in rows} == {"result"}
    return [(row["status"], row["detail"].split("; ", 1)[-1], row["hint"]) for row in rows]


def edit(path: Path, change: Change) -> None:
    document = json.loads(path.read_text())
    change(document["results"][0])
    path.write_text(json.dumps(document))


def test_an_unchanged_result_passes_under_every_name(cli: Cli, stored: Path) -> None:
    for name in (stored, stored.with_suffix(""), stored.with_suffix(".trec"), stored.parent):
        assert checks(cli, str(name)) == [("ok", "versions, corpus and model are unchanged", "")]
    assert cli("doctor", str(stored)).exit_code == 0


def test_a_result_holds_the_versions_of_what_made_it(cli: Cli, stored: Path, tmp_path: Path) -> None:
    dense = {"searchapp", "python", "model2vec", "tokenizers", "faiss-cpu", "numpy", "ranx", "numba"}
    (row,) = json.loads(stored.read_text())["results"]
    assert dense <= row["versions"].keys()
    assert row["versions"] == installed_versions(*row["versions"])
    assert "not installed" not in {row["versions"][name] for name in dense}
    for mode in ("bm25", "hybrid"):
        path = evaluate(cli, "sample", "--mode", mode, "--run-out", str(tmp_path / mode))
        versions = json.loads(path.read_text())["results"][0]["versions"]
        assert {"bm25s", "PyStemmer"} <= versions.keys()
        assert checks(cli, str(path))[0][0] == "ok"


def test_other_versions_are_listed_with_what_they_could_change(cli: Cli, stored: Path) -> None:
    here = installed_versions()
    edit(stored, lambda row: row["versions"].update(numpy="1.0", ranx="not installed", python="3"))
    ((status, detail, hint),) = checks(cli, str(stored))
    assert status == "warn"
    assert detail == (
        f"numpy was 1.0 and is {here['numpy']} (can change the last digits of the scores); "
        f"ranx was not installed and is {here['ranx']} (can change the metrics)"
    )
    assert hint.endswith("; or go back: pip install numpy==1.0")
    assert cli("doctor", str(stored)).exit_code == 0


@pytest.mark.parametrize(
    ("file", "text", "what"),
    [
        ("corpus.jsonl", '{"_id": "d3", "text": "fig"}', "documents of its corpus have changed: other doc"),
        ("queries.jsonl", '{"_id": "q2", "text": "pear"}', "queries of its corpus have changed: other que"),
        ("qrels/test.tsv", "q2\td2\t2", "judgements of its corpus have changed: the same rankings would get"),
    ],
)
def test_a_changed_corpus_is_a_warning(
    file: str, text: str, what: str, cli: Cli, stored: Path, places: tuple[Path, Path]
) -> None:
    path = places[0] / file
    path.write_text("\n".join([*path.read_text().splitlines()[:-1], text]) + "\n")  # in place of the last
    ((status, detail, hint),) = checks(cli, str(stored))
    assert status == "warn"
    assert detail.startswith(f"the {what}")
    assert f"searchapp eval {places[0]} -m {places[1]} --run-out DIR" in hint


def test_a_changed_model_is_a_warning(
    cli: Cli, stored: Path, places: tuple[Path, Path], make_model: MakeFolder
) -> None:
    make_model(table=TABLE + np.float32(1))
    assert checks(cli, str(stored))[0][:2] == (
        "warn", "its model has changed: texts would get other vectors"
    )  # fmt: skip
    make_model(words=("[UNK]", "apple", "pear", "plum", "fig", "rot"))
    assert checks(cli, str(stored))[0][:2] == (
        "warn", "its tokenizer has changed: texts would be split into other tokens"
    )  # fmt: skip


def test_what_is_gone_is_a_warning(cli: Cli, stored: Path, places: tuple[Path, Path]) -> None:
    for folder in places:
        folder.rename(folder.with_name(f"{folder.name}-elsewhere"))
    corpus, model = checks(cli, str(stored))
    assert corpus[:1] + model[:1] == ("warn", "warn")
    assert "its corpus cannot be read now: There is no" in corpus[1]
    assert "its model cannot be read now: There is no model folder" in model[1]


def test_another_stemmer_is_named(cli: Cli, tmp_path: Path) -> None:
    path = evaluate(cli, "sample", "--mode", "bm25", "--run-out", str(tmp_path / "out"))
    edit(path, lambda row: row["recipe"].update(stems="of old", stemmer_version="2.2.0.3", k1=1.2))
    (_, stemmer, back), (_, others, again) = checks(cli, str(path))
    assert stemmer.startswith("the stemmer stems words differently (PyStemmer was 2.2.0.3 and is ")
    assert back.endswith("pip install PyStemmer==2.2.0.3")
    assert others == "BM25 has other settings (k1): its scores change"
    assert again.endswith("searchapp eval sample --mode bm25 --run-out DIR")


def test_a_damaged_result_fails_and_the_others_are_checked(cli: Cli, stored: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.json"
    torn.write_text(stored.read_text()[:-9])
    result = cli("doctor", str(torn), str(stored), str(tmp_path / "gone"))
    assert result.exit_code == 3
    found = checks(cli, str(torn), str(stored), str(tmp_path / "gone"))
    assert [status for status, _, _ in found] == ["fail", "ok", "fail"]
    assert f"{torn} is not valid JSON" in found[0][1]
    assert "There is no result" in found[2][1]

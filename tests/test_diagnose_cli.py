"""searchapp diagnose: what a user sees, exit codes, odd corpora, stale indexes, folders of vectors."""

import json
from pathlib import Path

import numpy as np
import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.diagnosis.registry import PROBES
from searchapp.encoders.encoder import load_encoder
from tests.conftest import Cli, MakeFolder

WORDS = ("tide", "moon", "honey", "bread", "river", "glass", "storm", "apple", "copper", "garden")


def documents(count: int) -> dict[str, str]:
    """Return documents of four words each, no two alike."""
    return {
        f"d{row}": " ".join(WORDS[(row * step + row // 10) % 10] for step in (1, 3, 7, 9)) + f" {row}"
        for row in range(count)
    }


def save_vectors(folder: Path, corpus: str, *, shift: int = 0) -> Path:
    """Write the bundled model's vectors of a corpus as `npy:` reads them, documents shifted by some rows."""
    folder.mkdir()
    opened, encoder = open_corpus(corpus), load_encoder("wordllama")
    items = list(opened.documents())
    for side, ids, vectors in (
        ("documents", items, np.roll(encoder.encode_documents(items), shift, axis=0)),
        ("queries", opened.queries, encoder.encode_queries(opened.queries)),
    ):
        np.save(folder / f"{side}.npy", vectors)
        (folder / f"{side}.txt").write_text("".join(f"{one.id}\n" for one in ids), "utf-8")
    return folder


def test_the_bundled_model_on_the_sample_is_healthy(cli: Cli) -> None:
    result = cli("diagnose", "sample")
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "sample with wordllama: healthy, no fault found.\nnDCG@10 is 0.87565 (chance 0.033"
    )
    assert (
        "run-ids, run-depth, run-scores, run-rows, run-search, run-order, run-top, run-parts: there is no run"
        in result.stdout
    )
    assert result.stderr == ""


def test_json_holds_every_fact_and_exit_3_means_a_fault(cli: Cli) -> None:
    result = cli("diagnose", "sample", "--template", "{title}", "--quick", "--json")
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert (document["schema"], document["healthy"]) == ("searchapp/diagnosis/1", False)
    first = document["causes"][0]
    assert (first["id"], first["fault"]) == ("text-dropped", True)
    # 0.87565 is the score of the healthy model; the repair is measured to give it back.
    assert document["facts"]["score"][0]["value"] + first["gain"] == pytest.approx(0.87565, abs=1e-5)
    assert first["found"][0]["evidence"] == "The template is '{title}'."
    assert "bm25" not in document["facts"]


def test_one_probe_is_asked_alone(cli: Cli) -> None:
    result = cli("diagnose", "sample", "--probe", "tokenizer", "--json")
    assert list(json.loads(result.stdout)["facts"]) == ["tokenizer"]


def test_an_unknown_probe_is_named(cli: Cli) -> None:
    result = cli("diagnose", "sample", "--probe", "colour")
    assert result.exit_code == 2
    assert "'colour' is not one of " in result.stderr


def test_precomputed_vectors_are_judged_without_an_encoder(cli: Cli, tmp_path: Path) -> None:
    folder = save_vectors(tmp_path / "fine", "sample")
    assert cli("diagnose", "sample", "-m", f"npy:{folder}").exit_code == 0
    folder = save_vectors(tmp_path / "shifted", "sample", shift=1)
    result = cli("diagnose", "sample", "-m", f"npy:{folder}")
    assert result.exit_code == 3
    assert "the document vectors are shifted relative to their ids" in result.stdout.splitlines()[0]
    assert "Read 1 row further down, the documents agree with the control" in result.stdout
    assert "the encoder behind these vectors is not known" in result.stdout


def test_missing_vectors_are_counted(cli: Cli, tmp_path: Path) -> None:
    folder = save_vectors(tmp_path / "cut", "sample")
    np.save(folder / "documents.npy", np.load(folder / "documents.npy")[30:])
    names = (folder / "documents.txt").read_text("utf-8").splitlines()[30:]
    (folder / "documents.txt").write_text("".join(f"{name}\n" for name in names), "utf-8")
    result = cli("diagnose", "sample", "-m", f"npy:{folder}", "--probe", "coverage")
    assert result.exit_code == 3
    assert "30 of 150 documents have no vector (first: 'd001')." in result.stdout


def test_a_stale_index_is_named_and_not_an_error(cli: Cli, make_corpus: MakeFolder) -> None:
    folder = make_corpus(documents=documents(60))
    assert cli("index", str(folder)).exit_code == 0
    assert cli("diagnose", str(folder), "--probe", "index-state").exit_code == 0
    make_corpus(documents=documents(59))
    result = cli("diagnose", str(folder))
    assert result.exit_code == 3
    assert "the documents of the corpus have changed" in result.stdout
    assert f"Next: searchapp index {folder} -m wordllama --fresh" in result.stdout


@pytest.mark.parametrize("count", [3, 30, 60])
def test_a_small_corpus_without_judgements_or_titles(cli: Cli, make_corpus: MakeFolder, count: int) -> None:
    folder = make_corpus(documents=documents(count), queries={"q1": "honey bread"}, qrels=[])
    result = cli("diagnose", str(folder))
    assert result.exit_code == 0, result.stdout
    assert "nothing is judged" in result.stdout
    assert "shared-space: comparing with the control needs 40 documents and 10 queries" in result.stdout


def test_one_judged_query_is_enough_to_score(cli: Cli, make_corpus: MakeFolder) -> None:
    folder = make_corpus(documents=documents(50), queries={"q1": "honey 7"}, qrels=[("q1", "d7", 1)])
    result = cli("diagnose", str(folder))
    assert result.exit_code == 0, result.stdout
    assert "nDCG@10 is " in result.stdout


def test_judgements_can_be_ignored(cli: Cli) -> None:
    result = cli("diagnose", "sample", "--label-free")
    assert result.exit_code == 0
    assert "agreement with the control" in result.stdout
    assert "random-baseline" in result.stdout.partition("Not judged:")[2]


def test_no_query_at_all_is_an_error(cli: Cli, make_corpus: MakeFolder) -> None:
    folder = make_corpus(qrels=[])
    (folder / "queries.jsonl").write_text("")
    result = cli("diagnose", str(folder))
    assert result.exit_code == 1
    assert "has no queries" in result.stderr


def test_a_duplicate_document_id_is_diagnosed_rather_than_refused(cli: Cli, make_corpus: MakeFolder) -> None:
    folder = make_corpus(documents=documents(50), qrels=[("q1", "d1", 1)])
    with (folder / "corpus.jsonl").open("a") as stream:
        stream.write('{"_id": "d1", "title": "", "text": "again"}\n')
    result = cli("diagnose", str(folder))
    assert result.exit_code == 0
    assert "duplicate document ids: 1 (d1)" in result.stdout


def test_help_names_no_probe_that_is_not_there(cli: Cli) -> None:
    assert "exit 3 when a fault is found" in " ".join(cli("diagnose", "--help").stdout.split())
    assert all(name == probe.id for name, probe in PROBES.items())


@pytest.mark.parametrize("corpus", ["scifact", "beir/nfcorpus/dev"])
def test_the_bundled_model_is_healthy_on_real_corpora(cli: Cli, shared_indexes: Path, corpus: str) -> None:
    result = cli("diagnose", corpus, "--quick")
    assert result.exit_code == 0, result.stdout
    assert "Harness and data are ruled out" in result.stdout

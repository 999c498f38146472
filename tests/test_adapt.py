"""searchapp adapt: what is taught and what is not, what is written and said about it, and what is refused."""

import json
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.adaptation.student import Student
from searchapp.corpora.beir import BeirFiles
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.records import Judgements, Query

from .conftest import Cli, MakeFolder
from .topics import make_table, read_pairs, write_corpus, write_qrels

pytest.importorskip("torch")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "topics")


@pytest.fixture
def noise(make_model: MakeFolder) -> str:
    return make_table(make_model)


def record_of(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "adaptation.json").read_text("utf-8"))
    return record


def results_of(cli: Cli, *arguments: str) -> dict[str, Any]:
    (row,) = json.loads(cli("eval", *arguments, "--json").stdout)["results"]
    assert isinstance(row, dict)
    return row


def test_titles_and_sentences_teach_and_no_judgement_is_read(
    cli: Cli, corpus: Path, noise: str, working_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str | None] = []
    judgements = BeirFiles.judgements

    def noted(files: BeirFiles) -> Judgements:
        read.append(files.split)
        return judgements(files)

    monkeypatch.setattr(BeirFiles, "judgements", noted)
    done = cli("adapt", str(corpus), "-m", noise, "-o", "taught")
    assert done.exit_code == 0, done.stderr
    assert "test" not in read
    record = record_of(working_folder / "taught")
    rows = {(row["group"], row["mode"]): row for row in record["account"]}
    assert rows.keys() == {(group, mode) for group in ("new", "seen") for mode in ("dense", "hybrid")}
    # A title shares no word with its text, and the table is noise: only what was taught can find it.
    # It cannot tell the ten documents of a topic apart: 0.45 is what their random order scores.
    assert rows["new", "dense"]["interval"][0] > 0.03
    assert all(row["interval"][0] <= row["gain"] <= row["interval"][1] for row in rows.values())
    assert (record["judgements"], record["taught_documents"]) == ([], [])
    # The weight that the train queries of SciFact and the dev queries of NFCorpus chose.
    assert record["fusion"]["weight"] == 0.35


def test_the_same_seed_gives_the_same_bits(cli: Cli, corpus: Path, noise: str, working_folder: Path) -> None:
    digests = []
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert cli("adapt", str(corpus), "-m", noise, "-o", name, "--seed", seed).exit_code == 0
        digests.append((working_folder / name / "model.safetensors").read_bytes())
    assert digests[0] == digests[1] != digests[2]


def test_judgements_are_taught_and_the_test_split_cannot_even_be_opened(
    cli: Cli, corpus: Path, noise: str, working_folder: Path
) -> None:
    (corpus / "qrels" / "test.tsv").chmod(0)
    done = cli("adapt", str(corpus), "-m", noise, "-o", "taught", "--judgements", "train")
    assert done.exit_code == 0, done.stderr
    record = record_of(working_folder / "taught")
    train = open_corpus(f"{corpus}/train")
    (judged,) = record["judgements"]
    assert judged["judgements_digest"] == train.judgements_digest
    assert judged["n_queries"] == 120
    named = {document for _, document in read_pairs(corpus / "qrels" / "train.tsv")}
    assert set(record["taught_documents"]) == named
    rows = {(row["group"], row["mode"]): row["gain"] for row in record["account"]}
    # A query shares no word with any document, so that BM25 finds nothing either.
    assert min(rows.values()) > 0.2


@pytest.mark.parametrize("given", ["test", "qrels/test.tsv"])
def test_the_split_that_is_reported_is_refused(
    cli: Cli, corpus: Path, noise: str, working_folder: Path, given: str
) -> None:
    judgements = str(corpus / given) if "/" in given else given
    done = cli("adapt", str(corpus), "-m", noise, "-o", "taught", "--judgements", judgements)
    assert done.exit_code == 1
    assert "are reported on its split 'test'" in done.stderr
    assert "--judgements train" in done.stderr
    assert not (working_folder / "taught").exists()


def test_shuffled_judgements_give_no_gain_and_no_model(
    cli: Cli, corpus: Path, noise: str, working_folder: Path
) -> None:
    pairs = read_pairs(corpus / "qrels" / "train.tsv")
    documents = [document for _, document in pairs]
    random.Random(0).shuffle(documents)
    shuffled = dict.fromkeys((query, document) for (query, _), document in zip(pairs, documents, strict=True))
    path = write_qrels(working_folder / "shuffled.tsv", list(shuffled))
    done = cli("adapt", str(corpus), "-m", noise, "-o", "taught", "--judgements", str(path))
    assert done.exit_code == 3, done.stdout
    assert "no model was written" in done.stdout
    assert "may not fit the texts" in done.stdout
    assert not (working_folder / "taught").exists()


def test_every_library_reads_the_same_vectors(
    cli: Cli, corpus: Path, make_model: MakeFolder, working_folder: Path
) -> None:
    from model2vec import StaticModel

    model = make_table(make_model, config={"max_length": 5})
    cli("adapt", str(corpus), "-m", model, "-o", "taught", "--quick")
    texts = [f"{document.title} {document.text} never" for document in open_corpus(str(corpus)).documents()]
    vectors = load_encoder("taught").encode_queries([Query(str(row), text) for row, text in enumerate(texts)])
    np.testing.assert_allclose(StaticModel.from_pretrained("taught").encode(texts), vectors, atol=1e-6)
    transformers = pytest.importorskip("sentence_transformers")
    theirs = transformers.SentenceTransformer("taught", device="cpu").encode(texts)
    np.testing.assert_allclose(theirs, vectors, atol=1e-6)


def test_the_score_says_what_was_taught(cli: Cli, corpus: Path, noise: str, working_folder: Path) -> None:
    pairs = read_pairs(corpus / "qrels" / "train.tsv")
    taught = [pair for pair in pairs if int(pair[0][1:].split("-")[0]) < 25]
    qrels = write_qrels(working_folder / "some.tsv", taught)
    assert cli("adapt", str(corpus), "-m", noise, "-o", "m", "--judgements", str(qrels)).exit_code == 0
    # The test split: a query of each topic; documents of the last five topics were never judged.
    tested = [pair for pair in pairs if pair[0].endswith("-0")]
    write_qrels(corpus / "qrels" / "test.tsv", tested)
    row = results_of(cli, str(corpus), "-m", "m")
    assert {name: group["n_judged"] for name, group in row["groups"].items()} == {
        "seen documents": 25,
        "new documents": 5,
    }
    parts = [group["metrics"]["ndcg_at_10"] * group["n_judged"] for group in row["groups"].values()]
    assert sum(parts) / 30 == pytest.approx(row["metrics"]["ndcg_at_10"])
    assert row["recipe"]["adapted"]["queries_taught"] == 25
    shown = cli("eval", str(corpus), "-m", "m")
    assert f"{corpus}, new documents" in shown.stdout
    assert "of these 30 queries, 25 about seen documents and 5 about new documents" in shown.stdout
    assert "25 of them were taught, so this is a training score" in shown.stdout
    assert "with their judgements: a training score" in shown.stderr


def test_on_another_corpus_it_is_an_ordinary_model(
    cli: Cli, corpus: Path, noise: str, working_folder: Path
) -> None:
    cli("adapt", str(corpus), "-m", noise, "-o", "m", "--quick", "--judgements", "train")
    other = write_corpus(working_folder / "other", seed=1)
    for line in ("corpus.jsonl", "queries.jsonl"):
        text = (other / line).read_text("utf-8").replace('"d', '"e').replace('"q', '"r')
        (other / line).write_text(text.replace("query", "text"), "utf-8")
    pairs = [
        (f"r{query[1:]}", f"e{document[1:]}") for query, document in read_pairs(other / "qrels" / "train.tsv")
    ]
    write_qrels(other / "qrels" / "train.tsv", pairs)
    row = results_of(cli, f"{other}/train", "-m", "m")
    assert row["groups"] == {}
    assert "adapted" not in row["recipe"]


def test_tune_refuses_what_was_taught_and_hybrid_uses_the_fusion_of_the_model(
    cli: Cli, corpus: Path, noise: str, working_folder: Path
) -> None:
    cli("adapt", str(corpus), "-m", noise, "-o", "m", "--judgements", "train")
    refused = cli("tune", str(corpus), "-m", "m")
    assert refused.exit_code == 1
    assert "was taught 120 of the 120 queries" in refused.stderr
    row = results_of(cli, f"{corpus}/train", "-m", "m", "--mode", "hybrid")
    fusion = row["recipe"]["fusion"]
    assert fusion["chosen_by"].startswith("searchapp adapt, ")
    assert record_of(working_folder / "m")["fusion"].items() <= fusion.items()


def test_ctrl_c_keeps_the_best_so_far(
    cli: Cli, corpus: Path, noise: str, working_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    step = Student.step

    def interrupted(*arguments: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == 35:  # of 19 an epoch
            raise KeyboardInterrupt
        step(*arguments)

    monkeypatch.setattr(Student, "step", interrupted)
    done = cli("adapt", str(corpus), "-m", noise, "-o", "m")
    assert done.exit_code == 0
    assert "Interrupted: this is the best table until then." in done.stdout
    record = record_of(working_folder / "m")
    assert record["interrupted"]
    assert len(record["epochs"]) == 3
    assert not record["everything_taught"]


def changed(path: Path, **fields: Any) -> None:
    rows = [json.loads(line) | fields for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def test_what_cannot_be_taught_is_said(cli: Cli, corpus: Path, noise: str, working_folder: Path) -> None:
    def error(*arguments: str, model: str = noise) -> str:
        done = cli("adapt", *arguments, "-m", model, "-o", "m")
        assert done.exit_code == 1, done.stdout
        assert not (working_folder / "m").exists()
        return str(done.stderr)

    assert "judges 1 of 220" in error(str(corpus), "--judgements", str(foreign(corpus, working_folder)))
    assert "has no split 'dev'" in error(str(corpus), "--judgements", "dev")
    assert "There is no file gone.tsv" in error(str(corpus), "--judgements", "gone.tsv")
    few = write_qrels(working_folder / "few.tsv", read_pairs(corpus / "qrels" / "train.tsv")[:6])
    assert "has 2 queries with a relevant document" in error(str(corpus), "--judgements", str(few))
    assert "is not a teacher" in error(str(corpus), "--teacher", noise)
    rows = [json.loads(line) for line in (corpus / "corpus.jsonl").read_text("utf-8").splitlines()]
    cut = [row | {"title": "", "text": " ".join(row["text"].replace(".", "").split()[:6])} for row in rows]
    (corpus / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in cut), "utf-8")
    assert "has 0 documents with a title or a sentence and text besides" in error(str(corpus))
    changed(corpus / "corpus.jsonl", text="text0x0 is all of this that is known to it")
    assert "knows 1 token of" in error(str(corpus))
    changed(corpus / "corpus.jsonl", text="nothing of this is known to it")
    assert "knows no token of" in error(str(corpus))
    lines = (corpus / "corpus.jsonl").read_text("utf-8").splitlines()[:10]
    (corpus / "corpus.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    assert "knows no token of" in error(str(corpus))


def foreign(corpus: Path, folder: Path) -> Path:
    pairs = read_pairs(corpus / "qrels" / "train.tsv")
    return write_qrels(folder / "foreign.tsv", [*pairs, (pairs[0][0], "nowhere")])


def test_a_folder_that_exists_is_an_error_before_anything_is_read(
    cli: Cli, corpus: Path, noise: str, working_folder: Path
) -> None:
    (working_folder / "full").mkdir()
    (working_folder / "full" / "notes").touch()
    (corpus / "corpus.jsonl").unlink()
    done = cli("adapt", str(corpus), "-m", noise, "-o", "full")
    assert (done.exit_code, "full is not empty." in done.stderr) == (1, True)
    done = cli("adapt", str(corpus), "-m", noise, "-o", "full/notes")
    assert (done.exit_code, "full/notes is a file." in done.stderr) == (1, True)


def test_a_model_is_not_adapted_twice_and_a_changed_table_is_noticed(
    cli: Cli, corpus: Path, noise: str, working_folder: Path
) -> None:
    cli("adapt", str(corpus), "-m", noise, "-o", "m", "--quick")
    again = cli("adapt", str(corpus), "-m", "m", "-o", "n")
    assert again.exit_code == 1
    assert f"Begin with the model that it was made from: -m {os.path.realpath(noise)}" in again.stderr
    (working_folder / "m" / "config.json").write_text('{"normalize": true, "max_length": 7}')
    done = cli("eval", f"{corpus}/train", "-m", "m", "--max-length", "9")  # without an index of the old table
    assert done.exit_code == 1
    assert "is the record of another table" in done.stderr

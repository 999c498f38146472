"""The real NFCorpus and SciFact, held against published counts and against ir_datasets itself."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.lint import lint
from searchapp.corpora.resolve import open_corpus

pytestmark = pytest.mark.shared

# Prints what ir_datasets gives, in a process of its own: it keeps the path of its home from its import.
READ_BY_IR_DATASETS = """
import json, sys
import ir_datasets
dataset = ir_datasets.load(sys.argv[1])
json.dump({
    "documents": [[d.doc_id, d.title, d.text] for d in dataset.docs_iter()],
    "queries": {q.query_id: q.text for q in dataset.queries_iter()},
    "judgements": [[j.query_id, j.doc_id, j.relevance] for j in dataset.qrels_iter()],
}, sys.stdout)
"""


def assembled(corpus: Corpus) -> list[str]:
    return [f"{document.title} {document.text}".strip() for document in corpus.documents()]


# The counts below are MTEB's descriptive statistics of the two tasks.
@pytest.mark.parametrize(
    ("name", "documents", "characters", "queries", "judgements"),
    [("nfcorpus", 3_633, 5_779_318, 323, 12_334), ("scifact", 5_183, 7_771_451, 300, 339)],
)
def test_a_corpus_has_the_counts_that_mteb_publishes(
    real_corpora: Path, name: str, documents: int, characters: int, queries: int, judgements: int
) -> None:
    corpus = open_corpus(name)
    texts = assembled(corpus)
    assert len(texts) == documents
    assert sum(map(len, texts)) == characters
    assert len(corpus.queries) == queries
    assert sum(map(len, corpus.judgements.values())) == judgements


def test_lint_names_the_duplicates_of_nfcorpus(real_corpora: Path) -> None:
    corpus = open_corpus("nfcorpus")
    assert len(set(assembled(corpus))) == 3_593  # MTEB's number of unique texts
    findings = {finding.name: finding.message for finding in lint(corpus)}
    assert findings.keys() == {"duplicate-documents"}
    assert ": 40 (" in findings["duplicate-documents"]  # 3,633 - 3,593


def test_lint_is_silent_on_scifact(real_corpora: Path) -> None:
    assert lint(open_corpus("scifact")) == []


def test_every_split_of_nfcorpus_is_read(real_corpora: Path) -> None:
    digests = {open_corpus(f"beir/nfcorpus/{split}").judgements_digest for split in ("train", "dev", "test")}
    assert len(digests) == 3


def test_reading_leaves_the_archive_alone(real_corpora: Path) -> None:
    archive = real_corpora / "beir" / "scifact" / "source.zip"
    before = hashlib.sha256(archive.read_bytes()).digest()
    beside = set(archive.parent.iterdir())
    list(open_corpus("scifact").documents())
    assert hashlib.sha256(archive.read_bytes()).digest() == before
    assert set(archive.parent.iterdir()) == beside


@pytest.mark.parametrize("name", ["nfcorpus", "scifact"])
def test_the_archive_reads_as_ir_datasets_reads_it(real_corpora: Path, tmp_path: Path, name: str) -> None:
    home = tmp_path / "private"
    (home / "beir" / name).mkdir(parents=True)
    shutil.copyfile(real_corpora / "beir" / name / "source.zip", home / "beir" / name / "source.zip")
    done = subprocess.run(
        [sys.executable, "-c", READ_BY_IR_DATASETS, f"beir/{name}/test"],
        env={**os.environ, "IR_DATASETS_HOME": str(home)},
        capture_output=True,
        check=True,
    )
    theirs = json.loads(done.stdout)
    corpus = open_corpus(name)
    assert [[d.id, d.title, d.text] for d in corpus.documents()] == theirs["documents"]
    assert {query.id: query.text for query in corpus.queries} == {
        query_id: theirs["queries"][query_id] for query_id in corpus.judgements
    }
    ours = [
        (query, document, grade)
        for query, row in corpus.judgements.items()
        for document, grade in row.items()
    ]
    assert sorted(ours) == sorted(map(tuple, theirs["judgements"]))

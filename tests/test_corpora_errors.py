"""Corpora that are broken: each error names the file, the line and what is wrong with it."""

import re
import zipfile
from pathlib import Path

import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.errors import SearchappError
from tests.conftest import MakeFolder, jsonl

GOOD = '{"_id": "d1", "text": "apple"}\n'


def read_documents(folder: Path) -> None:
    list(open_corpus(str(folder)).documents())


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"_id": "d2", "text": }', "not valid JSON (Expecting value at column 23)"),
        (b'{"_id": "d2", "text": "cut', "not valid JSON (Invalid control character at column 27)"),
        (b'["d2", "pear"]', "a list, not an object"),
        (b"null", "a NoneType, not an object"),
        (b'{"text": "pear"}', "'_id' is missing"),
        (b'{"_id": "", "text": "pear"}', "'_id' is ''"),
        (b'{"_id": true, "text": "pear"}', "'_id' is True, not a string"),
        (b'{"_id": 1.5, "text": "pear"}', "'_id' is 1.5, not a string"),
        (b'{"_id": "d2"}', "'text' is missing"),
        (b'{"_id": "d2", "text": 5}', "'text' is 5, not a string"),
        (b'{"_id": "d2", "title": ["x"], "text": "pear"}', "'title' is ['x'], not a string"),
        (b'{"_id": "d2", "text": "caf\xe9"}', "not UTF-8 (byte 27 of the line)"),
        (b'{"_id": "d2", "text": "ab\\ud800"}', "'text' contains an unpaired surrogate (character 3)"),
        (b'{"_id": "d2\\udc00", "text": "ab"}', "'_id' contains an unpaired surrogate (character 3)"),
    ],
)
def test_a_broken_document_is_named_by_file_and_line(
    make_corpus: MakeFolder, line: bytes, problem: str
) -> None:
    file = make_corpus() / "corpus.jsonl"
    file.write_bytes(GOOD.encode() + b"\n" + line + b"\n")
    with pytest.raises(SearchappError, match=re.escape(f"{file}, line 3: {problem}")):
        read_documents(file.parent)


def test_a_broken_query_is_named_by_file_and_line(make_corpus: MakeFolder) -> None:
    file = make_corpus() / "queries.jsonl"
    file.write_text('{"_id": "q1", "text": "apple"}\n{"_id": "q2"}\n')
    with pytest.raises(SearchappError, match=re.escape(f"{file}, line 2: 'text' is missing")):
        _ = open_corpus(str(file.parent)).queries


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("q1\td2", "2 columns instead of 3"),
        ("q1\t0\td2\t1\tx", "5 columns instead of 3"),
        ("q1\td2\tgood", "the grade 'good' is not an integer"),
        ("q1\td2\t0.5", "the grade '0.5' is not an integer"),
        ("q1\td2\tnan", "the grade 'nan' is not an integer"),
        ("q1\td2\tinf", "the grade 'inf' is not an integer"),
        ("q1\td1\t1", "query 'q1' and document 'd1' are judged twice, 2 and 1"),
    ],
)
def test_a_broken_judgement_is_named_by_file_and_line(
    make_corpus: MakeFolder, line: str, problem: str
) -> None:
    folder = make_corpus()
    file = folder / "qrels" / "test.tsv"
    file.write_text(f"query-id\tcorpus-id\tscore\nq1\td1\t2\n{line}\n")
    with pytest.raises(SearchappError, match=re.escape(f"{file}, line 3: {problem}")):
        _ = open_corpus(str(folder)).judgements


def test_a_judged_query_without_text_is_an_error(make_corpus: MakeFolder) -> None:
    corpus = open_corpus(str(make_corpus(qrels=[("q1", "d1", 1), ("q8", "d1", 1), ("q9", "d1", 1)])))
    with pytest.raises(SearchappError, match=r"2 judged queries of .* have no text \(first: 'q8'\)"):
        _ = corpus.queries


def test_a_duplicate_judged_query_is_an_error(make_corpus: MakeFolder) -> None:
    folder = make_corpus()
    rows = [{"_id": "q1", "text": "a"}, {"_id": "q2", "text": "b"}, {"_id": "q1", "text": "c"}]
    (folder / "queries.jsonl").write_text(jsonl(rows))
    with pytest.raises(SearchappError, match="Duplicate query id 'q1'"):
        _ = open_corpus(str(folder)).queries


def test_a_folder_without_judgements_is_read_but_not_scored(make_corpus: MakeFolder) -> None:
    corpus = open_corpus(str(make_corpus(qrels=[])))
    assert corpus.count() == 3
    with pytest.raises(SearchappError, match="has no judgements"):
        _ = corpus.judgements


def test_a_missing_queries_file_is_named(make_corpus: MakeFolder) -> None:
    folder = make_corpus()
    (folder / "queries.jsonl").unlink()
    with pytest.raises(SearchappError, match=re.escape(f"{folder / 'queries.jsonl'} is missing")):
        _ = open_corpus(str(folder)).queries


def test_a_file_that_cannot_be_read_is_named(make_corpus: MakeFolder) -> None:
    folder = make_corpus()
    (folder / "corpus.jsonl").unlink()
    (folder / "corpus.jsonl").mkdir()
    with pytest.raises(SearchappError, match=re.escape(f"{folder / 'corpus.jsonl'} cannot be read")):
        read_documents(folder)


def test_a_folder_that_is_not_a_corpus_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SearchappError, match=re.escape(f"{tmp_path} is not a corpus.")) as caught:
        open_corpus(str(tmp_path))
    assert "A corpus is a BEIR folder with corpus.jsonl" in caught.value.hint


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SearchappError, match=r"There is no file or folder .*/nowhere"):
        open_corpus(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("name", ["nfcorpsu", "beir/nowhere/test", "beir/fiqa/exam"])
def test_an_unknown_name_is_an_error_that_lists_the_known_ones(name: str, working_folder: Path) -> None:
    with pytest.raises(SearchappError, match="There is no corpus") as caught:
        open_corpus(name)
    assert "sample, arguana" in caught.value.hint


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of 500 documents where SciFact is looked for."""
    path = tmp_path / "ir_datasets" / "beir" / "scifact" / "source.zip"
    path.parent.mkdir(parents=True)
    documents = [{"_id": str(number), "text": f"apple {number * 7919} pear"} for number in range(500)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("scifact/corpus.jsonl", jsonl(documents))
        opened.writestr("scifact/queries.jsonl", jsonl([{"_id": "q1", "text": "apple"}]))
        opened.writestr("scifact/qrels/test.tsv", "q1\t1\t1\n")
    return path


def test_a_truncated_archive_is_damaged(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:1000])
    with pytest.raises(SearchappError, match=re.escape(f"{archive} is damaged")):
        open_corpus("scifact")


def test_a_changed_byte_anywhere_in_an_archive_is_noticed(archive: Path) -> None:
    whole = archive.read_bytes()
    size = zipfile.ZipFile(archive).getinfo("scifact/corpus.jsonl").compress_size
    assert len(list(open_corpus("scifact").documents())) == 500
    for place in range(60, size, 100):  # the header of the first file takes 50 bytes
        archive.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with pytest.raises(SearchappError, match=re.escape(str(archive))):
            list(open_corpus("scifact").documents())


def test_an_error_in_an_archive_names_the_file_inside(archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("scifact/corpus.jsonl", GOOD + "[]\n")
        opened.writestr("scifact/qrels/test.tsv", "q1\td1\t1\n")
    corpus = open_corpus("scifact")
    with pytest.raises(SearchappError, match=re.escape(f"{archive}:scifact/corpus.jsonl, line 2: a list")):
        list(corpus.documents())
    with pytest.raises(SearchappError, match=re.escape(f"{archive}:scifact/queries.jsonl is missing")):
        _ = corpus.queries


def test_a_split_that_is_missing_from_the_archive_is_an_error(archive: Path) -> None:
    with pytest.raises(SearchappError, match="has no split 'dev'") as caught:
        open_corpus("beir/scifact/dev")
    assert caught.value.hint == "It has: test."

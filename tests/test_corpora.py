"""Corpora: what a name stands for, what a BEIR folder or archive says, and the bundled sample."""

import json
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from searchapp.corpora.lint import describe, lint
from searchapp.corpora.resolve import ALIASES, open_corpus
from searchapp.errors import SearchappError
from searchapp.files import slug
from searchapp.records import Document, Query
from tests.conftest import Cli, MakeFolder

RECORDS = [
    {"_id": "d1", "title": "Über", "text": "apple"},
    {"_id": 2, "title": None, "text": "pear"},
    {"_id": "d3", "text": "plum"},
]
DOCUMENTS = [Document("d1", "Über", "apple"), Document("2", "", "pear"), Document("d3", "", "plum")]


def write_archive(path: Path, folder: Path, inside: str) -> None:
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"{inside}/{file.relative_to(folder)}")


def write_documents(folder: Path) -> None:
    lines = [json.dumps(record, ensure_ascii=False) for record in RECORDS]
    (folder / "corpus.jsonl").write_text("\ufeff" + "\n\n".join(lines) + "\n   \n", "utf-8")


def test_a_folder_with_a_bom_empty_lines_integer_ids_and_no_titles_is_read(
    make_corpus: MakeFolder,
) -> None:
    folder = make_corpus()
    write_documents(folder)
    corpus = open_corpus(str(folder))
    assert list(corpus.documents()) == DOCUMENTS
    assert corpus.count() == 3
    assert corpus.queries == [Query("q1", "apple"), Query("q2", "plum")]
    assert corpus.judgements == {"q1": {"d1": 2, "d3": 1}, "q2": {"d2": 1}}


def test_an_archive_reads_like_its_folder(make_corpus: MakeFolder, tmp_path: Path) -> None:
    folder = make_corpus()
    write_documents(folder)
    write_archive(tmp_path / "ir_datasets" / "beir" / "scifact" / "source.zip", folder, "scifact")
    zipped, plain = open_corpus("scifact"), open_corpus(str(folder))
    assert list(zipped.documents()) == DOCUMENTS
    assert (zipped.queries, zipped.judgements) == (plain.queries, plain.judgements)
    assert zipped.documents_digest == plain.documents_digest
    assert zipped.documents_id == "scifact"


def test_the_split_follows_the_path(make_corpus: MakeFolder) -> None:
    folder = make_corpus()
    make_corpus(qrels=[("q2", "d1", 1)], split="dev")
    assert open_corpus(f"{folder}/dev").judgements == {"q2": {"d1": 1}}
    assert open_corpus(f"{folder}/dev").id == f"{folder}/dev"
    assert open_corpus(str(folder)).id == f"{folder}/test"


def test_all_splits_of_a_folder_share_their_documents(make_corpus: MakeFolder) -> None:
    folder = make_corpus()
    make_corpus(qrels=[("q2", "d1", 1)], split="dev")
    assert open_corpus(f"{folder}/dev").documents_id == open_corpus(str(folder)).documents_id


def test_folders_with_the_same_name_are_different_corpora(make_corpus: MakeFolder) -> None:
    one, other = make_corpus("one/corpus"), make_corpus("other/corpus")
    assert open_corpus(str(one)).documents_id != open_corpus(str(other)).documents_id


def test_a_single_split_need_not_be_named(make_corpus: MakeFolder) -> None:
    assert open_corpus(str(make_corpus(split="train"))).id.endswith("/corpus/train")


def test_one_of_several_splits_must_be_named_when_none_is_test(make_corpus: MakeFolder) -> None:
    folder = make_corpus(split="train")
    make_corpus(split="dev")
    with pytest.raises(SearchappError, match="has several splits") as caught:
        open_corpus(str(folder))
    assert caught.value.hint == "Name one as in CORPUS/dev. It has: dev, train."


def test_a_missing_split_is_an_error_that_lists_the_splits(make_corpus: MakeFolder) -> None:
    with pytest.raises(SearchappError, match="has no split 'dev'") as caught:
        open_corpus(f"{make_corpus()}/dev")
    assert caught.value.hint == "It has: test."


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param("query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td3\t0\n", id="with a header"),
        pytest.param("q1\td1\t2\nq1\td3\t0\n", id="without a header"),
        pytest.param("q1 0 d1 2\nq1 0 d3 0\n", id="as TREC writes them"),
        pytest.param("\ufeffquery-id\tcorpus-id\tscore\r\nq1\td1\t2\r\n\r\nq1\td3\t0\r\n", id="from Windows"),
        pytest.param("q1\td1\t2\nq1\td3\t0\nq1\td1\t2\n", id="with a line twice"),
    ],
)
def test_judgements_are_read(make_corpus: MakeFolder, lines: str) -> None:
    folder = make_corpus()
    (folder / "qrels" / "test.tsv").write_text(lines, "utf-8", newline="")
    assert open_corpus(str(folder)).judgements == {"q1": {"d1": 2, "d3": 0}}


def test_an_id_may_contain_a_space_in_tab_separated_files(make_corpus: MakeFolder) -> None:
    corpus = open_corpus(str(make_corpus(qrels=[("q1", "d 1", 2)])))
    assert corpus.judgements == {"q1": {"d 1": 2}}


def test_only_judged_queries_are_used(make_corpus: MakeFolder) -> None:
    folder = make_corpus(queries={"q9": "fig", "q1": "apple"}, qrels=[("q1", "d1", 1)])
    add_lines(folder, "queries.jsonl", '{"_id": "q9", "text": "plum"}')
    assert open_corpus(str(folder)).queries == [Query("q1", "apple")]


def test_queries_and_judgements_are_sorted_by_id(make_corpus: MakeFolder) -> None:
    qrels = [("q2", "d2", 1), ("q10", "d1", 1), ("q1", "d1", 1)]
    corpus = open_corpus(str(make_corpus(queries={"q2": "b", "q10": "c", "q1": "a"}, qrels=qrels)))
    assert [query.id for query in corpus.queries] == ["q1", "q10", "q2"]
    assert list(corpus.judgements) == ["q1", "q10", "q2"]


def digests(folder: Path) -> tuple[str, str, str]:
    corpus = open_corpus(str(folder))
    return corpus.documents_digest, corpus.queries_digest, corpus.judgements_digest


def test_digests_do_not_depend_on_the_order(make_corpus: MakeFolder) -> None:
    folder = make_corpus()
    before = digests(folder)
    for file in (folder / "corpus.jsonl", folder / "queries.jsonl", folder / "qrels" / "test.tsv"):
        header, *lines = file.read_text("utf-8").splitlines(keepends=True)
        kept = [header] if file.suffix == ".tsv" else []
        file.write_text("".join(kept + lines[::-1] + [header] * (not kept)), "utf-8")
    assert digests(folder) == before


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("corpus.jsonl", '"d2"', '"d4"', 0),
        ("corpus.jsonl", '"Red"', '"Rad"', 0),
        ("corpus.jsonl", "pear plum", "pear  plum", 0),
        ("corpus.jsonl", '"title": "Red", "text": "apple', '"title": "", "text": "Redapple', 0),
        ("queries.jsonl", '"apple"', '"apples"', 1),
        ("qrels/test.tsv", "q1\td3\t1", "q1\td3\t0", 2),
        ("qrels/test.tsv", "q1\td3\t1", "q1\td2\t1", 2),
    ],
)
def test_a_digest_changes_with_an_id_a_text_and_a_grade(
    make_corpus: MakeFolder, file: str, old: str, new: str, changed: int
) -> None:
    folder = make_corpus()
    before = digests(folder)
    content = (folder / file).read_text("utf-8")
    assert content.count(old) == 1
    (folder / file).write_text(content.replace(old, new), "utf-8")
    differs = [one != other for one, other in zip(before, digests(folder), strict=True)]
    assert differs == [part == changed for part in range(3)]


def test_an_alias_stands_for_the_split_whose_scores_are_published(
    make_corpus: MakeFolder, tmp_path: Path
) -> None:
    folder = make_corpus()
    make_corpus(split="dev")
    write_archive(tmp_path / "ir_datasets" / "beir" / "nfcorpus" / "source.zip", folder, "nfcorpus")
    assert ALIASES["nfcorpus"] == "beir/nfcorpus/test"
    assert open_corpus("nfcorpus").id == "beir/nfcorpus/test"
    assert open_corpus("beir/nfcorpus").id == "beir/nfcorpus/test"
    assert open_corpus("beir/nfcorpus/dev").id == "beir/nfcorpus/dev"


def test_a_corpus_slug_stays_in_its_folder() -> None:
    assert slug("../../etc") == "etc"


def test_a_missing_corpus_is_explained_in_three_lines(cli: Cli, tmp_path: Path) -> None:
    result = cli("eval", "fiqa")
    lines = result.stderr.splitlines()
    assert result.exit_code == 1
    assert len(lines) == 3
    assert str(tmp_path / "ir_datasets" / "beir" / "fiqa" / "source.zip") in lines[0]
    assert "https://public.ukp.informatik.tu-darmstadt.de/thakur/BEIR/datasets/fiqa.zip" in lines[1]
    assert "searchapp eval sample" in lines[2]


def add_lines(folder: Path, name: str, *lines: str) -> Path:
    with (folder / name).open("a", encoding="utf-8") as stream:
        stream.write("".join(f"{line}\n" for line in lines))
    return folder


def rewrite(folder: Path, name: str, content: str | None) -> Path:
    """Write other content to a file of a corpus; None removes the file."""
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_text(content, "utf-8")
    return folder


AGAIN = '{"_id": "d1", "text": "grape"}'
FAULTS: dict[str, Callable[[MakeFolder], Path]] = {
    "duplicate-document-ids": lambda make: add_lines(make(), "corpus.jsonl", AGAIN),
    "duplicate-query-ids": lambda make: add_lines(make(), "queries.jsonl", AGAIN.replace("d1", "q1")),
    "dangling-judgements": lambda make: make(qrels=[("q1", "d9", 1), ("q1", "d1", 1), ("q2", "d2", 1)]),
    "dangling-queries": lambda make: make(qrels=[("q9", "d1", 1), ("q1", "d1", 1), ("q2", "d2", 1)]),
    "empty-queries": lambda make: make(queries={"q1": "apple", "q2": " "}),
    "nothing-relevant": lambda make: make(qrels=[("q1", "d1", 0), ("q2", "d2", -1)]),
    "no-judgements": lambda make: make(qrels=[]),
    "no-documents": lambda make: rewrite(make(), "corpus.jsonl", ""),
    "no-text": lambda make: make(documents={"d1": "", "d2": " ", "d3": ""}),
    "unreadable-documents": lambda make: add_lines(make(), "corpus.jsonl", "oops"),
    "unreadable-queries": lambda make: rewrite(make(), "queries.jsonl", None),
    "unreadable-judgements": lambda make: add_lines(make(), "qrels/test.tsv", "q1\td2"),
}
"""Fault -> how it is made; `eval` refuses each of them, apart from `no-text`, of which it warns."""
REMARKS: dict[str, Callable[[MakeFolder], Path]] = {
    "duplicate-documents": lambda make: make(documents={"d1": ("a", "b"), "d2": "a b", "d3": "c"}),
    "empty-documents": lambda make: make(documents={"d1": "a", "d2": (" ", ""), "d3": "c"}),
    "duplicate-unjudged-queries": lambda make: add_lines(
        make(), "queries.jsonl", *[AGAIN.replace("d1", "q9")] * 2
    ),
    "queries-without-relevant": lambda make: make(qrels=[("q1", "d1", 0), ("q2", "d2", 1)]),
    "document-ids-with-spaces": lambda make: make(
        documents={"d 1": "a", "d2": "b"}, qrels=[("q1", "d 1", 1), ("q2", "d2", 1)]
    ),
    "query-ids-with-spaces": lambda make: make(queries={"q 1": "apple"}, qrels=[("q 1", "d1", 1)]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_eval_refuses_is_a_fault_of_the_corpus(cli: Cli, make_corpus: MakeFolder, name: str) -> None:
    folder = str(FAULTS[name](make_corpus))
    checked = cli("corpora", folder, "--json")
    found = json.loads(checked.stdout)
    assert checked.exit_code == 3
    assert not found["healthy"]
    extra = ["dangling-judgements"] if name == "no-documents" else []
    assert [(finding["name"], finding["fault"]) for finding in found["findings"]] == [
        (fault, True) for fault in [name, *extra]
    ]
    text = cli("corpora", folder)
    assert text.exit_code == 3
    assert text.stderr == ""
    head, _, faults = text.stdout.partition("Faults: scores on this corpus are impossible or wrong.\n")
    assert f"{name}: " in faults
    assert "location" in head
    for mode in ("dense", "bm25"):
        assert cli("eval", folder, "--mode", mode).exit_code == (
            0 if (name, mode) == ("no-text", "dense") else 1
        )


@pytest.mark.parametrize("name", REMARKS)
def test_a_remark_is_no_fault(cli: Cli, make_corpus: MakeFolder, name: str) -> None:
    folder = str(REMARKS[name](make_corpus))
    checked = cli("corpora", folder, "--json")
    found = json.loads(checked.stdout)
    assert checked.exit_code == 0
    assert found["healthy"]
    assert [(finding["name"], finding["fault"]) for finding in found["findings"]] == [(name, False)]
    assert f"Remarks, not faults by themselves:\n{name}: " in cli("corpora", folder).stdout
    rows = cli("corpora", folder, "--format", "csv").stdout
    assert f"remark,{name}: " in rows.replace('"', "")
    assert cli("eval", folder).exit_code == 0


def test_every_unreadable_file_is_named(cli: Cli, make_corpus: MakeFolder) -> None:
    folder = make_corpus()
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        add_lines(folder, name, "oops")
    result = cli("corpora", str(folder))
    assert result.exit_code == 3
    for where in ("corpus.jsonl, line 4", "queries.jsonl, line 3", "qrels/test.tsv, line 5"):
        assert f"{folder}/{where}: " in result.stdout


@pytest.mark.parametrize(
    ("documents", "qrels", "hint"),
    [
        (("d1", "d2"), [("q1", "D1", 1), ("q2", "D2", 1)], "They fit when case is ignored: 'D1' is 'd1'"),
        (("d1", "d2"), [("Q1", "d1", 1), ("Q2", "d2", 1)], "They fit when case is ignored: 'Q1' is 'q1'"),
        ((" d1", "d2 "), [("q1", "d1", 1), ("q2", "d2", 1)], "They fit without the white space around them"),
        (("001", "002"), [("q1", "1", 1), ("q2", "2", 1)], "They fit with '00' in front: '1' is '001'"),
    ],
)  # fmt: skip
def test_ids_that_are_written_differently_are_told(
    cli: Cli,
    make_corpus: MakeFolder,
    documents: tuple[str, ...],
    qrels: list[tuple[str, str, int]],
    hint: str,
) -> None:
    folder = make_corpus(documents=dict.fromkeys(documents, "a"), qrels=qrels)
    result = cli("corpora", str(folder))
    assert result.exit_code == 3
    assert hint in result.stdout


def test_a_single_unknown_id_is_not_explained_by_chance(cli: Cli, make_corpus: MakeFolder) -> None:
    folder = make_corpus(qrels=[("q1", "1", 1), ("q1", "d1", 1), ("q2", "d2", 1)])
    assert "They fit" not in cli("corpora", str(folder)).stdout


def test_bm25_and_runs_refuse_what_an_index_refuses(
    cli: Cli, make_corpus: MakeFolder, tmp_path: Path
) -> None:
    folder = add_lines(make_corpus(), "corpus.jsonl", AGAIN)
    (tmp_path / "some.trec").write_text("q1 Q0 d1 1 1.0 x\n")
    for how in ([], ["--mode", "bm25"], ["--run", str(tmp_path / "some.trec")]):
        result = cli("eval", str(folder), *how)
        assert result.exit_code == 1
        assert "Duplicate document id 'd1'" in result.stderr


def test_lint_is_silent_on_a_healthy_corpus(make_corpus: MakeFolder) -> None:
    assert lint(open_corpus(str(make_corpus()))) == []


def test_a_description_counts_documents_characters_and_grades(make_corpus: MakeFolder) -> None:
    facts, findings = describe(open_corpus(str(make_corpus())))
    # By hand: "Red apple pear" 14, "pear plum" 9, "fig apple apple" 15.
    assert (facts["documents"], facts["characters"], facts["judged queries"]) == (3, 38, 2)
    assert facts["judgements"] == {"1": 2, "2": 1}
    assert findings == []


def test_the_sample_is_small_and_judged_in_grades() -> None:
    corpus = open_corpus("sample")
    documents = list(corpus.documents())
    grades = Counter(grade for row in corpus.judgements.values() for grade in row.values())
    # The counts stand in the README of the sample.
    assert (len(documents), len(corpus.queries)) == (150, 40)
    assert grades == {0: 114, 1: 21, 2: 46}


def test_the_sample_has_one_pair_of_duplicates_one_empty_title_and_other_scripts() -> None:
    documents = list(open_corpus("sample").documents())
    texts = Counter((document.title, document.text) for document in documents)
    assert sorted(texts.values()) == [1] * 148 + [2]
    assert [document.id for document in documents if not document.title] == ["d138"]
    assert not all(document.text.isascii() for document in documents)


def test_lint_finds_only_the_duplicate_in_the_sample() -> None:
    assert [finding.name for finding in lint(open_corpus("sample"))] == ["duplicate-documents"]


@pytest.fixture
def nfcorpus(make_corpus: MakeFolder, tmp_path: Path) -> Path:
    """Return an archive with two splits where NFCorpus is looked for."""
    folder = make_corpus()
    make_corpus(qrels=[("q2", "d1", 1)], split="dev")
    archive = tmp_path / "ir_datasets" / "beir" / "nfcorpus" / "source.zip"
    write_archive(archive, folder, "nfcorpus")
    return archive


def test_a_split_may_follow_a_short_name(nfcorpus: Path) -> None:
    corpus = open_corpus("nfcorpus/dev")
    assert (corpus.name, corpus.id, corpus.split) == ("nfcorpus/dev", "beir/nfcorpus/dev", "dev")
    assert corpus.judgements == {"q2": {"d1": 1}}
    assert (corpus.documents_id, corpus.base_id) == ("nfcorpus", "beir/nfcorpus")
    assert open_corpus("sample/test").id == "sample"


def test_a_corpus_gives_its_other_splits(nfcorpus: Path) -> None:
    test = open_corpus("nfcorpus")
    dev = test.with_split("dev")
    assert test.splits() == dev.splits() == ["dev", "test"]
    assert (dev.name, dev.id, dev.split) == ("beir/nfcorpus/dev", "beir/nfcorpus/dev", "dev")
    assert (test.slug, dev.slug) == ("nfcorpus.test", "nfcorpus.dev")
    assert test.with_split("test") is test
    with pytest.raises(SearchappError, match="has no split 'train'"):
        test.with_split("train")


def test_the_splits_of_ir_datasets_are_those_of_its_catalogue() -> None:
    corpus = open_corpus("antique/train")
    assert (corpus.split, corpus.base_id, corpus.documents_id) == ("train", "antique", "antique")
    assert {"test", "train"} <= set(corpus.splits())
    assert corpus.with_split("test").id == "antique/test"
    with pytest.raises(SearchappError, match="antique has no split 'tset'") as caught:
        corpus.with_split("tset")
    assert "Did you mean 'test'?" in caught.value.hint
    assert open_corpus("vaswani").split is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("nfcorpsu", "nfcorpus"),
        ("nfcorpsu/dev", "nfcorpus/dev"),
        ("scifact/tain", "scifact/train"),
        ("beir/nfcorpsu", "beir/nfcorpus"),
        ("antique/tain", "antique/train"),
        ("smaple", "sample"),
    ],
)
def test_a_mistyped_name_suggests_the_nearest_known_one(typed: str, meant: str, working_folder: Path) -> None:
    with pytest.raises(SearchappError, match="There is no corpus") as caught:
        open_corpus(typed)
    assert caught.value.hint.startswith(f"Did you mean '{meant}'? ")

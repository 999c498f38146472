"""Indexes that are damaged, stale or built from something else: each error names the difference."""

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.options import Options
from searchapp.errors import SearchappError
from searchapp.index.build import build_index
from searchapp.index.index import open_index
from searchapp.index.layout import find_indexes, match_indexes, remove_index
from searchapp.index.manifest import damaged_files, read_manifest
from tests.conftest import TABLE, Cli, MakeFolder

DATA_FILES = ("index.faiss", "vectors.npy", "docs.sqlite")


@pytest.fixture
def corpus(make_corpus: MakeFolder) -> Path:
    """Three documents."""
    return make_corpus()


@pytest.fixture
def model(make_model: MakeFolder) -> Path:
    """The model of six words."""
    return make_model()


def build(corpus: Path | str, model: Path, options: Options | None = None, *, fresh: bool = False) -> Path:
    return build_index(open_corpus(str(corpus)), load_encoder(str(model), options), fresh=fresh).folder


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(content)


@pytest.mark.parametrize("name", DATA_FILES)
@pytest.mark.parametrize("length", [0, 50, -1])
def test_a_truncated_file_is_named(corpus: Path, model: Path, name: str, length: int) -> None:
    folder = build(corpus, model)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:length])
    problem = f"is damaged: {name} has {len(content[:length])} bytes, not {len(content)}."
    with pytest.raises(SearchappError, match=re.escape(problem)) as caught:
        open_index(folder)
    assert caught.value.hint.endswith(f"searchapp indexes --remove {folder}")


@pytest.mark.parametrize("name", DATA_FILES)
def test_a_missing_file_is_named(corpus: Path, model: Path, name: str) -> None:
    folder = build(corpus, model)
    (folder / name).unlink()
    with pytest.raises(SearchappError, match=f"has no {name}"):
        open_index(folder)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not valid JSON"),
        (b"{", "is not valid JSON"),
        (b"\xff", "is not valid JSON"),
        (b"[]", "does not hold a JSON object"),
        (b"{}", "was written by another version of searchapp"),
        (b'{"schema": "searchapp/index/0"}', "was written by another version of searchapp"),
    ],
)
def test_a_damaged_manifest_is_an_error(corpus: Path, model: Path, content: bytes, problem: str) -> None:
    folder = build(corpus, model)
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(SearchappError, match=re.escape(f"{folder / 'manifest.json'} {problem}")):
        open_index(folder)


@pytest.mark.parametrize("change", [{"recipe": {}}, {"files": {"vectors.npy": 5}}, {"n_docs": 4}])
def test_a_manifest_that_does_not_fit_is_an_error(
    corpus: Path, model: Path, change: dict[str, object]
) -> None:
    file = build(corpus, model) / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(SearchappError, match=r"is damaged|is inconsistent"):
        open_index(file.parent)


def test_a_missing_manifest_is_an_error(corpus: Path, model: Path) -> None:
    folder = build(corpus, model)
    (folder / "manifest.json").unlink()
    with pytest.raises(SearchappError, match="cannot be read"):
        open_index(folder)


@pytest.mark.parametrize("name", DATA_FILES)
def test_a_changed_byte_is_detected_anywhere(corpus: Path, model: Path, name: str) -> None:
    folder = build(corpus, model)
    manifest = read_manifest(folder)
    assert damaged_files(folder, manifest) == []
    size = (folder / name).stat().st_size
    for place in {0, size // 2, size - 1}:
        flip(folder / name, place)
        assert damaged_files(folder, manifest) == [name]
        flip(folder / name, place)


@pytest.mark.parametrize("name", DATA_FILES)
def test_a_file_with_other_contents_is_an_error(corpus: Path, model: Path, name: str) -> None:
    folder = build(corpus, model)
    flip(folder / name, 0)
    with pytest.raises(SearchappError, match=re.escape(name)):
        open_index(folder).all_ids()


def test_a_damaged_index_is_replaced_by_a_fresh_one(corpus: Path, model: Path) -> None:
    folder = build(corpus, model)
    (folder / "vectors.npy").unlink()
    with pytest.raises(SearchappError, match="has no vectors"):
        build(corpus, model)
    assert open_index(build(corpus, model, fresh=True)).all_ids() == ["d1", "d2", "d3"]


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"table": TABLE * 2}, "model_digest"),
        ({"words": ("[UNK]", "apple", "pear", "plum", "fig", "green")}, "tokenizer_digest"),
        ({"config": {"max_length": 3}}, "max_length 512 (index) is now 3"),
        ({"table": TABLE[:, :3]}, "dimension 4 (index) is now 3"),
    ],
)
def test_an_index_of_a_changed_model_is_refused(
    corpus: Path, make_model: MakeFolder, change: dict[str, object], difference: str
) -> None:
    model = make_model()
    build(corpus, model)
    make_model(**change)
    with pytest.raises(SearchappError, match=re.escape(difference)) as caught:
        build(corpus, model)
    assert caught.value.hint == f"Rebuild it: searchapp index {corpus} -m {model} --fresh"


def test_an_index_is_refused_for_another_recipe(corpus: Path, model: Path) -> None:
    index = open_index(build(corpus, model))
    wanted = load_encoder(str(model), Options(normalize=False, template="{text}")).recipe
    differences = "normalize True (index) is now False; template '{title} {text}' (index) is now '{text}'"
    with pytest.raises(SearchappError, match=re.escape(differences)):
        index.check_recipe(wanted)


@pytest.mark.parametrize(("old", "new"), [("plum", "figs"), ('"d2"', '"d4"'), ('"Red"', '""')])
def test_an_index_of_changed_documents_is_refused(corpus: Path, model: Path, old: str, new: str) -> None:
    built = open_corpus(str(corpus)).documents_digest
    build(corpus, model)
    file = corpus / "corpus.jsonl"
    file.write_text(file.read_text().replace(old, new))
    os.utime(file, ns=(1, 1))
    now = open_corpus(str(corpus)).documents_digest
    with pytest.raises(SearchappError, match=f"digest {built[:12]} .* is now {now[:12]}") as caught:
        build(corpus, model)
    assert caught.value.hint == f"Rebuild it: searchapp index {corpus} -m {model} --fresh"


def test_an_index_of_another_corpus_is_refused(corpus: Path, model: Path) -> None:
    index = open_index(build(corpus, model))
    with pytest.raises(SearchappError, match="The documents of sample have changed"):
        index.check_corpus(open_corpus("sample"))


def test_a_corpus_that_was_only_touched_or_reordered_is_unchanged(corpus: Path, model: Path) -> None:
    folder = build(corpus, model)
    file = corpus / "corpus.jsonl"
    file.write_text("".join(reversed(file.read_text().splitlines(keepends=True))))
    os.utime(file, ns=(1, 1))
    assert build(corpus, model) == folder


@pytest.mark.parametrize(
    "options", [[], ["--max-length", "2"], ["--no-normalize"], ["--query-prompt", "q: "]]
)
def test_the_command_in_the_message_fixes_the_index(
    corpus: Path, make_model: MakeFolder, cli: Cli, options: list[str]
) -> None:
    command = ["index", str(corpus), "-m", str(make_model()), *options]
    cli(*command)
    make_model(table=TABLE * 2)
    failed = cli(*command)
    assert failed.exit_code == 1
    hint = next(line for line in failed.stderr.splitlines() if "--fresh" in line)
    assert cli(*shlex.split(hint.split("searchapp ")[1])).exit_code == 0
    assert cli(*command).exit_code == 0


@pytest.mark.parametrize("name", ["sample", "sample/wordllama", "sample/wordllama/flat"])
def test_a_name_matches_an_index(name: str, cli: Cli) -> None:
    cli("index", "sample")
    assert match_indexes([name]) == find_indexes()
    assert match_indexes([str(find_indexes()[0])]) == find_indexes()


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "/",
        "../..",
        "sample/..",
        "sample/../..",
        "sample/wordllama/flat/..",
        "~",
        "*",
        "sam",
        "wordllama",
    ],
)
def test_no_other_name_matches_an_index(
    name: str, cli: Cli, working_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("index", "sample")
    with pytest.raises(SearchappError, match="There is no index"):
        match_indexes([name])
    monkeypatch.setenv("SEARCHAPP_INDEXES", "../indexes")
    with pytest.raises(SearchappError, match="There is no index"):
        match_indexes([name])


def test_an_index_outside_the_folder_is_never_matched(
    corpus: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = build(corpus, model)
    monkeypatch.setenv("SEARCHAPP_INDEXES", str(tmp_path / "inside"))
    (tmp_path / "inside" / "linked").mkdir(parents=True)
    (tmp_path / "inside" / "linked" / "model").symlink_to(outside.parent)
    for name in (str(outside), "linked", "linked/model", str(tmp_path / "indexes")):
        with pytest.raises(SearchappError, match="There is no index"):
            match_indexes([name])


def test_removing_an_index_leaves_nothing_of_it_and_all_of_the_others(corpus: Path, model: Path) -> None:
    kept, removed = build("sample", model), build(corpus, model)
    (removed.parent / ".flat.part").mkdir()
    remove_index(removed)
    assert find_indexes() == [kept]
    assert not removed.parent.parent.exists()
    assert open_index(kept).manifest.n_docs == 150


def test_removing_the_last_index_leaves_the_folder_of_indexes(
    corpus: Path, model: Path, tmp_path: Path
) -> None:
    remove_index(build(corpus, model))
    assert list((tmp_path / "indexes").iterdir()) == []
    assert corpus.is_dir()

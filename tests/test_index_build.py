"""Builds that are interrupted: the old index answers, and the next build resumes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.options import Options
from searchapp.index.build import build_index
from searchapp.index.index import open_index
from searchapp.index.layout import find_indexes, index_folder, part_folder
from searchapp.records import Document
from tests.conftest import MakeFolder, as_queries, jsonl

DOCUMENTS = {f"d{number}": "apple " * number + "pear plum" for number in range(10)}
REST = [f"d{number}" for number in range(4, 10)]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encode two documents at a time and save each batch."""
    monkeypatch.setattr("searchapp.encoders.static_encoder.StaticEncoder.batch", 2)
    monkeypatch.setattr("searchapp.index.checkpoint.CHECKPOINT_SECONDS", 0)


@pytest.fixture
def corpus(make_corpus: MakeFolder) -> Corpus:
    """Ten documents with ten different vectors."""
    return open_corpus(str(make_corpus(documents=DOCUMENTS)))


@pytest.fixture
def model(make_model: MakeFolder) -> Path:
    """The model of six words."""
    return make_model()


def watch(encoder: Encoder, batches: int | None = None) -> list[str]:
    """Return the list to which the ids of encoded documents go; interrupt after so many batches."""
    seen: list[str] = []
    encode = encoder.encode_documents

    def watched(documents: Sequence[Document]) -> NDArray[np.float32]:
        if batches is not None and len(seen) >= 2 * batches:
            raise KeyboardInterrupt
        seen.extend(document.id for document in documents)
        return encode(documents)

    encoder.encode_documents = watched  # type: ignore[method-assign]
    return seen


def interrupt(corpus: Corpus, model: Path, *, fresh: bool = False) -> None:
    """Build until four documents are saved."""
    encoder = load_encoder(str(model))
    watch(encoder, batches=2)
    with pytest.raises(KeyboardInterrupt):
        build_index(corpus, encoder, fresh=fresh)


def resume(corpus: Corpus, model: Path) -> tuple[list[str], Path]:
    """Build to the end; return the ids that were encoded, and the index."""
    encoder = load_encoder(str(model))
    seen = watch(encoder)
    return seen, build_index(corpus, encoder).folder


def uninterrupted(corpus: Corpus, model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("SEARCHAPP_INDEXES", str(tmp_path / "elsewhere"))
        return build_index(corpus, load_encoder(str(model))).folder


def assert_same_index(one: Path, other: Path) -> None:
    for name in ("vectors.npy", "index.faiss"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    first, second = open_index(one), open_index(other)
    assert first.documents(first.all_ids()) == second.documents(second.all_ids())
    for name in ("n_docs", "n_zero", "max_norm", "documents_digest", "recipe"):
        assert getattr(first.manifest, name) == getattr(second.manifest, name)


def test_a_build_resumes_where_it_was_interrupted(
    corpus: Corpus, model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    interrupt(corpus, model)
    assert find_indexes() == []
    seen, folder = resume(corpus, model)
    assert seen == REST
    assert_same_index(folder, uninterrupted(corpus, model, monkeypatch, tmp_path))
    assert not part_folder(folder).exists()


@pytest.mark.parametrize("step", ["checkpoint.os.fsync", "documents.DocumentWriter.commit"])
def test_a_build_that_dies_within_a_checkpoint_loses_nothing(
    corpus: Corpus, model: Path, step: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The state must be saved after the vectors and the documents it counts, or rows would go missing.
    interrupt(corpus, model)
    with monkeypatch.context() as dying:
        dying.setattr(f"searchapp.index.{step}", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            build_index(corpus, load_encoder(str(model)))
    seen, folder = resume(corpus, model)
    assert seen == REST
    assert_same_index(folder, uninterrupted(corpus, model, monkeypatch, tmp_path))


def test_a_build_may_be_interrupted_more_than_once(corpus: Corpus, model: Path) -> None:
    interrupt(corpus, model)
    interrupt(corpus, model)
    seen, _ = resume(corpus, model)
    assert seen == ["d8", "d9"]


def test_what_was_done_after_the_last_checkpoint_is_done_again(
    corpus: Corpus, model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stop_checkpoints(rows: int) -> None:
        if rows == 4:
            monkeypatch.setattr("searchapp.index.checkpoint.CHECKPOINT_SECONDS", 1e9)

    encoder = load_encoder(str(model))
    watch(encoder, batches=4)
    with pytest.raises(KeyboardInterrupt):
        build_index(corpus, encoder, progress=stop_checkpoints)
    seen, folder = resume(corpus, model)
    assert seen == REST
    assert_same_index(folder, uninterrupted(corpus, model, monkeypatch, tmp_path))


def test_an_interrupted_build_says_what_is_saved(
    corpus: Corpus, model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    interrupt(corpus, model)
    assert "4 documents are saved; run the same command again to resume." in caplog.messages


def test_the_old_index_answers_while_a_new_one_is_unfinished(corpus: Corpus, model: Path) -> None:
    encoder = load_encoder(str(model))
    old = build_index(corpus, encoder)
    created = old.manifest.created
    interrupt(corpus, model, fresh=True)
    reopened = open_index(old.folder)
    assert reopened.manifest.created == created
    assert reopened.search(encoder.encode_queries(as_queries(["pear"])), 1)[0].document_ids == ["d0"]


def test_fresh_encodes_everything_again(corpus: Corpus, model: Path) -> None:
    interrupt(corpus, model)
    encoder = load_encoder(str(model))
    seen = watch(encoder)
    first = build_index(corpus, encoder, fresh=True)
    second = build_index(corpus, encoder, fresh=True)
    assert seen == [*DOCUMENTS, *DOCUMENTS]
    assert second.manifest.created > first.manifest.created


def test_an_unfinished_build_of_other_documents_is_discarded(
    corpus: Corpus, model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    interrupt(corpus, model)
    file = Path(corpus.location) / "corpus.jsonl"
    file.write_text(file.read_text().replace('"apple pear plum"', '"fig"'))
    seen, folder = resume(corpus, model)
    assert seen == list(DOCUMENTS)
    assert_same_index(folder, uninterrupted(corpus, model, monkeypatch, tmp_path))


def test_an_unfinished_build_of_a_corpus_that_only_grew_is_resumed(corpus: Corpus, model: Path) -> None:
    interrupt(corpus, model)
    with (Path(corpus.location) / "corpus.jsonl").open("a") as stream:
        stream.write(jsonl([{"_id": "d10", "text": "fig"}]))
    seen, folder = resume(corpus, model)
    assert seen == [*REST, "d10"]
    assert open_index(folder).all_ids() == [*DOCUMENTS, "d10"]


def test_an_unfinished_build_with_another_recipe_is_discarded(
    corpus: Corpus, model: Path, make_model: MakeFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    interrupt(corpus, model)
    make_model(config={"max_length": 3})
    seen, folder = resume(corpus, model)
    assert seen == list(DOCUMENTS)
    assert_same_index(folder, uninterrupted(corpus, model, monkeypatch, tmp_path))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"rows": 4}', b"\xff"])
def test_an_unfinished_build_with_damaged_progress_is_discarded(
    corpus: Corpus, model: Path, content: bytes
) -> None:
    interrupt(corpus, model)
    (unfinished(corpus, model) / "progress.json").write_bytes(content)
    seen, folder = resume(corpus, model)
    assert seen == list(DOCUMENTS)
    assert open_index(folder).manifest.n_docs == 10


@pytest.mark.parametrize("name", ["vectors.npy", "docs.sqlite"])
def test_an_unfinished_build_that_lost_a_file_is_discarded(
    corpus: Corpus, model: Path, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    interrupt(corpus, model)
    (unfinished(corpus, model) / name).unlink()
    seen, folder = resume(corpus, model)
    assert seen == list(DOCUMENTS)
    assert_same_index(folder, uninterrupted(corpus, model, monkeypatch, tmp_path))


def test_an_unfinished_build_that_is_complete_needs_no_encoding(
    corpus: Corpus, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("searchapp.index.build.data_files", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            build_index(corpus, load_encoder(str(model)))
    seen, folder = resume(corpus, model)
    assert seen == []
    assert open_index(folder).manifest.n_docs == 10


def unfinished(corpus: Corpus, model: Path) -> Path:
    return part_folder(index_folder(corpus, str(model), Options()))


def _interrupted(*_arguments: object) -> None:
    raise KeyboardInterrupt

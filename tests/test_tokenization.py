"""Token ids and vectors of every kind of tokenizer, held against `tokenizers` and model2vec themselves."""

import importlib.util
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.fast_tokenizers import choose_tokenizer
from searchapp.encoders.model_files import find_model
from searchapp.encoders.options import Options
from searchapp.encoders.tokenization import Gigatoken, ReferenceTokenizer, Tokens, Tokie
from searchapp.errors import SearchappError
from searchapp.records import Query
from searchapp.retrieval.queries import check_queries
from tests.conftest import MakeFolder, as_queries
from tests.trained import (
    FASTEST,
    LONG,
    SAMPLE,
    SHORT,
    TEXTS,
    TRAIN,
    assert_same,
    digest,
    facts_of,
    ids_by_tokenizers,
    lists,
    save_model,
)

pytestmark = pytest.mark.usefixtures("tokenizer_cache")
GIGATOKEN = ("byte-level", "sentence-piece")
TOKIE = ("uncased", "cased")  # it gets "\t's" of byte-level BPE wrong, and the proof says so
FAST = [
    *(pytest.param(Gigatoken, kind, id=f"gigatoken, {kind}") for kind in GIGATOKEN),
    *(pytest.param(Tokie, kind, id=f"tokie, {kind}") for kind in TOKIE),
]


def expected_library(kind: str) -> str:
    library = FASTEST.get(kind, "tokenizers")
    return library if importlib.util.find_spec(library) else "tokenizers"


@pytest.mark.parametrize("max_length", [None, 8, 512])
@pytest.mark.parametrize("kind", TRAIN)
def test_vectors_of_every_kind_equal_those_of_model2vec(
    trained_models: dict[str, Path], kind: str, max_length: int | None
) -> None:
    from model2vec import StaticModel

    options = Options(normalize=False, max_length=max_length)
    encoder = load_encoder(str(trained_models[kind]), options, sample=SAMPLE[:64])
    theirs = StaticModel.from_pretrained(trained_models[kind]).encode(list(TEXTS), max_length=max_length)
    assert theirs.dtype == np.float32
    assert facts_of(encoder).tokenizer == expected_library(kind)
    np.testing.assert_array_equal(encoder.encode_queries(as_queries(TEXTS)), theirs)
    alone = [encoder.encode_queries(as_queries([text]))[0] for text in TEXTS[:20]]
    np.testing.assert_array_equal(alone, theirs[:20])


@pytest.mark.parametrize("kind", TRAIN)
def test_ids_of_every_kind_equal_those_of_tokenizers(trained_models: dict[str, Path], kind: str) -> None:
    path = trained_models[kind] / "tokenizer.json"
    chosen, _ = choose_tokenizer(path, ReferenceTokenizer(path), digest(path), SAMPLE[:64])
    assert chosen.library == expected_library(kind)
    expected = ids_by_tokenizers(path, SHORT)
    assert lists(chosen(SHORT)) == expected
    assert lists(ReferenceTokenizer(path)(SHORT)) == expected


@pytest.mark.parametrize("kind", ["uncased", "words"])
def test_a_text_of_unknown_tokens_is_zero_in_every_kind(trained_models: dict[str, Path], kind: str) -> None:
    encoder = load_encoder(str(trained_models[kind]), Options(normalize=False))
    vectors = encoder.encode_queries(as_queries(["", " \t\n", "天 天", "moon"]))
    assert not vectors[:3].any()
    assert vectors[3].any()


@pytest.mark.parametrize(
    ("name", "saved"),
    [("uncased", Tokie), ("byte-level", Gigatoken), ("words", ReferenceTokenizer)],
)
def test_saved_truncation_and_padding_are_ignored(tmp_path: Path, name: str, saved: Any) -> None:
    if saved is not ReferenceTokenizer:
        pytest.importorskip(saved.library)
    path = tmp_path / "limited.json"
    tokenizer = TRAIN[name](SAMPLE, 2000)
    texts = [SAMPLE[0], "moon", ""]
    expected = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=5)
    tokenizer.save(str(path))
    assert lists(saved(path)(texts)) == expected


@pytest.mark.parametrize(("fast", "kind"), FAST)
def test_a_fast_tokenizer_gives_the_ids_of_the_reference(
    trained_models: dict[str, Path], fast: Any, kind: str
) -> None:
    pytest.importorskip(fast.library)
    path = trained_models[kind] / "tokenizer.json"
    expected = ReferenceTokenizer(path)(SHORT)
    tokenize = fast(path)
    assert_same(tokenize(SHORT), expected)
    assert [tokenize([text]).ids.tolist() for text in SHORT] == lists(expected)
    assert lists(tokenize(SHORT[::-1])) == lists(expected)[::-1]


URL = "https://example.org/a-b_c?d=e&f=g"


@pytest.mark.parametrize("text", [*LONG, URL * 2_000, "12345678" * 9_000], ids=lambda text: text[:12])
@pytest.mark.parametrize(("fast", "kind"), FAST)
def test_a_fast_tokenizer_splits_a_long_text_like_the_reference(
    trained_models: dict[str, Path], fast: Any, kind: str, text: str
) -> None:
    pytest.importorskip(fast.library)
    path = trained_models[kind] / "tokenizer.json"
    np.testing.assert_array_equal(fast(path)([text]).ids, ReferenceTokenizer(path)([text]).ids)


@pytest.mark.parametrize(("fast", "kind"), FAST)
def test_no_texts_have_no_ids(trained_models: dict[str, Path], fast: Any, kind: str) -> None:
    pytest.importorskip(fast.library)
    for tokens in (
        fast(trained_models[kind] / "tokenizer.json")([]),
        ReferenceTokenizer(trained_models[kind] / "tokenizer.json")([]),
    ):
        assert (tokens.ids.tolist(), tokens.offsets.tolist()) == ([], [0])


@pytest.mark.parametrize("kind", TOKIE)
@pytest.mark.parametrize("order", list(itertools.permutations(["the moon", "لغة العربية", "", "中文 honey"])))
def test_texts_that_go_to_the_reference_keep_their_rows(
    trained_models: dict[str, Path], kind: str, order: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tokie")
    path = trained_models[kind] / "tokenizer.json"
    left: list[str] = []
    call = ReferenceTokenizer.__call__

    def watched(self: ReferenceTokenizer, texts: Any) -> Tokens:
        left.extend(texts)
        return call(self, texts)

    monkeypatch.setattr(ReferenceTokenizer, "__call__", watched)
    assert lists(Tokie(path)(order)) == ids_by_tokenizers(path, order)
    assert left == [text for text in order if not text.isascii()]


@pytest.mark.parametrize("kind", TOKIE)
def test_a_saved_tokie_gives_the_same_ids_when_reopened(
    trained_models: dict[str, Path], kind: str, tmp_path: Path
) -> None:
    pytest.importorskip("tokie")
    path, saved = trained_models[kind] / "tokenizer.json", tmp_path / "kept.tkz"
    Tokie(path).save(saved)
    assert_same(Tokie(path, saved)(SHORT), ReferenceTokenizer(path)(SHORT))


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "ok \\udc00\\ud800"])
def test_an_unpaired_surrogate_in_a_document_is_refused(make_corpus: MakeFolder, half: str) -> None:
    folder = make_corpus()
    with (folder / "corpus.jsonl").open("a") as stream:
        stream.write(f'{{"_id": "bad", "title": "", "text": "{half}"}}\n')
    message = r"line 4: 'text' contains an unpaired surrogate \(character \d\)"
    with pytest.raises(SearchappError, match=message):
        list(open_corpus(str(folder)).documents())


def test_a_surrogate_pair_in_a_document_is_a_character(make_corpus: MakeFolder) -> None:
    folder = make_corpus(documents={"d1": "x"})
    (folder / "corpus.jsonl").write_text('{"_id": "d1", "text": "\\ud83d\\ude00"}\n')
    assert [document.text for document in open_corpus(str(folder)).documents()] == ["😀"]


def test_an_unpaired_surrogate_in_a_query_is_refused() -> None:
    with pytest.raises(SearchappError, match=r"Query 'q' is not valid Unicode \(character 4\)"):
        check_queries([Query("ok", "😀"), Query("q", "abc\ud800")], 1)


@pytest.mark.shared
@pytest.mark.parametrize(("kind", "fast"), [("bundled", Gigatoken), ("uncased", Tokie)])
def test_fast_tokenizers_equal_the_reference_on_the_real_corpora(
    real_corpora: Path, tmp_path: Path, kind: str, fast: Any
) -> None:
    from safetensors.numpy import load_file

    pytest.importorskip(fast.library)
    corpora = [open_corpus(name) for name in ("nfcorpus", "scifact")]
    documents = [document for corpus in corpora for document in corpus.documents()]
    texts = [f"{document.title} {document.text}".strip() for document in documents]
    texts += [query.text for corpus in corpora for query in corpus.queries]
    # Trained on a third of the texts: rare words of the others fall into pieces.
    model = "wordllama" if kind == "bundled" else str(save_model(kind, tmp_path / "m", texts[::3], 30_000))
    files = find_model(model)
    expected = ReferenceTokenizer(files.tokenizer)(texts)
    assert_same(fast(files.tokenizer)(texts), expected)

    encoder = load_encoder(model, Options(normalize=False, max_length=None), sample=texts[:64])
    assert facts_of(encoder).tokenizer == fast.library
    table = load_file(files.table)[files.tensor].astype(np.float32)
    unknown = facts_of(encoder).unknown
    by_hand = [table[ids[ids != unknown]].mean(axis=0) for ids in expected.rows()]
    np.testing.assert_allclose(encoder.encode_queries(as_queries(texts)), by_hand, rtol=0, atol=1e-6)

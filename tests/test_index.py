"""Search: the same hits after reopening, exact scores, and the one rule for ties."""

import json
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from numpy.typing import NDArray

from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.options import Options
from searchapp.index.build import build_index
from searchapp.index.index import Index, exact_scores, open_index, product_scores
from searchapp.index.kinds.flat import _faiss_settings
from searchapp.index.layout import index_folder
from searchapp.records import Ranking
from tests.conftest import MakeFolder, as_queries, jsonl
from tests.exact import exact_search

MEANS = Options(normalize=False)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """The bundled model."""
    return load_encoder("wordllama")


def plain(rankings: list[Ranking]) -> list[tuple[list[str], bytes]]:
    return [(ranking.document_ids, ranking.scores.tobytes()) for ranking in rankings]


def judged_queries(encoder: Encoder, corpus: str) -> NDArray[np.float32]:
    return encoder.encode_queries(open_corpus(corpus).queries)


def ids_for(index: Index, encoder: Encoder, text: str, depth: int) -> list[str]:
    return index.search(encoder.encode_queries(as_queries([text])), depth)[0].document_ids


def test_a_reopened_index_gives_the_same_hits(encoder: Encoder) -> None:
    corpus = open_corpus("sample")
    built = build_index(corpus, encoder)
    reopened = open_index(index_folder(corpus, "wordllama", Options()))
    queries = judged_queries(encoder, "sample")
    assert plain(reopened.search(queries, 10)) == plain(built.search(queries, 10))
    documents = {document.id: document for document in corpus.documents()}
    assert reopened.all_ids() == list(documents)
    assert reopened.documents(["d150", "d001"]) == [documents["d150"], documents["d001"]]


def test_a_finished_index_is_left_alone(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build_index(open_corpus("sample"), encoder)
    monkeypatch.setattr(encoder, "encode_documents", None)  # called, it would fail
    assert build_index(open_corpus("sample"), encoder).manifest == first.manifest


def test_the_manifest_counts_what_was_built(make_corpus: MakeFolder, make_model: MakeFolder) -> None:
    corpus = open_corpus(str(make_corpus(documents={"d1": "apple", "d2": "quince", "d3": "red", "d4": ""})))
    manifest = build_index(corpus, load_encoder(str(make_model()), MEANS)).manifest
    assert (manifest.n_docs, manifest.n_zero, manifest.zero_documents) == (4, 2, ["d2", "d4"])
    assert manifest.max_norm == pytest.approx(np.sqrt(2), rel=1e-7)  # of "red", (1, 1, 0, 0)
    assert (manifest.similarity, manifest.kind) == ("dot", "flat")
    assert manifest.documents_digest == corpus.documents_digest


def test_zero_vectors_are_reported(
    make_corpus: MakeFolder, make_model: MakeFolder, caplog: pytest.LogCaptureFixture
) -> None:
    corpus = open_corpus(str(make_corpus(documents={"d1": "apple", "d2": "quince"})))
    build_index(corpus, load_encoder(str(make_model())))
    assert any(message.startswith("1 documents get zero vectors (d2): ") for message in caplog.messages)


@pytest.mark.parametrize("product_rows", [20_000, 0], ids=["product", "faiss"])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("depth", [1, 10, 149, 150, 1000])
def test_search_equals_the_exact_reference_bit_for_bit(
    depth: int, normalize: bool, product_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("searchapp.index.index.PRODUCT_ROWS", product_rows)
    encoder = load_encoder("wordllama", Options(normalize=normalize))
    index = build_index(open_corpus("sample"), encoder)
    queries = np.vstack([judged_queries(encoder, "sample"), np.zeros((1, 256), dtype=np.float32)])
    exact = exact_search(index.all_ids(), np.asarray(index.vectors), queries, depth)
    assert plain(index.search(queries, depth)) == plain(exact)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["nfcorpus", "scifact"])
def test_search_equals_the_exact_reference_on_a_real_corpus(
    shared_indexes: Path, encoder: Encoder, name: str
) -> None:
    index = build_index(open_corpus(name), encoder)
    queries = judged_queries(encoder, name)
    exact = exact_search(index.all_ids(), np.asarray(index.vectors), queries, 1000)
    assert plain(index.search(queries, 1000)) == plain(exact)


def test_search_equals_a_matrix_product_in_double_precision(encoder: Encoder) -> None:
    index = build_index(open_corpus("sample"), encoder)
    queries = judged_queries(encoder, "sample")
    products = queries.astype(np.float64) @ np.asarray(index.vectors).astype(np.float64).T
    for ranking, scores in zip(index.search(queries, 20), products.astype(np.float32), strict=True):
        pairs = sorted(zip(scores.tolist(), index.all_ids(), strict=True), reverse=True)[:20]
        assert ranking.document_ids == [document_id for _, document_id in pairs]
        assert ranking.scores.tolist() == [score for score, _ in pairs]


@pytest.mark.parametrize("rows", [1, 300])
def test_a_product_gives_the_bits_of_the_fixed_order_where_sums_cancel(rows: int) -> None:
    generator = np.random.default_rng(rows)
    large, small = generator.normal(size=(rows, 100)) * 1e12, generator.normal(size=(rows, 56))
    asked, rest = generator.normal(size=(8, 100)), generator.normal(size=(8, 56))
    vectors = np.hstack([large, small, -large]).astype(np.float32)
    queries = np.hstack([asked, rest, asked]).astype(np.float32)
    max_norm = float(np.linalg.norm(vectors.astype(np.float64), axis=1).max())
    expected = np.array([exact_scores(vectors, query) for query in queries])
    assert product_scores(vectors, queries, max_norm).tobytes() == expected.tobytes()


def test_a_rounding_that_the_order_could_change_is_summed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # 1 + 2^-24 lies halfway between the float32 numbers 1 and 1 + 2^-23; the other scores are far from it.
    vectors = np.array([[1, 2**-24], [1, 0.5], [0.25, 0]], dtype=np.float32)
    queries = np.ones((2, 2), dtype=np.float32)
    again: list[list[float]] = []

    def watched(rows: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
        again.extend(rows.tolist())
        return exact_scores(rows, query)

    monkeypatch.setattr("searchapp.index.index.exact_scores", watched)
    assert product_scores(vectors, queries, 2.0).tolist() == [[1, 1.5, 0.25]] * 2
    assert again == [[1, 2**-24]] * 2


def test_the_settings_of_faiss_are_restored(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    import faiss

    def settings() -> tuple[int, int]:
        return faiss.omp_get_max_threads(), faiss.cvar.distance_compute_blas_threshold

    index = build_index(open_corpus("sample"), encoder)
    monkeypatch.setattr("searchapp.index.index.PRODUCT_ROWS", 0)  # so that a batch goes to FAISS, too
    queries = judged_queries(encoder, "sample")
    before = settings()
    other = Thread(target=index.search, args=(queries, 10))
    with _faiss_settings(1):
        other.start()
        other.join(0.3)
        assert other.is_alive()  # it waits for its turn to change the settings
    other.join()
    assert settings() == before
    with pytest.raises(AssertionError):  # FAISS refuses another dimension
        index.search(queries[:1, :5], 10)
    assert settings() == before


def test_scores_are_worked_out_by_hand(make_corpus: MakeFolder, make_model: MakeFolder) -> None:
    documents = {"d1": "apple", "d2": "apple pear", "d3": "plum", "d4": "red"}
    corpus, folder = open_corpus(str(make_corpus(documents=documents))), make_model()
    encoder = load_encoder(str(folder), MEANS)
    (ranking,) = build_index(corpus, encoder).search(encoder.encode_queries(as_queries(["apple pear"])), 4)
    assert ranking.document_ids == ["d4", "d2", "d1", "d3"]
    assert ranking.scores.tolist() == [1, 0.5, 0.5, 0]
    assert ranking.scores.dtype == np.float32
    unit = load_encoder(str(folder))
    (ranking,) = build_index(corpus, unit).search(unit.encode_queries(as_queries(["apple pear"])), 4)
    assert ranking.document_ids == ["d4", "d2", "d1", "d3"]
    np.testing.assert_allclose(ranking.scores, [1, 1, np.sqrt(0.5), 0], rtol=1e-6)


def test_ties_go_to_the_larger_id(make_corpus: MakeFolder, make_model: MakeFolder) -> None:
    texts = {"a": "apple", "B": "apple", "10": "apple", "9": "apple", "é": "apple", "y": "", "z": "quince"}
    encoder = load_encoder(str(make_model()))
    index = build_index(open_corpus(str(make_corpus(documents=texts))), encoder)
    assert ids_for(index, encoder, "apple", 7) == ["é", "a", "B", "9", "10", "z", "y"]
    assert ids_for(index, encoder, "apple", 2) == ["é", "a"]
    assert ids_for(index, encoder, "quince", 7) == ["é", "z", "y", "a", "B", "9", "10"]


@pytest.mark.parametrize("text", ["apple", "", "quince"])
def test_a_tie_longer_than_the_depth_is_broken_by_id(
    make_corpus: MakeFolder, make_model: MakeFolder, text: str
) -> None:
    numbers = np.random.default_rng(0).permutation(500)
    corpus = open_corpus(str(make_corpus(documents={f"d{number:03}": text for number in numbers})))
    encoder = load_encoder(str(make_model()))
    index = build_index(corpus, encoder)
    assert ids_for(index, encoder, "apple", 3) == ["d499", "d498", "d497"]


def test_the_order_of_the_documents_changes_no_ranking(encoder: Encoder, make_corpus: MakeFolder) -> None:
    documents = list(open_corpus("sample").documents())
    queries = judged_queries(encoder, "sample")
    expected = plain(build_index(open_corpus("sample"), encoder).search(queries, 50))
    for seed in range(3):
        folder = make_corpus(f"shuffled{seed}")
        order = np.random.default_rng(seed).permutation(len(documents))
        rows = [documents[row] for row in order]
        records = [{"_id": row.id, "title": row.title, "text": row.text} for row in rows]
        (folder / "corpus.jsonl").write_text(jsonl(records), "utf-8")
        index = build_index(open_corpus(str(folder)), encoder)
        assert index.all_ids() != sorted(index.all_ids())
        assert plain(index.search(queries, 50)) == expected


def test_the_number_of_queries_changes_no_ranking(encoder: Encoder) -> None:
    index = build_index(open_corpus("sample"), encoder)
    queries = judged_queries(encoder, "sample")
    together = plain(index.search(queries, 10))
    assert [plain(index.search(query[None], 10))[0] for query in queries] == together


def test_a_depth_above_the_corpus_gives_every_document_once(encoder: Encoder) -> None:
    index = build_index(open_corpus("sample"), encoder)
    (ranking,) = index.search(encoder.encode_queries(as_queries(["honey"])), 1000)
    assert sorted(ranking.document_ids) == sorted(index.all_ids())
    assert ranking.scores.shape == (150,)


def test_no_queries_give_no_rankings(encoder: Encoder) -> None:
    index = build_index(open_corpus("sample"), encoder)
    assert index.search(encoder.encode_queries([]), 10) == []


def test_nothing_in_an_index_is_a_pickle(encoder: Encoder) -> None:
    folder = build_index(open_corpus("sample"), encoder).folder
    heads = {file.name: file.read_bytes()[:16] for file in folder.iterdir()}
    assert heads.keys() == {"manifest.json", "vectors.npy", "index.faiss", "docs.sqlite"}
    assert not any(head.startswith(b"\x80") for head in heads.values())
    assert heads["docs.sqlite"] == b"SQLite format 3\0"
    assert heads["index.faiss"].startswith(b"IxFI")  # FAISS's mark of a flat inner product index
    vectors = np.load(folder / "vectors.npy", allow_pickle=False)
    assert (vectors.shape, vectors.dtype) == ((150, 256), np.float32)
    json.loads((folder / "manifest.json").read_text("utf-8"))


def test_titles_and_texts_survive_unchanged(make_corpus: MakeFolder, make_model: MakeFolder) -> None:
    texts = {"1' OR 1": ("a\0b", "tab\there"), 'x"y': ("", "\u2028 line"), "漢字": ("🦊", "  spaces  ")}
    corpus = open_corpus(str(make_corpus(documents=texts)))
    index = build_index(corpus, load_encoder(str(make_model())))
    assert index.documents(list(texts)) == list(corpus.documents())

"""Vectors that somebody else has made: looked up by id, and refused where they do not fit."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.options import Options, model_slug
from searchapp.errors import SearchappError
from searchapp.records import Document, Query
from tests.conftest import Cli, MakeFolder

DOCUMENTS = {"d1": [3, 4], "d2": [0, 2], "d3": [1, 0], "unused": [5, 5]}
QUERIES = {"q1": [1, 0], "q2": [0, 1]}

MakeVectors = Callable[..., Path]


@pytest.fixture
def vectors(tmp_path: Path) -> MakeVectors:
    """Write a folder of vectors, with other arrays or lists of ids than the usual where they are given."""

    def make(
        documents: NDArray[Any] | None = None,
        queries: NDArray[Any] | None = None,
        document_ids: Sequence[str] = tuple(DOCUMENTS),
        query_ids: Sequence[str] = tuple(QUERIES),
        name: str = "vectors",
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        rows = np.array(list(DOCUMENTS.values()), dtype=np.float32)
        asked = np.array(list(QUERIES.values()), dtype=np.float32)
        np.save(folder / "documents.npy", rows if documents is None else documents)
        np.save(folder / "queries.npy", asked if queries is None else queries)
        (folder / "documents.txt").write_text("".join(f"{one}\n" for one in document_ids), "utf-8")
        (folder / "queries.txt").write_text("".join(f"{one}\n" for one in query_ids), "utf-8")
        return folder

    return make


def documents(*ids: str) -> list[Document]:
    return [Document(one, "title", "text") for one in ids]


def queries(*ids: str) -> list[Query]:
    return [Query(one, "any text") for one in ids]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_vectors_are_looked_up_by_id_and_become_single_precision(vectors: MakeVectors, dtype: Any) -> None:
    folder = vectors(np.array(list(DOCUMENTS.values()), dtype=dtype))
    encoder = load_encoder(f"npy:{folder}", Options(normalize=False))
    rows = encoder.encode_documents(documents("d3", "d1", "d3"))
    assert rows.tolist() == [[1, 0], [3, 4], [1, 0]]
    assert rows.dtype == np.float32
    assert encoder.encode_queries(queries("q2", "q1")).tolist() == [[0, 1], [1, 0]]
    assert encoder.encode_queries([]).shape == (0, 2)


def test_normalising_makes_unit_vectors(vectors: MakeVectors) -> None:
    encoder = load_encoder(f"npy:{vectors()}")
    np.testing.assert_array_equal(
        encoder.encode_documents(documents("d1", "d2")), np.array([[0.6, 0.8], [0, 1]], dtype=np.float32)
    )


def test_the_recipe_holds_what_is_known(vectors: MakeVectors) -> None:
    folder = vectors()
    encoder = load_encoder(f"npy:{folder}")
    recipe = encoder.recipe
    assert encoder.name == recipe.model == f"npy:{folder}"
    assert (recipe.dimension, recipe.max_length, recipe.normalize) == (2, None, True)
    assert (recipe.query_pooling, recipe.document_pooling) == ("precomputed", "precomputed")
    for file in ("documents.npy", "documents.txt", "queries.npy", "queries.txt"):
        (folder / file).write_bytes((folder / file).read_bytes().replace(b"q2", b"q7"))
    assert load_encoder(f"npy:{folder}").recipe.model_digest != recipe.model_digest


def test_ids_are_used_verbatim(vectors: MakeVectors) -> None:
    folder = vectors(document_ids=["a b", " d2", "d\u2028x", "漢"])
    (folder / "queries.txt").write_bytes(b"\xef\xbb\xbfq1\r\nq2")  # as Windows writes it
    encoder = load_encoder(f"npy:{folder}", Options(normalize=False))
    rows = encoder.encode_documents(documents("漢", "d\u2028x", " d2", "a b"))
    assert rows.tolist() == [[5, 5], [1, 0], [0, 2], [3, 4]]
    assert encoder.encode_queries(queries("q1", "q2")).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("file", ["documents.npy", "documents.txt", "queries.npy", "queries.txt"])
def test_a_missing_file_is_named(vectors: MakeVectors, file: str) -> None:
    folder = vectors()
    (folder / file).unlink()
    with pytest.raises(SearchappError, match=rf"There is no {folder}/{file}"):
        load_encoder(f"npy:{folder}")


@pytest.mark.parametrize("name", ["npy:", "st:"])
def test_a_prefix_without_a_name_is_an_error(name: str) -> None:
    with pytest.raises(SearchappError, match=f"'{name}' does not name a model"):
        load_encoder(name)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SearchappError, match=r"There is no .*/nowhere/documents\.npy"):
        load_encoder(f"npy:{tmp_path / 'nowhere'}")


ONES = np.ones((4, 2), dtype=np.float32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"documents": ONES[:3]}, r"documents\.npy has 3 rows, but .*documents\.txt has 4 ids"),
        ({"query_ids": ["q1"]}, r"queries\.npy has 2 rows, but .*queries\.txt has 1 ids"),
        ({"document_ids": ["a", "b", "c", "b"]}, r"documents\.txt: duplicate id 'b'"),
        ({"document_ids": ["a", "", "c", "d"]}, r"documents\.txt, line 2 is empty"),
        ({"documents": np.ones(4)}, r"documents\.npy has the shape \(4,\)"),
        ({"documents": np.ones((4, 2, 1))}, r"documents\.npy has the shape \(4, 2, 1\)"),
        ({"queries": np.ones((0, 2)), "query_ids": []}, r"queries\.npy has the shape \(0, 2\)"),
        ({"queries": np.ones((2, 3))}, r"documents\.npy has 2 dimensions, queries\.npy has 3"),
        ({"documents": ONES.astype(np.int8)}, r"documents\.npy holds int8, not float16, float32, float64"),
        ({"documents": ONES.astype(complex)}, r"documents\.npy holds complex128"),
        ({"documents": ONES.astype(object)}, r"documents\.npy is not a readable array .*Python objects"),
    ],
)
def test_files_that_do_not_fit_together_are_an_error(
    vectors: MakeVectors, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(SearchappError, match=message):
        load_encoder(f"npy:{vectors(**change)}")


@pytest.mark.parametrize("kept", [0, 7, 60, -1])
def test_a_truncated_array_is_an_error(vectors: MakeVectors, kept: int) -> None:
    folder = vectors()
    file = folder / "documents.npy"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(SearchappError, match=r"documents\.npy is not a readable array of numbers"):
        load_encoder(f"npy:{folder}")


def test_an_npz_archive_instead_of_an_array_is_an_error(vectors: MakeVectors) -> None:
    folder = vectors()
    np.savez(folder / "archive.npz", ONES)
    (folder / "archive.npz").rename(folder / "queries.npy")
    with pytest.raises(SearchappError, match=r"queries\.npy is not a readable array of numbers"):
        load_encoder(f"npy:{folder}")


def test_ids_that_are_not_utf_8_are_an_error(vectors: MakeVectors) -> None:
    folder = vectors()
    (folder / "queries.txt").write_bytes(b"q1\nq\xff\n")
    with pytest.raises(SearchappError, match=r"queries\.txt is not UTF-8 \(byte 4\)"):
        load_encoder(f"npy:{folder}")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_a_vector_that_is_not_finite_is_named(vectors: MakeVectors, value: float) -> None:
    rows = ONES.astype(np.float64)
    rows[2, 1] = value
    encoder = load_encoder(f"npy:{vectors(rows)}")
    assert len(encoder.encode_documents(documents("d1", "unused"))) == 2
    with pytest.raises(SearchappError, match=r"documents\.npy: 1 vectors .* \(first: row 2, id 'd3'\)"):
        encoder.encode_documents(documents("d1", "d3"))


def test_ids_without_a_vector_are_named_and_counted(vectors: MakeVectors) -> None:
    encoder = load_encoder(f"npy:{vectors()}")
    with pytest.raises(SearchappError, match=r"documents\.txt lacks 'x': 2 of the 3 requested documents"):
        encoder.encode_documents(documents("d1", "x", "y"))
    with pytest.raises(SearchappError, match=r"queries\.txt lacks 'd1': 1 of the 2 requested queries"):
        encoder.encode_queries(queries("q1", "d1"))


@pytest.mark.parametrize(
    "option",
    [
        {"max_length": 8},
        {"max_length": None},
        {"template": "{text}"},
        {"query_prompt": "q: "},
        {"document_prompt": "d: "},
        {"query_pooling": "mean"},
        {"document_pooling": "cls"},
    ],
)
def test_an_option_that_shapes_texts_is_an_error(vectors: MakeVectors, option: dict[str, Any]) -> None:
    (name,) = option
    flag = f"--{name.replace('_', '-')}"
    with pytest.raises(SearchappError, match=f"^{flag} .* does not apply to precomputed vectors"):
        load_encoder(f"npy:{vectors()}", Options(**option))


def test_folders_with_the_same_name_have_different_slugs(vectors: MakeVectors, tmp_path: Path) -> None:
    for parent in ("one", "other"):
        (tmp_path / parent).mkdir()
    slugs = {model_slug(f"npy:{vectors(name=f'{parent}/v')}") for parent in ("one", "other")}
    assert len(slugs) == 2
    assert all(slug.startswith("npy--v-") for slug in slugs)


def test_eval_scores_them(cli: Cli, make_corpus: MakeFolder, vectors: MakeVectors) -> None:
    model = f"npy:{vectors()}"
    result = cli("eval", str(make_corpus()), "-m", model, "--json")
    assert result.exit_code == 0
    (scored,) = json.loads(result.stdout)["results"]
    assert scored["model"] == scored["recipe"]["model"] == model
    # Cosines with q1: d3 1, d1 0.6, d2 0, so DCG = 1 + 2 / log2(3) against 2 + 1 / log2(3). With q2:
    # d2 1, d1 0.8, d3 0, so nDCG is 1.
    ideal = 2 + 1 / np.log2(3)
    expected = ((1 + 2 / np.log2(3)) / ideal + 1) / 2
    assert scored["metrics"]["ndcg_at_10"] == pytest.approx(expected, abs=1e-12)


def test_the_other_commands_accept_them(
    cli: Cli, make_corpus: MakeFolder, vectors: MakeVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, folder = str(make_corpus()), vectors()
    monkeypatch.chdir(folder.parent)
    assert cli("index", corpus, "-m", "npy:vectors").exit_code == 0
    assert cli("doctor").exit_code == 0
    assert "intact, corpus and model unchanged" in cli("doctor").stdout
    assert "npy--vectors-" in cli("indexes").stdout
    for arguments in (("apple",), ("apple", "-c", corpus), ("apple", "-m", "npy:vectors")):
        result = cli("query", *arguments)
        assert result.exit_code == 1
        assert "are precomputed; new queries cannot be encoded" in result.stderr
        assert f"searchapp eval {corpus}/test -m npy:{folder}" in result.stderr
    cli("index", corpus)
    assert cli("query", "apple", "-c", corpus).exit_code == 0
    np.save(folder / "queries.npy", np.zeros((2, 2)))
    assert "its model has changed" in cli("doctor").stdout
    assert "was built with another recipe: model_digest" in cli("eval", corpus, "-m", "npy:vectors").stderr


def test_a_corpus_of_other_documents_is_an_error(cli: Cli, vectors: MakeVectors) -> None:
    result = cli("eval", "sample", "-m", f"npy:{vectors()}")
    assert result.exit_code == 1
    assert "150 of the 150 requested documents have no vector" in result.stderr
    assert "Check that the vectors belong to this corpus" in result.stderr

"""Vectors: worked out by hand on a model of six words, and held against model2vec itself."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import find_model
from searchapp.encoders.options import Options, model_slug
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.texts import assemble
from searchapp.encoders.vectors import unit
from searchapp.errors import SearchappError
from searchapp.records import Document
from tests.conftest import TABLE, MakeFolder, as_queries

MEANS = Options(normalize=False)
APPLE, PEAR, PLUM, FIG, RED = ([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0])


def means(folder: Path, texts: Sequence[str], **options: Any) -> NDArray[np.float32]:
    return load_encoder(str(folder), Options(normalize=False, **options)).encode_queries(as_queries(texts))


def normalised(vectors: NDArray[Any]) -> NDArray[np.float64]:
    wide: NDArray[np.float64] = vectors.astype(np.float64)
    norms = np.sqrt((wide * wide).sum(axis=1, keepdims=True))
    norms[norms == 0] = 1
    divided: NDArray[np.float64] = wide / norms
    return divided


def test_a_vector_is_the_mean_of_the_rows_of_its_words(make_model: MakeFolder) -> None:
    vectors = means(make_model(), ["apple", "apple pear", "red PLUM", "fig fig fig apple"])
    by_hand = [APPLE, [0.5, 0.5, 0, 0], [0.5, 0.5, 0.5, 0], [0.25, 0, 0, 0.75]]
    assert vectors.tolist() == by_hand


def test_unknown_words_are_dropped(make_model: MakeFolder) -> None:
    assert means(make_model(), ["quince apple medlar pear"]).tolist() == [[0.5, 0.5, 0, 0]]


@pytest.mark.parametrize("text", ["", "   ", "quince", "[UNK]"])
@pytest.mark.parametrize("normalize", [True, False])
def test_a_text_without_a_known_word_is_zero(make_model: MakeFolder, text: str, normalize: bool) -> None:
    encoder = load_encoder(str(make_model()), Options(normalize=normalize))
    vectors = encoder.encode_queries(as_queries([text]))
    assert vectors.tolist() == [[0, 0, 0, 0]]
    assert vectors.dtype == np.float32


def test_one_empty_text_changes_nothing_for_the_others(make_model: MakeFolder) -> None:
    vectors = means(make_model(), ["apple", "", "plum"])
    assert vectors.tolist() == [APPLE, [0, 0, 0, 0], PLUM]
    assert vectors.dtype == np.float32


@pytest.mark.parametrize("normalize", [True, False])
def test_no_texts_give_no_rows(make_model: MakeFolder, normalize: bool) -> None:
    encoder = load_encoder(str(make_model()), Options(normalize=normalize))
    for vectors in (encoder.encode_queries([]), encoder.encode_documents([])):
        assert vectors.shape == (0, 4)
        assert vectors.dtype == np.float32


def test_normalised_vectors_have_unit_norm(make_model: MakeFolder) -> None:
    vectors = load_encoder(str(make_model())).encode_queries(as_queries(["apple pear", "fig fig fig apple"]))
    np.testing.assert_allclose(vectors[0], np.sqrt([0.5, 0.5, 0, 0]), rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)


def test_unit_leaves_zero_rows_alone_and_its_argument_as_it_was() -> None:
    vectors = np.array([[3, 4], [0, 0]], dtype=np.float32)
    divided = unit(vectors)
    np.testing.assert_array_equal(divided, np.array([[0.6, 0.8], [0, 0]], dtype=np.float32))
    assert divided.dtype == np.float32
    assert vectors.tolist() == [[3, 4], [0, 0]]


def test_unit_of_nothing_is_nothing() -> None:
    assert unit(np.zeros((0, 4), dtype=np.float32)).shape == (0, 4)


def test_max_length_counts_tokens(make_model: MakeFolder) -> None:
    # model2vec also cuts at max_length times the median length of a token, here 4 characters.
    texts = ["pear plum fig", "fig red"]
    folder = make_model()
    assert means(folder, texts, max_length=1).tolist() == [PEAR, FIG]
    assert means(folder, texts, max_length=2).tolist() == [PEAR, [0.5, 0.5, 0, 0.5]]
    assert means(folder, ["fig " * 600 + "red"], max_length=None)[0, 0] == np.float32(1 / 601)


def test_max_length_comes_from_the_model_or_from_model2vec(make_model: MakeFolder) -> None:
    assert load_encoder(str(make_model("short", config={"max_length": 2}))).recipe.max_length == 2
    assert load_encoder(str(make_model("whole", config={"max_length": None}))).recipe.max_length is None
    assert load_encoder(str(make_model("silent"))).recipe.max_length == 512  # model2vec's default
    assert means(make_model("short", config={"max_length": 1}), ["pear plum"]).tolist() == [PEAR]


def test_prompts_precede_the_texts_of_their_side_only(make_model: MakeFolder) -> None:
    options = Options(normalize=False, document_prompt="pear ", query_prompt="fig ")
    encoder = load_encoder(str(make_model()), options)
    assert encoder.encode_queries(as_queries(["apple"])).tolist() == [[0.5, 0, 0, 0.5]]
    assert encoder.encode_documents([Document("d", "", "apple")]).tolist() == [[0.5, 0.5, 0, 0]]


def test_changed_options_of_a_loaded_model_equal_those_of_a_fresh_one(make_model: MakeFolder) -> None:
    folder, changed = str(make_model()), Options(normalize=False, max_length=1, template="{text} {title}")
    first = StaticEncoder(find_model(folder), Options())
    recipe, documents = first.recipe, [Document("d", "apple", "plum pear")]
    other = first.with_options(changed)
    assert other.recipe == load_encoder(folder, changed).recipe
    assert other.encode_documents(documents).tolist() == [PLUM]
    assert (first.recipe, first.options) == (recipe, Options())
    with pytest.raises(SearchappError, match="Static models have no 'cls' pooling"):
        first.with_options(Options(query_pooling="cls"))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{title} {text}", [0.5, 0, 0.5, 0]),
        ("{text}", PLUM),
        ("{title}", APPLE),
        ("fig {title}", [0.5, 0, 0, 0.5]),
    ],
)
def test_the_template_assembles_title_and_text(
    make_model: MakeFolder, template: str, expected: list[float]
) -> None:
    encoder = load_encoder(str(make_model()), Options(normalize=False, template=template))
    assert encoder.encode_documents([Document("d", "apple", "plum")]).tolist() == [expected]


@pytest.mark.parametrize(
    ("title", "text", "template", "expected"),
    [
        ("Tides", "The Moon pulls.", "{title} {text}", "Tides The Moon pulls."),
        ("", "The Moon pulls.", "{title} {text}", "The Moon pulls."),
        (" Tides ", "", "{title} {text}", "Tides"),
        ("{text}", "{title}", "{title} {text}", "{text} {title}"),
        ("a\\1", "b", "{title}. {text}", "a\\1. b"),
        ("a", "b", "{text} {text} {x}", "b b {x}"),
    ],
)
def test_a_document_is_assembled_as_beir_and_mteb_do(
    title: str, text: str, template: str, expected: str
) -> None:
    assert assemble(Document("d", title, text), template) == expected


def test_a_template_without_a_field_is_an_error(make_model: MakeFolder) -> None:
    with pytest.raises(SearchappError, match=r"The template 'text' contains neither"):
        load_encoder(str(make_model()), Options(template="text"))


def test_rows_follow_the_order_of_the_texts(make_model: MakeFolder) -> None:
    words = {"apple": APPLE, "pear": PEAR, "plum": PLUM, "fig": FIG, "red": RED}
    texts = [f"{first} {second}" for first in words for second in words] * 100
    texts[::7] = ["apple"] * len(texts[::7])  # model2vec sorts by length within batches of 1,024
    expected = [np.mean([words[word] for word in text.split()], axis=0).tolist() for text in texts]
    assert means(make_model(), texts).tolist() == expected


WEIGHTS = np.array([1, 2, 0.5, 0, 3, 1], dtype=np.float32)
MAPPING = np.array([0, 1, 1, 2, 2, 0], dtype=np.int64)
TEXTS = ["apple pear", "red", "", "fig plum quince", "apple apple apple pear red"]


@pytest.mark.parametrize(
    ("table", "tensors"),
    [
        pytest.param(TABLE, {}, id="plain"),
        pytest.param(TABLE, {"weights": WEIGHTS}, id="weights"),
        pytest.param(TABLE[:3] + 0.25, {"mapping": MAPPING}, id="mapping"),
        pytest.param(TABLE[:3] + 0.25, {"mapping": MAPPING, "weights": WEIGHTS}, id="mapping and weights"),
        pytest.param((TABLE / 3).astype(np.float16), {}, id="half precision"),
        pytest.param((TABLE / 3).astype(np.float16), {"weights": WEIGHTS}, id="half precision and weights"),
        pytest.param((TABLE * 10).astype(np.int8), {}, id="whole numbers"),
        pytest.param((TABLE * 10).astype(np.int8), {"weights": WEIGHTS}, id="whole numbers and weights"),
    ],
)
@pytest.mark.parametrize("config", [{}, {"normalize": True}, {"max_length": 2}], ids=["", "unit", "short"])
def test_every_table_gives_the_vectors_of_model2vec(
    make_model: MakeFolder, table: NDArray[Any], tensors: dict[str, Any], config: dict[str, Any]
) -> None:
    from model2vec import StaticModel

    folder = make_model(table=table, config=config, **tensors)
    theirs = StaticModel.from_pretrained(folder).encode(TEXTS).astype(np.float32)
    ours = means(folder, TEXTS)
    assert ours.dtype == np.float32
    assert ours.any()
    np.testing.assert_array_equal(ours, theirs)


def wordllama_by_hand() -> Any:
    """Return the bundled table as a model2vec model, from the files of the package wordllama."""
    from model2vec import StaticModel
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    spec = find_spec("wordllama")
    assert spec is not None
    package = Path(str(spec.origin)).parent
    table = load_file(package / "weights" / "l2_supercat_256.safetensors")["embedding.weight"]
    tokenizer = Tokenizer.from_file(str(package / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    return StaticModel(table.astype(np.float32), tokenizer, max_length=None)


def assert_bundled_model_follows_model2vec(corpus_name: str) -> None:
    corpus = open_corpus(corpus_name)
    documents = list(corpus.documents())
    texts = [f"{document.title} {document.text}".strip() for document in documents]
    questions = [query.text for query in corpus.queries]
    model, encoder = wordllama_by_hand(), load_encoder("wordllama")
    theirs = normalised(model.encode(texts, use_multiprocessing=False))
    np.testing.assert_allclose(encoder.encode_documents(documents), theirs, rtol=0, atol=1e-6)
    theirs = normalised(model.encode(questions, use_multiprocessing=False))
    np.testing.assert_allclose(encoder.encode_queries(corpus.queries), theirs, rtol=0, atol=1e-6)


def test_the_bundled_model_equals_model2vec_on_its_table() -> None:
    assert_bundled_model_follows_model2vec("sample")


@pytest.mark.shared
@pytest.mark.parametrize("name", ["nfcorpus", "scifact"])
def test_the_bundled_model_equals_model2vec_on_a_real_corpus(real_corpora: Path, name: str) -> None:
    assert_bundled_model_follows_model2vec(name)


def test_a_label_lists_the_changed_options() -> None:
    assert Options().label() == ""
    assert Options(max_length=None, normalize=False).label() == "max_length=None,normalize=False"
    assert Options(query_prompt="q: ").label() != Options(query_prompt="Q: ").label()


def test_a_slug_is_one_folder_name() -> None:
    assert model_slug("wordllama") == "wordllama"
    assert model_slug("org/name@v1", Options(max_length=8)) == "org--name@v1+max_length=8"
    slug = model_slug("../../x", Options(template="{text}/../..", document_prompt="/etc"))
    assert not slug.startswith(".")
    assert "/" not in slug


def test_folders_with_the_same_name_have_different_slugs(make_model: MakeFolder, tmp_path: Path) -> None:
    for parent in ("one", "other"):
        (tmp_path / parent).mkdir()
    slugs = {model_slug(str(make_model(f"{parent}/model"))) for parent in ("one", "other")}
    assert len(slugs) == 2
    assert all(slug.startswith("model-") for slug in slugs)

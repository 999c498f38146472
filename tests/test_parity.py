"""The MTEB harness and sentence-transformers give the same figures on the same texts and vectors."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import find_model, reference_model
from searchapp.encoders.options import Options
from searchapp.encoders.texts import assemble
from searchapp.records import Document, Query
from tests.conftest import Cli

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("name", ["nfcorpus", "scifact"])
@pytest.mark.parametrize("max_length", [None, 512])
@pytest.mark.shared
def test_every_figure_equals_the_harness_at_five_decimals(
    shared_indexes: object, name: str, max_length: int | None
) -> None:
    from scripts.compare_harness import compare

    rows = compare(open_corpus(name), max_length)
    assert len(rows) == 35
    assert [(metric, round(theirs, 5)) for metric, theirs, _ in rows] == [
        (metric, round(ours, 5)) for metric, _, ours in rows
    ]


def test_the_bundled_sample_equals_the_harness_too() -> None:
    from scripts.compare_harness import compare

    rows = compare(open_corpus("sample"), None)
    assert [round(theirs, 5) for _, theirs, _ in rows] == [round(ours, 5) for _, _, ours in rows]


SAVED: dict[str, dict[str, Any]] = {
    "plain": {},
    "prompts": {"prompts": {"query": "query: ", "document": "passage: "}},
    "passage": {"prompts": {"query": "query: ", "passage": "passage: "}, "default_prompt_name": "query"},
    "cut": {"truncate_dim": 64},
    "all": {"prompts": {"query": "query: ", "document": "passage: "}, "truncate_dim": 64},
}
WITH_UNKNOWN = ["", "the moon", "天地玄黃 the moon", "honey " * 700 + "tides"]


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("saved", SAVED)
def test_a_static_model_that_sentence_transformers_saved_gives_its_vectors(
    trained_models: dict[str, Path], tmp_path: Path, saved: str, normalized: bool
) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding

    corpus = open_corpus("sample")
    documents = [*corpus.documents(), *(Document(text, "", text) for text in WITH_UNKNOWN)]
    queries = [*corpus.queries, *(Query(text, text) for text in WITH_UNKNOWN)]
    files = find_model(str(trained_models["uncased"]))
    tokenizer = Tokenizer.from_file(str(files.tokenizer))
    table = np.random.default_rng(7).standard_normal((tokenizer.get_vocab_size(), 100), dtype=np.float32)
    modules = [StaticEmbedding(tokenizer, table), *([Normalize()] if normalized else [])]
    SentenceTransformer(modules=modules, device="cpu", **SAVED[saved]).save_pretrained(
        str(tmp_path / "saved")
    )

    theirs = SentenceTransformer(str(tmp_path / "saved"), device="cpu")
    ours = load_encoder(str(tmp_path / "saved"), Options(normalize=False))
    texts = [assemble(document) for document in documents]
    for expected, vectors in (
        (theirs.encode_query([query.text for query in queries]), ours.encode_queries(queries)),
        (theirs.encode_document(texts), ours.encode_documents(documents)),
    ):
        np.testing.assert_allclose(vectors, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("saved", "published"), [("plain", 0.87565), ("prompts", 0.87874), ("cut", 0.82270)])
def test_the_bundled_table_saved_by_sentence_transformers_has_its_score(
    cli: Cli, tmp_path: Path, saved: str, published: float
) -> None:
    """The figures: vectors of `encode_query` and `encode_document`, scored by cosine."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    bundled = reference_model(find_model("wordllama"))
    table = StaticEmbedding(bundled.tokenizer, bundled.embedding.astype(np.float32))
    SentenceTransformer(modules=[table], device="cpu", **SAVED[saved]).save_pretrained(
        str(tmp_path / "saved")
    )
    done = cli("eval", "sample", "-m", str(tmp_path / "saved"), "--json")
    assert done.exit_code == 0, done.stderr
    assert round(json.loads(done.stdout)["results"][0]["metrics"]["ndcg_at_10"], 5) == published

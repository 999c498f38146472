"""Every private or undocumented part of another library that searchapp uses, and how it must behave.

The upper bounds in pyproject.toml admit the versions with which these tests passed. When a test fails
after an upgrade, look at the module that its docstring names before you move the bound.
"""

import ast
import importlib
import importlib.metadata
import importlib.util
import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.evaluation import metrics
from searchapp.evaluation.metric import Metric
from searchapp.evaluation.ranx_scorer import CHECKED_VERSIONS

from .conftest import MakeFolder
from .real_data import REPOSITORY

LIBRARIES = (
    "bm25s",
    "faiss-cpu",
    "gigatoken",
    "huggingface-hub",
    "ir-datasets",
    "model2vec",
    "numba",
    "ranx",
    "sentence-transformers",
    "tokenizers",
    "tokie",
    "transformers",
    "wordllama",
)
"""The distributions with a test below; pyproject.toml gives each an upper bound."""

PRIVATE_NAMES = {("searchapp/compiled.py", "numba.core.entrypoints._already_initialized")}
"""The names with a leading underscore that searchapp reads or sets in other libraries."""


def folder_of(library: str) -> Path:
    """Return the folder of an installed package, which is not imported."""
    spec = importlib.util.find_spec(library)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


# numba ------------------------------------------------------------------------------------------------


def test_numba_loads_no_extension_once_it_believes_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """searchapp/compiled.py sets the flag: the extensions of other packages take seconds to import."""
    from numba.core import entrypoints

    assert isinstance(entrypoints._already_initialized, bool)
    monkeypatch.setattr(entrypoints, "_already_initialized", True)
    monkeypatch.setattr(entrypoints, "importlib_metadata", None)  # what it would list extensions with
    entrypoints.init_all()
    monkeypatch.setattr(entrypoints, "_already_initialized", False)
    with pytest.raises(AttributeError, match="entry_points"):
        entrypoints.init_all()


def test_numba_chooses_the_cache_of_a_function_when_it_is_defined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """searchapp/compiled.py sets `config.CACHE_DIR` for as long as it takes to define a kernel."""
    from numba import config, njit

    def double(number: int) -> int:
        return 2 * number

    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    kernel = njit(cache=True)(double)
    monkeypatch.undo()
    assert kernel(4) == 8
    assert [path.suffix for path in sorted(tmp_path.rglob("*.nb*"))] == [".nbc", ".nbi"]


# ranx -------------------------------------------------------------------------------------------------

RANX_KERNELS = {
    metric.name: metric.ranx
    for metric in vars(metrics).values()
    if isinstance(metric, Metric) and metric.ranx
}


def ranx_module(name: str) -> ast.Module:
    return ast.parse((folder_of("ranx") / "metrics" / f"{name}.py").read_text("utf-8"))


@pytest.mark.parametrize("metric", RANX_KERNELS)
def test_ranx_has_the_kernel_of_a_metric(metric: str) -> None:
    """searchapp/evaluation/ranx_scorer.py calls it with positional arguments."""
    kernel = RANX_KERNELS[metric]
    functions = {
        node.name: node for node in ranx_module(kernel.module).body if isinstance(node, ast.FunctionDef)
    }
    parameters = [argument.arg for argument in functions[kernel.function].args.args]
    assert parameters == ["qrels", "run", *(["k"] * kernel.takes_k), *dict(kernel.arguments)]


def test_the_kernels_of_ranx_import_nothing_else_of_ranx() -> None:
    """searchapp/evaluation/ranx_scorer.py imports them without `ranx/__init__.py`, which takes a minute."""
    wanted = {kernel.module for kernel in RANX_KERNELS.values()}
    seen: set[str] = set()
    while wanted - seen:
        name = (wanted - seen).pop()
        seen.add(name)
        for node in ast.walk(ranx_module(name)):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                wanted.add(str(node.module))
            elif isinstance(node, ast.ImportFrom):
                assert node.module in {"numba", "numba.typed", "typing"}, name
            elif isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= {"numba", "numpy"}, name


def test_the_installed_ranx_is_one_whose_kernels_were_checked() -> None:
    """searchapp/evaluation/ranx_scorer.py scores with `ranx.evaluate`, slowly, where it is not."""
    assert importlib.metadata.version("ranx") in CHECKED_VERSIONS


# bm25s ------------------------------------------------------------------------------------------------


def test_bm25s_holds_its_weights_column_by_column() -> None:
    """searchapp/retrieval/bm25.py stores the three arrays and adds them up itself."""
    import bm25s

    index = bm25s.BM25(k1=1.5, b=0.75, method="lucene")
    columns, vocabulary = [[0, 1, 0], [1], [2]], {"a": 0, "b": 1, "c": 2}
    index.index((columns, vocabulary), create_empty_token=False, show_progress=False)
    weights, rows, starts = (index.scores[name] for name in ("data", "indices", "indptr"))
    assert weights.dtype == np.float32
    assert starts.tolist() == [0, 1, 3, 4]  # one column per word
    assert rows.tolist() == [0, 0, 1, 2]
    # Robertson's formula as Lucene has it: idf = ln(1 + (N - df + 0.5) / (df + 0.5)), tf saturates with k1.
    idf = np.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    mean_length = 5 / 3
    expected = idf * 2 / (2 + 1.5 * (1 - 0.75 + 0.75 * 3 / mean_length))
    assert weights[0] == pytest.approx(expected, rel=1e-6)


def test_bm25s_has_the_stop_words_of_its_english_tokenizer() -> None:
    """searchapp/retrieval/bm25.py leaves these words out, as MTEB's `baseline-bm25s` does."""
    import bm25s
    from bm25s.stopwords import STOPWORDS_EN

    text = " ".join([*STOPWORDS_EN, "honey"])
    assert bm25s.tokenize([text], stopwords="en", show_progress=False, return_ids=False) == [["honey"]]
    assert len(STOPWORDS_EN) == len(set(STOPWORDS_EN)) == 33  # Lucene's list


# faiss ------------------------------------------------------------------------------------------------


def test_faiss_lets_its_thread_count_and_its_threshold_for_blas_be_set() -> None:
    """searchapp/index/kinds/flat.py sets both around a search and restores them."""
    import faiss

    threads, threshold = faiss.omp_get_max_threads(), faiss.cvar.distance_compute_blas_threshold
    try:
        faiss.omp_set_num_threads(1)
        faiss.cvar.distance_compute_blas_threshold = 1
        assert (faiss.omp_get_max_threads(), faiss.cvar.distance_compute_blas_threshold) == (1, 1)
    finally:
        faiss.omp_set_num_threads(threads)
        faiss.cvar.distance_compute_blas_threshold = threshold


def test_faiss_puts_its_reason_behind_the_place_in_its_source(tmp_path: Path) -> None:
    """searchapp/index/kinds/flat.py shows the reason alone."""
    import faiss

    (tmp_path / "index").write_bytes(b"none" * 8)
    with pytest.raises(RuntimeError) as caught:
        faiss.read_index(str(tmp_path / "index"))
    place, _, reason = str(caught.value).splitlines()[0].partition(": ")
    assert place.startswith("Error in ")
    assert "ndex type" in reason


def test_faiss_marks_a_missing_result_with_minus_one() -> None:
    """searchapp/index/index.py leaves such a result out; row -1 is never read as the last document."""
    import faiss

    index = faiss.IndexFlatIP(2)
    index.add(np.eye(2, dtype=np.float32))
    assert index.search(np.ones((1, 2), dtype=np.float32), 3)[1].tolist()[0][2] == -1


# wordllama --------------------------------------------------------------------------------------------


def test_wordllama_packages_a_table_and_its_tokenizer() -> None:
    """searchapp/encoders/model_files.py reads the two files and never imports the package."""
    from safetensors import safe_open
    from tokenizers import Tokenizer

    folder = folder_of("wordllama")
    with safe_open(str(folder / "weights" / "l2_supercat_256.safetensors"), framework="numpy") as opened:
        table = opened.get_slice("embedding.weight")
        assert (table.get_dtype(), table.get_shape()) == ("F16", [32_000, 256])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    assert tokenizer.get_vocab_size(with_added_tokens=True) == 32_000


# huggingface_hub --------------------------------------------------------------------------------------


def test_the_hub_cache_has_references_and_snapshots(tmp_path: Path) -> None:
    """searchapp/encoders/hub.py takes a revision from the name of the folder of its snapshot.

    searchapp/encoders/transformer_files.py recognises a model by `models--org--name` above it.
    """
    from huggingface_hub import scan_cache_dir, snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    repository = tmp_path / "models--org--name"
    snapshot = repository / "snapshots" / ("0123456789" * 4)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(snapshot.name)
    opened = snapshot_download("org/name", cache_dir=tmp_path, local_files_only=True)
    assert Path(opened) == snapshot
    (cached,) = scan_cache_dir(tmp_path).repos
    assert (cached.repo_id, list(cached.refs)) == ("org/name", ["main"])
    with pytest.raises(LocalEntryNotFoundError):
        snapshot_download("org/other", cache_dir=tmp_path, local_files_only=True)
    with pytest.raises(HFValidationError):
        snapshot_download("a/b/c", cache_dir=tmp_path, local_files_only=True)


def test_what_the_hub_client_raises_has_one_base_class() -> None:
    """searchapp/encoders/hub.py catches it: from httpx or httpx2, it covers a connection that breaks off."""
    from huggingface_hub.errors import HfHubHTTPError, HTTPError  # type: ignore[attr-defined]

    assert issubclass(HfHubHTTPError, HTTPError)
    library = importlib.import_module(HTTPError.__module__.split(".")[0])
    assert issubclass(library.RemoteProtocolError, HTTPError)
    assert issubclass(library.ConnectError, HTTPError)


# tokenizers -------------------------------------------------------------------------------------------


def test_tokenizers_show_their_kind_and_their_unknown_token() -> None:
    """searchapp/encoders/static_model.py and fast_tokenizers.py ask a loaded tokenizer for both."""
    from tokenizers import Tokenizer, models

    kinds: list[Any] = [
        models.BPE({"a": 0, "?": 1}, [], unk_token="?"),
        models.WordPiece({"a": 0, "?": 1}, unk_token="?"),
        models.WordLevel({"a": 0, "?": 1}, unk_token="?"),
    ]
    for kind, name in zip(kinds, ("BPE", "WordPiece", "WordLevel"), strict=True):
        model = Tokenizer(kind).model
        assert (type(model).__name__, model.unk_token) == (name, "?")
    unigram = Tokenizer(models.Unigram([("a", 0.0), ("?", 0.0)], 1, False))
    assert not hasattr(unigram.model, "unk_token")
    assert json.loads(unigram.to_str())["model"]["unk_id"] == 1


def test_tokenizers_show_their_added_tokens_and_encode_without_offsets() -> None:
    """searchapp/encoders/fast_tokenizers.py and tokenization.py use both."""
    from tokenizers import AddedToken, Tokenizer, models

    tokenizer = Tokenizer(models.WordLevel({"honey": 0, "?": 1}, unk_token="?"))
    tokenizer.add_tokens([AddedToken("moon", single_word=True)])
    assert {n: token.single_word for n, token in tokenizer.get_added_tokens_decoder().items()} == {2: True}
    encodings = tokenizer.encode_batch_fast(["honey", "moon"], add_special_tokens=False)
    assert [encoding.ids for encoding in encodings] == [[0], [2]]


def test_a_saved_tokenizer_begins_with_its_limits(make_model: MakeFolder) -> None:
    """searchapp/encoders/tokenization.py looks for them in the first 4,096 bytes of tokenizer.json."""
    beginning = (make_model() / "tokenizer.json").read_bytes()[:4096]
    assert b'"truncation": null' in beginning
    assert b'"padding": null' in beginning


# gigatoken, tokie -------------------------------------------------------------------------------------


def test_gigatoken_reads_a_tokenizer_from_bytes(trained_models: dict[str, Path]) -> None:
    """searchapp/encoders/tokenization.py calls its compiled module directly, which imports nothing more."""
    pytest.importorskip("gigatoken")
    from gigatoken.gigatoken_rs import load_hf_json
    from tokenizers import Tokenizer

    path = trained_models["byte-level"] / "tokenizer.json"
    ids = load_hf_json(path.read_bytes()).encode("the moon")
    assert list(ids) == Tokenizer.from_file(str(path)).encode("the moon", add_special_tokens=False).ids


def test_tokie_returns_flat_ids_and_has_a_compiled_file(trained_models: dict[str, Path]) -> None:
    """searchapp/encoders/tokenization.py calls `encode_batch_flat`, which its type stubs leave out.

    searchapp/encoders/fast_tokenizers.py names a stored tokenizer after the size and age of that file.
    """
    pytest.importorskip("tokie")
    from tokie import Tokenizer

    tokenizer: Any = Tokenizer.from_json(str(trained_models["uncased"] / "tokenizer.json"))
    ids, lengths = tokenizer.encode_batch_flat(["the moon", "", "moon"], add_special_tokens=False)
    assert (lengths[1], sum(lengths)) == (0, len(ids))
    assert [path for path in folder_of("tokie").iterdir() if path.suffix in {".so", ".pyd"}]


# model2vec --------------------------------------------------------------------------------------------


def test_model2vec_truncates_by_characters_and_then_by_tokens(make_model: MakeFolder) -> None:
    """searchapp/encoders/static_model.py does the same: the median length of a token, the unknown token."""
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(make_model())
    assert model.median_token_length == 4  # of [UNK], apple, pear, plum, fig and red
    assert model.unk_token_id == 0
    assert model.max_length == 512


# ir_datasets ------------------------------------------------------------------------------------------


def test_ir_datasets_packages_its_catalogue() -> None:
    """searchapp/corpora/irds.py reads both files without importing the library, which takes a second."""
    etc = folder_of("ir_datasets") / "etc"
    metadata = json.loads((etc / "metadata.json").read_text("utf-8"))
    assert metadata["beir/nfcorpus"]["docs"]["count"] == 3_633
    assert metadata["beir/nfcorpus/test"]["docs"] == {"_ref": "beir/nfcorpus"}
    download = json.loads((etc / "downloads.json").read_text("utf-8"))["beir"]["nfcorpus"]
    assert download["url"].endswith("/nfcorpus.zip")
    assert download["cache_path"] == "nfcorpus/source.zip"


def test_ir_datasets_logs_through_one_logger_and_refuses_an_unknown_id() -> None:
    """searchapp/corpora/irds.py silences the logger and turns the error into a message."""
    import logging

    import ir_datasets

    assert isinstance(ir_datasets.log.easy().logger(), logging.Logger)
    with pytest.raises(KeyError):
        ir_datasets.load("no/such/corpus")


# sentence-transformers, transformers ------------------------------------------------------------------


@pytest.mark.parity
def test_sentence_transformers_shows_how_a_model_pools() -> None:
    """searchapp/encoders/transformer_model.py rebuilds the pooling module with another mode."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    old = Pooling(8, "mean", include_prompt=False)
    new = type(old)(old.embedding_dimension, "cls", include_prompt=old.include_prompt)
    assert (new.pooling_mode, new.embedding_dimension, new.include_prompt) == ("cls", 8, False)
    assert {"prompts", "max_seq_length", "tokenizer"} <= attributes(SentenceTransformer)
    assert {"encode_query", "encode_document", "children"} <= attributes(SentenceTransformer)
    assert "auto_model" in attributes(Transformer)


def attributes(kind: type) -> set[str]:
    """Return the attributes of a class and those that its source sets on an instance."""
    trees = [ast.parse(source) for base in kind.__mro__ if (source := source_of(base))]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return set(dir(kind)) | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def source_of(kind: type) -> str:
    try:
        return inspect.cleandoc("\n" + inspect.getsource(kind))
    except (TypeError, OSError):  # a class of C, such as object
        return ""


@pytest.mark.parity
def test_transformers_says_which_weights_were_missing(tmp_path: Path) -> None:
    """searchapp/encoders/transformer_model.py refuses a model with missing weights."""
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=8, hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path)
    _, loading = BertModel.from_pretrained(tmp_path, output_loading_info=True, local_files_only=True)
    assert sorted(loading["missing_keys"]) == ["pooler.dense.bias", "pooler.dense.weight"]


# nothing else -----------------------------------------------------------------------------------------


def private_names(source: str) -> Iterator[str]:
    """Yield the dotted names with a leading underscore that a module takes from another library."""
    tree = ast.parse(source)
    roots: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.asname or alias.name.split(".")[0]: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            roots |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    foreign = {
        name: whole
        for name, whole in roots.items()
        if whole.split(".")[0] not in {"searchapp", *sys.stdlib_module_names}
    }
    yield from (whole for whole in foreign.values() if is_private(whole))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            root, _, rest = ast.unparse(node).partition(".")
            if root in foreign:
                yield f"{foreign[root]}.{rest}"


def is_private(dotted: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in dotted.split("."))


def test_no_other_private_name_is_used() -> None:
    used = {
        (str(path.relative_to(REPOSITORY)), name)
        for path in (REPOSITORY / "searchapp").rglob("*.py")
        for name in private_names(path.read_text("utf-8"))
    }
    assert used == PRIVATE_NAMES


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import numpy as np\nnp.core._ufunc()", ["numpy.core._ufunc"]),
        ("def f():\n    from ranx._x import y", ["ranx._x.y"]),
        ("from faiss import swigfaiss\nswigfaiss._swig = 1", ["faiss.swigfaiss._swig"]),
        ("from searchapp.files import _x\nself._y\nimport sys\nsys._getframe()", []),
        ("import click\nclick.__version__", []),
    ],
)
def test_a_private_name_is_noticed(source: str, names: list[str]) -> None:
    assert list(private_names(source)) == names


def test_every_module_that_a_docstring_names_exists() -> None:
    named = set(re.findall(r"searchapp/[\w/]+\.py", Path(__file__).read_text("utf-8")))
    assert [name for name in sorted(named) if not (REPOSITORY / name).exists()] == []

"""Fixtures: small corpora and models written by the test, and the real ones where this machine has them."""

import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from searchapp.cli import app
from searchapp.records import Query

from .real_data import REPOSITORY, TEST_DATA, archives, datasets_home, missing_corpora

DATASETS_HOME = datasets_home(os.environ, TEST_DATA, Path.home())  # read before `isolated` hides it
PARITY = all(importlib.util.find_spec(name) for name in ("mteb", "sentence_transformers", "torch"))

# searchapp's cache goes next to the one of pytest, not into the developer's home.
os.environ["XDG_CACHE_HOME"] = str(REPOSITORY / ".pytest_cache" / "home")

Cli = Callable[..., Result]
MakeFolder = Callable[..., Path]


def pytest_report_header() -> list[str]:
    """Say which of the optional tests can run."""
    return [
        f"real corpora: {missing_corpora(DATASETS_HOME) or DATASETS_HOME}",
        f"other test data: {TEST_DATA}{'' if TEST_DATA.is_dir() else ' (missing, see tests/real_data.py)'}",
        f"parity extra: {'installed' if PARITY else 'not installed, its tests are deselected'}",
    ]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the parity tests where the extra is not installed."""
    if not PARITY:
        left_out = [item for item in items if item.get_closest_marker("parity")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("parity")]


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test its own indexes, corpora and models, and keep it off the network."""
    monkeypatch.setenv("SEARCHAPP_INDEXES", str(tmp_path / "indexes"))
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "ir_datasets"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def cli() -> Cli:
    """Run a command line in process: `cli("index", "sample")` -> exit code, stdout and stderr."""

    def run(*arguments: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(app, list(arguments), input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture(scope="session")
def corpora_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An IR_DATASETS_HOME with the real NFCorpus and SciFact, which tests may write to."""
    if reason := missing_corpora(DATASETS_HOME):
        pytest.skip(reason)
    home = tmp_path_factory.mktemp("home")
    for name, archive in archives(DATASETS_HOME).items():
        archives(home)[name].parent.mkdir(parents=True)
        shutil.copyfile(archive, archives(home)[name])
    return home


@pytest.fixture
def real_corpora(corpora_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make names such as `nfcorpus` refer to the real corpora."""
    monkeypatch.setenv("IR_DATASETS_HOME", str(corpora_home))
    return corpora_home


@pytest.fixture(scope="session")
def real_indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of indexes that the tests of the real corpora share, so that each is built once."""
    return tmp_path_factory.mktemp("real") / "indexes"


@pytest.fixture
def shared_indexes(real_corpora: Path, real_indexes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use the real corpora with indexes that later tests reuse."""
    monkeypatch.setenv("SEARCHAPP_INDEXES", str(real_indexes))
    return real_indexes


def as_queries(texts: Iterable[str]) -> list[Query]:
    """Return texts as queries with numbers for ids."""
    return [Query(str(number), text) for number, text in enumerate(texts)]


def jsonl(records: Sequence[Mapping[str, Any]]) -> str:
    """Return records as JSON lines."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


@pytest.fixture
def make_corpus(tmp_path: Path) -> MakeFolder:
    """Write a BEIR folder: `make_corpus(documents={id: text or (title, text)}, queries=..., qrels=...)`."""

    def make(
        name: str = "corpus",
        documents: Mapping[str, str | tuple[str, str]] | None = None,
        queries: Mapping[str, str] | None = None,
        qrels: Sequence[tuple[str, str, int]] | None = None,
        split: str = "test",
    ) -> Path:
        documents = documents or {
            "d1": ("Red", "apple pear"),
            "d2": "pear plum",
            "d3": ("", "fig apple apple"),
        }
        queries = queries or {"q1": "apple", "q2": "plum"}
        qrels = [("q1", "d1", 2), ("q1", "d3", 1), ("q2", "d2", 1)] if qrels is None else qrels
        folder = tmp_path / name
        (folder / "qrels").mkdir(parents=True, exist_ok=True)
        rows = []
        for document_id, content in documents.items():
            title, text = content if isinstance(content, tuple) else ("", content)
            rows.append({"_id": document_id, "title": title, "text": text})
        (folder / "corpus.jsonl").write_text(jsonl(rows), "utf-8")
        texts = [{"_id": query_id, "text": text} for query_id, text in queries.items()]
        (folder / "queries.jsonl").write_text(jsonl(texts), "utf-8")
        lines = ["query-id\tcorpus-id\tscore", *(f"{q}\t{d}\t{grade}" for q, d, grade in qrels)]
        if qrels:
            (folder / "qrels" / f"{split}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
        return folder

    return make


WORDS = ("[UNK]", "apple", "pear", "plum", "fig", "red")
TABLE = np.array(
    [[9, 9, 9, 9], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0]], dtype=np.float32
)


@pytest.fixture
def make_model(tmp_path: Path) -> MakeFolder:
    """Write a model2vec folder of six words and four dimensions, small enough to compute vectors by hand."""

    def make(
        name: str = "model",
        table: NDArray[Any] = TABLE,
        words: Sequence[str] = WORDS,
        config: Mapping[str, Any] | None = None,
        **tensors: NDArray[Any],
    ) -> Path:
        from safetensors.numpy import save_file
        from tokenizers import Tokenizer
        from tokenizers.models import WordLevel
        from tokenizers.normalizers import Lowercase
        from tokenizers.pre_tokenizers import Whitespace

        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
        tokenizer.normalizer = Lowercase()
        tokenizer.pre_tokenizer = Whitespace()
        tokenizer.save(str(folder / "tokenizer.json"))
        save_file({"embeddings": np.ascontiguousarray(table), **tensors}, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps({"normalize": False, **(config or {})}))
        return folder

    return make


@pytest.fixture
def tokenizer_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test its own cache; return the folder in which approved tokenizers are stored."""
    from .trained import own_cache

    return own_cache(tmp_path / "cache", monkeypatch)


@pytest.fixture(scope="session")
def trained_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Train a model2vec folder for every kind of tokenizer, which no test may change."""
    from .trained import TRAIN, save_model

    root = tmp_path_factory.mktemp("trained")
    return {kind: save_model(kind, root / kind) for kind in TRAIN}


@pytest.fixture
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run the test in an empty folder of its own."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder

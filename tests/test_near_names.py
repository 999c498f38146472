"""A mistyped name of anything suggests the nearest one."""

from pathlib import Path

import pytest

from .conftest import Cli, MakeFolder


@pytest.fixture
def folder(
    cli: Cli, working_folder: Path, tmp_path: Path, make_model: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return a working folder with results, a model, an index, and a hub model in the cache."""
    reference = tmp_path / "hub" / "models--minishlab--potion-base-8M" / "refs" / "main"
    reference.parent.mkdir(parents=True)
    reference.write_text("0" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    make_model("work/tiny-model")
    assert cli("eval", "sample", "--run-out", "results").exit_code == 0
    return working_folder


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("corpora", "nfcorpsu"), "nfcorpus"),
        (("corpora", "NFCorpus"), "nfcorpus"),
        (("eval", "sampel"), "sample"),
        (("eval", "sample/tset"), "test"),
        (("diagnose", "sampel"), "sample"),
        (("query", "honey", "-c", "sampel"), "sample"),
        (("index", "sample", "-m", "wordlama"), "wordllama"),
        (("index", "sample", "-m", "WordLlama"), "wordllama"),
        (("index", "sample", "-m", "./tiny-modle"), "tiny-model"),
        (("index", "sample", "-m", "tiny-modle"), "tiny-model"),
        (("index", "sample", "-m", "minishlab/potion-base-8m"), "minishlab/potion-base-8M"),
        (("index", "sample", "-m", "potion-base-8M"), "minishlab/potion-base-8M"),
        (("index", "sample", "-m", "st:all-MiniLM-L6-v2"), "sentence-transformers/all-MiniLM-L6-v2"),
        (("query", "honey", "-c", "sample", "-m", "wordlama"), "wordllama"),
        (("indexes", "sampel"), "sample"),
        (("indexes", "sample/wordlama"), "sample/wordllama"),
        (("compare", "result", "results"), "results"),
        (("compare", "results/sample.wordlama.dense", "results"), "sample.wordllama.dense"),
        (("eval", "sample", "--run", "results/sample.wordlama.dense.trec"), "sample.wordllama.dense.trec"),
        (("export", "result", "--model-index"), "results"),
        (("models", "--published", "nfcropus"), "nfcorpus"),
        (("EVAL", "sample"), "eval"),
        (("eval", "sample", "--modle", "x"), "--model"),
        (("eval", "sample", "--mode", "bm52"), "bm25"),
        (("eval", "sample", "--format", "jsno"), "json"),
        (("eval", "sample", "--measure", "ndgc@10"), "nDCG@10"),
        (("diagnose", "sample", "--probe", "tokeniser"), "tokenizer"),
    ],
)
def test_the_nearest_name_is_suggested(
    cli: Cli, folder: Path, arguments: tuple[str, ...], meant: str
) -> None:
    result = cli(*arguments)
    assert result.exit_code in {1, 2}
    said = " ".join(result.stderr.split())
    assert "Did you mean" in said
    assert meant in said.partition("Did you mean")[2].partition("?")[0]


@pytest.mark.parametrize(
    "arguments", [("corpora", "xyzzy"), ("index", "sample", "-m", "xyzzy"), ("indexes", "xyzzy"), ("xyzzy",)]
)
def test_a_name_that_is_like_nothing_gets_no_suggestion(
    cli: Cli, folder: Path, arguments: tuple[str, ...]
) -> None:
    assert "Did you mean" not in cli(*arguments).stderr

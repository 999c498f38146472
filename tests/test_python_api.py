"""The Python API: what docs/python.md shows is what comes out, and it is what the commands give."""

import doctest
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import pytest

import searchapp

from .conftest import Cli, MakeFolder
from .real_data import REPOSITORY

PAGE = REPOSITORY / "docs" / "python.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
HEAVY = ("numpy", "faiss", "rich", "click", "numba", "ranx", "tokenizers", "searchapp.api")


def failures(blocks: Iterable[str]) -> int:
    """Run examples in one session and return how many give another output than is shown."""
    test = doctest.DocTestParser().get_doctest("".join(blocks), {}, PAGE.name, str(PAGE), 0)
    return doctest.DocTestRunner().run(test).failed


def test_the_examples_on_the_sample_are_current() -> None:
    on_sample = [block for block in BLOCKS if "nfcorpus" not in block]
    assert len(on_sample) >= 5
    assert failures(on_sample) == 0


@pytest.mark.shared
def test_every_example_is_current(shared_indexes: Path) -> None:
    assert failures(BLOCKS) == 0


def test_importing_searchapp_loads_nothing_heavy() -> None:
    program = f"import sys, searchapp; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_public_name_can_be_imported() -> None:
    assert {"open_corpus", "evaluate", "Result"} <= set(searchapp.__all__)
    assert all(getattr(searchapp, name).__name__ == name for name in searchapp.__all__)
    assert set(searchapp.__all__) <= set(dir(searchapp))
    with pytest.raises(AttributeError, match="has no attribute 'evalute'"):
        _ = searchapp.evalute


def test_the_types_are_shipped() -> None:
    assert (Path(searchapp.__file__).parent / "py.typed").exists()


def as_json(result: searchapp.Result) -> object:
    """Return a result as JSON holds it, without the times."""
    return {**json.loads(json.dumps(asdict(result))), "seconds": None}


@pytest.mark.parametrize("mode", ["dense", "bm25", "hybrid"])
def test_a_result_is_that_of_the_command(
    cli: Cli, make_corpus: MakeFolder, make_model: MakeFolder, mode: str
) -> None:
    corpus, model = str(make_corpus()), str(make_model())
    arguments = ("eval", corpus, "--mode", mode, "--json", *(() if mode == "bm25" else ("-m", model)))
    (row,) = json.loads(cli(*arguments).stdout)["results"]
    assert as_json(searchapp.evaluate(corpus, model, mode=mode)) == {**row, "seconds": None}


def test_opened_objects_do_what_names_do(make_corpus: MakeFolder, make_model: MakeFolder) -> None:
    name, model = str(make_corpus()), str(make_model())
    corpus, encoder = searchapp.open_corpus(name), searchapp.load_encoder(model)
    opened, named = searchapp.evaluate(corpus, encoder), searchapp.evaluate(name, model)
    assert as_json(opened) == as_json(named)
    index = searchapp.build_index(corpus, encoder)
    assert index.folder == searchapp.build_index(name, model).folder
    assert searchapp.search("plum", index, depth=1) == searchapp.search("plum", name, model, depth=1)
    findings = [searchapp.diagnose(*pair, quick=True).causes for pair in ((corpus, encoder), (name, model))]
    assert findings[0] == findings[1]


def test_runs_are_scored_and_compared(
    cli: Cli, make_corpus: MakeFolder, make_model: MakeFolder, tmp_path: Path
) -> None:
    corpus, model, out = str(make_corpus()), str(make_model()), tmp_path / "out"
    cli("eval", corpus, "-m", model, "--baselines", "--run-out", str(out))
    dense, bm25 = sorted(out.glob("*.dense.trec"))[0], sorted(out.glob("*.bm25.trec"))[0]
    (comparison,) = searchapp.compare(dense, bm25, corpus=corpus, measures="nDCG@10")
    means = [searchapp.evaluate(corpus, run=run).metrics["ndcg_at_10"] for run in (dense, bm25)]
    (change,) = comparison.changes
    assert [change.baseline, change.candidate] == means


def test_an_unknown_mode_is_an_error_that_lists_the_modes() -> None:
    index = searchapp.build_index("sample")
    wrong = (
        lambda: searchapp.evaluate("sample", mode="denes"),
        lambda: searchapp.search("honey", index, mode="denes"),
    )
    for call in wrong:
        with pytest.raises(searchapp.SearchappError, match="There is no mode 'denes'") as caught:
            call()
        assert caught.value.hint == "Choose one of: dense, bm25, hybrid."

"""Where a fast tokenizer may be used, and how an index is reopened without loading its model in full."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.fast_tokenizers import EDGE_CASES, PROOF_TEXT, PROOF_TOTAL, choose_tokenizer
from searchapp.encoders.model_files import find_model
from searchapp.encoders.options import Options
from searchapp.encoders.static_model import reopen_model
from searchapp.encoders.tokenization import Gigatoken, ReferenceTokenizer, Tokens, Tokie
from searchapp.index.layout import find_indexes
from searchapp.index.manifest import read_manifest
from tests.conftest import Cli, MakeFolder, as_queries
from tests.trained import (
    SAMPLE,
    SHORT,
    digest,
    facts_of,
    lie,
    not_installed,
)

pytestmark = pytest.mark.usefixtures("tokenizer_cache")
FAST: dict[str, Any] = {"sentence-piece": Gigatoken, "byte-level": Gigatoken, "uncased": Tokie}
MEANS = Options(normalize=False)


@pytest.fixture(params=FAST)
def model(request: pytest.FixtureRequest, trained_models: dict[str, Path]) -> tuple[Path, Any]:
    """Return the folder of a model and its fast tokenizer."""
    pytest.importorskip(FAST[request.param].library)
    return trained_models[request.param], FAST[request.param]


def choose(folder: Path, sample: list[str]) -> tuple[str, str, bool]:
    """Return the library that is chosen, why, and whether it is the reference itself."""
    path = folder / "tokenizer.json"
    reference = ReferenceTokenizer(path)
    chosen, reason = choose_tokenizer(path, reference, digest(path), sample)
    return chosen.library, reason, chosen is reference


def tell_of(victim: str) -> Callable[[list[str]], str | None]:
    return lambda texts: victim if victim in texts else None


def test_a_correct_tokenizer_is_used_and_its_verification_counted(model: tuple[Path, Any]) -> None:
    folder, fast = model
    proof = f"equal to tokenizers on {len(EDGE_CASES)} edge cases and 7 texts of the corpus"
    assert choose(folder, SAMPLE[:7]) == (fast.library, proof, False)


@pytest.mark.parametrize("victim", ["a", EDGE_CASES[-1], SAMPLE[3]], ids=["first", "last", "of the corpus"])
def test_a_tokenizer_that_is_wrong_on_one_text_is_not_used(
    model: tuple[Path, Any], victim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, fast = model
    lie(monkeypatch, fast, tell_of(victim))
    reason = f"{fast.library} gives different ids for {victim[:40]!r}"
    assert choose(folder, SAMPLE[:7]) == ("tokenizers", reason, True)


def test_an_error_outside_the_sample_goes_unnoticed(
    model: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, fast = model
    lie(monkeypatch, fast, tell_of(SAMPLE[3]))
    assert choose(folder, SAMPLE[:3])[0] == fast.library


def test_a_tokenizer_that_is_wrong_only_in_a_batch_is_not_used(
    model: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, fast = model
    lie(monkeypatch, fast, lambda texts: "a" if len(texts) > 1 else None)
    assert choose(folder, SAMPLE[:7]) == (
        "tokenizers",
        f"{fast.library} gives different ids in a batch",
        True,
    )


def test_a_tokenizer_with_wrong_offsets_in_a_batch_is_not_used(
    model: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, fast = model
    honest = fast.__call__

    def shifted(self: Any, texts: Any) -> Tokens:
        ids, offsets = honest(self, texts)
        return Tokens(
            ids, np.append(offsets[:-2], [offsets[-2] - 1, offsets[-1]]) if len(texts) > 1 else offsets
        )

    monkeypatch.setattr(fast, "__call__", shifted)
    assert choose(folder, SAMPLE[:7]) == (
        "tokenizers",
        f"{fast.library} gives different ids in a batch",
        True,
    )


def test_a_library_that_is_not_installed_is_named_with_its_extra(
    model: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch, tokenizer_cache: Path
) -> None:
    folder, fast = model
    quick = load_encoder(str(folder), MEANS, sample=SAMPLE).encode_queries(as_queries(SHORT))
    not_installed(monkeypatch, "gigatoken", "tokie")
    plain = load_encoder(str(folder), MEANS, sample=SAMPLE)
    reason = f"{fast.library} would be faster, but is not installed (extra `fast`)"
    assert (facts_of(plain).tokenizer, facts_of(plain).proof) == ("tokenizers", reason)
    np.testing.assert_array_equal(plain.encode_queries(as_queries(SHORT)), quick)
    again = reopen_model(find_model(str(folder)), facts_of(plain))
    assert again is not None
    np.testing.assert_array_equal(again.encode(SHORT, 512), quick)


@pytest.mark.parametrize("error", [ValueError, RuntimeError])
def test_a_tokenizer_that_a_library_cannot_read_falls_back_to_the_reference(
    model: tuple[Path, Any], error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, fast = model
    expected = load_encoder(str(folder), MEANS, sample=SAMPLE).encode_queries(as_queries(SHORT))

    def refuse(*_: Any) -> None:
        raise error("unheard of" + "." * 200)

    monkeypatch.setattr(fast, "__init__", refuse)
    encoder = load_encoder(str(folder), MEANS, sample=SAMPLE)
    assert facts_of(encoder).tokenizer == "tokenizers"
    assert facts_of(encoder).proof.startswith(f"{fast.library} fails on it ({error.__name__}: unheard of...")
    assert len(facts_of(encoder).proof) < 130
    np.testing.assert_array_equal(encoder.encode_queries(as_queries(SHORT)), expected)


def test_a_kind_without_a_fast_library_says_so(trained_models: dict[str, Path]) -> None:
    assert choose(trained_models["unigram"], SAMPLE) == (
        "tokenizers",
        "there is no faster one for Unigram models",
        True,
    )


def test_the_manifest_and_the_doctor_say_which_tokenizer_was_used_and_why(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gigatoken")
    cli("index", "sample")
    facts = facts_of(read_manifest(find_indexes()[0]))
    proof = f"equal to tokenizers on {len(EDGE_CASES)} edge cases and 64 texts of the corpus"
    assert (facts.tokenizer, facts.proof) == ("gigatoken", proof)
    assert "tokenised by gigatoken: equal to tokenizers on" in cli("doctor").stdout
    not_installed(monkeypatch, "gigatoken")
    cli("index", "sample", "--fresh")
    facts = facts_of(read_manifest(find_indexes()[0]))
    assert facts.tokenizer == "tokenizers"
    assert "gigatoken would be faster, but is not installed (extra `fast`)" in facts.proof
    assert f"tokenised by tokenizers: {facts.proof}" in cli("doctor").stdout


@pytest.mark.parametrize("kind", ["sentence-piece", "uncased"])
def test_a_proof_reads_a_bounded_part_of_long_documents(
    cli: Cli,
    trained_models: dict[str, Path],
    make_corpus: MakeFolder,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    pytest.importorskip(FAST[kind].library)
    lengths: dict[type, list[int]] = {ReferenceTokenizer: [], FAST[kind]: []}
    for tokenizer, seen in lengths.items():

        def counted(self: Any, texts: Any, honest: Any = tokenizer.__call__, seen: Any = seen) -> Tokens:
            seen.extend(map(len, texts))
            tokens: Tokens = honest(self, texts)
            return tokens

        monkeypatch.setattr(tokenizer, "__call__", counted)
    documents = {
        f"d{number}": "honey and the moon " * 5_000 for number in range(40)
    }  # 95,000 characters each
    corpus = str(make_corpus(documents=documents, queries={"q1": "honey"}, qrels=[("q1", "d1", 1)]))
    done = cli("index", corpus, "-m", str(trained_models[kind]), "--max-length", "1000")
    assert done.exit_code == 0, done.stderr
    edge = sum(map(len, EDGE_CASES))
    (folder,) = find_indexes()
    facts = facts_of(read_manifest(folder))
    read = len(documents) * 1_000 * facts.median_letters  # as model2vec truncates
    assert max(lengths[ReferenceTokenizer]) <= PROOF_TEXT
    # Once by the reference, twice by each library that is tried: text by text and in a batch. tokie passes
    # some of the edge cases on to the reference.
    assert sum(lengths[ReferenceTokenizer]) <= 3 * edge + PROOF_TOTAL
    assert sum(lengths[FAST[kind]]) <= 2 * (edge + PROOF_TOTAL) + read
    assert facts.tokenizer == FAST[kind].library
    assert facts.proof.endswith("32 texts of the corpus (8,000 characters of the longer ones)")


@pytest.mark.parametrize("place", ["beginning", "middle", "end"])
def test_the_ends_and_the_middle_of_a_long_text_are_proved(
    model: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    folder, fast = model
    filler = "moon " * 20_000
    cut = {"beginning": 0, "middle": len(filler) // 2, "end": len(filler)}[place]
    text = f"{filler[:cut]} sisyphus {filler[cut:]}"
    lie(monkeypatch, fast, lambda texts: next((text for text in texts if "sisyphus" in text), None))
    library, reason, _ = choose(folder, [text])
    assert library == "tokenizers"
    assert reason.startswith(f"{fast.library} gives different ids for ")

"""Damaged static models on disk, diagnosed through the command line: what is named, and what is not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from searchapp.corpora.resolve import open_corpus
from searchapp.diagnosis.probes.contrast import contrast
from searchapp.diagnosis.rows import halves
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.tokenization import Tokens
from searchapp.encoders.vectors import unit
from tests.conftest import Cli

Rows = NDArray[np.float32]
Change = Callable[[Rows, np.random.Generator], Any]

PROBES = (
    "control",
    "score",
    "row-alignment",
    "equal-rows",
    "token-weights",
    "row-values",
    "tokenizer",
    "quantisation",
    "dimensions",
    "directions",
)


@pytest.fixture
def bundled() -> StaticEncoder:
    encoder = load_encoder("wordllama")
    assert isinstance(encoder, StaticEncoder)
    return encoder


def saved(folder: Path, rows: Any, tokenizer: dict[str, Any]) -> str:
    folder.mkdir()
    save_file({"embeddings": np.ascontiguousarray(rows, dtype=np.float32)}, folder / "model.safetensors")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    (folder / "config.json").write_text('{"normalize": true, "max_length": null}', "utf-8")
    return str(folder)


def diagnosed(cli: Cli, model: str, *probes: str) -> dict[str, Any]:
    chosen = [option for name in probes or PROBES for option in ("--probe", name)]
    result = cli("diagnose", "sample", "-m", model, "--json", *chosen)
    assert result.exit_code in {0, 3}, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def named(document: dict[str, Any]) -> list[str]:
    return [cause["id"] for cause in document["causes"] if cause["fault"]]


def some(rows: Rows, share: float, rng: np.random.Generator) -> Any:
    return rng.choice(len(rows), int(share * len(rows)), replace=False)


def permuted(rows: Rows, rng: np.random.Generator) -> Any:
    chosen = some(rows, 0.3, rng)
    rows[chosen] = rows[rng.permutation(chosen)]
    return rows


def without_rows(rows: Rows, rng: np.random.Generator) -> Any:
    rows[some(rows, 0.3, rng)] = 0
    return rows


def alike(rows: Rows, rng: np.random.Generator) -> Any:
    rows[some(rows, 0.3, rng)] = rows[0]
    return rows


def inverted(rows: Rows, _rng: np.random.Generator) -> Any:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(norms, 0.05) ** 3


def last_components(rows: Rows, _rng: np.random.Generator) -> Any:
    centred = rows - rows.mean(axis=0)
    return centred @ np.linalg.eigh(centred.T @ centred)[1][:, :64]


def noisy(rows: Rows, rng: np.random.Generator) -> Any:
    return rows + rows.std() * rng.standard_normal(rows.shape)


def weighted_by_frequency(rows: Rows, _rng: np.random.Generator) -> Any:
    """Norms that grow with the root of how often the sample uses a token."""
    from tests.trained import SAMPLE

    encoder = load_encoder("wordllama")
    assert isinstance(encoder, StaticEncoder)
    counts = np.bincount(encoder.model.tokenize(SAMPLE).ids, minlength=len(rows)) + 0.5
    return rows / np.maximum(np.linalg.norm(rows, axis=1), 1e-9)[:, None] * (counts**0.5)[:, None]


def biased(rows: Rows, rng: np.random.Generator) -> Any:
    shared = rng.standard_normal(rows.shape[1])
    return rows + 30 * np.linalg.norm(rows, axis=1).mean() * shared / np.linalg.norm(shared)


def clipped(rows: Rows, _rng: np.random.Generator) -> Any:
    return np.clip(rows, -0.02 * rows.std(), 0.02 * rows.std())


def overflown(rows: Rows, _rng: np.random.Generator) -> Any:
    scale = 127 * 4 / np.quantile(np.abs(rows), 0.999)
    return (rows * scale).astype(np.int64).astype(np.int8) / scale


def directions(rows: Rows, rng: np.random.Generator) -> Any:
    basis = np.linalg.qr(rng.standard_normal((rows.shape[1], 5)))[0]
    size = np.linalg.norm(rows, axis=1).mean()
    return rows + size * rng.standard_normal((len(rows), 5)) @ basis.T


FAULTS: dict[str, tuple[Change, str]] = {
    "shifted far": (lambda rows, _rng: np.roll(rows, 300, axis=0), "table-rows-shifted"),
    "partly permuted": (permuted, "table-rows-random"),
    "untrained": (lambda rows, rng: rng.standard_normal(rows.shape), "table-rows-random"),
    "zero": (without_rows, "zero-rows"),
    "alike": (alike, "unknown-tokens"),
    "weights inverted": (inverted, "frequent-tokens"),
    "unit rows": (lambda rows, _rng: rows / np.linalg.norm(rows, axis=1, keepdims=True), "flat-weights"),
    "last components": (last_components, "last-components"),
    "noise": (noisy, "noise"),
    "noise on unit rows": (lambda rows, rng: unit(noisy(rows, rng).astype(np.float32)), "noise"),
    "weights by frequency": (weighted_by_frequency, "frequent-tokens"),
    "a bias": (lambda rows, rng: biased(rows[:, :48], rng), "bias"),
    "clipped": (clipped, "clipped"),
    "overflow": (overflown, "overflow"),
    "directions": (directions, "dominant-directions"),
    "few dimensions": (lambda rows, _rng: rows[:, :8], "few-dimensions"),
}


@pytest.mark.parametrize(("change", "cause"), FAULTS.values(), ids=FAULTS)
def test_a_damaged_table_is_named(
    change: Change, cause: str, cli: Cli, bundled: StaticEncoder, tmp_path: Path
) -> None:
    rows = change(np.array(bundled.model.rows, np.float32), np.random.default_rng(5))
    model = saved(tmp_path / "model", rows, json.loads(bundled.files.tokenizer.read_text("utf-8")))
    document = diagnosed(cli, model)
    assert named(document)[:1] == [cause], document["facts"]


def pca(rows: Rows, _rng: np.random.Generator) -> Any:
    centred = rows - rows.mean(axis=0)
    return centred @ np.linalg.eigh(centred.T @ centred)[1][:, -32:]


HARMLESS: dict[str, Change] = {
    "half precision": lambda rows, _rng: rows.astype(np.float16),
    "int8": lambda rows, _rng: np.round(rows * 127 / np.abs(rows).max()),
    "a rotation": lambda rows, rng: rows @ np.linalg.qr(rng.standard_normal((256, 256)))[0],
    "a small bias": lambda rows, _rng: rows + 0.02 * np.linalg.norm(rows, axis=1).mean(),
    "32 components of a PCA": pca,
    "a random projection": lambda rows, rng: rows @ rng.standard_normal((256, 96)),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_costs_nothing_or_is_an_honest_reduction_is_no_fault(
    change: Change, cli: Cli, bundled: StaticEncoder, tmp_path: Path
) -> None:
    rows = change(np.array(bundled.model.rows, np.float32), np.random.default_rng(5))
    model = saved(tmp_path / "model", rows, json.loads(bundled.files.tokenizer.read_text("utf-8")))
    assert named(diagnosed(cli, model)) == []


@pytest.mark.parametrize(("end", "cause"), [("last", "last-components"), ("first", "dimensions-differ")])
def test_components_of_the_model_itself(
    end: str, cause: str, cli: Cli, bundled: StaticEncoder, tmp_path: Path
) -> None:
    """Of a PCA of the documents, 32 of 96 components."""
    rows = np.array(bundled.model.rows, np.float32)[:, :96]
    model = saved(tmp_path / "model", rows, json.loads(bundled.files.tokenizer.read_text("utf-8")))
    encoder, corpus = load_encoder(model), open_corpus("sample")
    documents = encoder.encode_documents(list(corpus.documents()))
    axes = np.linalg.eigh(np.cov(documents, rowvar=False))[1]
    kept = axes[:, :32] if end == "last" else axes[:, -32:]
    folder = tmp_path / "vectors"
    folder.mkdir()
    for side, vectors, ids in (
        ("documents", documents, [one.id for one in corpus.documents()]),
        ("queries", encoder.encode_queries(corpus.queries), [one.id for one in corpus.queries]),
    ):
        np.save(folder / f"{side}.npy", ((vectors - documents.mean(axis=0)) @ kept).astype(np.float32))
        (folder / f"{side}.txt").write_text("".join(f"{name}\n" for name in ids))
    result = cli("diagnose", "sample", "-m", f"npy:{folder}", "--made-by", model, "--quick", "--json")
    assert named(json.loads(result.stdout))[0] == cause


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_rows_that_no_text_uses_are_no_fault(
    fill: float, cli: Cli, bundled: StaticEncoder, tmp_path: Path
) -> None:
    from tests.trained import SAMPLE

    rows = np.array(bundled.model.rows, np.float32)
    unused = np.setdiff1d(np.arange(len(rows)), bundled.model.tokenize(SAMPLE).ids)
    assert len(unused) > 0.8 * len(rows)
    rows[unused] = fill
    model = saved(tmp_path / "model", rows, json.loads(bundled.files.tokenizer.read_text("utf-8")))
    assert named(diagnosed(cli, model)) == []


def test_lost_marks_are_found_and_what_restores_them_gains(
    cli: Cli, bundled: StaticEncoder, tmp_path: Path
) -> None:
    tokenizer = json.loads(bundled.files.tokenizer.read_text("utf-8"))
    damaged = {**tokenizer, "normalizer": None, "pre_tokenizer": {"type": "Whitespace"}}
    document = diagnosed(cli, saved(tmp_path / "model", bundled.model.rows, damaged), "score", "tokenizer")
    (cause,) = document["causes"]
    assert (cause["id"], cause["strength"]) == ("rebuilt-tokenizer", 1.0)
    # The bundled model scores 0.87565 on the sample.
    score = document["facts"]["score"][0]["value"]
    assert score + cause["gain"] == pytest.approx(0.87565, abs=0.01)


def test_a_repair_step_names_the_fix_that_was_measured(
    cli: Cli, bundled: StaticEncoder, tmp_path: Path
) -> None:
    rows = inverted(np.array(bundled.model.rows, np.float32), np.random.default_rng(5))
    model = saved(tmp_path / "model", rows, json.loads(bundled.files.tokenizer.read_text("utf-8")))
    document = diagnosed(cli, model, "control", "score", "token-weights")
    (cause,) = document["causes"]
    assert cause["next"] == f"searchapp repair sample -m {model} -o repaired --fix weigh"


def test_a_cosine_is_judged_against_random_pairs(cli: Cli) -> None:
    result = cli("diagnose", "sample", "--json", "--probe", "cosine-contrast")
    facts = {fact["key"]: fact["value"] for fact in json.loads(result.stdout)["facts"]["cosine-contrast"]}
    assert facts["cosine-related"] > 0.3 > facts["cosine-random"]
    assert facts["cosine-contrast"] > 0.9


def test_the_area_under_the_curve_counts_pairs() -> None:
    """By hand: of 2 x 3 pairs 0.9 wins 3, 0.4 wins 1 and ties 1."""
    seen = contrast(np.array([0.9, 0.4]), np.array([0.1, 0.4, 0.6]))
    assert seen.area == pytest.approx(4.5 / 6)
    assert seen.related == pytest.approx(0.65)
    assert seen.random == pytest.approx(1.1 / 3)


def test_halves_of_texts_meet_only_where_rows_mean_something() -> None:
    """Twenty topics of thirty tokens each; sixty texts of one topic. Random rows have no topics."""
    rng = np.random.default_rng(3)
    topics = np.repeat(rng.standard_normal((20, 32)), 30, axis=0)
    ids = np.concatenate([30 * (text % 20) + rng.permutation(30)[:16] for text in range(60)])
    tokens = Tokens(ids.astype(np.uint32), np.arange(0, len(ids) + 1, 16))
    near = topics + 0.5 * rng.standard_normal(topics.shape)
    assert halves(tokens, near.astype(np.float32)) > 0.95
    random = rng.standard_normal(topics.shape).astype(np.float32)
    assert halves(tokens, random) == pytest.approx(0.5, abs=0.1)

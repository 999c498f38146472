"""Whether a stored result would come out the same today: its recipe and versions against the current ones."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from shlex import join
from typing import Any

from searchapp.corpora.resolve import open_corpus
from searchapp.doctor.checks import Check, changed_parts, other_versions
from searchapp.errors import SearchappError
from searchapp.evaluation.results import RUN_FILE, find_results, read_results
from searchapp.index.kinds import DEFAULT_KIND
from searchapp.records import Result
from searchapp.retrieval.bm25 import BM25, bm25_recipe
from searchapp.retrieval.random_baseline import RANDOM

EFFECTS = {
    "searchapp": "any figure",
    "model2vec": "the vectors",
    "wordllama": "the vectors of the bundled model",
    "tokenizers": "the tokens of a text",
    "gigatoken": "the tokens of a text, although they are verified each time",
    "tokie": "the tokens of a text, although they are verified each time",
    "sentence-transformers": "the vectors",
    "transformers": "the tokens and the vectors",
    "torch": "the last digits of the vectors",
    "numpy": "the last digits of the scores",
    "faiss-cpu": "the results of an approximate index",
    "bm25s": "the BM25 scores",
    "PyStemmer": "the stems, and with them the BM25 scores",
    "ranx": "the metrics",
    "numba": "the last digits of the metrics",
    "ir-datasets": "the texts that are read",
}
"""What another version of a library could change; another version of Python changes no figure."""

DIGESTS = {
    "documents_digest": ("documents", "other documents would be ranked"),
    "queries_digest": ("queries", "other queries would be searched"),
    "judgements_digest": ("judgements", "the same rankings would get other scores"),
}
"""Digest of a corpus -> what it covers, and what a change would mean for a figure."""


def check_results(names: list[str]) -> Iterator[Check]:
    """Yield what has changed since results were stored: failures for files that cannot be read.

    `names` are result files, their stems, or folders of them.
    """
    for name in names:
        try:
            stored = [(path, result) for path in find_results(name) for result in read_results(path)]
        except SearchappError as error:
            yield Check("result", "fail", error.message, error.hint)
            continue
        for path, result in stored:
            yield from check_result(path, result)


def check_result(path: Path, result: Result) -> Iterator[Check]:
    """Yield one warning per change since a result was stored, or one check that all is unchanged."""
    subject = f"{path}: {result.corpus} with {result.model}, {result.mode}"
    changes = [*_version_changes(result), *_corpus_changes(result)]
    changes += [*_model_changes(result.recipe), *_bm25_changes(result)]
    for change, hint in changes:
        yield Check("result", "warn", f"{subject}; {change}", hint or _again(result))
    if not changes:
        yield Check("result", "ok", f"{subject}; versions, corpus and model are unchanged")


def _version_changes(result: Result) -> Iterator[tuple[str, str]]:
    """Yield (what has changed, the next step) when libraries have other versions."""
    changed = [change for change in other_versions(result.versions) if change[0] != "python"]
    if changed:
        description = "; ".join(
            f"{name} was {was} and is {now} (can change {EFFECTS.get(name, 'the scores')})"
            for name, was, now in changed
        )
        yield description, _again(result, *(f"{name}=={was}" for name, was, _ in changed))


def _corpus_changes(result: Result) -> Iterator[tuple[str, str]]:
    try:
        corpus = open_corpus(result.corpus_id)
        current = {name: getattr(corpus, name) for name in DIGESTS}
    except SearchappError as error:
        yield f"its corpus cannot be read now: {error.message}", error.hint
        return
    for name, (what, effect) in DIGESTS.items():
        if result.recipe.get(name) != current[name]:
            yield f"the {what} of its corpus have changed: {effect}", ""


def _model_changes(recipe: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(recipe.get("model"), str):  # BM25, chance, or a run of another tool
        return
    effects = {
        "model": "texts would get other vectors",
        "tokenizer": "texts would be split into other tokens",
    }
    try:
        for part in changed_parts(recipe):
            yield f"its {part} has changed: {effects[part]}", ""
    except SearchappError as error:
        yield f"its model cannot be read now: {error.message}", error.hint


def _bm25_changes(result: Result) -> Iterator[tuple[str, str]]:
    """Compare the recipe of BM25, alone or in a hybrid run, with the current stemmer and settings."""
    stored = result.recipe if result.mode == BM25 else result.recipe.get(BM25)
    if not isinstance(stored, dict):
        return
    today = asdict(bm25_recipe(str(stored.get("documents_digest"))))
    if stored.get("stems") != today["stems"]:
        was, now = stored.get("stemmer_version"), today["stemmer_version"]
        yield (
            f"the stemmer stems words differently (PyStemmer was {was} and is {now}): "
            "other words match, and BM25 scores change",
            _again(result, f"PyStemmer=={was}"),
        )
    reported = {"stems", "stemmer_version", "bm25s"}  # with the versions of libraries
    settings = [name for name in today if name not in reported and stored.get(name) != today[name]]
    if settings:
        yield f"BM25 has other settings ({', '.join(settings)}): its scores change", ""


def _again(result: Result, *older: str) -> str:
    """Return the command that produces a result again, and the one that restores older libraries."""
    how = {
        BM25: ["--mode", BM25],
        RANDOM: ["--baselines"],
        "run": ["--run", result.recipe.get(RUN_FILE, f"{result.model}.trec")],
        "hybrid": ["-m", result.model, "--mode", "hybrid"],
    }.get(result.mode, ["-m", result.model])
    if result.recipe.get("index", DEFAULT_KIND) != DEFAULT_KIND:
        how += ["--kind", result.recipe["index"]]
    command = join(["searchapp", "eval", result.corpus, *how, "--run-out", "DIR"])
    again = f"Evaluate again, with the options in its recipe: {command}"
    restored = [library for library in older if not library.endswith("==not installed")]
    return f"{again}; or go back: pip install {' '.join(restored)}" if restored else again

"""Static models whose rows or tokens are damaged."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tests.faults.box import Box
from tests.faults.cases import STATIC, fault
from tests.faults.models import UNKNOWN, Floats, Table
from tests.faults.tokens import tokens_of

MODEL: dict[str, Any] = {"models": STATIC}


def with_rows(box: Box, change: Callable[[Floats], Any]) -> list[str]:
    """Give a model whose table was changed."""
    table = box.table()
    return box.give_table(replace(table, rows=change(table.rows.copy()).astype(np.float32)))


def counts(box: Box) -> Any:
    """Return how often each token occurs in the documents, (n,)."""
    total = np.zeros(len(box.table().rows), np.float32)
    for ids in tokens_of(box, box.texts()):
        np.add.at(total, np.array(ids, dtype=np.int64), 1)
    return total


def used(box: Box) -> Any:
    """Return the tokens that occur in the documents."""
    return np.flatnonzero(counts(box))


# Rows and tokens.


@fault(
    "tables", "table-rows-shifted", also=("table-rows-random",), held=(1, -2, 7), calibration=(2, -1), **MODEL
)
def rows_rolled(box: Box, by: int) -> list[str]:
    return with_rows(box, lambda rows: np.roll(rows, by, axis=0))


@fault("tables", "table-rows-shifted", "table-rows-random", held=(0.1, 0.3), calibration=(0.2,), **MODEL)
def rows_rolled_from(box: Box, start: float) -> list[str]:
    """Tokens were added or removed somewhere in the vocabulary."""

    def change(rows: Floats) -> Any:
        ids = used(box)
        first = int(ids[int(start * len(ids))])
        rows[first:] = np.roll(rows[first:], 1, axis=0)
        return rows

    return with_rows(box, change)


@fault(
    "tables",
    "table-rows-random",
    held=("permuted", "gaussian", "half"),
    calibration=("permuted", "gaussian"),
    **MODEL,
)
def rows_random(box: Box, how: str) -> list[str]:
    def change(rows: Floats) -> Any:
        if how == "gaussian":
            return box.rng.standard_normal(rows.shape) * np.linalg.norm(rows, axis=1, keepdims=True)
        some = box.some(len(rows), 0.6 if how == "half" else 1.0)
        rows[some] = rows[box.rng.permutation(some)]
        return rows

    return with_rows(box, change)


@fault(
    "tables",
    "table-rows-random",
    "table-rows-shifted",
    held=("alphabetical", "by length"),
    calibration=("alphabetical",),
    **MODEL,
)
def vocabulary_reordered(box: Box, how: str) -> list[str]:
    """The tokenizer was saved with its tokens in another order than the table's."""
    table = box.table()
    parts = json.loads(table.tokenizer)
    vocabulary = parts["model"]["vocab"]
    special = {token["content"] for token in parts["added_tokens"]}
    if isinstance(vocabulary, dict):
        names = sorted((name for name in vocabulary if name not in special), key=vocabulary.__getitem__)
        ordered = sorted(names, key=None if how == "alphabetical" else len)
        places = [vocabulary[name] for name in names]
        parts["model"]["vocab"] = {**vocabulary, **dict(zip(ordered, places, strict=True))}
    return box.give_table(replace(table, tokenizer=json.dumps(parts)))


@fault("tables", "zero-rows", also=("unknown-tokens",), held=(0.15, 0.4), calibration=(0.25,), **MODEL)
def rows_zero(box: Box, share: float) -> list[str]:
    def change(rows: Floats) -> Any:
        ids = used(box)
        rows[ids[box.some(len(ids), share)]] = 0
        return rows

    return with_rows(box, change)


@fault(
    "tables",
    "unknown-tokens",
    also=("shared-rows", "zero-rows"),
    held=(0.2, 0.5),
    calibration=(0.3,),
    **MODEL,
)
def rows_unknown(box: Box, share: float) -> list[str]:
    def change(rows: Floats) -> Any:
        ids = used(box)
        known = json.loads(box.table().tokenizer)["model"]["vocab"]
        row = rows[known[UNKNOWN]] if UNKNOWN in known else rows.mean(axis=0)
        rows[ids[box.some(len(ids), share)]] = row + (0.1 * rows.std(axis=0) if not row.any() else 0)
        return rows

    return with_rows(box, change)


@fault("tables", "unknown-tokens", held=(0.6, 0.85), calibration=(0.7,), models=("words", "potion", "ppmi"))
def vocabulary_cut(box: Box, share: float) -> list[str]:
    """The vocabulary lost its rarest words, so that they are unknown."""
    table = box.table()
    parts = json.loads(table.tokenizer)
    names = sorted(parts["model"]["vocab"], key=parts["model"]["vocab"].__getitem__)
    total, special = counts(box), {token["content"] for token in parts["added_tokens"]}
    seen = [row for row in np.argsort(-total, kind="stable") if total[row]]
    keep = set(seen[: int((1 - share) * len(seen))]) | {
        row for row, name in enumerate(names) if name in special | {UNKNOWN}
    }
    rows = sorted(keep)
    parts["model"]["vocab"] = {names[row]: place for place, row in enumerate(rows)}
    for token in parts["added_tokens"]:
        token["id"] = parts["model"]["vocab"][token["content"]]
    parts["post_processor"] = None
    return box.give_table(Table(table.rows[rows], json.dumps(parts)))


@fault("tables", "shared-rows", held=(60, 400), calibration=(150,), **MODEL)
def rows_shared(box: Box, count: int) -> list[str]:
    def change(rows: Floats) -> Any:
        centres = rows[box.rng.choice(used(box), min(count, len(used(box)) // 3), replace=False)]
        for start in range(0, len(rows), 4096):
            part = rows[start : start + 4096]
            rows[start : start + 4096] = centres[
                (part @ centres.T - (centres**2).sum(axis=1) / 2).argmax(axis=1)
            ]
        return rows

    return with_rows(box, change)


@fault(
    "tables", "rebuilt-tokenizer", held=(1.0,), calibration=(1.0,), models=("wordllama", "potion", "reduced")
)
def tokenizer_rebuilt(box: Box, _power: float) -> list[str]:
    """As model2vec 0.6 and 0.7 rebuilt it: a Unigram whose scores are the logarithms of token lengths."""
    table = box.table()
    parts = json.loads(table.tokenizer)
    names = sorted(parts["model"]["vocab"], key=parts["model"]["vocab"].__getitem__)
    lengths = np.array([len(name.replace("##", "")) + name.count("▁") for name in names], float)
    scores = np.log(np.maximum(lengths, 1) / lengths.sum())
    pieces = [[name, float(score)] for name, score in zip(names, scores, strict=True)]
    parts["model"] = {
        "type": "Unigram",
        "unk_id": max(names.index(UNKNOWN) if UNKNOWN in names else 0, 0),
        "vocab": pieces,
    }
    parts["post_processor"] = None
    return box.give_table(replace(table, tokenizer=json.dumps(parts)))


@fault(
    "tables",
    "lowercasing-lost",
    also=("unknown-tokens", "case-changed"),
    held=(None,),
    calibration=(None,),
    models=("potion", "ppmi", "reduced"),
    corpora=("cacm", "aila-statutes", "limit-small"),
)
def lowercasing_lost(box: Box, _severity: None) -> list[str]:
    table = box.table()
    parts = json.loads(table.tokenizer)
    if (parts["normalizer"] or {}).get("type") == "BertNormalizer":
        parts["normalizer"]["lowercase"] = False
    else:
        parts["normalizer"] = None
    return box.give_table(replace(table, tokenizer=json.dumps(parts)))

"""A copy of a static model with a fix applied to the rows of its table."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.cloud import FIXES, Fix
from searchapp.diagnosis.tokens import table_rows
from searchapp.encoders.mean_pooling import mean_rows
from searchapp.encoders.model_files import COPY_AGAIN, MODULES
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.texts import assemble
from searchapp.encoders.tokenization import Tokens
from searchapp.encoders.vectors import Floats
from searchapp.errors import SearchappError
from searchapp.files import read_json
from searchapp.records import Document

SIF = 1e-3  # weight a / (a + frequency); Arora et al., ICLR 2017
WEIGH: Literal["weigh"] = "weigh"
TableFix = Fix | Literal["weigh"]
TABLE_FIXES: dict[str, TableFix] = {
    **{name: fix for name, fix in FIXES.items() if fix.linear is not None},
    WEIGH: WEIGH,
}
"""The fixes that a table can be given, by name; `weigh` makes rare tokens weigh more than frequent ones."""


def repaired_table(encoder: StaticEncoder, documents: Sequence[Document], fix: TableFix) -> Floats:
    """Return the table of a model with a fix that is fitted on documents, (v, d) float32.

    No judgement is read.

    Raises:
        SearchappError: there are too few documents or dimensions.
    """
    options, rows = encoder.options, table_rows(encoder)
    texts = [options.document_prompt + assemble(document, options.template) for document in documents]
    shape, removed = (len(texts), rows.shape[1]), fix.removes if isinstance(fix, Fix) else 0
    if min(shape) <= removed:
        raise SearchappError(
            f"{removed} directions cannot be removed from {shape[0]} vectors of {shape[1]} dimensions.",
            "Remove fewer, for example: --remove 5",
        )
    tokens = encoder.model.tokens(texts, encoder.recipe.max_length)
    return fixed_rows(rows, tokens, encoder.facts.unknown, fix)


def fixed_rows(rows: Floats, tokens: Tokens, unknown: int | None, fix: TableFix) -> Floats:
    """Return the rows of a table, (v, d) float32, with a fix that is fitted on texts.

    A text's vector is the mean of its rows, so what a linear fix does to every row it does to every text.
    """
    if not isinstance(fix, Fix):
        return weighted(rows, np.bincount(tokens.ids, minlength=len(rows)))
    means = mean_rows(rows, tokens.ids, tokens.offsets, unknown)
    return fix.rows(rows, means.astype(np.float32, copy=False))


def weighted(rows: Floats, counts: NDArray[np.int64]) -> Floats:
    """Return rows of norm a / (a + frequency), (v, d) float32, given how often each token occurs, (v,)."""
    norms = np.maximum(np.linalg.norm(rows, axis=1), 1e-30)
    frequency = counts / max(int(counts.sum()), 1)
    weights: Floats = (SIF / (SIF + frequency) / norms).astype(np.float32)
    return rows * weights[:, None]


def write_model(folder: Path, encoder: StaticEncoder, table: NDArray[np.float32]) -> None:
    """Write a folder like the model's: a (v, d) table with its tokenizer, maximum length and prompts.

    Raises:
        SearchappError: the folder is not empty, or cannot be written.
    """
    from safetensors.numpy import save_file

    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SearchappError(f"{folder} is not empty.", "Choose a new folder: -o FOLDER")
        files = encoder.files
        shutil.copyfile(files.tokenizer, folder / "tokenizer.json")
        config, tensor = {"normalize": True, "max_length": encoder.recipe.max_length}, "embeddings"
        if files.config and files.by_sentence_transformers:
            config, tensor = read_json(files.config, dict, COPY_AGAIN) | {"truncate_dim": None}, files.tensor
            if files.modules:
                shutil.copyfile(files.modules, folder / MODULES)
        save_file({tensor: np.ascontiguousarray(table)}, folder / "model.safetensors")
        name = files.config.name if files.config else "config.json"
        (folder / name).write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise SearchappError(
            f"{folder} cannot be written ({error.strerror}).", "Choose another folder: -o FOLDER"
        ) from error

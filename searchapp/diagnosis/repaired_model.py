"""A copy of a static model with its dominant directions removed from the table."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.model_files import COPY_AGAIN, MODULES
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.errors import SearchappError
from searchapp.files import read_json
from searchapp.records import Document


def repaired_table(
    encoder: StaticEncoder, documents: Sequence[Document], directions: int
) -> NDArray[np.float32]:
    """Return the table of a model, centred, without the directions of most variance, (v, d) float32.

    Mean and directions are those of the documents' vectors before normalisation; no judgement is read.
    A text's vector is the mean of its rows, so what is removed from every row is removed from every text:
    "all but the top" of Mu and Viswanath (ICLR 2018), applied to the texts.

    Raises:
        SearchappError: there are too few documents or dimensions.
    """
    vectors = encoder.with_options(replace(encoder.options, normalize=False)).encode_documents(documents)
    if not 0 < directions < min(vectors.shape):
        raise SearchappError(
            f"{directions} directions cannot be removed from {len(vectors)} vectors of {vectors.shape[1]} "
            "dimensions.",
            "Remove fewer, for example: --remove 5",
        )
    mean = vectors.astype(np.float64).mean(axis=0)
    centred = vectors - mean
    _, axes = np.linalg.eigh(centred.T @ centred)  # ascending variance
    top = axes[:, -directions:]
    rows = np.asarray(encoder.model.rows[:, : encoder.facts.dimension], dtype=np.float64) - mean
    table: NDArray[np.float32] = (rows - rows @ top @ top.T).astype(np.float32)
    return table


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

"""The only importer of model2vec: the same model as the library itself loads it, for comparison."""

from typing import TYPE_CHECKING

import numpy as np

from searchapp.encoders.model_files import BUNDLED, ModelFiles

if TYPE_CHECKING:
    from model2vec import StaticModel


def reference_model(files: ModelFiles) -> "StaticModel":
    """Return model2vec's `StaticModel` of the files; the bundled one reads whole texts."""
    from model2vec import StaticModel

    if files.name != BUNDLED:
        return StaticModel.from_pretrained(files.config.parent if files.config else files.table.parent)
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    return StaticModel(
        vectors=load_file(files.table)[files.tensor].astype(np.float32),
        tokenizer=Tokenizer.from_file(str(files.tokenizer)),
        max_length=None,
    )

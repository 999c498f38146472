"""The only importer of model2vec: a static model, loaded from its files and checked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.files import BUNDLED, ModelFiles
from searchapp.errors import SearchappError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MODEL2VEC_MAX_LENGTH = 512  # what model2vec reads when a model's configuration does not say


@dataclass(frozen=True)
class Parts:
    """What a static model is made of.

    `table` is (rows, d); `weights` (vocabulary,) or None; `mapping` (vocabulary,) from token id to row
    or None, in which case row and token id are the same. `max_length` counts tokens, None reads all.
    """

    table: NDArray[Any]
    tokenizer: "Tokenizer"
    weights: NDArray[Any] | None
    mapping: NDArray[Any] | None
    normalize: bool
    max_length: int | None


def load_parts(files: ModelFiles) -> Parts:
    """Read the files of a static model and check that they fit together.

    Raises:
        SearchappError: a file is damaged, the table holds NaN or infinity, or table and tokenizer are
            of different sizes.
    """
    tensors = _tensors(files)
    tokenizer = _tokenizer(files)
    config = _config(files)
    table, mapping = tensors[files.tensor], tensors.get("mapping")
    size = tokenizer.get_vocab_size(with_added_tokens=True)
    if mapping is None and len(table) != size:
        raise SearchappError(
            f"{files.name}: the table {files.table} has {len(table)} rows, the tokenizer {size} tokens.",
            "They come from different models; save table and tokenizer together.",
        )
    broken = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(broken):
        token = tokenizer.id_to_token(int(broken[0])) if mapping is None else None
        raise SearchappError(
            f"{files.name}: {len(broken)} of {len(table)} rows of {files.table} hold NaN or infinity "
            f"(first: row {broken[0]}{f', token {token!r}' if token else ''}).",
            "Distil or convert the model again; such rows would poison every text that uses them.",
        )
    if files.name == BUNDLED:
        # The package holds half precision; single precision holds the same values exactly.
        table = table.astype(np.float32)
    return Parts(
        table,
        tokenizer,
        tensors.get("weights"),
        mapping,
        bool(config.get("normalize", False)),
        None if files.name == BUNDLED else config.get("max_length", MODEL2VEC_MAX_LENGTH),
    )


class StaticEncoder:
    """Means of table rows: model2vec's `StaticModel`, whose results are always float32 and finite.

    Args:
        parts: the model.
        max_length: how many tokens of a text are read; None reads whole texts.
    """

    def __init__(self, parts: Parts, max_length: int | None) -> None:
        from model2vec import StaticModel

        self.dimension = int(parts.table.shape[1])
        self._model = StaticModel(
            vectors=parts.table,
            tokenizer=parts.tokenizer,
            weights=parts.weights,
            token_mapping=parts.mapping,
            normalize=parts.normalize,
            max_length=max_length,
        )

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of texts, (n, d) float32; a text without a known token gives zeros."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = self._model.encode(list(texts), use_multiprocessing=False)
        return np.ascontiguousarray(vectors, dtype=np.float32)


def _tensors(files: ModelFiles) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(files.table), framework="numpy") as opened:
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError) as error:
        raise SearchappError(
            f"{files.name}: {files.table} cannot be read ({error}).", "Copy or download the model again."
        ) from error
    if files.tensor not in tensors:
        held = ", ".join(sorted(tensors))
        raise SearchappError(
            f"{files.name}: {files.table} has no tensor {files.tensor!r} (it has {held}).",
            "It is no static model.",
        )
    return tensors


def _tokenizer(files: ModelFiles) -> "Tokenizer":
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(files.tokenizer))
    except Exception as error:  # tokenizers raises bare Exception
        raise SearchappError(
            f"{files.name}: {files.tokenizer} cannot be read ({error}).", "Copy or download the model again."
        ) from error


def _config(files: ModelFiles) -> dict[str, Any]:
    if files.config is None:
        return {}
    try:
        config = json.loads(files.config.read_text("utf-8"))
    except ValueError as error:
        raise SearchappError(
            f"{files.name}: {files.config} is not JSON ({error}).", "Copy or download the model again."
        ) from error
    return config if isinstance(config, dict) else {}

"""What an encoder is, and which one a model's name stands for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.model_files import find_model
from searchapp.encoders.names import PRECOMPUTED, TRANSFORMER, split_name
from searchapp.encoders.options import Options
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.static_model import ModelFacts
from searchapp.encoders.transformer_files import find_transformer
from searchapp.errors import SearchappError
from searchapp.records import Document, Query, Recipe


class Encoder(Protocol):
    """A model together with the options that shape its vectors.

    `name` is what `load_encoder` takes; `batch` is how many documents are best encoded at a time, so
    that a slow model shows progress and loses little when it is interrupted; `libraries` are those that
    shape its vectors and that no other kind needs.
    """

    name: str
    options: Options
    recipe: Recipe
    batch: int
    libraries: tuple[str, ...]

    @property
    def facts(self) -> ModelFacts | None:
        """What an index keeps of a static model, so that reopening it is quick; None for other kinds."""

    @property
    def circumstances(self) -> Mapping[str, Any]:
        """What a result says about how vectors were computed, beyond the recipe: no change of figures."""

    def encode_documents(self, documents: Sequence[Document]) -> NDArray[np.float32]:
        """Return one vector a document in the order given, (n, d) float32."""

    def encode_queries(self, queries: Sequence[Query]) -> NDArray[np.float32]:
        """Return one vector a query in the order given, (n, d) float32."""


def load_encoder(
    name: str, options: Options | None = None, facts: ModelFacts | None = None, sample: Sequence[str] = ()
) -> Encoder:
    """Return the encoder that a model's name stands for.

    Args:
        name: `wordllama`, a folder or a hub id of a static model; `st:` and a folder or a hub id of a
            transformer; `npy:` and a folder of vectors.
        options: what the user changed.
        facts: of an earlier load of the same static model.
        sample: texts that are to come, on which a fast tokenizer must prove itself.

    Raises:
        SearchappError: the model cannot be found or is damaged, or an option makes no sense for it.
    """
    options = options or Options()
    kind, rest = split_name(name)
    if not rest:
        raise SearchappError(f"{name!r} names no model.", "Write st:NAME_OR_PATH or npy:FOLDER.")
    if kind == PRECOMPUTED:
        from searchapp.encoders.precomputed import PrecomputedEncoder

        return PrecomputedEncoder(Path(rest).expanduser(), options)
    if kind == TRANSFORMER:
        from searchapp.encoders.transformer_encoder import TransformerEncoder

        return TransformerEncoder(find_transformer(rest), options)
    return StaticEncoder(find_model(name), options, facts, sample)


def model_digests(name: str) -> tuple[str, str]:
    """Return the digests of model and tokenizer as its files are now, without loading them.

    Raises:
        SearchappError: the model cannot be found.
    """
    kind, rest = split_name(name)
    if kind == PRECOMPUTED:
        from searchapp.encoders.precomputed import vectors_digest

        return vectors_digest(Path(rest).expanduser()), ""
    files = find_transformer(rest) if kind == TRANSFORMER else find_model(name)
    return files.model_digest(), files.tokenizer_digest()

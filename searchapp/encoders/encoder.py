"""What an encoder is, and the one way from the name of a model to its encoder."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.model_files import find_model
from searchapp.encoders.options import PRECOMPUTED, STATIC, TRANSFORMER, Options, split_name
from searchapp.encoders.precomputed import PrecomputedEncoder, VectorFiles
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.static_model import ModelFacts
from searchapp.encoders.transformer_files import find_transformer
from searchapp.errors import SearchappError
from searchapp.records import Document, Query, Recipe


class Encoder(Protocol):
    """A model together with the options that shape its vectors.

    `name` is what `load_encoder` takes; `batch` is the number of documents to encode at a time, so that a
    slow model shows progress and an interruption loses little; `libraries` are those that shape its
    vectors and that no other kind of model needs.
    """

    name: str
    options: Options
    recipe: Recipe
    batch: int
    libraries: tuple[str, ...]

    @property
    def facts(self) -> ModelFacts | None:
        """What an index stores about a static model so that it reopens quickly; None for other kinds."""

    @property
    def circumstances(self) -> Mapping[str, Any]:
        """What a result says about how vectors were computed that does not change any figure."""

    def with_options(self, options: Options) -> "Encoder":
        """Return an encoder of the same model with other options."""

    def for_corpus(self, sample: Sequence[str]) -> "Encoder":
        """Return this encoder ready for a corpus, of whose texts it is shown a sample."""

    def encode_documents(self, documents: Sequence[Document]) -> NDArray[np.float32]:
        """Return one vector per document in the given order, (n, d) float32."""

    def encode_queries(self, queries: Sequence[Query]) -> NDArray[np.float32]:
        """Return one vector per query in the given order, (n, d) float32."""


class Files(Protocol):
    """The files of a model."""

    def model_digest(self) -> str:
        """Return the SHA-256 of what shapes the vectors, apart from the tokenizer."""

    def tokenizer_digest(self) -> str:
        """Return the SHA-256 of the tokenizer, empty where there is none."""


class ModelKind(NamedTuple):
    """How the models with a prefix are found on disk (or downloaded), and opened."""

    find: Callable[[str, str | None], Files]
    open: Callable[[Any, Options, ModelFacts | None, Sequence[str]], Encoder]


def load_encoder(
    name: str,
    options: Options | None = None,
    facts: ModelFacts | None = None,
    sample: Sequence[str] = (),
    revision: str | None = None,
) -> Encoder:
    """Return the encoder of a model.

    It is named `wordllama`, by the folder or hub id of a static model, by `st:` and the folder or hub id of a
    transformer, or by `npy:` and a folder of vectors. `facts` of an earlier load let a static model reopen
    quickly; a fast tokenizer is verified on `sample`, texts of the corpus. With `revision`, a hub model is
    read in that one, and keeps its name.

    Raises:
        SearchappError: the model cannot be found or is damaged, or an option does not apply to it.
    """
    kind, files = _find(name, revision)
    return kind.open(files, options or Options(), facts, sample)


def model_digests(name: str, revision: str | None = None) -> tuple[str, str]:
    """Return the digests of model and tokenizer as its files are now, without loading them."""
    _, files = _find(name, revision)
    return files.model_digest(), files.tokenizer_digest()


def _find(name: str, revision: str | None) -> tuple[ModelKind, Files]:
    prefix, rest = split_name(name)
    if not rest:
        raise SearchappError(f"{name!r} does not name a model.", "Write st:NAME_OR_PATH or npy:FOLDER.")
    return MODEL_KINDS[prefix], MODEL_KINDS[prefix].find(rest, revision)


def _find_vectors(folder: str, _revision: object) -> VectorFiles:
    return VectorFiles(folder)


def _open_vectors(files: Any, options: Options, _facts: object, _sample: Sequence[str]) -> Encoder:
    return PrecomputedEncoder(files, options)


def _open_transformer(files: Any, options: Options, _facts: object, _sample: Sequence[str]) -> Encoder:
    from searchapp.encoders.transformer_encoder import TransformerEncoder

    return TransformerEncoder(files, options)


MODEL_KINDS = {
    STATIC: ModelKind(find_model, StaticEncoder),
    TRANSFORMER: ModelKind(find_transformer, _open_transformer),
    PRECOMPUTED: ModelKind(_find_vectors, _open_vectors),
}
"""The kinds of model by the prefix of their names."""

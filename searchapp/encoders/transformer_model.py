"""The only importer of sentence-transformers and torch: loads a transformer and sets its poolings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.model_files import COPY_AGAIN
from searchapp.encoders.options import Options
from searchapp.encoders.transformer_files import TransformerFiles
from searchapp.errors import SearchappError
from searchapp.files import read_json

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH = 32  # texts per batch; sentence-transformers sorts them by length first
NO_LIMIT = 1 << 30  # tokenizers without a limit state a larger number
PROBE = "a"  # a text to measure the dimension with


@dataclass(frozen=True)
class Side:
    """How one side (`query` or `document`) is encoded: its pooling and its prompt."""

    role: str
    pooling: str
    prompt: str


@dataclass(frozen=True)
class Profile:
    """The properties of the vectors of a loaded model with its options."""

    dimension: int
    max_length: int | None
    query: Side
    document: Side


class TransformerModel:
    """A transformer on the CPU, in single precision.

    Pooling follows the formulas of sentence-transformers: `mean` is the sum of the last hidden states of
    the unmasked tokens over their number, `cls` is the first token's.

    Raises:
        SearchappError: sentence-transformers is not installed, the model is damaged, or an option does
            not apply to it.
    """

    def __init__(self, files: TransformerFiles, options: Options) -> None:
        model = _load(files)
        max_length = _set_max_length(files.name, model, options.max_length)
        poolings = {"query": options.query_pooling, "document": options.document_pooling}
        self._models = {role: _pooled(files.name, model, pooling) for role, pooling in poolings.items()}
        prompts: dict[str, str] = {name: prompt or "" for name, prompt in model.prompts.items()}
        own = next(filter(None, (prompts.get(name) for name in ("document", "passage", "corpus"))), "")
        query = Side("query", _mode(self._models["query"]), options.query_prompt or prompts.get("query", ""))
        document = Side("document", _mode(self._models["document"]), options.document_prompt or own)
        sizes = {self.encode(side, [PROBE]).shape[1] for side in (query, document)}
        if len(sizes) > 1:
            raise SearchappError(
                f"{files.name}: query and document vectors differ in dimension ({sorted(sizes)}).",
                "Choose compatible poolings.",
            )
        self.profile = Profile(sizes.pop(), max_length, query, document)

    @property
    def threads(self) -> int:
        """How many threads torch uses (set by OMP_NUM_THREADS)."""
        import torch

        return int(torch.get_num_threads())

    def encode(self, side: Side, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of one or more texts in the given order, (n, d) float32."""
        model = self._models[side.role]
        encode = model.encode_query if side.role == "query" else model.encode_document
        vectors = encode(list(texts), prompt=side.prompt, batch_size=BATCH, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)


def _load(files: TransformerFiles) -> "SentenceTransformer":
    try:
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ImportError as error:
        raise SearchappError(
            f"{files.name} needs sentence-transformers, which is not installed ({error}).",
            'pip install "searchapp[transformers]"',
        ) from error
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    safe = {"use_safetensors": True, "dtype": torch.float32}
    folder = str(files.folder)
    try:
        model = SentenceTransformer(folder, device="cpu", local_files_only=True, model_kwargs=dict(safe))
        first = model[0]
        if not hasattr(first, "auto_model"):
            problem = f"{files.name} is not a transformer, but {type(first).__name__}."
            raise SearchappError(problem, "Try it without st:.")
        missing = _missing_weights(files, first, safe)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, ImportError, SafetensorError) as error:
        raise SearchappError(
            f"{files.name} cannot be loaded ({type(error).__name__}: {str(error).strip()[:300]}).",
            COPY_AGAIN,
        ) from error
    if missing:
        raise SearchappError(
            f"{files.name}: {len(missing)} weights are missing from its files (first: {missing[0]}), "
            "and would be random.",
            COPY_AGAIN,
        )
    return model


def _missing_weights(files: TransformerFiles, first: Any, safe: dict[str, Any]) -> list[str]:
    """Return the weights that the library would initialise at random, except those of the pooler.

    The pooler follows the last hidden state, which is all that is used here.
    """
    modules = files.folder / "modules.json"
    inside = read_json(modules, list, COPY_AGAIN)[0].get("path", "") if modules.exists() else ""
    _, found = type(first.auto_model).from_pretrained(
        files.folder / inside, output_loading_info=True, local_files_only=True, **safe
    )
    return sorted(name for name in found["missing_keys"] if "pooler." not in name)


def _set_max_length(name: str, model: "SentenceTransformer", wanted: int | str | None) -> int | None:
    """Set how many tokens the model reads, special tokens included, and return that number."""
    own = model.max_seq_length
    own = None if own is None or own > NO_LIMIT else int(own)
    if wanted in ("model", own):
        return own
    if wanted is None:
        raise SearchappError(
            f"{name} cannot read whole texts: its limit is {own} tokens.",
            f"Use --max-length {own} or less.",
        )
    length = int(wanted)
    special = model.tokenizer.num_special_tokens_to_add()
    if length <= special:
        raise SearchappError(
            f"--max-length {length} leaves no room for text: {name} adds {special} special tokens.",
            f"The default is {own}.",
        )
    model.max_seq_length = length
    if own is not None and length > own:
        try:
            model.encode([f"{PROBE} " * length], show_progress_bar=False)
        except (IndexError, RuntimeError) as error:
            raise SearchappError(
                f"{name} cannot read {length} tokens: it does not have that many positions.",
                f"The default is {own}.",
            ) from error
    return length


def _pooled(name: str, model: "SentenceTransformer", pooling: str) -> "SentenceTransformer":
    """Return the model with another pooling, sharing the other modules; itself when nothing changes."""
    if pooling in {"model", _mode(model)}:
        return model
    from sentence_transformers import SentenceTransformer

    modules = list(model.children())
    place = _pooling_place(modules)
    if place is None:
        problem = f"The pooling of {name} cannot be changed: it has no pooling module."
        raise SearchappError(problem, "Leave the pooling out.")
    old = modules[place]
    modules[place] = type(old)(old.embedding_dimension, pooling, include_prompt=old.include_prompt)
    return SentenceTransformer(modules=modules, device="cpu")


def _mode(model: "SentenceTransformer") -> str:
    """Return the pooling of a model as sentence-transformers names it; `model` when it has no such module."""
    modules = list(model.children())
    place = _pooling_place(modules)
    if place is None:
        return "model"
    mode = modules[place].pooling_mode
    return mode if isinstance(mode, str) else "+".join(mode)


def _pooling_place(modules: Sequence[Any]) -> int | None:
    return next((place for place, module in enumerate(modules) if hasattr(module, "pooling_mode")), None)

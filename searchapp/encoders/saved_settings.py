"""What the files of a static model say about its vectors, beside its table and its vocabulary."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from searchapp.encoders.model_files import BUNDLED, COPY_AGAIN, ModelFiles
from searchapp.encoders.tokenization import ReferenceTokenizer
from searchapp.errors import SearchappError
from searchapp.files import read_json

logger = logging.getLogger(__name__)

MODEL2VEC_MAX_LENGTH = 512  # the default of model2vec
OTHER_NAMES = ("passage", "corpus")  # of prompts for documents, which sentence-transformers reads last


@dataclass(frozen=True)
class Settings:
    """How a static model turns a text into a vector.

    `max_length` tokens are read, all when None; `normalize` makes unit vectors; `dimension` is the number
    of components that are kept, all when None; a prompt precedes the texts of its side. model2vec leaves
    out unknown tokens and shortens texts by characters first; sentence-transformers does neither.
    """

    max_length: int | None
    normalize: bool = False
    dimension: int | None = None
    query_prompt: str = ""
    document_prompt: str = ""
    as_model2vec: bool = True


def read_settings(files: ModelFiles, reference: ReferenceTokenizer) -> Settings:
    """Read the configuration of a static model as the library that saved it does.

    Raises:
        SearchappError: a file is damaged, or asks for what searchapp does not do.
    """
    if files.name == BUNDLED or files.config is None:
        return Settings(max_length=None)
    config = read_json(files.config, dict, COPY_AGAIN)
    if files.by_sentence_transformers:
        return _sentence_transformers(files, config, reference)
    max_length = config.get("max_length", MODEL2VEC_MAX_LENGTH)
    if not (max_length is None or _positive(max_length)):
        raise _refused(files, "max_length", max_length, "a positive integer, or null")
    return Settings(max_length, normalize=bool(config.get("normalize", False)))


def _sentence_transformers(
    files: ModelFiles, config: Mapping[str, Any], reference: ReferenceTokenizer
) -> Settings:
    """Return what `encode_query` and `encode_document` of sentence-transformers (6.2) apply."""
    prompts, default = config.get("prompts") or {}, config.get("default_prompt_name")
    if not isinstance(prompts, dict) or not all(isinstance(text or "", str) for text in prompts.values()):
        raise _refused(files, "prompts", prompts, "texts by name")
    query, document = (prompts.get(side) or "" for side in ("query", "document"))
    if default not in {None, "query", "document", *prompts}:
        raise _refused(files, "default_prompt_name", default, f"one of its prompts ({', '.join(prompts)})")
    for name in dict.fromkeys((default, *OTHER_NAMES)):
        if prompts.get(name) and prompts[name] not in (query, document):
            logger.warning(
                "The prompt %r of %s (%r) is left out, as encode_query and encode_document of "
                "sentence-transformers do; add it with --query-prompt or --document-prompt.",
                name,
                files.name,
                prompts[name],
            )
    dimension = config.get("truncate_dim")
    if not (dimension is None or _positive(dimension)):
        raise _refused(files, "truncate_dim", dimension, "a positive integer, or null")
    return Settings(
        max_length=reference.limit,
        normalize="Normalize" in _modules(files),
        dimension=dimension,
        query_prompt=query,
        document_prompt=document,
        as_model2vec=False,
    )


def _modules(files: ModelFiles) -> list[str]:
    """Return the names of the modules behind the table."""
    modules = [] if files.modules is None else read_json(files.modules, list, COPY_AGAIN)
    names = [str(module.get("type") if isinstance(module, dict) else module) for module in modules]
    names = [name.rpartition(".")[2] for name in names]
    if names[:1] not in ([], ["StaticEmbedding"]) or set(names[1:]) - {"Normalize"}:
        raise SearchappError(
            f"{files.name}: {files.modules} lists {', '.join(names)}.",
            "Of a static model, searchapp reads StaticEmbedding and Normalize; score another through "
            "vectors: -m npy:FOLDER",
        )
    return names[1:]


def _positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _refused(files: ModelFiles, name: str, value: object, expected: str) -> SearchappError:
    return SearchappError(f"{files.name}: {name} is {value!r} in {files.config}.", f"It must be {expected}.")

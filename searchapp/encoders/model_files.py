"""The files of a static model: bundled, in a folder, or from the Hugging Face hub."""

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchapp.errors import SearchappError, did_you_mean
from searchapp.files import sha256
from searchapp.settings import offline

if TYPE_CHECKING:
    from model2vec import StaticModel

BUNDLED = "wordllama"
COPY_AGAIN = "Copy or download the model again."

SENTENCE_TRANSFORMERS = ("config_sentence_transformers.json", "embedding.weight")
LAYOUTS = (
    ("config.json", "embeddings", ""),
    (*SENTENCE_TRANSFORMERS, ""),
    (*SENTENCE_TRANSFORMERS, "0_StaticEmbedding/"),
)
"""How model2vec and sentence-transformers save a static model: the configuration, the tensor of the table,
and the folder of `model.safetensors` and `tokenizer.json`."""


@dataclass(frozen=True)
class ModelFiles:
    """The files of a static model, and their revision (hub models only)."""

    name: str
    table: Path
    tensor: str
    tokenizer: Path
    config: Path | None = None
    revision: str | None = None

    def all(self) -> list[Path]:
        """List the files that shape a vector."""
        return [self.table, self.tokenizer, *filter(None, [self.config])]

    def model_digest(self) -> str:
        """Return the SHA-256 of table and configuration."""
        return sha256(self.table, *filter(None, [self.config]))

    def tokenizer_digest(self) -> str:
        """Return the SHA-256 of the tokenizer file."""
        return sha256(self.tokenizer)


def find_model(name: str) -> ModelFiles:
    """Return the files of a static model: `wordllama`, a folder, or a hub id with an optional `@revision`.

    Raises:
        SearchappError: the name is unknown, the folder does not hold a static model, or the model is not
            in the cache and cannot be downloaded.
    """
    if name == BUNDLED:
        return _bundled()
    path = Path(name).expanduser()
    if path.is_dir():
        return static_in_folder(str(path.resolve()), path)
    if path.exists() or name.startswith((".", "/", "~")):
        raise SearchappError(f"There is no model folder {path}.", _KNOWN)
    if not is_hub_id(name):
        raise SearchappError(
            f"There is no model {name!r}: it is neither a folder nor a hub id.",
            did_you_mean(name, [BUNDLED, *cached_names()]) + _KNOWN,
        )
    patterns = {file for layout in LAYOUTS for file in _layout_files(*layout)}
    folder = snapshot(name, sorted(patterns), is_static, f"`-m {BUNDLED}` is bundled.")
    return static_in_folder(name, folder, revision=folder.name)


_KNOWN = (
    f"A model is `{BUNDLED}` (bundled), a model2vec folder, a hub id such as minishlab/potion-base-8M, "
    "st:NAME_OR_PATH (a transformer) or npy:FOLDER (vectors)."
)


def _bundled() -> ModelFiles:
    # Only the files are read: importing wordllama would load code that is not needed.
    spec = importlib.util.find_spec("wordllama")
    if spec is None or spec.origin is None:
        raise SearchappError("The bundled model is not installed.", "pip install wordllama")
    folder = Path(spec.origin).parent
    return ModelFiles(
        BUNDLED,
        folder / "weights" / "l2_supercat_256.safetensors",
        "embedding.weight",
        folder / "tokenizers" / "l2_supercat_tokenizer_config.json",
    )


def static_in_folder(name: str, folder: Path, revision: str | None = None) -> ModelFiles:
    """Return the files of the static model in a folder; a `SearchappError` when there is none."""
    for layout in LAYOUTS:
        table, tokenizer, config = (folder / file for file in _layout_files(*layout))
        if table.exists() and tokenizer.exists() and config.exists():
            return ModelFiles(name, table, layout[1], tokenizer, config, revision)
    raise SearchappError(
        f"{folder} does not hold a static model (it holds {contents(folder)}).",
        "A model2vec folder holds config.json, model.safetensors and tokenizer.json.",
    )


def is_static(folder: Path) -> bool:
    """Tell whether a folder holds a static model."""
    return any(all((folder / file).exists() for file in _layout_files(*layout)) for layout in LAYOUTS)


def _layout_files(config: str, _tensor: str, inside: str) -> tuple[str, str, str]:
    return f"{inside}model.safetensors", f"{inside}tokenizer.json", config


def contents(folder: Path) -> str:
    """Return the first names in a folder, for an error."""
    return ", ".join(sorted(file.name for file in folder.iterdir())[:8]) or "nothing"


def is_hub_id(name: str) -> bool:
    """Tell whether a name looks like a hub id, optionally with a revision.

    >>> is_hub_id("minishlab/potion-base-8M@main"), is_hub_id("wordllama")
    (True, False)
    """
    return re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", name) is not None


def cached_snapshot(name: str) -> Path | None:
    """Return the snapshot of a hub id in the local cache, perhaps incomplete; None when there is none."""
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return _snapshot(name, local_files_only=True)
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise SearchappError(
            f"{name!r} is not a hub id: {error}", "A hub id is organisation/name."
        ) from error


def _snapshot(name: str, **settings: Any) -> Path:
    from huggingface_hub import snapshot_download

    repository, _, revision = name.partition("@")
    return Path(snapshot_download(repository, revision=revision or None, **settings))


def snapshot(name: str, patterns: list[str], is_complete: Callable[[Path], bool], hint: str) -> Path:
    """Return the local snapshot of a hub model, downloaded unless the cache has a complete one.

    `is_complete` tells whether a snapshot has all that is needed; `patterns` are the files to download.

    Raises:
        SearchappError: it is not in the cache and cannot be downloaded; `hint` says what else to do.
    """
    cached = cached_snapshot(name)
    if cached is not None and (is_complete(cached) or offline()):
        return cached
    if offline():
        raise SearchappError(
            f"The model {name} is not in the local cache, and searchapp is offline.",
            f"Run the command once without --offline. {hint}",
        )
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return _snapshot(name, allow_patterns=patterns, ignore_patterns=["onnx/*", "openvino/*"])
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise SearchappError(
            f"The model {name} is not in the local cache and could not be downloaded "
            f"({type(error).__name__}).",
            f"Check the name, the revision and the network. {hint}",
        ) from error


def cached_names() -> list[str]:
    """Return the hub ids in the local cache, with `@revision` where that is not main."""
    from huggingface_hub.constants import HF_HUB_CACHE

    names = []
    # scan_cache_dir leaves out a model with all its revisions when one of them has not been downloaded.
    for reference in sorted(Path(HF_HUB_CACHE).glob("models--*--*/refs/*")):
        name = reference.parent.parent.name.removeprefix("models--").replace("--", "/", 1)
        names.append(name if reference.name == "main" else f"{name}@{reference.name}")
    return names


def reference_model(files: ModelFiles) -> "StaticModel":
    """Return the model as model2vec itself loads it, for comparison; the bundled one reads whole texts."""
    import numpy as np
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

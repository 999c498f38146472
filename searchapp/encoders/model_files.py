"""The files of a static model: bundled, in a folder, or from the Hugging Face hub."""

import importlib.util
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from searchapp.errors import SearchappError, did_you_mean
from searchapp.files import sha256
from searchapp.settings import offline

if TYPE_CHECKING:
    from model2vec import StaticModel

BUNDLED = "wordllama"
COPY_AGAIN = "Copy or download the model again."

# The layouts in which model2vec and sentence-transformers save a static model:
# (configuration, table, name of the tensor, tokenizer).
LAYOUTS = (
    ("config.json", "model.safetensors", "embeddings", "tokenizer.json"),
    ("config_sentence_transformers.json", "model.safetensors", "embedding.weight", "tokenizer.json"),
    (
        "config_sentence_transformers.json",
        "0_StaticEmbedding/model.safetensors",
        "embedding.weight",
        "0_StaticEmbedding/tokenizer.json",
    ),
)


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
        return [file for file in (self.table, self.tokenizer, self.config) if file is not None]

    def model_digest(self) -> str:
        """Return the SHA-256 of table and configuration."""
        return sha256(*(file for file in (self.table, self.config) if file is not None))

    def tokenizer_digest(self) -> str:
        """Return the SHA-256 of the tokenizer file."""
        return sha256(self.tokenizer)


def find_model(name: str) -> ModelFiles:
    """Return the files of a static model.

    Args:
        name: `wordllama`, a folder, or a hub id with an optional `@revision`.

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
    patterns = sorted({file for config, table, _, tokens in LAYOUTS for file in (config, table, tokens)})
    folder = snapshot(name, patterns, is_static, f"`-m {BUNDLED}` is bundled.")
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
    """Return the files of the static model in a folder.

    Raises:
        SearchappError: there is none.
    """
    for config, table, tensor, tokenizer in _layouts(folder):
        return ModelFiles(name, folder / table, tensor, folder / tokenizer, folder / config, revision)
    contents = ", ".join(sorted(file.name for file in folder.iterdir())[:8]) or "nothing"
    raise SearchappError(
        f"{folder} does not hold a static model (it holds {contents}).",
        "A model2vec folder holds config.json, model.safetensors and tokenizer.json.",
    )


def is_static(folder: Path) -> bool:
    """Tell whether a folder holds a static model."""
    return bool(_layouts(folder))


def _layouts(folder: Path) -> list[tuple[str, str, str, str]]:
    """Return the layouts all of whose files are in a folder."""
    return [layout for layout in LAYOUTS if all((folder / layout[part]).exists() for part in (0, 1, 3))]


def is_hub_id(name: str) -> bool:
    """Tell whether a name looks like a hub id, optionally with a revision.

    >>> is_hub_id("minishlab/potion-base-8M@main"), is_hub_id("wordllama")
    (True, False)
    """
    return re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", name) is not None


def cached_snapshot(name: str) -> Path | None:
    """Return the snapshot of a hub id in the local cache, which may be incomplete; None when there is none.

    Raises:
        SearchappError: this cannot be a hub id.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    repository, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(repository, revision=revision or None, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise SearchappError(
            f"{name!r} is not a hub id: {error}", "A hub id is organisation/name."
        ) from error


def snapshot(name: str, patterns: Sequence[str], is_complete: Callable[[Path], bool], hint: str) -> Path:
    """Return the local snapshot of a hub model, downloaded unless the cache has a complete one.

    Args:
        name: a hub id with an optional `@revision`.
        patterns: the files to download.
        is_complete: tells whether a snapshot has all that is needed.
        hint: the next step if that fails.

    Raises:
        SearchappError: it is not in the cache and cannot be downloaded.
    """
    cached = cached_snapshot(name)
    if cached is not None and (is_complete(cached) or offline()):
        return cached
    if offline():
        raise SearchappError(
            f"The model {name} is not in the local cache, and searchapp is offline.",
            f"Run once without --offline. {hint}",
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    repository, _, revision = name.partition("@")
    try:
        return Path(
            snapshot_download(
                repository,
                revision=revision or None,
                allow_patterns=list(patterns),
                ignore_patterns=["onnx/*", "openvino/*"],
            )
        )
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

"""The files of a static model: bundled, in a folder, or in the Hugging Face cache."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from searchapp.encoders.hub import cached_names, is_hub_id, snapshot
from searchapp.errors import SearchappError, did_you_mean
from searchapp.files import sha256

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

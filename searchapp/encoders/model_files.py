"""The files of a static model: bundled, in a folder, or from the Hugging Face hub."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from searchapp.encoders.hub import Wanted, at_revision, is_hub_id, near_model, snapshot
from searchapp.errors import SearchappError, did_you_mean_path
from searchapp.files import sha256

if TYPE_CHECKING:
    from model2vec import StaticModel

BUNDLED = "wordllama"
EXAMPLE = "minishlab/potion-base-8M"
COPY_AGAIN = "Copy or download the model again."
ADAPTATION = "adaptation.json"
"""In the folder of a model that was adapted to a corpus: what it was taught."""

SENTENCE_TRANSFORMERS = ("config_sentence_transformers.json", "embedding.weight")
LAYOUTS = (
    ("config.json", "embeddings", ""),
    (*SENTENCE_TRANSFORMERS, ""),
    (*SENTENCE_TRANSFORMERS, "0_StaticEmbedding/"),
)
"""How model2vec and sentence-transformers save a static model: the configuration, the tensor of the table,
and the folder of `model.safetensors` and `tokenizer.json`."""
MODULES = "modules.json"
"""Where sentence-transformers lists what follows the table."""


@dataclass(frozen=True)
class ModelFiles:
    """The files of a static model, and their revision (hub models only)."""

    name: str
    table: Path
    tensor: str
    tokenizer: Path
    config: Path | None = None
    modules: Path | None = None
    revision: str | None = None

    @property
    def by_sentence_transformers(self) -> bool:
        """Tell whether sentence-transformers saved the model."""
        return self.config is not None and self.config.name == SENTENCE_TRANSFORMERS[0]

    def all(self) -> list[Path]:
        """List the files that shape a vector."""
        return [self.table, self.tokenizer, *filter(None, [self.config, self.modules])]

    def model_digest(self) -> str:
        """Return the SHA-256 of table and configuration."""
        return sha256(self.table, *filter(None, [self.config, self.modules]))

    def tokenizer_digest(self) -> str:
        """Return the SHA-256 of the tokenizer file."""
        return sha256(self.tokenizer)


def find_model(name: str, revision: str | None = None) -> ModelFiles:
    """Return the files of a static model: `wordllama`, a folder, or a hub id with an optional `@revision`.

    With `revision`, a hub model is read in that one, under the name that was given.

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
        raise SearchappError(f"There is no model folder {path}.", did_you_mean_path(path) + _KNOWN)
    if not is_hub_id(name):
        raise SearchappError(
            f"There is no model {name!r}: it is neither a folder nor a hub id.",
            near_model(name, BUNDLED, EXAMPLE) + _KNOWN,
        )
    files = sorted({file for layout in LAYOUTS for file in _layout_files(*layout)})
    wanted = Wanted([*files, MODULES, ADAPTATION], files, is_static, f"`-m {BUNDLED}` is bundled.")
    folder = snapshot(at_revision(name, revision), wanted)
    return static_in_folder(name, folder, revision=folder.name)


_KNOWN = (
    f"A model is `{BUNDLED}` (bundled), a model2vec folder, a hub id such as {EXAMPLE}, "
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
            modules = folder / MODULES if layout[:2] == SENTENCE_TRANSFORMERS else None
            modules = modules if modules and modules.exists() else None
            return ModelFiles(name, table, layout[1], tokenizer, config, modules, revision)
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

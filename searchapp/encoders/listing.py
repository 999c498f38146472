"""The models that work on this machine without a network."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from searchapp.encoders import hub, model_files
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import PRECOMPUTED, TRANSFORMER, split_name
from searchapp.encoders.precomputed import map_vectors
from searchapp.encoders.transformer_files import is_transformer
from searchapp.errors import SearchappError
from searchapp.files import read_json


@dataclass(frozen=True)
class ListedModel:
    """A model in a list.

    `rows` and `dimension` are those of its table of token vectors, or of precomputed document vectors.
    """

    name: str
    revision: str | None
    rows: int
    dimension: int
    location: str


def list_models(more: Iterable[str] = ()) -> list[ListedModel]:
    """Return the bundled model, the models in the Hugging Face cache, and those named in `more`.

    What is damaged, missing or of an unsupported kind is left out; nothing is downloaded.
    """
    listed = (_describe(name) for name in dict.fromkeys([BUNDLED, *_cached(), *more]))
    return [model for model in listed if model is not None]


def _cached() -> list[str]:
    names = []
    for name in hub.cached_names():
        folder = hub.cached_snapshot(name)
        if folder is not None and model_files.is_static(folder):
            names.append(name)
        elif folder is not None and (folder / "modules.json").exists():
            names.append(f"{TRANSFORMER}:{name}")
    return names


def _describe(name: str) -> ListedModel | None:
    kind, rest = split_name(name)
    path = Path(rest).expanduser()
    on_hub = hub.is_hub_id(rest) and not path.is_dir()
    folder = hub.cached_snapshot(rest) if on_hub else path
    if folder is None or not (folder.is_dir() or name == BUNDLED):
        return None
    try:
        if kind == PRECOMPUTED:
            rows, dimension = map_vectors(folder / "documents.npy").shape
        elif kind == TRANSFORMER:
            rows, dimension = _transformer_shape(folder)
        else:
            rows, dimension, folder = _static_shape(name, folder)
    except (SearchappError, OSError, ValueError, KeyError, TypeError):
        return None
    return ListedModel(name, folder.name if on_hub else None, rows, dimension, str(folder))


def _transformer_shape(folder: Path) -> tuple[int, int]:
    if not is_transformer(folder):
        raise SearchappError(f"{folder} does not hold a transformer.")
    config = read_json(folder / "config.json", dict, "")
    return int(config["vocab_size"]), int(config["hidden_size"])


def _static_shape(name: str, folder: Path) -> tuple[int, int, Path]:
    """Return rows, dimension and the folder of the table."""
    from safetensors import SafetensorError, safe_open

    files = model_files.find_model(BUNDLED) if name == BUNDLED else model_files.static_in_folder(name, folder)
    try:
        with safe_open(str(files.table), framework="numpy") as opened:
            rows, dimension = opened.get_slice(files.tensor).get_shape()
    except SafetensorError as error:
        raise SearchappError(f"{files.table} cannot be read ({error}).") from error
    return rows, dimension, files.table.parent

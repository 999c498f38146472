"""Which static models work on this machine without a network."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from searchapp.encoders.files import BUNDLED, ModelFiles, find_model
from searchapp.errors import SearchappError


@dataclass(frozen=True)
class ListedModel:
    """A model in a list; `rows` and `dimension` are of its table."""

    name: str
    revision: str | None
    rows: int
    dimension: int
    location: str


def list_models(more: Iterable[str] = ()) -> list[ListedModel]:
    """Return the bundled model, the static models in the Hugging Face cache, and those named in `more`."""
    names = dict.fromkeys([BUNDLED, *_cached(), *more])
    listed = []
    for name in names:
        try:
            listed.append(_describe(find_model(name)))
        except SearchappError:
            continue  # a cached model that is not static, or a folder that is gone
    return listed


def _cached() -> list[str]:
    from huggingface_hub.constants import HF_HUB_CACHE

    found = []
    for reference in sorted(Path(HF_HUB_CACHE).glob("models--*--*/refs/*")):
        name = reference.parent.parent.name.removeprefix("models--").replace("--", "/", 1)
        found.append(name if reference.name == "main" else f"{name}@{reference.name}")
    return found


def _describe(files: ModelFiles) -> ListedModel:
    from safetensors import safe_open

    with safe_open(str(files.table), framework="numpy") as opened:
        rows, dimension = opened.get_slice(files.tensor).get_shape()
    return ListedModel(files.name, files.revision, rows, dimension, str(files.table.parent))

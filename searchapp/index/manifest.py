"""The manifest of an index: what it was built from, and how to tell whether that has changed."""

import json
import shlex
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from searchapp.encoders.options import Options
from searchapp.encoders.static_model import ModelFacts
from searchapp.errors import SearchappError
from searchapp.files import Stamp, file_stamp, read_json, sha256
from searchapp.index.kinds import DEFAULT_KIND
from searchapp.index.layout import MANIFEST, remove_hint
from searchapp.records import Recipe

SCHEMA = "searchapp/index/2"


@dataclass(frozen=True)
class Manifest:
    """Everything that produced an index.

    `files` holds (bytes, SHA-256) of each data file; `zero_documents` names the first of the `n_zero`
    documents with a zero vector; `facts` describe the files of a static model; `max_norm` is the largest
    norm of a stored vector; `parameters` are those of the index kind; `seconds` are wall time.
    """

    corpus: str
    corpus_id: str
    documents_id: str
    documents_digest: str
    location: str
    stamp: Stamp
    n_docs: int
    n_zero: int
    zero_documents: list[str]
    max_norm: float
    recipe: Recipe
    options: Options
    facts: ModelFacts | None
    similarity: str
    kind: str
    files: dict[str, tuple[int, str]]
    versions: dict[str, str]
    threads: int
    seconds: dict[str, float]
    created: str
    parameters: dict[str, Any] = field(default_factory=dict)
    schema: str = SCHEMA

    def corpus_modified(self) -> bool:
        """Tell whether the size or time of a corpus file has changed since the build."""
        now = file_stamp(Path(name) for name in self.stamp)
        return any(self.stamp[name] != stamp for name, stamp in now.items())

    def write(self, folder: Path) -> None:
        """Write the manifest into the folder of its index."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (folder / MANIFEST).write_text(text + "\n", "utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an index, and check that its data files are complete.

    Raises:
        SearchappError: no manifest, one that cannot be read, or a data file that is missing or truncated.
    """
    fix = remove_hint(folder)
    path = folder / MANIFEST
    data = read_json(path, dict, fix)
    try:
        names = {item.name for item in fields(Manifest)}
        if data.get("schema") != SCHEMA or not names - {"parameters"} <= data.keys() <= names:
            raise SearchappError(f"{path} was written by another version of searchapp.", fix)
        data["recipe"] = Recipe(**data["recipe"])
        data["options"] = Options(**data["options"])
        if data["facts"] is not None:
            data["facts"] = ModelFacts(**data["facts"] | {"stamp": _pairs(data["facts"]["stamp"])})
        data["files"], data["stamp"] = _pairs(data["files"]), _pairs(data["stamp"])
        manifest = Manifest(**data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SearchappError(f"{path} is damaged ({error}).", fix) from error
    for name, (size, _) in manifest.files.items():
        file = folder / name
        if not file.exists():
            raise SearchappError(f"The index {folder} has no {name}.", fix)
        if file.stat().st_size != size:
            wrong = f"{name} has {file.stat().st_size} bytes, not {size}"
            raise SearchappError(f"The index {folder} is damaged: {wrong}.", fix)
    return manifest


def rebuild_command(manifest: Manifest) -> str:
    """Return the command that rebuilds the index."""
    kind = [] if manifest.kind == DEFAULT_KIND else ["--kind", manifest.kind]
    flags = ["-m", manifest.recipe.model, *kind, *manifest.options.flags(), "--fresh"]
    return shlex.join(["searchapp", "index", manifest.corpus, *flags])


def damaged_files(folder: Path, manifest: Manifest) -> list[str]:
    """Return the data files whose contents have changed since the build (reads all of them)."""
    return [name for name, (_, digest) in manifest.files.items() if sha256(folder / name) != digest]


def data_files(folder: Path, *names: str) -> dict[str, tuple[int, str]]:
    """Return (bytes, SHA-256) of each data file of a finished build."""
    return {name: ((folder / name).stat().st_size, sha256(folder / name)) for name in names}


def _pairs(data: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (first, second) for name, (first, second) in data.items()}


def recipe_differences(built: Recipe, wanted: Recipe) -> list[str]:
    """Describe each field of two recipes that makes the vectors differ; the model's name does not count."""
    old, new = asdict(built), asdict(wanted)
    return [
        f"{name} {_shown(old[name])} (index) is now {_shown(new[name])}"
        for name in old
        if name not in {"model", "revision"} and old[name] != new[name]
    ]


def _shown(value: Any) -> str:
    return value[:12] if isinstance(value, str) and len(value) == 64 else repr(value)

"""The files of a transformer: in a folder, or in the Hugging Face cache."""

from dataclasses import dataclass
from pathlib import Path

from searchapp.encoders.hub import Wanted, at_revision, is_hub_id, near_model, snapshot
from searchapp.encoders.model_files import COPY_AGAIN, contents
from searchapp.encoders.options import Pooling
from searchapp.errors import SearchappError
from searchapp.files import read_json, sha256

SHAPING = {".json", ".safetensors", ".txt", ".model", ".bin"}
TOKENIZER = {
    "added_tokens.json", "merges.txt", "special_tokens_map.json", "spiece.model", "sentencepiece.bpe.model",
    "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json", "vocab.txt",
}  # fmt: skip
OTHER_FORMS = {"onnx", "openvino"}
REQUIRED = (
    "*.safetensors", "config.json", "*/config.json", "config_sentence_transformers.json", "modules.json",
    "sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json",
)  # fmt: skip
"""What sentence-transformers reads wherever a model has it; without one of these, vectors may differ."""

# Models that pool queries and documents differently without saying so in a configuration file: (queries,
# documents). NoInstruct: `get_embedding` in its model card, the mean over the attention mask for
# queries and the first token for documents.
PRESETS: dict[str, tuple[Pooling, Pooling]] = {
    "avsolatorio/NoInstruct-small-Embedding-v0": ("mean", "cls"),
}


@dataclass(frozen=True)
class TransformerFiles:
    """The folder of a transformer, and its revision (hub models only)."""

    name: str
    folder: Path
    revision: str | None = None

    def model_digest(self) -> str:
        """Return the SHA-256 of weights and configurations."""
        return sha256(*(file for file in self._all() if file.name not in TOKENIZER))

    def tokenizer_digest(self) -> str:
        """Return the SHA-256 of the tokenizer's files."""
        return sha256(*(file for file in self._all() if file.name in TOKENIZER))

    def preset(self) -> tuple[Pooling, Pooling]:
        """Return the known poolings of (queries, documents) for the name of the model or its folder."""
        parts = self.folder.resolve().parts[-4:]  # a snapshot of the hub is three folders deeper
        for known, pooling in PRESETS.items():
            if known.rpartition("/")[2] == parts[-1] or "models--" + known.replace("/", "--") in parts:
                return pooling
        return "model", "model"

    def _all(self) -> list[Path]:
        """List the files that shape a vector; other formats of the weights are never loaded."""
        pickled = set(self.folder.glob("*.bin"))
        others = {inside for form in OTHER_FORMS for inside in (self.folder / form).rglob("*")}
        shaping = {file for file in self.folder.rglob("*") if file.suffix in SHAPING and file.is_file()}
        return sorted(shaping - pickled - others)


def find_transformer(name: str, revision: str | None = None) -> TransformerFiles:
    """Return the files of a transformer: a folder, or a hub id with an optional `@revision`, without `st:`.

    With `revision`, a hub model is read in that one, under the name that was given.

    Raises:
        SearchappError: there is no such folder, it does not hold a transformer, or the model is not in
            the cache and cannot be downloaded.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return _checked(TransformerFiles(f"st:{path.resolve()}", path.resolve()))
    if path.exists() or name.startswith((".", "/", "~")) or not is_hub_id(name):
        near = near_model(name, EXAMPLE)
        raise SearchappError(f"{name!r} is neither a model folder nor a hub id.", near + _KNOWN)
    patterns = [f"*{suffix}" for suffix in sorted(SHAPING - {".bin"})]
    folder = snapshot(at_revision(name, revision), Wanted(patterns, REQUIRED, is_transformer, _KNOWN))
    return _checked(TransformerFiles(f"st:{name}", folder, folder.name))


EXAMPLE = "sentence-transformers/all-MiniLM-L6-v2"
_KNOWN = f"A transformer is st:FOLDER or a hub id such as st:{EXAMPLE}."


def is_transformer(folder: Path) -> bool:
    """Tell whether a folder holds a configuration and weights as safetensors."""
    configured = any((folder / name).is_file() for name in ("config.json", "modules.json"))
    return configured and any((*folder.glob("*.safetensors"), *folder.glob("*/*.safetensors")))


def _checked(files: TransformerFiles) -> TransformerFiles:
    if not is_transformer(files.folder):
        raise SearchappError(
            f"{files.folder} does not hold a transformer (it holds {contents(files.folder)}).",
            "It needs config.json or modules.json, and *.safetensors; pickled weights are not read.",
        )
    _check_modules(files.folder / "modules.json")
    return files


def _check_modules(file: Path) -> None:
    """Refuse a list of modules that refers to code outside sentence-transformers."""
    modules = read_json(file, list, COPY_AGAIN) if file.exists() else []
    if not all(isinstance(module, dict) and isinstance(module.get("type"), str) for module in modules):
        raise SearchappError(f"{file} is not a list of modules: a module has no type.", COPY_AGAIN)
    types = [module["type"] for module in modules]
    foreign = [named for named in types if not named.startswith("sentence_transformers.")]
    if foreign:
        raise SearchappError(
            f"{file} names {foreign[0]}, which is code that comes with the model.",
            "searchapp does not run such code.",
        )

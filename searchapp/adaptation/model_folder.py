"""The folder of an adapted model: table, tokenizer, what it was taught, and a model card."""

import json
import os
import shutil
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from searchapp.adaptation.adapt import Adapted
from searchapp.encoders.adaptation_record import SCHEMA, query_digest
from searchapp.encoders.model_files import ADAPTATION, static_in_folder
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.vectors import Floats
from searchapp.errors import SearchappError
from searchapp.versions import installed_versions

MODULES = [
    {"idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding"},
    {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
]
"""How sentence-transformers reads a model2vec folder."""


def check_folder(folder: Path) -> None:
    """Raise a `SearchappError` when a model cannot be written to a folder."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "is not empty" if folder.is_dir() else "is a file"
        raise SearchappError(f"{folder} {what}.", "Choose a new folder: -o FOLDER")
    existing = next(path for path in [folder, *folder.absolute().parents] if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise SearchappError(f"{folder} cannot be written.", "Choose another folder: -o FOLDER")


def write_table(folder: Path, encoder: StaticEncoder, table: Floats) -> None:
    """Write a (v, d) table that model2vec, sentence-transformers and searchapp read alike.

    Weights and mapping are in the rows, texts are read whole, and vectors are normalised.

    Raises:
        SearchappError: the folder is not empty, or cannot be written.
    """
    from safetensors.numpy import save_file

    check_folder(folder)
    try:
        (folder / "1_Normalize").mkdir(parents=True, exist_ok=True)
        save_file({"embeddings": np.ascontiguousarray(table)}, folder / "model.safetensors")
        _write_tokenizer(encoder.files.tokenizer, folder / "tokenizer.json")
        config = {
            "model_type": "model2vec",
            "architectures": ["StaticModel"],
            "hidden_dim": table.shape[1],
            "normalize": True,
            "max_length": None,
            "embedding_dtype": "float32",
        }
        for name, content in (("config.json", config), ("modules.json", MODULES)):
            (folder / name).write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise SearchappError(
            f"{folder} cannot be written ({error.strerror}).", "Choose another folder: -o FOLDER"
        ) from error


def _write_tokenizer(source: Path, target: Path) -> None:
    """Copy a tokenizer without the truncation and padding that sentence-transformers would apply."""
    content = json.loads(source.read_text("utf-8"))
    if content.get("truncation") is None and content.get("padding") is None:
        shutil.copyfile(source, target)
        return
    content |= {"truncation": None, "padding": None}
    target.write_text(json.dumps(content, ensure_ascii=False), "utf-8")


def write_record(folder: Path, adapted: Adapted) -> dict[str, Any]:
    """Write what a model was taught, and what it gained on what was held back; return it."""
    record = adaptation_record(adapted, static_in_folder(str(folder), folder).model_digest())
    (folder / ADAPTATION).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return record


def adaptation_record(adapted: Adapted, model_digest: str) -> dict[str, Any]:
    """Return everything that a reader of the model's figures should know."""
    corpus, judged, rehearsal, base = (
        adapted.corpus,
        adapted.judged,
        adapted.rehearsal,
        adapted.encoder.recipe,
    )
    relevant = {name for query in judged.queries for name in judged.relevant(query.id)} if judged else set()
    return {
        "schema": SCHEMA,
        "model_digest": model_digest,
        "base": {
            "model": base.model,
            "revision": base.revision,
            "model_digest": base.model_digest,
            "tokenizer_digest": base.tokenizer_digest,
        },
        "corpus_id": corpus.base_id,
        "documents_id": corpus.documents_id,
        "documents_digest": corpus.documents_digest,
        "judgements": _judgements(judged, len(relevant)),
        "chosen_on": [adapted.dev.id] if adapted.dev else [],
        "taught": adapted.taught,
        "everything_taught": adapted.whole,
        "interrupted": rehearsal.interrupted,
        "fusion": asdict(rehearsal.fusion),
        "epochs": rehearsal.figures,
        "account": [asdict(row) for row in rehearsal.rows],
        "seconds": adapted.seconds,
        "versions": installed_versions("torch"),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "taught_queries": sorted({query_digest(query.text) for query in judged.queries}) if judged else [],
        "taught_documents": sorted(relevant),
    }


def _judgements(judged: Any, n_documents: int) -> list[dict[str, Any]]:
    if judged is None:
        return []
    return [
        {
            "id": judged.id,
            "judgements_digest": judged.digest,
            "n_queries": len(judged.queries),
            "n_documents": n_documents,
        }
    ]

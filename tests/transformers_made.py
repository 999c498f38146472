"""A transformer of two layers with random weights, saved on the spot, and its vectors worked out by hand."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "apple",
    "pear",
    "plum",
    "fig",
    "red",
    ":",
    "query",
]
POSITIONS = 16


def save_transformer(folder: Path, *, pooling: str | None = None, seed: int = 0, **settings: Any) -> Path:
    """Save a BERT of 32 dimensions that reads up to 16 tokens.

    Args:
        folder: where to.
        pooling: makes it a model of sentence-transformers with this pooling; without it, a plain one.
        seed: of the weights.
        settings: of config_sentence_transformers.json.
    """
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=POSITIONS, initializer_range=0.2,
    )  # fmt: skip
    folder.mkdir(parents=True)
    BertModel(config).eval().save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=POSITIONS).save_pretrained(folder)
    if pooling is not None:
        kinds = {"": "Transformer", "1_Pooling": "Pooling"}
        modules = [
            {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for number, (path, kind) in enumerate(kinds.items())
        ]
        (folder / "modules.json").write_text(json.dumps(modules))
        (folder / "1_Pooling").mkdir()
        pooled = {"word_embedding_dimension": 32, f"pooling_mode_{pooling}": True}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooled))
        (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))
    return folder


def keep_vectors_in(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Keep vectors in a folder of the test's own, and return it."""
    folder.mkdir()
    patch.setattr("searchapp.encoders.transformer_encoder.cache_folder", lambda _name: folder)
    return folder


def by_hand(
    folder: Path, texts: Sequence[str], pooling: str, max_length: int = POSITIONS
) -> NDArray[np.float32]:
    """Return vectors as `get_embedding` in the model card of NoInstruct-small-Embedding-v0 makes them.

    Without sentence-transformers: `mean` is the sum of the last hidden state over the attention mask by
    its length, `cls` the state of the first token.
    """
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    read = tokenizer(list(texts), return_tensors="pt", padding=True, truncation=True, max_length=max_length)
    with torch.no_grad():
        states = model(**read).last_hidden_state.numpy()
    mask = read["attention_mask"].numpy()[:, :, None]
    pooled = (states * mask).sum(axis=1) / mask.sum(axis=1) if pooling == "mean" else states[:, 0]
    return np.asarray(pooled, dtype=np.float32)

"""Corpora and models as files, healthy: what the faults damage.

Everything made here is kept in the folder of `--work`, so that a second run starts at once.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from scripts.reproduce_published import minilm_folder
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import find_model
from searchapp.records import Document, Judgements, Query
from tests.faults.cases import HELD
from tests.real_data import POTION, TEST_DATA

Floats = NDArray[Any]
UNKNOWN = "[UNK]"


@dataclass(frozen=True)
class Data:
    """A corpus: `name` is what a user writes, `queries` are those that are judged."""

    name: str
    documents: list[Document]
    queries: list[Query]
    judgements: Judgements


@cache
def data(name: str) -> Data:
    """Return a corpus of the benchmark."""
    where = str(TEST_DATA / "corpora" / name) if name in HELD[0] else name
    corpus = open_corpus(where)
    grades = corpus.judgements
    asked = [query for query in corpus.queries if query.id in grades]
    return Data(where, list(corpus.documents()), asked, grades)


@dataclass(frozen=True)
class Table:
    """The parts of a static model: `rows` (n, d), one per token of the tokenizer."""

    rows: Floats
    tokenizer: str
    config: str = '{"model_type": "model2vec", "normalize": true}'

    def save(self, folder: Path) -> Path:
        """Write a model2vec folder."""
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        save_file({"embeddings": np.ascontiguousarray(self.rows)}, folder / "model.safetensors")
        (folder / "tokenizer.json").write_text(self.tokenizer, "utf-8")
        (folder / "config.json").write_text(self.config, "utf-8")
        return folder


def read_table(name: str) -> Table:
    """Return the parts of a static model, whatever its layout."""
    from safetensors.numpy import load_file

    files = find_model(name)
    rows = load_file(files.table)[files.tensor].astype(np.float32)
    return Table(rows, files.tokenizer.read_text("utf-8"))


class Bases:
    """The healthy models and their vectors, made when they are first needed."""

    def __init__(self, work: Path) -> None:
        self.work = work

    def model(self, name: str) -> str:
        """Return what a user writes after `-m`."""
        if name in MADE:
            folder = self.work / "models" / name
            if not (folder / "config.json").exists():
                MADE[name]().save(folder)
            return str(folder)
        if name == "minilm":
            return f"st:{minilm_folder()}"
        return str(POTION) if name == "potion" else name

    def vectors(self, corpus: str, model: str) -> tuple[Floats, Floats]:
        """Return the unit vectors of documents and judged queries, (n, d) and (m, d)."""
        folder = self.work / "vectors" / f"{corpus}-{model}"
        if not (folder / "queries.npy").exists():
            encoder, base = load_encoder(self.model(model)), data(corpus)
            folder.mkdir(parents=True, exist_ok=True)
            np.save(folder / "documents.npy", encoder.encode_documents(base.documents))
            np.save(folder / "queries.npy", encoder.encode_queries(base.queries))
        return np.load(folder / "documents.npy"), np.load(folder / "queries.npy")


def held_texts() -> list[str]:
    """Return the documents of the held-back corpora."""
    return [f"{item.title} {item.text}".strip() for name in HELD[0] for item in data(name).documents]


def word_tokenizer(texts: Sequence[str], lowercase: bool, least: int = 2) -> Tokenizer:
    """Return a tokenizer whose tokens are the words of texts, most frequent first."""
    from tokenizers import models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    if lowercase:
        tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(
        vocab_size=30_000, min_frequency=least, special_tokens=[UNKNOWN], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def piece_tokenizer(texts: Sequence[str], size: int = 8000) -> Tokenizer:
    """Return an uncased WordPiece tokenizer trained on texts."""
    from tokenizers import models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=["[PAD]", UNKNOWN], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def ppmi(texts: Sequence[str], tokenizer: Tokenizer, dimensions: int, seed: int = 0) -> Table:
    """Train a table: the singular vectors of positive pointwise mutual information, weighted by rarity.

    Context: five tokens on either side; context counts to the power of 0.75 (Levy, Goldberg and Dagan, 2015);
    weights a / (a + p) with a = 0.001 (Arora, Liang and Ma, 2017).
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import svds

    size = tokenizer.get_vocab_size()
    pairs: list[NDArray[np.int64]] = []
    counts = np.zeros(size)
    for encoded in tokenizer.encode_batch(list(texts), add_special_tokens=False):
        ids = np.array(encoded.ids, dtype=np.int64)
        np.add.at(counts, ids, 1)
        pairs += [np.stack([ids[:-gap], ids[gap:]]) for gap in range(1, 6) if len(ids) > gap]
    first, second = np.concatenate(pairs, axis=1)
    ends = np.concatenate([first, second]), np.concatenate([second, first])
    seen = coo_matrix((np.ones(len(ends[0])), ends), shape=(size, size)).tocsr().tocoo()
    left, right = np.asarray(seen.sum(1)).ravel(), np.asarray(seen.sum(0)).ravel() ** 0.75
    values = np.log(seen.data * right.sum() / (left[seen.row] * right[seen.col]))
    seen.data = np.maximum(values, 0)
    start = np.random.default_rng(seed).standard_normal(size)
    vectors, weights, _ = svds(seen.tocsr(), k=dimensions, v0=start)
    rows = vectors * np.sqrt(weights)
    rows *= (1e-3 / (1e-3 + counts / counts.sum()))[:, None]
    return Table(rows.astype(np.float32), tokenizer.to_str())


def _ppmi() -> Table:
    texts = held_texts()
    return ppmi(texts, piece_tokenizer(texts), 128)


def _words() -> Table:
    """Potion distilled into the words of the held-back corpora, as written, weighted by rarity."""
    texts = held_texts()
    tokenizer = word_tokenizer(texts, lowercase=False)
    names = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    encoder = load_encoder(str(POTION))
    rows = encoder.encode_documents([Document(word, "", word) for word in names])
    counts = np.zeros(len(names))
    for encoded in tokenizer.encode_batch(texts):
        np.add.at(counts, np.array(encoded.ids, dtype=np.int64), 1)
    rows *= (1e-3 / (1e-3 + counts / counts.sum()))[:, None].astype(np.float32)
    return Table(rows, tokenizer.to_str())


def _reduced() -> Table:
    """Potion reduced to 96 dimensions by PCA of its rows."""
    table = read_table(str(POTION))
    centred = table.rows - table.rows.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    return Table(table.rows @ directions[:, ::-1][:, :96], table.tokenizer)


MADE: dict[str, Callable[[], Table]] = {"ppmi": _ppmi, "words": _words, "reduced": _reduced}


def beir(folder: Path, documents: Sequence[Document], queries: Sequence[Query], lines: Sequence[str]) -> str:
    """Write a corpus as a BEIR folder and return its path; `lines` are those of the judgements."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    records = {
        "corpus": [{"_id": item.id, "title": item.title, "text": item.text} for item in documents],
        "queries": [{"_id": item.id, "text": item.text} for item in queries],
    }
    for name, rows in records.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
    (folder / "qrels" / "test.tsv").write_text("\n".join(("query-id\tcorpus-id\tscore", *lines, "")), "utf-8")
    return str(folder)


def judgement_lines(judgements: Judgements) -> list[str]:
    """Return the lines of a file of judgements."""
    return [f"{query}\t{name}\t{grade}" for query, row in judgements.items() for name, grade in row.items()]

"""Static models of the benchmark: their parts, and those that are made here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import find_model
from searchapp.records import Document
from tests.faults.cases import SPLITS
from tests.faults.corpora import data
from tests.real_data import POTION

Floats = NDArray[Any]
UNKNOWN = "[UNK]"


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


def texts_of(split: str, work: Path) -> list[str]:
    """Return the documents of the corpora of a split."""
    corpora = [data(name, work) for name in SPLITS[split].corpora]
    return [f"{item.title} {item.text}".strip() for corpus in corpora for item in corpus.documents]


def rarity(texts: Sequence[str], tokenizer: Tokenizer) -> Floats:
    """Return a / (a + p) of each token with a = 0.001 (Arora, Liang and Ma, 2017), (v, 1) float32."""
    counts = np.zeros(tokenizer.get_vocab_size())
    for encoded in tokenizer.encode_batch(list(texts), add_special_tokens=False):
        np.add.at(counts, np.array(encoded.ids, dtype=np.int64), 1)
    weights: Floats = (1e-3 / (1e-3 + counts / counts.sum()))[:, None].astype(np.float32)
    return weights


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


def names_of(tokenizer: Tokenizer) -> list[str]:
    """Return the tokens in the order of their ids."""
    ids = tokenizer.get_vocab()
    return sorted(ids, key=ids.__getitem__)


def _ppmi(work: Path) -> Table:
    texts = texts_of("held", work)
    return ppmi(texts, piece_tokenizer(texts), 128)


def _words(work: Path) -> Table:
    """Potion distilled into the words of the held-back corpora, as written, weighted by rarity."""
    texts = texts_of("held", work)
    tokenizer = word_tokenizer(texts, lowercase=False)
    rows = _vectors(str(POTION), names_of(tokenizer))
    return Table(rows * rarity(texts, tokenizer), tokenizer.to_str())


def _reduced(_work: Path) -> Table:
    """Potion reduced to 96 dimensions by PCA of its rows."""
    table = read_table(str(POTION))
    centred = table.rows - table.rows.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    return Table(table.rows @ directions[:, ::-1][:, :96], table.tokenizer)


def _lsa(work: Path) -> Table:
    """Latent semantic analysis: singular vectors of tf-idf over the fresh corpora, in pieces of bytes."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import svds
    from tokenizers import models, normalizers, pre_tokenizers, trainers

    texts = texts_of("fresh", work)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=12_000, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    ids = [np.array(one.ids, dtype=np.int64) for one in tokenizer.encode_batch(texts)]
    places = np.repeat(np.arange(len(ids)), [len(row) for row in ids])
    shape = (len(ids), tokenizer.get_vocab_size())
    counts = coo_matrix((np.ones(len(places)), (places, np.concatenate(ids))), shape=shape).tocsr()
    found = np.bincount(counts.indices, minlength=shape[1])
    rarities = np.log((len(ids) + 1) / (found + 1)) + 1
    counts.data = (1 + np.log(counts.data)) * rarities[counts.indices]
    start = np.random.default_rng(3).standard_normal(min(shape))
    _, weights, vectors = svds(counts, k=160, v0=start)
    rows = vectors.T * np.sqrt(weights) * rarities[:, None]
    return Table(rows.astype(np.float32), tokenizer.to_str())


def _short(_work: Path) -> Table:
    """The first 128 of the 256 dimensions of wordllama, which was trained so that they can be cut."""
    table = read_table("wordllama")
    return Table(np.ascontiguousarray(table.rows[:, :128]), table.tokenizer)


def _joined(work: Path) -> Table:
    """Pieces of a unigram model, as written: potion and wordllama side by side, weighted by rarity."""
    from tokenizers import models, pre_tokenizers, trainers

    texts = texts_of("fresh", work)
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=16_000, unk_token=UNKNOWN, special_tokens=[UNKNOWN], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    words = [name.replace("\u2581", "") or " " for name in names_of(tokenizer)]
    rows = np.hstack([_vectors(model, words) for model in (str(POTION), "wordllama")])
    return Table(rows * rarity(texts, tokenizer), tokenizer.to_str())


def _vectors(model: str, words: Sequence[str]) -> Floats:
    encoder = load_encoder(model)
    return encoder.encode_documents([Document(str(row), "", word) for row, word in enumerate(words)])


MODELS: dict[str, Callable[[Path], Table]] = {
    "ppmi": _ppmi,
    "words": _words,
    "reduced": _reduced,
    "lsa": _lsa,
    "short": _short,
    "joined": _joined,
}

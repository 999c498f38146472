"""A corpus whose titles, texts and queries speak of the same topics in other words, and a table of noise.

Only what is taught can connect the words, so that a gain must come from teaching.
"""

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from .conftest import jsonl

TOPICS, DOCUMENTS, DIMENSION = 30, 10, 32
SIDES = ("title", "text", "query")
WORDS_PER_SIDE = 6
Pairs = list[tuple[str, str]]


def words(side: str, topic: int) -> list[str]:
    """Return the words of one side for a topic; no other side or topic has them."""
    return [f"{side}{topic}x{number}" for number in range(WORDS_PER_SIDE)]


def vocabulary() -> list[str]:
    """Return every word, the unknown one first."""
    return ["[UNK]", *(word for side in SIDES for topic in range(TOPICS) for word in words(side, topic))]


def table() -> np.ndarray:
    """Return random rows, (v, 32) float32."""
    return np.random.default_rng(0).normal(size=(len(vocabulary()), DIMENSION)).astype(np.float32)


def write_corpus(folder: Path, seed: int = 0, *, titles: bool = True) -> Path:
    """Write a BEIR folder with a train split, and a test split that is no judgements at all."""
    draw = random.Random(seed)
    documents, queries, train = [], [], []
    for topic in range(TOPICS):
        for number in range(DOCUMENTS):
            sentences = [" ".join(draw.choices(words("text", topic), k=8)) + "." for _ in range(3)]
            title = " ".join(draw.sample(words("title", topic), 3)) if titles else ""
            documents.append({"_id": f"d{topic}-{number}", "title": title, "text": " ".join(sentences)})
        for number in range(4):
            text = " ".join(draw.sample(words("query", topic), 3))
            queries.append({"_id": f"q{topic}-{number}", "text": text})
            wanted = draw.sample(range(DOCUMENTS), 3)
            train += [(f"q{topic}-{number}", f"d{topic}-{document}") for document in wanted]
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(jsonl(documents), "utf-8")
    (folder / "queries.jsonl").write_text(jsonl(queries), "utf-8")
    write_qrels(folder / "qrels" / "train.tsv", train)
    (folder / "qrels" / "test.tsv").write_text("nobody may read this\n", "utf-8")
    return folder


def write_qrels(path: Path, pairs: Pairs) -> Path:
    """Write judgements of grade 1."""
    lines = ["query-id\tcorpus-id\tscore", *(f"{query}\t{document}\t1" for query, document in pairs)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def read_pairs(path: Path) -> Pairs:
    """Return the judged pairs of a file."""
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()[1:]]
    return [(query, document) for query, document, _ in rows]


MakeModel = Callable[..., Path]


def make_table(make_model: MakeModel, name: str = "noise", config: Mapping[str, object] | None = None) -> str:
    """Write the table of noise as a model2vec folder."""
    return str(make_model(name, table=table(), words=vocabulary(), config=config))

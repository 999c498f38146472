"""Changes of texts and vectors that are known to move a score: each encodes the corpus again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from searchapp.encoders.encoder import Encoder
from searchapp.encoders.options import Options
from searchapp.index.index import product_scores
from searchapp.records import Document, Query, Ranking, Run

BATCH = 64  # queries whose scores are in memory at a time


@dataclass(frozen=True)
class TextVariant:
    """Another way to make the vectors; `fields` are those of `Options` that it sets."""

    name: str
    description: str
    fields: Mapping[str, Any]


TEXT_VARIANTS = (
    TextVariant("title-dropped", "documents encoded without their titles", {"template": "{text}"}),
    TextVariant("text-dropped", "documents encoded by their titles alone", {"template": "{title}"}),
    TextVariant("inner-product", "compared by inner product instead of cosine", {"normalize": False}),
    TextVariant("cosine", "compared by cosine instead of inner product", {"normalize": True}),
    TextVariant(
        "joined-by-newline", "title and text joined by a line break", {"template": "{title}\n{text}"}
    ),
    TextVariant(
        "joined-by-full-stop", "title and text joined by a full stop", {"template": "{title}. {text}"}
    ),
    TextVariant("text-before-title", "the text put before the title", {"template": "{text} {title}"}),
    TextVariant("title-twice", "the title put in front twice", {"template": "{title} {title} {text}"}),
    TextVariant("first-512-tokens", "texts cut after 512 tokens", {"max_length": 512}),
    TextVariant("first-256-tokens", "texts cut after 256 tokens", {"max_length": 256}),
    TextVariant("first-128-tokens", "texts cut after 128 tokens", {"max_length": 128}),
    TextVariant("whole-texts", "texts read to their end", {"max_length": None}),
    TextVariant(
        "e5-prompts",
        "'query: ' and 'passage: ' in front of the texts",
        {"query_prompt": "query: ", "document_prompt": "passage: "},
    ),
)
"""Every change, the ones most often met first."""


def variants_of(options: Options) -> Iterator[tuple[TextVariant, Options]]:
    """Yield the changes that alter these options, with the options that result."""
    for change in TEXT_VARIANTS:
        changed = replace(options, **change.fields)
        if changed != options:
            yield change, changed


def rank_in_memory(
    documents: Sequence[Document], queries: Sequence[Query], encoder: Encoder, depth: int
) -> Run:
    """Return the run of queries over documents, without an index on disk."""
    ids = [document.id for document in documents]
    vectors = encoder.encode_documents(documents)
    asked = encoder.encode_queries(queries)
    max_norm = float(np.linalg.norm(vectors.astype(np.float64), axis=1).max(initial=0.0))
    run = {}
    for start in range(0, len(queries), BATCH):
        scores = product_scores(vectors, asked[start : start + BATCH], max_norm)
        for query, row in zip(queries[start : start + BATCH], scores, strict=True):
            run[query.id] = Ranking.from_scores(ids, row, depth)
    return run

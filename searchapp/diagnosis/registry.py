"""Every probe: what it asks, needs and may find. Feeds the command line, the docs and the tests."""

from searchapp.diagnosis.probe import Probe
from searchapp.diagnosis.probes import data, geometry, reports, rows, runs, tables, texts, yardsticks

VECTORS = ("vectors",)
MODEL = ("vectors", "model")
TABLE = ("vectors", "table")

PROBES = (
    Probe("published", "Is the corpus the published one?", (), ("corpus-differs",), data.published),
    Probe(
        "consistent",
        "Are ids, texts and judgements in order?",
        (),
        ("judgements-dangle", "judgements-swapped", "duplicate-query-ids", "duplicate-documents"),
        data.consistent,
    ),
    Probe(
        "encoded",
        "Does every text have a vector?",
        VECTORS,
        ("documents-missing", "foreign-ids"),
        data.encoded,
    ),
    Probe(
        "built",
        "Is the index still that of model and corpus?",
        ("vectors", "index"),
        ("stale-index",),
        data.built,
    ),
    Probe(
        "control",
        "Does a model with a known score get it?",
        ("judgements",),
        ("control-differs",),
        yardsticks.control,
    ),
    Probe("words", "What do the words alone give (BM25)?", ("judgements",), (), yardsticks.words, slow=True),
    Probe("chance", "What is the score, and what does chance give?", VECTORS, (), yardsticks.chance),
    Probe(
        "floor",
        "What do random tables with this tokenizer give?",
        ("vectors", "table", "judgements"),
        ("below-floor",),
        yardsticks.floor,
        slow=True,
    ),
    Probe(
        "known-items",
        "Do titles find their own documents?",
        MODEL,
        ("known-items-lost",),
        yardsticks.known_items,
    ),
    Probe(
        "order",
        "Do the vectors stand at the ids of their texts?",
        VECTORS,
        ("rows-offset", "queries-offset", "order-lost", "some-rows-misplaced"),
        rows.order,
    ),
    Probe(
        "encoded-again",
        "Does the model give these vectors again, in this order?",
        MODEL,
        ("rows-offset", "queries-offset", "order-lost", "some-rows-misplaced"),
        rows.encoded_again,
    ),
    Probe(
        "stored-texts",
        "Which texts were the vectors made from?",
        MODEL,
        (
            "title-dropped",
            "text-dropped",
            "text-prefix",
            "case-changed",
            "prompt",
            "truncated",
            "pooling",
            "other-encoder",
            "stale-index",
        ),
        texts.stored_texts,
    ),
    Probe(
        "row-alignment",
        "Do the rows of the table belong to their tokens?",
        TABLE,
        ("rows-shifted", "rows-random"),
        tables.row_alignment,
    ),
    Probe(
        "equal-rows",
        "Are rows zero, shared or unknown?",
        TABLE,
        ("zero-rows", "unknown-tokens", "shared-rows"),
        tables.equal_rows,
    ),
    Probe(
        "token-weights",
        "Do rare tokens weigh more than frequent ones?",
        TABLE,
        ("frequent-tokens", "flat-weights"),
        tables.token_weights,
    ),
    Probe(
        "tokenizer", "Is the tokenizer the one of the vocabulary?", TABLE, ("retokenised",), tables.tokenizer
    ),
    Probe(
        "reading",
        "How much of a text is read, and how much of it is prompt?",
        TABLE,
        ("truncated", "title-dropped", "text-dropped", "prompt"),
        tables.reading,
    ),
    Probe(
        "finite",
        "Are all vectors numbers, and none zero?",
        VECTORS,
        ("not-finite", "zero-vectors"),
        geometry.finite,
    ),
    Probe("lengths", "Do the lengths of vectors decide?", VECTORS, ("norms-leak",), geometry.lengths),
    Probe(
        "dimensions",
        "Are there enough dimensions?",
        VECTORS,
        ("few-dimensions", "stale-index"),
        geometry.dimensions,
    ),
    Probe("values", "Did whole numbers run over?", VECTORS, ("overflow",), geometry.values),
    Probe(
        "directions",
        "How many directions carry the vectors, and does removing some help?",
        VECTORS,
        ("dominant-directions", "hubs", "steep-spectrum", "noise"),
        geometry.directions,
    ),
    Probe(
        "coordinates",
        "Do queries and documents live in one space?",
        VECTORS,
        ("wrong-sign", "other-encoder"),
        geometry.coordinates,
    ),
    Probe(
        "run-ids",
        "Does the run write ids as the corpus does?",
        ("run",),
        ("foreign-ids", "other-split"),
        runs.run_ids,
    ),
    Probe("run-depth", "Is the run deep enough for its metrics?", ("run",), ("shallow-run",), runs.run_depth),
    Probe(
        "run-scores",
        "Are the run's scores sound?",
        ("run",),
        ("missing-as-last", "coarse-scores"),
        runs.run_scores,
    ),
    Probe(
        "run-search",
        "Does the run hold what exact search finds?",
        ("run", "vectors"),
        ("approximate-search",),
        runs.run_search,
    ),
    Probe(
        "reported",
        "Which definition gives the reported score?",
        ("reported",),
        ("other-split", "other-definition", "other-cut", "other-scale", "unexplained-score"),
        reports.reported,
    ),
    Probe("peers", "What do published models of its kind score?", VECTORS, (), yardsticks.peers),
)
"""In the order in which they are asked: data, yardsticks, rows, texts, table, vectors, run, score."""

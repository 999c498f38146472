"""The catalogue of faults: what is broken, how badly, and which causes a diagnosis may name for it.

The codes are those of the catalogue: A texts and data, B tokens, C geometry, D search, E rows and ids,
F metrics. `train` lists the severities that thresholds were set on, `held` those that were held out.
"""

from dataclasses import dataclass
from typing import Any

from tests.injected.injectors import (
    INSTRUCTION,
    Inject,
    both,
    constant,
    constant_rows,
    dangling,
    duplicates,
    few_rows,
    first,
    first_as_is,
    flat_rows,
    half,
    hubby,
    int8,
    inverse_frequency,
    loud,
    loud_tokens,
    missing,
    negated,
    noisy,
    norms,
    not_finite,
    other_grades,
    other_texts,
    other_tokenizer,
    overflown,
    permuted,
    pooling,
    prompt_by_option,
    queries,
    random_rows,
    rolled,
    rotated,
    shifted,
    shuffled,
    sorted_batches,
    steep,
    swapped,
    table,
    texts,
    truncated,
    truncated_by_option,
    twice,
    unigram,
    unknown,
    zero_rows,
    zeroed,
)


@dataclass(frozen=True)
class Fault:
    """One injector.

    `accepted` are the cause ids that name it; several where the evidence cannot tell them apart (said
    in `why`). `parts` are those of each fault of a pair. `train` and `held` are severities for setting
    thresholds and for the reported table; `bases` are the pipelines it can be injected into.
    """

    code: str
    name: str
    accepted: tuple[str, ...]
    inject: Inject
    train: tuple[Any, ...]
    held: tuple[Any, ...]
    bases: tuple[str, ...] = ("static", "minilm")
    why: str = ""
    parts: tuple[tuple[str, ...], ...] = ()


STATIC = ("static",)
LOST_ROWS = "a permuted table and an untrained one give vectors of the same kind"

FAULTS = (
    Fault("A1", "title dropped", ("title-dropped",), texts(lambda d: d.text), (1.0, 0.3), (0.8, 0.1), STATIC),
    Fault(
        "A2",
        "text dropped",
        ("text-dropped",),
        texts(lambda d: d.title or d.text),
        (1.0, 0.3),
        (0.8, 0.1),
        STATIC,
    ),
    Fault(
        "A4",
        "'None ' in front",
        ("object-as-text",),
        texts(lambda d: f"None {d.text}"),
        (1.0, 0.5),
        (0.8, 0.2),
        STATIC,
    ),
    Fault(
        "A4",
        "a dict as text",
        ("object-as-text",),
        texts(lambda d: str({"title": d.title, "text": d.text})),
        (1.0,),
        (0.8, 0.2),
        STATIC,
    ),
    Fault(
        "A6", "queries in upper case", ("case-changed",), queries(str.upper), (1.0, 0.5), (0.8, 0.2), STATIC
    ),
    Fault(
        "A6",
        "documents in lower case",
        ("case-changed",),
        texts(lambda d: f"{d.title} {d.text}".lower()),
        (1.0,),
        (0.8, 0.3),
        STATIC,
    ),
    Fault("A8", "documents of another revision", ("corpus-differs",), other_texts, (0.05, 0.5), (0.02, 0.3)),
    Fault("A8", "judgements of another revision", ("corpus-differs",), other_grades, (0.1,), (0.01, 0.4)),
    Fault("A9", "documents missing", ("documents-missing",), missing, (0.5, 0.1), (0.3, 0.05)),
    Fault(
        "A10",
        "relevant documents missing",
        ("judged-documents-missing", "corpus-differs"),
        dangling,
        (0.1, 0.5),
        (0.05, 0.3),
        why="the corpus has lost documents, so its digest differs too",
    ),
    Fault(
        "A11",
        "duplicate documents",
        ("duplicate-documents", "corpus-differs"),
        duplicates,
        (0.2, 0.6),
        (0.1, 0.4),
        STATIC,
        why="the corpus has gained documents, so its digest differs too",
    ),
    Fault("A12", "duplicate query ids", ("duplicate-query-ids",), twice, (0.2,), (0.05, 0.3), STATIC),
    Fault("A15", "judgement columns swapped", ("judgements-swapped",), swapped, (1.0,), (1.0,)),
    Fault(
        "B1",
        "rows shifted",
        ("table-rows-shifted",),
        table(rolled),
        ((1, 0.0), (2, 0.5)),
        ((-1, 0.1), (5, 0.0)),
        STATIC,
    ),
    Fault(
        "B1", "rows permuted", ("table-rows-random",), table(permuted), (1.0,), (1.0, 0.9), STATIC, LOST_ROWS
    ),
    Fault(
        "B2",
        "queries encoded with another table",
        ("mixed-encoders",),
        other_tokenizer,
        ("queries",),
        ("queries", "documents"),
        STATIC,
    ),
    Fault("B3", "tokenizer rebuilt by length", ("rebuilt-tokenizer",), unigram, (1.0,), (1.0, 1.5), STATIC),
    Fault(
        "B4",
        "rows replaced by the unknown token's",
        ("unknown-tokens",),
        table(unknown),
        (0.2, 0.5),
        (0.1, 0.35),
        STATIC,
    ),
    Fault("B5", "zero rows", ("zero-rows",), table(zero_rows), (0.3, 0.5), (0.1, 0.4), STATIC),
    Fault(
        "B5",
        "zero document vectors",
        ("zero-vectors",),
        zeroed,
        (("documents", 0.1),),
        (("documents", 0.03), ("documents", 0.3)),
    ),
    Fault(
        "B5",
        "zero query vectors",
        ("zero-vectors",),
        zeroed,
        (("queries", 0.1),),
        (("queries", 0.05), ("queries", 0.3)),
    ),
    Fault("B6", "NaN", ("not-finite",), not_finite, (0.01,), (0.0003, 0.05)),
    Fault("B7", "stored texts truncated", ("truncated",), truncated, (8, 32), (12, 24, 64), STATIC),
    Fault("B7", "truncated by configuration", ("truncated",), truncated_by_option, (8, 32), (12, 24), STATIC),
    Fault(
        "B8",
        "an instruction before stored queries",
        ("prompt",),
        queries(lambda t: INSTRUCTION + t),
        (1.0,),
        (1.0, 0.5),
        STATIC,
    ),
    Fault(
        "B8",
        "an instruction in the recipe",
        ("prompt",),
        prompt_by_option,
        ("queries",),
        ("queries", "queries documents"),
        STATIC,
    ),
    Fault(
        "B8",
        "'query: ' before documents",
        ("prompt",),
        texts(lambda d: f"query: {d.title} {d.text}"),
        (1.0,),
        (0.8, 0.3),
        STATIC,
    ),
    Fault(
        "B9",
        "other pooling",
        ("pooling",),
        pooling,
        (("max", "max"), ("first", "first")),
        (("last", "last"), ("max", "max")),
        STATIC,
    ),
    Fault(
        "B10",
        "other pooling on one side",
        ("pooling",),
        pooling,
        (("max", "mean"),),
        (("first", "mean"), ("mean", "max")),
        STATIC,
    ),
    Fault("B11", "rows of unit norm", ("flat-weights",), table(flat_rows), (1.0,), (1.0, 0.99), STATIC),
    Fault("B12", "batches left sorted by length", ("order-lost",), sorted_batches, (32, 0), (64, 16, 128)),
    Fault(
        "B13",
        "queries in other coordinates",
        ("mixed-encoders",),
        rotated,
        ("rotation",),
        ("rotation", "dimensions"),
    ),
    Fault(
        "C1",
        "dominant directions in the table",
        ("dominant-directions",),
        table(loud_tokens),
        ((5, 1.0), (1, 2.0)),
        ((3, 1.0), (8, 0.8)),
        STATIC,
    ),
    Fault(
        "C1",
        "dominant directions",
        ("dominant-directions",),
        both(loud),
        ((1, 1.0), (5, 1.0), (1, 5.0)),
        ((2, 0.7), (4, 2.0), (1, 7.0)),
    ),
    Fault(
        "C3",
        "hubs",
        ("hubness", "dominant-directions"),
        both(hubby),
        ((3.0, 1.0), (1.0, 0.5)),
        ((10.0, 0.3), (2.0, 0.8)),
        why="an amplitude that varies along one vector is one direction of much variance",
    ),
    Fault("C4", "spectrum too steep", ("steep-spectrum",), steep, (2.0, 3.0), (2.5, 1.8)),
    Fault("C5", "noise", ("noise",), both(noisy), (0.1, 0.2), (0.07, 0.15)),
    Fault(
        "C6",
        "random table",
        ("table-rows-random",),
        table(random_rows),
        ("plain",),
        ("plain", "norms kept"),
        STATIC,
    ),
    Fault(
        "C8",
        "frequent tokens dominate",
        ("frequent-tokens",),
        table(inverse_frequency),
        (0.5, 1.0),
        (0.4, 0.75),
        STATIC,
    ),
    Fault("C9", "few dimensions", ("few-dimensions",), both(first), (8, 32), (16, 48)),
    Fault(
        "C10",
        "dimensions truncated, compared by dot product",
        ("unnormalised", "few-dimensions"),
        both(first_as_is, similarity="dot"),
        (32,),
        (24, 48),
        why="the truncation is both: too few dimensions, and norms that drive the ranking",
    ),
    Fault(
        "C11",
        "norms drive the ranking",
        ("unnormalised",),
        both(norms, similarity="dot"),
        (0.3, 1.0),
        (0.2, 0.5),
    ),
    Fault("C12", "shared rows", ("shared-rows",), table(few_rows), (500,), (200, 1000), STATIC),
    Fault("C13", "int8 overflow", ("overflow",), both(overflown), (2.0,), (1.7, 3.0)),
    Fault("C14", "wrong sign", ("wrong-sign",), negated, (1.0,), (1.0,)),
    Fault("E1", "document rows shifted", ("rows-offset",), shifted("documents"), (1, -1), (2, -3)),
    Fault("E2", "query rows shifted", ("queries-offset",), shifted("queries"), (1,), (-1, 2)),
    Fault("E3", "document rows shuffled", ("order-lost",), shuffled, (1.0,), (1.0, 0.9)),
    Fault("E5", "some rows misplaced", ("some-rows-misplaced",), shuffled, (0.3,), (0.2, 0.4)),
    Fault("E5", "few rows misplaced", ("some-rows-misplaced",), shuffled, (0.05,), (0.01, 0.1), STATIC),
)
"""Every fault of texts, tables and vectors; `run_faults.py` has those of runs and reported scores."""

NEGATIVES = (
    Fault("-", "healthy", (), lambda base, _s, _r: base.evidence(), (0,), (0,)),
    Fault("C2", "constant common vector", (), both(constant), (10.0,), (3.0, 30.0)),
    Fault("C2", "constant common vector in the table", (), table(constant_rows), (3.0,), (2.0,), STATIC),
    Fault(
        "A3", "joined with a newline", (), texts(lambda d: f"{d.title}\n{d.text}"), (1.0,), (1.0, 0.5), STATIC
    ),
    Fault(
        "A3",
        "joined with a full stop",
        (),
        texts(lambda d: f"{d.title}. {d.text}"),
        (1.0,),
        (1.0, 0.5),
        STATIC,
    ),
    Fault("A3", "text before title", (), texts(lambda d: f"{d.text} {d.title}"), (1.0,), (1.0,), STATIC),
    Fault("A5", "leading space", (), texts(lambda d: f" {d.title} {d.text}"), (1.0,), (1.0,), STATIC),
    Fault("B15", "half precision", (), both(half), (0,), (0,)),
    Fault("C13", "int8", (), both(int8), (0,), (0,)),
)
"""What must not alarm."""

"""Faults by name, injected into evidence in memory; the letters are those of the catalogue of faults."""

from tests.injected.injectors import (
    INSTRUCTION,
    Inject,
    both,
    dangling,
    duplicates,
    few_rows,
    first,
    flat_rows,
    hubby,
    inverse_frequency,
    loud,
    missing,
    negated,
    noisy,
    norms,
    not_finite,
    overflown,
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
    twice,
    unigram,
    unknown,
    zero_rows,
    zeroed,
)

FAULTS: dict[str, Inject] = {
    "title dropped": texts(lambda d: d.text),  # A1
    "text dropped": texts(lambda d: d.title or d.text),  # A2
    "a dict as text": texts(lambda d: str({"title": d.title, "text": d.text})),  # A4
    "queries in upper case": queries(str.upper),  # A6
    "documents missing": missing,  # A9
    "relevant documents missing": dangling,  # A10
    "duplicate documents": duplicates,  # A11
    "duplicate query ids": twice,  # A12
    "judgement columns swapped": swapped,  # A15
    "rows shifted": table(rolled),  # B1
    "tokenizer rebuilt by length": unigram,  # B3
    "rows replaced by the unknown token's": table(unknown),  # B4
    "zero rows": table(zero_rows),  # B5
    "zero document vectors": zeroed,  # B5
    "NaN": not_finite,  # B6
    "stored texts truncated": truncated,  # B7
    "an instruction before stored queries": queries(lambda t: INSTRUCTION + t),  # B8
    "an instruction in the recipe": prompt_by_option,  # B8
    "other pooling": pooling,  # B9
    "rows of unit norm": table(flat_rows),  # B11
    "batches left sorted by length": sorted_batches,  # B12
    "queries in other coordinates": rotated,  # B13
    "dominant directions": both(loud),  # C1
    "hubs": both(hubby),  # C3
    "spectrum too steep": steep,  # C4
    "noise": both(noisy),  # C5
    "random table": table(random_rows),  # C6
    "frequent tokens dominate": table(inverse_frequency),  # C8
    "few dimensions": both(first),  # C9
    "norms drive the ranking": both(norms, similarity="dot"),  # C11
    "shared rows": table(few_rows),  # C12
    "int8 overflow": both(overflown),  # C13
    "wrong sign": negated,  # C14
    "document rows shifted": shifted("documents"),  # E1
    "query rows shifted": shifted("queries"),  # E2
    "document rows shuffled": shuffled,  # E3
    "some rows misplaced": shuffled,  # E5
    "few rows misplaced": shuffled,  # E5
}
"""Every fault of texts, tables and vectors that a test needs."""

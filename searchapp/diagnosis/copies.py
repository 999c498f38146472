"""Documents that are copies of others, exactly or nearly, found by sketches of their word sequences."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from searchapp.records import Document

Rows = NDArray[np.intp]
Hashes = NDArray[np.uint64]

WORDS = 3  # that follow one another and are compared as one
BANDS, WIDTH = 8, 3  # pairs of which 60 % are common meet in a band in 87 of 100 cases
MOST_WORDS = 1000  # of a text that are compared
MOST_DOCUMENTS = 30_000  # beyond, only texts that are equal but for case and punctuation are found
CROWD = 8  # documents of one band from which all are compared with the first few alone
ALIKE = 0.6  # share of word sequences that near-copies have in common
CONTAINED, AT_LEAST = 0.9, 0.4  # or of the shorter one, and then of both

_WORD = re.compile(r"\w+")


def groups_of_copies(documents: Sequence[Document]) -> NDArray[np.intp]:
    """Return for each document the row of the first one of which it is a copy, its own if of none, (n,).

    Near-copies share most sequences of three words; candidates meet by MinHash (Broder, "On the resemblance
    and containment of documents", 1997) in bands, and are then compared in full.
    """
    group = np.arange(len(documents))
    texts = [_WORD.findall(f"{document.title} {document.text}".casefold()) for document in documents]
    first: dict[tuple[str, ...], int] = {}
    for row, words in enumerate(texts):
        if words:
            group[row] = first.setdefault(tuple(words), row)
    if len(documents) > MOST_DOCUMENTS:
        return group
    sketched = [row for row, words in enumerate(texts) if group[row] == row and len(words) >= WORDS]
    sequences = {row: _sequences(texts[row][:MOST_WORDS]) for row in sketched}
    for one, other in _candidates(sketched, sequences):
        if group[one] != group[other] and _alike(sequences[one], sequences[other]):
            low, high = sorted((int(group[one]), int(group[other])))
            group[group == high] = low
    return group


def _sequences(words: Sequence[str]) -> Hashes:
    hashes = np.array([crc32(word.encode()) for word in words], dtype=np.uint64)
    factors = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
    ends = len(hashes) - WORDS + 1
    mixed = np.zeros(ends, dtype=np.uint64)
    for place, factor in enumerate(factors):
        mixed += hashes[place : place + ends] * factor
    return np.unique(mixed)


def _candidates(rows: Sequence[int], sequences: dict[int, Hashes]) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows whose smallest hashes agree in some band."""
    if not rows:
        return
    random = np.random.default_rng(1)
    factors = random.integers(1, 2**63, BANDS * WIDTH, dtype=np.uint64) | np.uint64(1)
    values = np.concatenate([sequences[row] for row in rows])
    starts = np.concatenate([[0], np.cumsum([len(sequences[row]) for row in rows])[:-1]])
    values ^= values >> np.uint64(31)
    least = np.stack([np.minimum.reduceat(values * factor, starts) for factor in factors], axis=1)
    seen: set[tuple[int, int]] = set()
    for band in range(BANDS):
        met: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        for row, key in zip(rows, least[:, band * WIDTH : (band + 1) * WIDTH].tolist(), strict=True):
            met[tuple(key)].append(row)
        for group in met.values():
            pairs = combinations(group, 2) if len(group) <= CROWD else ((group[0], one) for one in group[1:])
            for pair in pairs:
                if pair not in seen:
                    seen.add(pair)
                    yield pair


def _alike(one: Hashes, other: Hashes) -> bool:
    common = len(np.intersect1d(one, other, assume_unique=True))
    together = len(one) + len(other) - common
    return common >= ALIKE * together or (
        common >= CONTAINED * min(len(one), len(other)) and common >= AT_LEAST * together
    )

"""Whether the rows of a table belong to their tokens: what spelling variants and halves of texts say."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.measures import spread
from searchapp.diagnosis.tokens import Pairs
from searchapp.encoders.mean_pooling import mean_rows
from searchapp.encoders.tokenization import Tokens
from searchapp.encoders.vectors import Floats, unit

FAMILIAR = 300  # pairs of variants that are looked at, those that texts use most
HEAD = 5  # directions of most variance
SAMPLE = 800  # texts whose halves are compared
FARTHEST = 2048  # rows by which a table may be shifted
NARROW = 32  # dimensions that suffice to find out by how many


class Cosines(NamedTuple):
    """Median cosines of spelling variants in the few directions of most variance, and in the last quarter."""

    head: float
    tail: float


def familiar(pairs: Pairs, rows: Floats, counts: NDArray[np.int64]) -> Pairs:
    """Return the (p, 2) variants whose rows are neither zero nor equal, those that texts use most."""
    rows_of = rows[pairs]
    distinct = np.all(np.any(rows_of, axis=2), axis=1) & np.any(rows_of[:, 0] != rows_of[:, 1], axis=1)
    pairs = pairs[distinct]
    used = counts[pairs].min(axis=1)
    if (used > 0).sum() < limits.FEWEST_PAIRS:
        return pairs[np.argsort(pairs.max(axis=1), kind="stable")[:FAMILIAR]]
    order = np.argsort(-used, kind="stable")
    return pairs[order[: min(FAMILIAR, int((used > 0).sum()))]]


def cosines_of(rows: Floats, pairs: Pairs) -> Floats:
    """Return the cosine of the rows of each pair, (p,)."""
    left, right = (unit(rows[pairs[:, side]]) for side in (0, 1))
    products: Floats = np.einsum("pd,pd->p", left, right)
    return products


def head_and_tail(rows: Floats, pairs: Pairs, used: Floats) -> Cosines:
    """Return how close variants are along the directions of most and of least variance of rows in use."""
    centred, directions = unit(rows - used.mean(axis=0)), _directions(used)
    size = len(directions)
    parts = directions[:, size - min(HEAD, size) :], directions[:, : max(1, size // 4)]
    return Cosines(
        *(float(np.median(cosines_of(centred @ part.astype(np.float32), pairs))) for part in parts)
    )


def tail_kurtosis(rows: Floats) -> float:
    """Return the excess kurtosis of (n, d) rows along the last quarter of their directions, 0 of noise.

    What rows mean is large for few of them, while noise is a normal distribution.
    """
    from scipy.stats import kurtosis

    directions = _directions(rows)
    behind = (rows - rows.mean(axis=0)) @ directions[:, : max(1, len(directions) // 4)].astype(np.float32)
    return float(kurtosis(behind, axis=0).mean())


def _directions(rows: Floats) -> NDArray[np.float64]:
    """Return the directions of unit rows without their mean as columns, (d, d), least variance first."""
    spread = unit(rows - rows.mean(axis=0))
    directions: NDArray[np.float64] = np.linalg.eigh(spread.T.astype(np.float64) @ spread)[1]
    return directions


def far_shift(rows: Floats, pairs: Pairs) -> int:
    """Return the shift, far or near, at which variants are closest, read from a few dimensions."""
    _, directions = np.linalg.eigh(rows.T.astype(np.float64) @ rows)
    narrow = unit(rows @ directions[:, -NARROW:].astype(np.float32))
    best, chosen = -1.0, 0
    for by in range(-FARTHEST, FARTHEST + 1):
        inside = pairs[((pairs + by >= 0) & (pairs + by < len(rows))).all(axis=1)]
        if len(inside) < len(pairs) / 2:
            continue
        left, right = inside.T
        near = float(np.einsum("pd,pd->p", narrow[left + by], narrow[right + by]).mean())
        if near > best:
            best, chosen = near, by
    return chosen


def halves(tokens: Tokens, rows: Floats) -> float:
    """Return how much nearer the halves of one text are than halves of two texts; 1 at best, 0.5 by chance.

    One half holds the tokens of one half of the vocabulary, so no token is in both: only rows that mean
    something bring them together. Tokens are weighted by rarity.
    """
    size, lengths = len(rows), np.diff(tokens.offsets)
    chosen = spread(len(lengths), SAMPLE)
    spans = [tokens.ids[tokens.offsets[text] : tokens.offsets[text + 1]] for text in chosen]
    texts = np.repeat(np.arange(len(chosen)), lengths[chosen])
    pairs = np.unique(texts * size + np.concatenate([*spans, np.empty(0, np.uint32)]).astype(np.int64))
    texts, ids = pairs // size, pairs % size
    frequency = np.bincount(ids, minlength=size)
    centre = (rows * frequency[:, None]).sum(axis=0) / max(int(frequency.sum()), 1)
    rarity = np.log(1 + len(chosen) / np.maximum(frequency, 1)) * rows.any(axis=1)
    weighted = (unit((rows - centre).astype(np.float32)) * rarity[:, None]).astype(np.float32)
    # Neighbouring ids are often spellings of one word: a multiplicative hash separates them.
    half = (ids.astype(np.uint64) * np.uint64(2654435761)) >> np.uint64(12) & np.uint64(1)
    sides = []
    for side in (0, 1):
        mine = half == side
        offsets = np.concatenate([[0], np.cumsum(np.bincount(texts[mine], minlength=len(chosen)))])
        means = unit(mean_rows(weighted, ids[mine].astype(np.uint32), offsets, None))
        sides.append(unit(means - means.mean(axis=0)))
    scores = sides[0] @ sides[1].T
    own = np.diag(scores)
    below = (scores < own[:, None]).sum(axis=1) + ((scores == own[:, None]).sum(axis=1) - 1) / 2
    return float(below.mean()) / max(len(chosen) - 1, 1)

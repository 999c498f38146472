"""Whether the rows of a table belong to its tokens: spellings of one word ought to be near each other."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.vectors import unit

Floats = NDArray[np.float32]
Pairs = NDArray[np.intp]

LETTERS = 4  # shorter words are too often parts of others
MOST = 4000  # pairs that are looked at
LOUDEST = 10  # directions taken out of a table, so that they do not hide the words
MARKS = "▁Ġ"  # how tokenizers write a blank in front


def variant_pairs(vocabulary: Sequence[str]) -> Pairs:
    """Return the ids of tokens that spell one word otherwise, (p, 2): case, plural, a blank in front.

    >>> variant_pairs(["cats", "Tide", "▁tide", "tides", "moon"]).tolist()
    [[1, 2], [1, 3], [2, 3]]
    """
    spelt: dict[str, list[int]] = defaultdict(list)
    for row, token in enumerate(vocabulary):
        word = token.lstrip(MARKS).removeprefix("##").casefold()
        if len(word) >= LETTERS and word.isalpha():
            spelt[word].append(row)
    pairs = []
    for word, rows in spelt.items():
        pairs += [(one, other) for place, one in enumerate(rows) for other in rows[place + 1 :]]
        pairs += [(one, other) for one in rows for other in spelt.get(f"{word}s", ())]
    found = np.array(sorted(pairs), dtype=np.intp).reshape(-1, 2)
    return (
        found[np.linspace(0, len(found) - 1, min(len(found), MOST)).astype(np.intp)] if len(found) else found
    )


def alignment(rows: Floats, pairs: Pairs, shift: int = 0) -> float:
    """Return how often a spelling is nearer to its variant than to a stranger, 1 at best, 0.5 by chance.

    Args:
        rows: (V, d) float32, the table.
        pairs: (p, 2) ids of variants.
        shift: read the row of token i at i + shift; pairs that would fall outside are left out.
    """
    moved = pairs + shift
    moved = moved[((moved >= 0) & (moved < len(rows))).all(axis=1)]
    if not len(moved):
        return 0.5
    one, other = (unit(rows[moved[:, side]] - rows.mean(axis=0)) for side in (0, 1))
    near = np.einsum("pd,pd->p", one, other)
    wins = []
    for step in (len(moved) // 4 + 1, len(moved) // 3 + 1, len(moved) // 2 + 1):
        far = np.einsum("pd,pd->p", one, np.roll(other, step, axis=0))
        wins.append(float((near > far).mean() + (near == far).mean() / 2))
    return float(np.mean(wins))


def without_loudest(rows: Floats) -> Floats:
    """Return a table without its mean and its loudest directions, (V, d) float32."""
    centred = rows - rows.mean(axis=0)
    k = min(LOUDEST, rows.shape[1] // 4)
    _, directions = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    top = directions[:, rows.shape[1] - k :].astype(np.float32)
    quiet: Floats = centred - np.matmul(centred @ top, top.T, dtype=np.float32)
    return quiet

"""Mean pooling over table rows: one pass over flat token ids on all cores, compiled by numba."""

import os
import sys
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW_TOKENS = 100_000  # below this, numpy finishes before numba is imported

Kernel = Callable[[NDArray[Any], NDArray[np.uint32], NDArray[np.int64], int, NDArray[Any]], None]


def mean_rows(
    table: NDArray[Any], ids: NDArray[np.uint32], offsets: NDArray[np.int64], unknown: int | None
) -> NDArray[Any]:
    """Return the mean of the table's rows for each text, zeros for a text without tokens.

    The sums run token by token in single precision (double for a double table), as in numpy's mean over
    rows, so the results equal those of model2vec bit for bit.

    Args:
        table: (vocabulary, d) of any precision; may be memory-mapped.
        ids: (t,) the concatenated token ids of all texts.
        offsets: (n + 1,) the start of each text in `ids`; the last is t.
        unknown: the id to leave out, None when every token counts.

    Returns:
        (n, d) float32, or float64 for a double table.
    """
    precision = np.float64 if table.dtype == np.float64 else np.float32
    means = np.zeros((len(offsets) - 1, table.shape[1]), dtype=precision)
    left_out = -1 if unknown is None else unknown
    if len(ids) >= FEW_TOKENS or "numba" in sys.modules:
        _in_threads(np.ascontiguousarray(table, dtype=precision), ids, offsets, left_out, means)
        return means
    for text in range(len(means)):
        known = ids[offsets[text] : offsets[text + 1]]
        known = known[known != left_out]
        if len(known):
            means[text] = table[known].astype(precision, copy=False).mean(axis=0)
    return means


def _in_threads(
    table: NDArray[Any],
    ids: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    left_out: int,
    means: NDArray[Any],
) -> None:
    """Fill `means`; each thread gets an equal share of the tokens."""
    from concurrent.futures import ThreadPoolExecutor

    kernel = _kernel()
    threads = os.cpu_count() or 1
    cuts = np.searchsorted(offsets, np.linspace(0, offsets[-1], threads + 1)[1:-1])
    bounds = [0, *np.minimum(cuts, len(means)).tolist(), len(means)]
    with ThreadPoolExecutor(threads) as executor:
        shares = [
            executor.submit(kernel, table, ids, offsets[first : last + 1], left_out, means[first:last])
            for first, last in pairwise(bounds)
        ]
        for share in shares:
            share.result()


@cache
def _kernel() -> Kernel:
    from numba import njit

    from searchapp.compiled import kernel_cache

    with kernel_cache():
        compiled: Kernel = njit(nogil=True, cache=True)(_mean_rows)
    return compiled


def _mean_rows(table: Any, ids: Any, offsets: Any, left_out: int, means: Any) -> None:
    for text in range(len(offsets) - 1):
        count = 0
        for position in range(offsets[text], offsets[text + 1]):
            row = ids[position]
            if row != left_out:
                count += 1
                for column in range(table.shape[1]):
                    means[text, column] += table[row, column]
        if count:
            for column in range(table.shape[1]):
                means[text, column] /= count

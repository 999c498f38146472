"""How sure a mean over queries is: seeded bootstrap intervals."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
SEED = 0
BLOCK = 100  # resamples drawn at a time, so that thousands of queries fit in memory


def bootstrap_intervals(
    values: Mapping[str, NDArray[np.float64]], level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """Return percentile bootstrap intervals of the means (Efron and Tibshirani 1993, chapter 13).

    All metrics are resampled together: one draw of queries serves them all. The seed is fixed, so the
    same values give the same interval.

    Args:
        values: metric -> (q,) float64, one value a query, the queries in the same order throughout.
        level: share of the distribution inside the interval.
    """
    table = np.stack(list(values.values()), axis=1)
    queries = len(table)
    generator = np.random.default_rng(SEED)
    draws = (generator.integers(0, queries, size=(BLOCK, queries)) for _ in range(RESAMPLES // BLOCK))
    means = np.concatenate([table[drawn].mean(axis=1) for drawn in draws])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return {metric: (float(low[i]), float(high[i])) for i, metric in enumerate(values)}

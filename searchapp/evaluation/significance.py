"""Paired randomisation tests of the difference between two runs, with correction for multiple tests."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

EXACT = 16  # up to this many non-zero differences, every assignment of signs is tried: 65,536
SAMPLES = 20_000
SEED = 0
BLOCK = 500  # assignments drawn at a time, so that thousands of queries fit in memory
ROUNDING = 1e-12
"""Sums that differ by less than this share of all differences are equal. Differences in precision are
multiples of 1 / k, so many sums equal the observed one, and rounding must not decide which of them count."""


def randomisation_tests(differences: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """Return the two-sided p-value of each measure: how often chance alone gives as large a mean difference.

    Under the null hypothesis the two values of a query are exchangeable, so every assignment of signs to
    the differences is as likely as the observed one (Fisher's randomisation test; Smucker, Allan and
    Carterette, CIKM 2007). Few differences are enumerated. For many, seeded samples are drawn, the same for
    every measure, and the observed assignment counts as one of them: (count + 1) / (samples + 1), since a
    p-value is never 0 (Phipson and Smyth, 2010).

    Args:
        differences: measure -> (q,) float64, candidate minus baseline, with the queries in the same order
            throughout.
    """
    p_values = {}
    for metric, values in differences.items():
        changed = values[values != 0]
        if len(changed) <= EXACT:
            p_values[metric] = _enumerated(changed)
    rest = [metric for metric in differences if metric not in p_values]
    if rest:
        table = np.stack([differences[metric] for metric in rest], axis=1)
        p_values |= dict(zip(rest, _sampled(table), strict=True))
    return {metric: p_values[metric] for metric in differences}


def _enumerated(differences: NDArray[np.float64]) -> float:
    """Return the share of all assignments of signs whose sum is at least as extreme as the observed one."""
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    return float(_as_extreme(sums[:, None], differences[:, None])[0] / len(sums))


def _sampled(table: NDArray[np.float64]) -> list[float]:
    """Return the estimated p-value of each column of a (q, metrics) table."""
    generator = np.random.default_rng(SEED)
    counts = np.zeros(table.shape[1])
    for _ in range(SAMPLES // BLOCK):
        heads = generator.integers(0, 2, size=(BLOCK, len(table)), dtype=np.int8)
        counts += _as_extreme((2.0 * heads - 1) @ table, table)
    return [float(p) for p in (counts + 1) / (SAMPLES + 1)]


def _as_extreme(sums: NDArray[np.float64], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count, in each column, the sums that are at least as far from 0 as the sum of the table itself."""
    bound = np.abs(table.sum(axis=0)) - ROUNDING * np.abs(table).sum(axis=0)
    return np.asarray((np.abs(sums) >= bound).sum(axis=0), dtype=np.float64)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for the number of tests, in the same order.

    The step-down procedure of Holm (1979) controls the family-wise error rate, however the tests depend on
    each other.

    >>> holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    ascending = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for place, test in enumerate(ascending):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[test]))
        corrected[test] = largest
    return corrected

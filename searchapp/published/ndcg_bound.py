"""How large an nDCG can be at a given recall and precision."""

from functools import lru_cache
from math import inf, log2

import numpy as np
from numpy.typing import NDArray

LARGEST_CUTOFF = 100  # the number of cases grows with its square
UPRIGHT = 1e-9  # a facet whose normal rises less than this is vertical and bounds nothing


def largest_ndcg(
    recall: float, precision: float, cutoff: int, largest_grade: float = inf, slack: float = 0.0
) -> float:
    r"""Return the upper bound of the mean nDCG@k for given means of recall@k and precision@k.

    Take a query with R relevant documents, h of them among the first k. Write D(n) for the sum of
    1 / log2(i + 1) over i = 1..n, and G for the ratio of the largest grade to the smallest relevant one.
    Its DCG is largest when the h retrieved documents take the top ranks and have the largest grade; its
    ideal DCG is then smallest when the others have the smallest grade, so that

        nDCG@k <= G D(h) / (G D(h) + D(min(R, k)) - D(h)),   recall@k = h / R,   precision@k = h / k.

    The bound grows with G and does not depend on R beyond k, where recall takes every value down to 0.
    So each query lies on or below one of finitely many points (recall, precision, bound), and the mean
    over queries, a convex combination, lies on or below their upper convex hull.

    Args:
        recall: mean recall@k.
        precision: mean precision@k.
        cutoff: k, at most `LARGEST_CUTOFF`.
        largest_grade: the largest grade in the judgements; infinite when it is not known.
        slack: how far both means may be off, for instance because they are rounded.
    """
    planes = _upper_hull(cutoff, largest_grade)
    bounds = planes @ np.array([1.0, recall, precision]) + np.abs(planes[:, 1:]).sum(axis=1) * slack
    return float(bounds.min())


def bound_points(cutoff: int, largest_grade: float) -> NDArray[np.float64]:
    """Return the distinct cases of one query as (recall, precision, largest nDCG), (n, 3) float64."""
    discounts = [0.0]
    for rank in range(1, cutoff + 1):
        discounts.append(discounts[-1] + 1 / log2(rank + 1))
    points = {(0.0, 0.0, 0.0)}
    for hits in range(1, cutoff + 1):
        for relevant in (*range(hits, cutoff + 1), inf):
            missed = discounts[int(min(relevant, cutoff))] - discounts[hits]
            bound = 1 / (1 + missed / (largest_grade * discounts[hits]))
            points.add((hits / relevant, hits / cutoff, bound))
    return np.array(sorted(points))


@lru_cache
def _upper_hull(cutoff: int, largest_grade: float) -> NDArray[np.float64]:
    """Return the planes a + b recall + c precision of the upper convex hull, (m, 3) float64."""
    from scipy.spatial import ConvexHull

    points = bound_points(cutoff, largest_grade)
    below = points.mean(axis=0) - (0.0, 0.0, 1.0)  # gives the hull a volume even where the points have none
    recall, precision, ndcg, offset = ConvexHull(np.vstack([points, below])).equations.T
    upper = ndcg > UPRIGHT
    return np.asarray(-np.stack([offset, recall, precision], axis=1)[upper] / ndcg[upper, None])

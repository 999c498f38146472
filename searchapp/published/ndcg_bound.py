"""How large an nDCG can be at a given recall and precision."""

from functools import lru_cache
from itertools import combinations
from math import inf, log2

import numpy as np
from numpy.typing import NDArray

LARGEST_CUT = 10  # the number of cases grows with the sixth power of the cut


def largest_ndcg(
    recall: float, precision: float, cut: int, largest_grade: float = inf, slack: float = 0.0
) -> float:
    r"""Return what the mean nDCG@k cannot exceed when the means of recall@k and precision@k are given.

    Take a query with R relevant documents, h of them among the first k. Write D(n) for the sum of
    1 / log2(i + 1) over i = 1..n, and G for the ratio of the largest grade to the smallest relevant one.
    Its DCG is largest when the h found ones stand at the top and have the largest grade, and its ideal
    DCG is then smallest when the others have the smallest, so that

        nDCG@k <= G D(h) / (G D(h) + D(min(R, k)) - D(h)),   recall@k = h / R,   precision@k = h / k.

    The bound grows with G and does not depend on R beyond k, where recall takes every value down to 0.
    So each query lies under one of finitely many points (recall, precision, bound), and the mean over
    queries, a convex combination, lies under their upper convex hull. The hull's facets are found once
    by trying every triple of points.

    Args:
        recall: mean recall@k.
        precision: mean precision@k.
        cut: k, at most 10.
        largest_grade: of the judgements; infinite when it is not known.
        slack: by how much both means may be off, as by rounding.
    """
    planes = _facets(cut, largest_grade)
    bounds = planes @ np.array([1.0, recall, precision]) + np.abs(planes[:, 1:]).sum(axis=1) * slack
    return float(bounds.min())


def _points(cut: int, largest_grade: float) -> NDArray[np.float64]:
    """Return the distinct cases as (recall, precision, largest nDCG), (n, 3)."""
    gain = [0.0]
    for rank in range(1, cut + 1):
        gain.append(gain[-1] + 1 / log2(rank + 1))
    rows = {(0.0, 0.0, 0.0)}
    for found in range(1, cut + 1):
        for relevant in (*range(found, cut + 1), inf):
            rest = gain[int(min(relevant, cut))] - gain[found]
            rows.add((found / relevant, found / cut, 1 / (1 + rest / (largest_grade * gain[found]))))
    return np.array(sorted(rows))


@lru_cache
def _facets(cut: int, largest_grade: float) -> NDArray[np.float64]:
    """Return the planes a + b recall + c precision that no point is above, (m, 3)."""
    points = _points(cut, largest_grade)
    triples = np.array(list(combinations(range(len(points)), 3)))
    corners = points[triples]  # (t, 3 points, 3 coordinates)
    base = np.concatenate([np.ones((len(corners), 3, 1)), corners[:, :, :2]], axis=2)
    upright = np.abs(np.linalg.det(base)) > 1e-9
    planes = np.linalg.solve(base[upright], corners[upright][:, :, 2:])[:, :, 0]
    at_points = np.concatenate([np.ones((len(points), 1)), points[:, :2]], axis=1)
    above = (planes @ at_points.T >= points[:, 2] - 1e-9).all(axis=1)
    return np.asarray(planes[above])

"""The metrics a second time, in numpy, to hold ranx's kernels against and to vary a definition."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from searchapp.evaluation.scoring import CUTS
from searchapp.records import Judgements, Run


def reference_scores(
    run: Run, judgements: Judgements, cuts: Sequence[int] = CUTS
) -> dict[str, NDArray[np.float64]]:
    """Return metric -> (q,) float64, one value a judged query in id order, as `score` does.

    nDCG is that of Järvelin and Kekäläinen (TOIS 2002) with linear gains and log2 discounts; the
    others are trec_eval's `map_cut`, `recip_rank` at the cut, `recall` and `P`.

    Args:
        run: the rankings; a judged query without one counts 0.
        judgements: the grades; a grade above 0 is relevant.
        cuts: the k of each metric, at least 1.
    """
    rows = []
    for query_id in sorted(judgements):
        grades = judgements[query_id]
        ids = run[query_id].document_ids if query_id in run else []
        gains = np.array([max(grades.get(name, 0), 0) for name in ids], dtype=np.float64)
        ideal = np.sort(np.array([grade for grade in grades.values() if grade > 0], dtype=np.float64))[::-1]
        rows.append(
            {f"{name}_at_{cut}": value for cut in cuts for name, value in _at(gains, ideal, cut).items()}
        )
    return {metric: np.array([row[metric] for row in rows]) for metric in rows[0]} if rows else {}


def _at(gains: NDArray[np.float64], ideal: NDArray[np.float64], cut: int) -> dict[str, float]:
    """Return the metrics of one query at a cut.

    Args:
        gains: (n,) the grade at each rank, 0 where not relevant.
        ideal: (r,) the grades of all relevant documents, descending.
        cut: the k.
    """
    if not len(ideal):
        return dict.fromkeys(("ndcg", "map", "mrr", "recall", "precision"), 0.0)
    found = gains[:cut] > 0
    places = np.arange(1, len(found) + 1)
    first = places[found][:1]
    return {
        "ndcg": _dcg(gains[:cut]) / _dcg(ideal[:cut]),
        "map": float((np.cumsum(found)[found] / places[found]).sum()) / len(ideal),
        "mrr": float(1 / first[0]) if len(first) else 0.0,
        "recall": float(found.sum()) / len(ideal),
        "precision": float(found.sum()) / cut,
    }


def _dcg(gains: NDArray[np.float64]) -> float:
    return float((gains / np.log2(np.arange(2, len(gains) + 2))).sum())

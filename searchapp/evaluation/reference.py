"""The metrics a second time, in numpy: to hold ranx's kernels against, and to vary a definition."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.evaluation.scoring import CUTS
from searchapp.records import Judgements, Run

METRICS = ("ndcg", "map", "mrr", "recall", "precision")


@dataclass(frozen=True)
class Variant:
    """Choices in which tools differ; the defaults are trec_eval's.

    `gain` of a grade g is `linear` (g), `exponential` (2^g - 1; Burges et al., ICML 2005) or `binary`
    (1). `ideal_of` is what the ideal ranking is made of: all `judged` documents, or only the
    `retrieved` ones. `map_over` divides the average precision by all `relevant` documents, or by no
    more than the `cut`. `mrr_cut` says whether a first relevant document beyond the cut counts 0.
    `relevant_from` is the lowest grade that counts.
    """

    gain: str = "linear"
    ideal_of: str = "judged"
    map_over: str = "relevant"
    mrr_cut: bool = True
    relevant_from: int = 1


TREC_EVAL = Variant()


def reference_scores(
    run: Run, judgements: Judgements, cuts: Sequence[int] = CUTS, variant: Variant = TREC_EVAL
) -> dict[str, NDArray[np.float64]]:
    """Return metric -> (q,) float64, one value a judged query in id order, as `score` does.

    nDCG is that of Järvelin and Kekäläinen (TOIS 2002) with log2 discounts; the others are trec_eval's
    `map_cut`, `recip_rank` at the cut, `recall` and `P`.

    Args:
        run: the rankings; a judged query without one counts 0.
        judgements: the grades.
        cuts: the k of each metric, at least 1.
        variant: the definition.
    """
    rows = []
    for query_id in sorted(judgements):
        grades = {
            name: grade
            for name, grade in judgements[query_id].items()
            if grade >= max(variant.relevant_from, 1)
        }
        ids = run[query_id].document_ids if query_id in run else []
        found = np.array([grades.get(name, 0) for name in ids], dtype=np.float64)
        judged = np.array(list(grades.values()), dtype=np.float64)
        rows.append(
            {
                f"{name}_at_{cut}": value
                for cut in cuts
                for name, value in _at(found, judged, cut, variant).items()
            }
        )
    return {metric: np.array([row[metric] for row in rows]) for metric in rows[0]} if rows else {}


def _at(
    grades: NDArray[np.float64], judged: NDArray[np.float64], cut: int, variant: Variant
) -> dict[str, float]:
    """Return the metrics of one query at a cut.

    Args:
        grades: (n,) the grade at each rank, 0 where not relevant.
        judged: (r,) the grades of all relevant documents, in any order.
        cut: the k.
        variant: the definition.
    """
    if not len(judged):
        return dict.fromkeys(METRICS, 0.0)
    found = grades[:cut] > 0
    places = np.arange(1, len(found) + 1)
    first = np.flatnonzero(found if variant.mrr_cut else grades > 0)[:1] + 1
    ideal = judged if variant.ideal_of == "judged" else grades[:cut]
    best = _dcg(-np.sort(-_gains(ideal, variant.gain))[:cut])
    relevant = len(judged) if variant.map_over == "relevant" else min(len(judged), cut)
    return {
        "ndcg": _dcg(_gains(grades[:cut], variant.gain)) / best if best else 0.0,
        "map": float((np.cumsum(found)[found] / places[found]).sum()) / relevant,
        "mrr": float(1 / first[0]) if len(first) else 0.0,
        "recall": float(found.sum()) / len(judged),
        "precision": float(found.sum()) / cut,
    }


def _gains(grades: NDArray[np.float64], gain: str) -> NDArray[np.float64]:
    if gain == "linear":
        return grades
    return np.exp2(grades) - 1 if gain == "exponential" else (grades > 0).astype(np.float64)


def _dcg(gains: NDArray[np.float64]) -> float:
    return float((gains / np.log2(np.arange(2, len(gains) + 2))).sum())

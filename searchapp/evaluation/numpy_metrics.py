"""The metrics a second time, in numpy: to hold ranx's kernels against, and to vary a definition."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

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
        found = np.fromiter(map(grades.get, ids, repeat(0)), dtype=np.float64, count=len(ids))
        judged = np.array(list(grades.values()), dtype=np.float64)
        rows.append(_at(found, judged, np.array(cuts), variant))
    values = np.array(rows, dtype=np.float64).reshape(len(rows), len(METRICS), len(cuts))
    return {
        f"{name}_at_{cut}": values[:, row, column]
        for column, cut in enumerate(cuts)
        for row, name in enumerate(METRICS)
        if rows
    }


def _at(
    grades: NDArray[np.float64], judged: NDArray[np.float64], cuts: NDArray[np.int_], variant: Variant
) -> NDArray[np.float64]:
    """Return the metrics of one query at every cut, (metrics, cuts) float64.

    Args:
        grades: (n,) the grade at each rank, 0 where not relevant.
        judged: (r,) the grades of all relevant documents, in any order.
        cuts: the k of each metric, (cuts,).
        variant: the definition.
    """
    if not len(judged):
        return np.zeros((len(METRICS), len(cuts)))
    places = np.flatnonzero(grades) + 1  # the ranks of what is relevant, (f,)
    found = np.searchsorted(places, cuts, side="right")  # how many of these each cut keeps
    gains = _gains(grades[places - 1], variant.gain)
    if variant.ideal_of == "judged":
        best = _dcg(-np.sort(-_gains(judged, variant.gain)), cuts)
    else:
        best = np.array([_dcg(-np.sort(-gains[:kept]), np.array(kept)) for kept in found])
    gained = _sums(gains / np.log2(places + 1))[found]
    precisions = _sums(np.arange(1, len(places) + 1) / places)[found]
    relevant = len(judged) if variant.map_over == "relevant" else np.minimum(len(judged), cuts)
    first = 1 / places[0] if len(places) else 0.0
    return np.stack(
        [
            np.divide(gained, best, out=np.zeros(len(cuts)), where=best > 0),
            precisions / relevant,
            np.where(found > 0, first, 0.0) if variant.mrr_cut else np.full(len(cuts), first),
            found / len(judged),
            found / cuts,
        ]
    )


def _gains(grades: NDArray[np.float64], gain: str) -> NDArray[np.float64]:
    if gain == "linear":
        return grades
    return np.exp2(grades) - 1 if gain == "exponential" else (grades > 0).astype(np.float64)


def _dcg(gains: NDArray[np.float64], cuts: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return the discounted gains of a ranking at every cut, (cuts,); `gains` are those of its ranks."""
    return _sums(gains / np.log2(np.arange(2, len(gains) + 2)))[np.minimum(cuts, len(gains))]


def _sums(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of the first 0, 1, ... n terms, (n + 1,)."""
    return np.concatenate([np.zeros(1), np.cumsum(terms)])

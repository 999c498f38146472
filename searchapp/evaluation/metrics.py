"""The retrieval metrics, each with its formula, its source and its ranx kernel.

Sums run from the first rank to the last, as in ranx, so that both give the same bits.
"""

from collections.abc import Callable
from functools import cache, partial

from searchapp.evaluation.metric import RELEVANT, Grades, JudgedRanking, Metric, RanxKernel, register

Gains = Callable[[Grades], Grades]


def dcg(gains: Grades) -> float:
    """Return the discounted cumulative gain of a ranking: sum of gain / log2(rank + 1).

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002.

    Args:
        gains: (n,) float64, the gain at each rank.
    """
    return _sum(gains / _discounts(len(gains)))


def linear_gains(grades: Grades) -> Grades:
    """Return the grades, with 0 for documents that are not relevant."""
    import numpy as np

    return np.where(grades >= RELEVANT, grades, 0.0)


def exponential_gains(grades: Grades) -> Grades:
    """Return 2^grade - 1: Burges et al., "Learning to rank using gradient descent", ICML 2005."""
    import numpy as np

    return np.exp2(linear_gains(grades)) - 1


def ndcg(query: JudgedRanking, cutoff: int, gains: Gains = linear_gains) -> float:
    """DCG@k / ideal DCG@k, where the ideal ranking has all relevant documents, highest grade first.

    Järvelin and Kekäläinen (TOIS 2002); with linear gains trec_eval's `ndcg_cut`.
    """
    ideal = dcg(gains(query.relevant[:cutoff]))
    return dcg(gains(query.retrieved[:cutoff])) / ideal if ideal else 0.0


def average_precision(query: JudgedRanking, cutoff: int) -> float:
    """(sum of P@rank over the ranks up to k that hold a relevant document) / R, trec_eval's `map_cut`.

    R counts all relevant documents, retrieved or not. Buckley and Voorhees, "Retrieval system evaluation",
    in TREC: Experiment and Evaluation in Information Retrieval, 2005.
    """
    import numpy as np

    ranks = np.array(query.ranks[: query.hits(cutoff)], dtype=np.float64)
    return _sum(np.arange(1, len(ranks) + 1) / ranks) / len(query.relevant) if len(ranks) else 0.0


def reciprocal_rank(query: JudgedRanking, cutoff: int) -> float:
    """1 / rank of the first relevant document, 0 when it ranks below k.

    Voorhees, "The TREC-8 question answering track report", 1999; trec_eval's `recip_rank`.
    """
    return 1 / query.ranks[0] if query.hits(cutoff) else 0.0


def recall(query: JudgedRanking, cutoff: int) -> float:
    """(relevant documents among the first k) / R, trec_eval's `recall`."""
    return query.hits(cutoff) / len(query.relevant) if len(query.relevant) else 0.0


def precision(query: JudgedRanking, cutoff: int) -> float:
    """(relevant documents among the first k) / k, even if fewer were retrieved, trec_eval's `P`."""
    return query.hits(cutoff) / cutoff


def success(query: JudgedRanking, cutoff: int) -> float:
    """1 when a relevant document is among the first k, else 0; trec_eval's `success`."""
    return float(query.hits(cutoff) > 0)


def r_precision(query: JudgedRanking, _cutoff: int) -> float:
    """Precision at R, the number of relevant documents; trec_eval's `Rprec`."""
    relevant = len(query.relevant)
    return query.hits(relevant) / relevant if relevant else 0.0


def bpref(query: JudgedRanking, _cutoff: int) -> float:
    """(sum over retrieved relevant documents of 1 - min(n, R) / min(N, R)) / R; trec_eval's `bpref`.

    n counts the documents judged non-relevant that rank above, N all of them; unjudged documents are
    ignored. Buckley and Voorhees, "Retrieval evaluation with incomplete information",
    SIGIR 2004. It has no ranx kernel, because ranx 0.3 divides by 0 if every judged document is relevant.
    """
    import numpy as np

    relevant = len(query.relevant)
    nonrelevant = int(((query.judged >= 0) & (query.judged < RELEVANT)).sum())
    above = np.cumsum((query.retrieved >= 0) & (query.retrieved < RELEVANT))
    worst = max(min(nonrelevant, relevant), 1)
    preferred = [1 - min(int(above[rank - 1]), relevant) / worst for rank in query.ranks]
    return _sum(np.array(preferred)) / relevant if relevant else 0.0


def _sum(terms: Grades) -> float:
    """Return the sum from first to last; numpy's `sum` adds in pairs, which rounds differently."""
    return float(terms.cumsum()[-1]) if len(terms) else 0.0


@cache
def _discounts(depth: int) -> Grades:
    import numpy as np

    return np.log2(np.arange(2, depth + 2))


NDCG = register(Metric(
    "ndcg", "nDCG", "Discounted cumulative gain of the grades, relative to the ideal ranking.", ndcg,
    cutoff="optional", ranx=RanxKernel("ndcg", "ndcg", "_ndcg", (("rel_lvl", RELEVANT), ("jarvelin", True))),
))  # fmt: skip
MAP = register(Metric(
    "map", "MAP", "Mean precision at the ranks of the relevant documents; 0 for those not retrieved.",
    average_precision, cutoff="optional", spellings=("AP",),
    ranx=RanxKernel("map", "average_precision", "_average_precision"),
))  # fmt: skip
MRR = register(Metric(
    "mrr", "MRR", "Reciprocal rank of the first relevant document.", reciprocal_rank,
    cutoff="optional", spellings=("RR", "recip_rank"),
    ranx=RanxKernel("mrr", "reciprocal_rank", "_reciprocal_rank"),
))  # fmt: skip
RECALL = register(Metric(
    "recall", "R", "Share of the relevant documents that are among the top k.", recall,
    ranx=RanxKernel("recall", "recall", "_recall"),
))  # fmt: skip
PRECISION = register(Metric(
    "precision", "P", "Share of the top k that is relevant, even when fewer than k are retrieved.", precision,
    ranx=RanxKernel("precision", "precision", "_precision"),
))  # fmt: skip
SUCCESS = register(Metric(
    "hit_rate", "Success", "Whether any relevant document is among the top k.", success,
    spellings=("HitRate",), ranx=RanxKernel("hit_rate", "hit_rate", "_hit_rate"),
))  # fmt: skip
NDCG_EXPONENTIAL = register(Metric(
    "ndcg_exp", "nDCG(exp)", "nDCG with gains of 2^grade - 1.", partial(ndcg, gains=exponential_gains),
    cutoff="optional", spellings=("nDCG(dcg='exp-log2')", "ndcg_burges"),
    ranx=RanxKernel("ndcg_burges", "ndcg", "_ndcg", (("rel_lvl", RELEVANT), ("jarvelin", False))),
))  # fmt: skip
R_PRECISION = register(Metric(
    "r_precision", "Rprec", "Precision at rank R, the number of relevant documents.", r_precision,
    cutoff="none", ranx=RanxKernel("r-precision", "r_precision", "_r_precision", takes_k=False),
))  # fmt: skip
BPREF = register(Metric(
    "bpref", "Bpref", "How rarely judged non-relevant documents rank above relevant ones.", bpref,
    cutoff="none",
))  # fmt: skip

"""Published figures that contradict one another, and what each contradiction points to."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf

from searchapp.evaluation.metrics import MAP, MRR, NDCG, PRECISION, RECALL
from searchapp.published.best_scores import BEST_SCORES
from searchapp.published.claims import NOTHING_SCORED, Claim, Source, TaskEntry
from searchapp.published.figures import DOUBLE_NOISE, cutoff_of
from searchapp.published.ndcg_bound import LARGEST_CUTOFF, largest_ndcg
from searchapp.records import Problem
from searchapp.tasks.mteb import AGGREGATE, FORUMS, TASKS, find_task

INSTANT = 1e-3  # no model encodes a corpus in this many seconds
LANGUAGE = re.compile(r"[a-z]{3}(-[A-Z][a-z]{3})?")


def check_consistency(source: Source) -> list[Problem]:
    """Return what in a source cannot hold for one scoring of one ranking, in the order of the source.

    Every metric is a mean over the same queries, so an inequality that holds for each query holds for the
    means. Each check allows for the rounding of the published figures.
    """
    return [
        *source.problems,
        *(problem for entry in source.entries for problem in _check_entry(entry)),
        *(problem for claim in source.claims for problem in _check_claim(claim)),
        *_check_duplicates(source.entries),
        *_check_aggregate(source.claims),
    ]


def _check_entry(entry: TaskEntry) -> Iterator[Problem]:
    seconds = entry.evaluation_time
    instant = seconds is not None and 0 < seconds < INSTANT
    if not entry.figures:
        took = f"; it took {seconds:.2g} s" if instant else ""
        yield Problem("empty-scores", f"{entry.where}: {entry.task} has no scores{took}.", NOTHING_SCORED)
    elif instant:
        yield Problem(
            "evaluation-time",
            f"{entry.where}: evaluating {entry.task} took {seconds:.2g} s, too short to encode anything.",
            "The figures come from elsewhere, such as a cache: clear it and run the task again.",
        )
    codes = [code for code in entry.languages if not LANGUAGE.fullmatch(code)]
    if codes:
        yield Problem(
            "language-code",
            f"{entry.where}: the language {codes[0]!r} is not an ISO 639-3 code.",
            "MTEB names a language by its three-letter code and script, such as eng-Latn; a filter on any "
            "other code matches nothing.",
        )
    yield from _check_main_score(entry)


def _check_main_score(entry: TaskEntry) -> Iterator[Problem]:
    for name, value in entry.figures.items():
        subset, _, metric = name.rpartition(" ")
        expected = entry.figures.get(f"{subset} ndcg_at_10")
        if metric == "main_score" and find_task(entry.task) and expected not in {None, value}:
            yield Problem(
                "main-score",
                f"{entry.where}, {subset}: the main score is {value:g}, but nDCG@10 is {expected:g}.",
                "For this task they are the same metric: one was edited or comes from another run. Run the "
                "task again.",
            )


def _check_claim(claim: Claim) -> Iterator[Problem]:
    for remark in claim.remarks:
        yield Problem("unit", f"{claim.where}: {remark}", "Write all figures of a source in the same unit.")
    yield from _check_first_rank(claim)
    yield from _check_order(claim)
    yield from _check_best(claim)
    yield from _check_ndcg_bound(claim)


def _check_first_rank(claim: Claim) -> Iterator[Problem]:
    """At a cutoff of 1, precision equals reciprocal rank, and recall equals average precision.

    Both of the first pair are 1 when the top document is relevant. Average precision at 1 is then 1 / R
    for R relevant documents, as is recall.
    """
    for first, second in (("precision_at_1", "mrr_at_1"), ("recall_at_1", "map_at_1")):
        if not _differ(claim, first, second):
            continue
        values = _shown(claim, first, second)
        if any(_differ(claim, *pair, 100.0) is False for pair in ((first, second), (second, first))):
            hint = "One is a percentage, the other a fraction: multiply the fraction by 100."
            yield Problem("unit", f"{claim.where}: {values} differ by a factor of 100.", hint)
        elif first == "precision_at_1":
            yield Problem(
                "tie-order",
                f"{claim.where}: {values}, although both are the share of queries whose top document is "
                "relevant.",
                "MRR was computed with another order of ties, as in MTEB before 2.18.19; a rerun changes "
                "MRR and no other metric.",
            )
        else:
            yield Problem(
                "map-definition",
                f"{claim.where}: {values}, although both are 1 / R where the top document is relevant.",
                "MAP was not divided by R, the number of relevant documents, but for instance by min(R, k).",
            )


def _check_order(claim: Claim) -> Iterator[Problem]:
    """Metrics that cannot fall as k grows, and metrics that cannot exceed one another at the same k.

    AP@k sums precision, at most 1, over the hits and divides by R; recall@k divides the number of hits
    by R. With at least one relevant document, recall@k is at most the number of hits, k P@k. The gain at
    rank 1 is at most the ideal one, so nDCG@1 is at most precision@1.
    """
    cutoffs = sorted(set(map(cutoff_of, claim.metrics)))
    for metric in (RECALL, MAP, MRR, PRECISION):
        for low, high in pairwise(cutoff for cutoff in cutoffs if metric.at(cutoff).name in claim.metrics):
            factors = (low, high) if metric is PRECISION else (1, 1)  # the number of hits cannot fall
            names = (metric.at(low).name, metric.at(high).name)
            yield from _check_at_most(claim, *names, f"{metric.name}-falls", *factors)
    for k in cutoffs:
        recall = RECALL.at(k).name
        yield from _check_at_most(claim, MAP.at(k).name, recall, "map-above-recall")
        yield from _check_at_most(claim, recall, PRECISION.at(k).name, "recall-above-hits", 1, k)
    yield from _check_at_most(claim, "ndcg_at_1", "precision_at_1", "ndcg-above-precision")


def _check_best(claim: Claim) -> Iterator[Problem]:
    """Compare with what a perfect ranking scores, where the judgements are known."""
    for metric, best in BEST_SCORES.get((claim.task, claim.split), {}).items():
        value = claim.metrics.get(metric)
        if value is not None and value > best + _half_unit(claim, metric):
            yield Problem(
                "impossible-score",
                f"{claim.where}: {metric} is {value:g}, but the best ranking of {claim.task} has {best:g}.",
                "It belongs to another metric, such as the hit rate, or to another task: run it again.",
            )


def _check_ndcg_bound(claim: Claim) -> Iterator[Problem]:
    task = TASKS.get(claim.task)
    grade = float(task.largest_grade) if task else inf
    for cutoff in sorted(set(map(cutoff_of, claim.metrics))):
        names = [metric.at(cutoff).name for metric in (NDCG, RECALL, PRECISION)]
        if 1 < cutoff <= LARGEST_CUTOFF and all(name in claim.metrics for name in names):
            ndcg, recall, precision = (claim.metrics[name] for name in names)
            slack = max(_half_unit(claim, name) for name in names)
            bound = largest_ndcg(recall, precision, cutoff, grade, slack)
            if ndcg > bound + slack:
                yield Problem(
                    "ndcg-above-recall",
                    f"{claim.where}: {_shown(claim, *names)}, but at this recall and precision nDCG cannot "
                    f"exceed {bound:.5f}.",
                    "This nDCG has another definition, such as an ideal ranking of the retrieved documents "
                    "only, or another cutoff, or comes from another run.",
                )


def _check_duplicates(entries: Sequence[TaskEntry]) -> Iterator[Problem]:
    """Two tasks cannot have the same figures throughout."""
    seen: dict[tuple[tuple[str, float], ...], TaskEntry] = {}
    for entry in entries:
        figures = tuple(sorted((name.rpartition(" ")[2], value) for name, value in entry.figures.items()))
        if not {value for _, value in figures} - {0.0, 1.0, 100.0}:
            continue
        first = seen.setdefault(figures, entry)
        if first.task != entry.task:
            metric, value = figures[0]
            yield Problem(
                "same-figures",
                f"{entry.where}: every figure of {entry.task} equals that of {first.task}, such as {metric} "
                f"{value:g}.",
                "One task was scored with the files or the cache of the other: run both again.",
            )


def _check_aggregate(claims: Sequence[Claim]) -> Iterator[Problem]:
    """CQADupstack is the mean of its twelve forums."""
    metric = "ndcg_at_10"
    aggregate = next((claim for claim in claims if claim.task == AGGREGATE), None)
    forums = [claim for claim in claims if claim.task in FORUMS and metric in claim.metrics]
    if aggregate is None or metric not in aggregate.metrics or len(forums) != len(FORUMS):
        return
    mean = sum(claim.metrics[metric] for claim in forums) / len(forums)
    stated = aggregate.metrics[metric]
    slack = _half_unit(aggregate, metric) + max(_half_unit(claim, metric) for claim in forums)
    if abs(stated - mean) > slack:
        yield Problem(
            "aggregate",
            f"{aggregate.where}: nDCG@10 is {stated:.5f}, but the mean of the {len(forums)} forums is "
            f"{mean:.5f}.",
            "The forums or their mean come from another run.",
        )


def _differ(claim: Claim, first: str, second: str, factor: float = 1.0) -> bool | None:
    """Tell whether `factor` times the first metric is not the second; None when either is missing."""
    if first not in claim.metrics or second not in claim.metrics:
        return None
    slack = factor * _half_unit(claim, first) + _half_unit(claim, second)
    return abs(factor * claim.metrics[first] - claim.metrics[second]) > slack


def _check_at_most(
    claim: Claim, lower: str, upper: str, name: str, lower_factor: int = 1, upper_factor: int = 1
) -> Iterator[Problem]:
    """Yield a problem when a metric times its factor exceeds the metric, times its own, that bounds it."""
    if lower not in claim.metrics or upper not in claim.metrics:
        return
    slack = lower_factor * _half_unit(claim, lower) + upper_factor * _half_unit(claim, upper)
    if lower_factor * claim.metrics[lower] > upper_factor * claim.metrics[upper] + slack:
        bound = f"{lower_factor} x {lower} <= {upper_factor} x {upper}".replace("1 x ", "")
        yield Problem(
            name,
            f"{claim.where}: {_shown(claim, lower, upper)}, which violates {bound}.",
            "The figures come from different runs or definitions, or were edited; run the task again.",
        )


def _half_unit(claim: Claim, metric: str) -> float:
    """Return how far rounding can have moved a metric."""
    return 0.5 * 10.0 ** -claim.decimals[metric] + DOUBLE_NOISE


def _shown(claim: Claim, *metrics: str) -> str:
    return ", ".join(
        f"{metric} {claim.metrics[metric]:.{min(claim.decimals[metric], 6)}f}" for metric in metrics
    )

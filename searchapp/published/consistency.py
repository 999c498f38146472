"""Published figures that contradict themselves, and what each contradiction tells."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import inf

from searchapp.published.claims import NOTHING_SCORED, Claim, Source, TaskEntry
from searchapp.published.ndcg_bound import LARGEST_CUT, largest_ndcg
from searchapp.records import Problem
from searchapp.tasks.mteb import AGGREGATE, FORUMS, TASKS, find_task

INSTANT = 1e-3  # seconds in which nothing can be encoded
DOUBLE_NOISE = 1e-9
LANGUAGE = re.compile(r"[a-z]{3}(-[A-Z][a-z]{3})?")


def check_consistency(source: Source) -> list[Problem]:
    """Return what in a source cannot be true of one scoring of one ranking, in the source's order.

    Every metric is a mean over the same queries, so whatever holds for each query holds for the means;
    what rounding can do is allowed for.
    """
    return [
        *source.problems,
        *(finding for entry in source.entries for finding in _of_entry(entry)),
        *(finding for claim in source.claims for finding in _of_claim(claim)),
        *_between_tasks(source.entries),
        *_aggregate(source.claims),
    ]


def _of_entry(entry: TaskEntry) -> Iterator[Problem]:
    seconds = entry.evaluation_time
    instant = seconds is not None and 0 < seconds < INSTANT
    if not entry.figures:
        took = f"; it took {seconds:.2g} s" if instant else ""
        yield Problem("empty-scores", f"{entry.where}: {entry.task} has no scores{took}.", NOTHING_SCORED)
    elif instant:
        yield Problem(
            "evaluation-time",
            f"{entry.where}: {entry.task} was evaluated in {seconds:.2g} s, in which nothing can be encoded.",
            "The figures come from elsewhere, such as a cache: clear it and run the task again.",
        )
    codes = [code for code in entry.languages if not LANGUAGE.fullmatch(code)]
    if codes:
        yield Problem(
            "language-code",
            f"{entry.where}: the language {codes[0]!r} is no ISO 639-3 code.",
            "MTEB names languages by three letters and the script, such as eng-Latn; a filter by another "
            "code matches nothing.",
        )
    yield from _main_score(entry)


def _main_score(entry: TaskEntry) -> Iterator[Problem]:
    for name, value in entry.figures.items():
        part, _, metric = name.rpartition(" ")
        expected = entry.figures.get(f"{part} ndcg_at_10")
        if metric == "main_score" and find_task(entry.task) and expected not in {None, value}:
            yield Problem(
                "main-score",
                f"{entry.where}, {part}: the main score is {value:g}, but nDCG@10 is {expected:g}.",
                "They are the same metric here: one was edited or is of another run. Run the task again.",
            )


def _of_claim(claim: Claim) -> Iterator[Problem]:
    for remark in claim.remarks:
        yield Problem("unit", f"{claim.where}: {remark}", "Write all figures of a source in one unit.")
    for check in _CHECKS:
        yield from check(claim)


def _first_ranks(claim: Claim) -> Iterator[Problem]:
    """Both metrics at 1 are the share of queries whose first document is relevant.

    Average precision at 1 is 1 / R when the first of R relevant documents stands first, which is recall.
    """
    for one, other in (("precision_at_1", "mrr_at_1"), ("recall_at_1", "map_at_1")):
        if _differ(claim, one, other):
            values = _shown(claim, one, other)
            if any(_differ(claim, *pair, 100.0) is False for pair in ((one, other), (other, one))):
                hint = "One is a percentage, the other a fraction: multiply by 100 what is a fraction."
                yield Problem("unit", f"{claim.where}: {values} differ by a factor of 100.", hint)
            elif one == "precision_at_1":
                yield Problem(
                    "tie-order",
                    f"{claim.where}: {values}, though both are the share of queries with a relevant document "
                    "first.",
                    "MRR was computed with another order of ties, as MTEB before 2.18.19 does; a rerun gives "
                    "another MRR. The other metrics are not touched.",
                )
            else:
                yield Problem(
                    "map-definition",
                    f"{claim.where}: {values}, though both are 1 / R where the first document is relevant.",
                    "MAP is divided by something else than the number of relevant documents, such as "
                    "min(R, k).",
                )


def _orders(claim: Claim) -> Iterator[Problem]:
    """Metrics that cannot fall as k grows, and metrics that cannot exceed one another at the same k.

    AP@k sums precision, at most 1, over the hits and divides by R; recall@k divides the number of hits
    by R. With at least one relevant document, recall@k is at most the number of hits, k P@k. A gain at
    rank 1 is at most the ideal one, so nDCG@1 is at most precision@1.
    """
    cuts = sorted({int(metric.partition("_at_")[2]) for metric in claim.metrics})
    for name in ("recall", "map", "mrr"):
        having = [cut for cut in cuts if f"{name}_at_{cut}" in claim.metrics]
        for low, high in pairwise(having):
            yield from _exceeds(claim, f"{name}_at_{low}", f"{name}_at_{high}", f"{name}-falls")
    having = [cut for cut in cuts if f"precision_at_{cut}" in claim.metrics]
    for low, high in pairwise(having):
        low_name, high_name = f"precision_at_{low}", f"precision_at_{high}"
        yield from _exceeds(claim, low_name, high_name, "precision-falls", low, high)
    for cut in cuts:
        yield from _exceeds(claim, f"map_at_{cut}", f"recall_at_{cut}", "map-above-recall")
        yield from _exceeds(claim, f"recall_at_{cut}", f"precision_at_{cut}", "recall-above-hits", 1, cut)
    yield from _exceeds(claim, "ndcg_at_1", "precision_at_1", "ndcg-above-precision")


def _ndcg_bound(claim: Claim) -> Iterator[Problem]:
    task = TASKS.get(claim.task)
    grade = float(task.largest_grade) if task else inf
    for cut in range(2, LARGEST_CUT + 1):
        names = [f"{name}_at_{cut}" for name in ("ndcg", "recall", "precision")]
        if all(name in claim.metrics for name in names):
            ndcg, recall, precision = (claim.metrics[name] for name in names)
            slack = max(_half_unit(claim, name) for name in names)
            bound = largest_ndcg(recall, precision, cut, grade, slack)
            if ndcg > bound + slack:
                yield Problem(
                    "ndcg-above-recall",
                    f"{claim.where}: {_shown(claim, *names)}, but with so few relevant documents found nDCG "
                    f"cannot exceed {bound:.5f}.",
                    "It is nDCG by another definition, such as an ideal ranking of the found documents only, "
                    "or at another k, or from another run.",
                )


_CHECKS: tuple[Callable[[Claim], Iterator[Problem]], ...] = (_first_ranks, _orders, _ndcg_bound)


def _between_tasks(entries: Sequence[TaskEntry]) -> Iterator[Problem]:
    """Two tasks whose figures are all the same."""
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
                f"{entry.where}: {entry.task} has all figures of {first.task}, such as {metric} {value:g}.",
                "One task was read from the other's files or cache: run both again.",
            )


def _aggregate(claims: Sequence[Claim]) -> Iterator[Problem]:
    """CQADupstack is the mean of its twelve forums."""
    whole = next((claim for claim in claims if claim.task == AGGREGATE), None)
    forums = [claim for claim in claims if claim.task in FORUMS and "ndcg_at_10" in claim.metrics]
    if whole is None or "ndcg_at_10" not in whole.metrics or len(forums) != len(FORUMS):
        return
    mean = sum(claim.metrics["ndcg_at_10"] for claim in forums) / len(forums)
    stated = whole.metrics["ndcg_at_10"]
    slack = _half_unit(whole, "ndcg_at_10") + max(_half_unit(claim, "ndcg_at_10") for claim in forums)
    if abs(stated - mean) > slack:
        yield Problem(
            "aggregate",
            f"{whole.where}: nDCG@10 is {stated:.5f}, the mean of the {len(forums)} forums {mean:.5f}.",
            "The forums or their average are of another run.",
        )


def _differ(claim: Claim, one: str, other: str, factor: float = 1.0) -> bool | None:
    """Tell whether `factor` times one metric is not the other; None when either is missing."""
    if one not in claim.metrics or other not in claim.metrics:
        return None
    slack = factor * _half_unit(claim, one) + _half_unit(claim, other)
    return abs(factor * claim.metrics[one] - claim.metrics[other]) > slack


def _exceeds(
    claim: Claim, low: str, high: str, name: str, low_factor: int = 1, high_factor: int = 1
) -> Iterator[Problem]:
    """Yield a finding when a metric, times a factor, is above the one that bounds it."""
    if low not in claim.metrics or high not in claim.metrics:
        return
    slack = low_factor * _half_unit(claim, low) + high_factor * _half_unit(claim, high)
    if low_factor * claim.metrics[low] > high_factor * claim.metrics[high] + slack:
        bound = (
            ""
            if low_factor == high_factor == 1
            else f" ({_times(low_factor)}{low} <= {_times(high_factor)}{high})"
        )
        yield Problem(
            name,
            f"{claim.where}: {_shown(claim, low, high)}, where the first cannot be the larger{bound}.",
            "The figures are of different runs or definitions, or were edited; run the task again.",
        )


def _times(factor: int) -> str:
    return "" if factor == 1 else f"{factor} x "


def _half_unit(claim: Claim, metric: str) -> float:
    """By how much rounding can have moved a metric."""
    return 0.5 * 10.0 ** -claim.decimals[metric] + DOUBLE_NOISE


def _shown(claim: Claim, *metrics: str) -> str:
    return ", ".join(
        f"{metric} {claim.metrics[metric]:.{min(claim.decimals[metric], 6)}f}" for metric in metrics
    )

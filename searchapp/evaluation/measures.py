"""Measures by name: the only parser of their spellings, and the usual sets of measures."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache

from searchapp.errors import SearchappError
from searchapp.evaluation.metric import METRICS, Measure, Metric, plain
from searchapp.evaluation.metrics import MAP, MRR, NDCG, PRECISION, RECALL

MTEB_METRICS = (NDCG, MAP, MRR, RECALL, PRECISION)
CUTOFFS = (1, 3, 5, 10, 20, 100, 1000)
"""The cutoffs of MTEB."""

MAIN_CUTOFFS = {RECALL: 100}
MAIN_CUTOFF = 10

HEADLINE = 8
"""With more measures than this, a table shows each metric at one cutoff."""

_SPELLING = re.compile(r"(.*?)(?:(?:_at_|_cut_|_cut\.|[_@.])(\d+))?", re.DOTALL)


def parse_measure(text: str) -> Measure:
    """Return the measure with a name in the spelling of MTEB, trec_eval or ir_measures.

    Raises:
        SearchappError: there is no such metric (the error suggests the nearest), or the metric needs a
            cutoff or takes none.

    >>> [parse_measure(text).title for text in ("ndcg_at_10", "ndcg_cut_10", "P_5", "AP@10", "recip_rank")]
    ['nDCG@10', 'nDCG@10', 'P@5', 'MAP@10', 'MRR']
    """
    spelling, cutoff = _split(text)
    known = _spellings(tuple(METRICS.values()))
    if spelling not in known:
        near = [known[guess] for guess in get_close_matches(spelling, known, n=1)]
        hint = f"Did you mean {_example(near[0], cutoff)}? " if near else ""
        raise SearchappError(f"{text!r} is not a measure.", f"{hint}Known are {', '.join(metric_forms())}.")
    return known[spelling].at(cutoff)


def parse_measures(texts: Iterable[str]) -> list[Measure]:
    """Return the distinct measures in some texts, separated by spaces or commas.

    Raises:
        SearchappError: as `parse_measure` does.

    >>> [measure.name for measure in parse_measures(["nDCG@10 Rprec", "P@5"])]
    ['ndcg_at_10', 'r_precision', 'precision_at_5']
    """
    names = [name for text in texts for name in text.replace(",", " ").split()]
    return list(dict.fromkeys(map(parse_measure, names)))


def measure_named(name: str) -> Measure | None:
    """Return the measure with exactly this name, as in JSON and stored results, None if there is none."""
    spelling, cutoff = _split(name)
    metric = _spellings(tuple(METRICS.values())).get(spelling)
    try:
        measure = metric.at(cutoff) if metric else None
    except SearchappError:
        return None
    return measure if measure and measure.name == name else None


def is_mteb_name(name: str) -> bool:
    """Tell whether this is the name of one of the five metrics that MTEB always reports, at a cutoff."""
    measure = measure_named(name)
    return measure is not None and measure.cutoff is not None and measure.metric in MTEB_METRICS


def measure_title(name: str) -> str:
    """Return the title of a measure, given its name.

    >>> measure_title("ndcg_at_10")
    'nDCG@10'
    """
    return parse_measure(name).title


def measures_at(cutoffs: Iterable[int]) -> tuple[Measure, ...]:
    """Return MTEB's five metrics at each cutoff."""
    cutoffs = list(cutoffs)
    return tuple(metric.at(cutoff) for metric in MTEB_METRICS for cutoff in cutoffs)


DEFAULT_MEASURES = measures_at(CUTOFFS)
MAIN_MEASURES = tuple(metric.at(MAIN_CUTOFFS.get(metric, MAIN_CUTOFF)) for metric in MTEB_METRICS)
"""What a table shows, and what gets an interval, by default."""


def headline(measures: Sequence[Measure]) -> list[Measure]:
    """Return the measures that a table shows and that get intervals.

    These are all of them if they are few, else each metric at its main cutoff or at its largest one.
    """
    if len(measures) <= HEADLINE:
        return list(measures)
    chosen: dict[Metric, Measure] = {}
    for measure in sorted(measures, key=lambda measure: measure.cutoff or 0):
        if measure.metric not in chosen or chosen[measure.metric] not in MAIN_MEASURES:
            chosen[measure.metric] = measure
    return sorted(chosen.values(), key=lambda measure: measure.order)


def depth_for(measures: Iterable[Measure]) -> int:
    """Return the depth of run that the measures need: the largest cutoff, 1,000 for a measure without one."""
    return max((measure.cutoff or CUTOFFS[-1] for measure in measures), default=0)


def metric_forms() -> dict[str, Metric]:
    """Return the metrics by how users type them: nDCG[@k], P@k, Rprec, ..."""
    endings = {"none": "", "optional": "[@k]", "required": "@k"}
    return {f"{metric.title}{endings[metric.cutoff]}": metric for metric in METRICS.values()}


def _example(metric: Metric, cutoff: int | None) -> str:
    """Return how users type a metric, at this cutoff if it takes one."""
    if metric.cutoff == "required":
        cutoff = cutoff or MAIN_CUTOFF
    return metric.at(None if metric.cutoff == "none" else cutoff or None).title


def _split(text: str) -> tuple[str, int | None]:
    """Return the plain spelling of a metric, and its cutoff if there is one."""
    match = _SPELLING.fullmatch(text.strip())
    metric, cutoff = match.groups() if match else (text, None)
    # Python reads at most 4,300 digits; the first 20 are above any cutoff.
    return plain(metric), None if cutoff is None else int(cutoff.lstrip("0")[:20] or 0)


@cache
def _spellings(metrics: tuple[Metric, ...]) -> dict[str, Metric]:
    """Return the metrics by every plain spelling of theirs."""
    return {plain(spelling): metric for metric in metrics for spelling in metric.all_spellings}

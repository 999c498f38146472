"""Published figures: numbers as they were written, percentages among them, and how exact they are."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeGuard

from searchapp.errors import SearchappError
from searchapp.evaluation.results import METRIC

FAMILIES = ("ndcg", "map", "mrr", "recall", "precision")
"""The metrics of retrieval by MTEB's names, without their cuts."""

MTEB_DECIMALS = 5
"""What MTEB has always rounded its figures to; of MRR it may keep more."""

Figures = dict[str, Decimal]
"""Metric by MTEB's name -> its value, with the digits that are published."""

_LAST_PLACES = 4  # how many units in the last place a percentage is off after a product or two
_PLACES = 8  # what is rounded has no more digits than this; other figures have those of a double


def read_figures(raw: Mapping[str, Any], where: str) -> Figures:
    """Return the retrieval metrics among what a source states, as written; other keys are passed over.

    Args:
        raw: metric -> value.
        where: how to name the source in an error.

    Raises:
        SearchappError: a value is no finite number.
    """
    figures = {}
    for metric, value in raw.items():
        if METRIC.fullmatch(str(metric)):
            if not is_number(value):
                raise SearchappError(
                    f"{where}: {metric} is {value!r}, which is no number.",
                    "Mend the source; a metric that was not computed is better left out.",
                )
            figures[metric] = exact(value)
    return figures


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether a value of JSON or YAML is a finite number; true and false are none."""
    return type(value) is int or (type(value) is float and math.isfinite(value))


def exact(value: float) -> Decimal:
    """Return a number without the noise that a product leaves in the last places of a double.

    >>> exact(0.09725999999999999), exact(31.935000000000002), exact(0.44272445820433437)
    (Decimal('0.09726'), Decimal('31.935'), Decimal('0.44272445820433437'))
    """
    if isinstance(value, int):
        return Decimal(value)
    for places in range(_PLACES):
        if abs(round(value, places) - value) <= _LAST_PLACES * math.ulp(value):
            return Decimal(repr(round(value, places)))
    return Decimal(repr(value))


def fractions(figures: Figures, *, percent: bool, where: str) -> Figures:
    """Return figures as fractions, percentages shifted by two places without rounding.

    Raises:
        SearchappError: one is below 0 or above 1.
    """
    shifted = {metric: value.scaleb(-2) if percent else value for metric, value in figures.items()}
    for metric, value in shifted.items():
        if not 0 <= value <= 1:
            unit = "a percentage" if percent else "a fraction"
            raise SearchappError(
                f"{where}: {metric} is {float(figures[metric]):g}, which is not {unit}.",
                "A metric of retrieval lies between 0 and 1, or between 0 and 100 %.",
            )
    return shifted


def decimals(figures: Figures, least: Mapping[str, int]) -> dict[str, int]:
    """Return to how many decimals each metric of a block is published.

    JSON and YAML drop trailing zeros, so that 0.32 may be 0.32000: of the metrics of a family, which
    one writer rounds alike, the longest decides.

    Args:
        figures: of one block.
        least: family -> what is known of the writer.

    >>> decimals({"ndcg_at_1": Decimal("0.5"), "ndcg_at_3": Decimal("0.125")}, {})
    {'ndcg_at_1': 3, 'ndcg_at_3': 3}
    """
    families = longest(figures)
    return {metric: max(families[family(metric)], least.get(family(metric), 0)) for metric in figures}


def usual_decimals(blocks: Iterable[Figures]) -> dict[str, int]:
    """Return the number of decimals that most blocks of a source have, by family; of equals the larger.

    An average that the writer took itself, such as MTEB's of the forums of CQADupstack, has more.
    """
    counts: dict[str, Counter[int]] = {}
    for figures in blocks:
        for name, places in longest(figures).items():
            counts.setdefault(name, Counter())[places] += 1
    return {name: max(found, key=lambda places: (found[places], places)) for name, found in counts.items()}


def longest(figures: Figures) -> dict[str, int]:
    """Return the largest number of decimals of each family of metrics."""
    found: dict[str, int] = {}
    for metric, value in figures.items():
        places = -int(value.normalize().as_tuple().exponent)
        found[family(metric)] = max(found.get(family(metric), 0), places)
    return found


def family(metric: str) -> str:
    """Return the name of a metric without its cut.

    >>> family("ndcg_at_10")
    'ndcg'
    """
    return metric.partition("_at_")[0]

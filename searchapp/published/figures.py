"""Published figures: the numbers as written, their unit, and their precision."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeGuard

from searchapp.errors import SearchappError
from searchapp.evaluation.measures import is_mteb_name, parse_measure

MTEB_DECIMALS = 5
"""MTEB has always rounded its figures to this many decimals; it may keep more for MRR."""

DOUBLE_NOISE = 1e-9
"""How far two figures with all the digits of a double may differ because their sums ran in another order."""

Figures = dict[str, Decimal]
"""Metric by MTEB's name -> its value, with the digits that are published."""

_LAST_PLACES = 4  # how many units in the last place a percentage is off after a product or two
_PLACES = 8  # a rounded figure has at most this many decimals; others have all those of a double


def read_figures(raw: Mapping[str, Any], where: str) -> Figures:
    """Return the retrieval metrics among what a source states, as written; other keys are ignored.

    Raises:
        SearchappError: a value is not a finite number; `where` names the source.
    """
    figures = {}
    for metric, value in raw.items():
        if is_mteb_name(str(metric)):
            if not is_number(value):
                raise SearchappError(
                    f"{where}: {metric} is {value!r}, which is not a finite number.",
                    "Correct the source; leave out a metric that was not computed.",
                )
            figures[metric] = without_noise(value)
    return figures


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether a value from JSON or YAML is a finite number; true and false are not."""
    return type(value) is int or (type(value) is float and math.isfinite(value))


def without_noise(value: float) -> Decimal:
    """Return a number without the noise that a product leaves in the last digits of a double.

    >>> without_noise(0.09725999999999999), without_noise(31.935000000000002)
    (Decimal('0.09726'), Decimal('31.935'))
    >>> without_noise(0.44272445820433437)
    Decimal('0.44272445820433437')
    """
    if isinstance(value, int):
        return Decimal(value)
    for places in range(_PLACES):
        if abs(round(value, places) - value) <= _LAST_PLACES * math.ulp(value):
            return Decimal(repr(round(value, places)))
    return Decimal(repr(value))


def to_fractions(figures: Figures, *, percent: bool, where: str) -> Figures:
    """Return figures as fractions; percentages are shifted by two places without rounding.

    Raises:
        SearchappError: a figure is below 0 or above 1.
    """
    fractions = {metric: value.scaleb(-2) if percent else value for metric, value in figures.items()}
    for metric, value in fractions.items():
        if not 0 <= value <= 1:
            unit = "a percentage" if percent else "a fraction"
            raise SearchappError(
                f"{where}: {metric} is {float(figures[metric]):g}, which is not {unit}.",
                "A retrieval metric lies between 0 and 1, or between 0 and 100 %.",
            )
    return fractions


def decimals_of(figures: Figures, minimum: Mapping[str, int]) -> dict[str, int]:
    """Return the number of decimals to which each metric of a block is published.

    JSON and YAML drop trailing zeros, so 0.32 may be 0.32000. A writer rounds all metrics of a family
    alike, so the longest figure of the family decides, and never fewer than the known `minimum`.

    >>> decimals_of({"ndcg_at_1": Decimal("0.5"), "ndcg_at_3": Decimal("0.125")}, {})
    {'ndcg_at_1': 3, 'ndcg_at_3': 3}
    """
    longest = _longest(figures)
    return {metric: max(longest[family_of(metric)], minimum.get(family_of(metric), 0)) for metric in figures}


def usual_decimals(blocks: Iterable[Figures]) -> dict[str, int]:
    """Return the number of decimals that most blocks of a source have, by family; the larger in a tie.

    An average computed by the writer, such as MTEB's over the CQADupstack forums, has more.
    """
    counts: dict[str, Counter[int]] = {}
    for figures in blocks:
        for family, places in _longest(figures).items():
            counts.setdefault(family, Counter())[places] += 1
    return {
        family: max(counter, key=lambda places: (counter[places], places))
        for family, counter in counts.items()
    }


def _longest(figures: Figures) -> dict[str, int]:
    """Return the largest number of decimals in each family of metrics."""
    longest: dict[str, int] = {}
    for metric, value in figures.items():
        places = -int(value.normalize().as_tuple().exponent)
        longest[family_of(metric)] = max(longest.get(family_of(metric), 0), places)
    return longest


def family_of(metric: str) -> str:
    """Return the name of a metric without its cutoff."""
    return parse_measure(metric).metric.name


def cutoff_of(metric: str) -> int:
    """Return the cutoff of a metric, 0 where it has none."""
    return parse_measure(metric).cutoff or 0

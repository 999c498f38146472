"""Grades that cannot be grades of relevance."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.measures import mean
from searchapp.diagnosis.probe import Observation, Symptom, probe
from searchapp.diagnosis.thresholds import LIKELY, STRONG
from searchapp.evaluation.metric import RELEVANT

TOO_LARGE = Symptom(
    "unknown-grades",
    "{count:,} of {total:,} judgements have a grade above {most} (the largest is {largest}): each weighs as "
    "much as that in nDCG.",
    "a scale from 0 to 100 is unusual, not wrong.",
    key="grades-too-large",
)
NEGATIVE = Symptom(
    "unknown-grades",
    "{count:,} of {total:,} judgements have a negative grade, which counts as not judged, but the control "
    "ranks these documents as high as those with a grade above 0 (it prefers the latter in "
    "{preferred:percent} of the pairs; 50 % is chance).",
    key="negative-grades",
)
RANKS = Symptom(
    "unknown-grades",
    "The grades of {share:percent} of the queries are 1, 2, 3 and so on, each once: they are ranks, and the "
    "last document counts as the best.",
    key="ranks-as-grades",
)


@probe("grades", TOO_LARGE, NEGATIVE, RANKS)
def grades(evidence: Evidence) -> Iterator[Observation]:
    """Are the grades grades of relevance?"""
    evidence.require_judgements()
    rows = list(evidence.context.judgements.values())
    counts = Counter(grade for row in rows for grade in row.values())
    total, largest = counts.total(), max(counts)
    too_large = sum(count for grade, count in counts.items() if grade > limits.LARGEST_GRADE)
    ranked = [
        sorted(row.values()) == list(range(1, len(row) + 1)) for row in rows if len(row) >= limits.FEWEST_LOST
    ]
    if len(ranked) >= limits.FEWEST_FITTED and np.mean(ranked) > limits.RANKED_QUERIES:
        yield RANKS.finding(LIKELY, share=float(np.mean(ranked)))
    elif too_large:
        strength = STRONG if len(counts) <= limits.LARGEST_GRADE else LIKELY
        yield TOO_LARGE.finding(
            strength,
            share=too_large / total,
            count=too_large,
            total=total,
            most=limits.LARGEST_GRADE,
            largest=largest,
        )
    negative = sum(count for grade, count in counts.items() if grade < 0)
    preferred = _preferred(evidence.context)
    if negative > limits.NEGATIVE_SHARE * total and preferred is not None and preferred < limits.PREFERRED:
        yield NEGATIVE.finding(
            STRONG, share=negative / total, count=negative, total=total, preferred=preferred
        )


def _preferred(context: CorpusContext) -> float | None:
    """Return in how many pairs the control ranks a relevant document above one of negative grade."""
    values = []
    documents, queries = context.control
    for query, row in zip(queries, context.judged.grades, strict=True):
        above = [place for place, grade in row.items() if grade >= RELEVANT and place >= 0]
        below = [place for place, grade in row.items() if grade < 0 and place >= 0]
        if above and below:
            pairs = (documents[above] @ query)[:, None] - (documents[below] @ query)[None, :]
            values.append(float((pairs > 0).mean() + (pairs == 0).mean() / 2))
    return mean(np.array(values)) if len(values) >= limits.FEWEST_QUERIES else None

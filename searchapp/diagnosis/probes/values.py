"""The values of vectors and tables: integers that overflowed, and ends of a range where values gather."""

from collections.abc import Iterator

import numpy as np

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.gains import nearly_control
from searchapp.diagnosis.measures import spread
from searchapp.diagnosis.model import TableModel
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.thresholds import PROOF
from searchapp.encoders.vectors import Floats

SAMPLE = 1000  # rows whose values are inspected
LEVELS = 300  # distinct values of a type of eight bits, and some to spare
ENCODE_AGAIN = "encoding the texts again"

OVERFLOW = Symptom(
    "overflow",
    "The {what} have {levels} different values, as integers of eight bits, and {edge:.1%} of them lie "
    "in the outermost eighth without gathering at its end as clipped ones do: larger values wrapped round "
    "to the other sign.",
    fix=ENCODE_AGAIN,
)
WRAPPED = Symptom(
    "overflow",
    "The documents are integers from 0 to {high:.0f}, those near the two ends far more than those between: "
    "negative values wrapped round.",
    fix=ENCODE_AGAIN,
    key="wrapped",
)
CLIPPED = Symptom(
    "clipped",
    "{edge:percent} of the values of the {what} are exactly the largest ({high:.4g}) or the smallest "
    "({low:.4g}): they saturate.",
    fix=ENCODE_AGAIN,
)


@probe("quantisation", OVERFLOW, WRAPPED, CLIPPED)
def quantisation(evidence: Evidence) -> Iterator[Observation]:
    """Did values overflow, or saturate?"""
    documents = evidence.cloud.sides.documents
    sample = documents[spread(len(documents), SAMPLE)]
    integers = bool((sample == np.round(sample)).all() and sample.any())
    low, high = float(sample.min()), float(sample.max())
    kind = "integers" if integers else "fractions"
    yield fact("values", "stored values", kind, "from {low:.3g} to {high:.3g}", low=low, high=high)
    middle = float(((sample >= 64) & (sample < 192)).mean())
    if integers and low >= 0 and high > 128 and (sample >= 192).mean() > 2 * middle:
        yield WRAPPED.finding(PROOF, evidence.gain_of_encoding_again, high=high)
    else:
        yield from _inspected(evidence, "stored vectors", sample)
    if isinstance(evidence.model, TableModel):
        rows = evidence.model.table.rows[evidence.model.counts > 0]
        yield from _inspected(evidence, "rows of the table", rows[spread(len(rows), SAMPLE)])


def _inspected(evidence: Evidence, what: str, values: Floats) -> Iterator[Observation]:
    levels = np.unique(values)
    if len(levels) < limits.FEWEST_LEVELS:
        return
    gain = evidence.gain_of_encoding_again if what == "stored vectors" else None
    low, high = float(levels[0]), float(levels[-1])
    if len(levels) <= LEVELS:
        outer = float((np.abs(values) >= limits.INT8_EDGE / 128 * max(high, -low)).mean())
        last = float((np.abs(values) >= 0.995 * max(high, -low)).mean())
        # Clipped values gather at the very edge, overflowed ones lie anywhere.
        least = limits.EDGE_SURELY if nearly_control(evidence) else limits.EDGE_SHARE
        if outer > least and last < limits.EDGE_LAST * outer:
            yield OVERFLOW.finding(PROOF, gain, edge=outer, what=what, levels=len(levels))
            return
    edge = float(((values == levels[0]) | (values == levels[-1])).mean())
    if edge > limits.SATURATED and not nearly_control(evidence):
        yield CLIPPED.finding(PROOF, gain, edge=edge, what=what, low=low, high=high)

"""What was added to every text of one side before a run was made, solved from the scores of its results."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.additions import cause_of, spelt
from searchapp.diagnosis.measures import spread
from searchapp.diagnosis.model import TableModel
from searchapp.diagnosis.results import Results
from searchapp.encoders.vectors import Floats, unit

Rows = NDArray[np.intp]

MOST_TEXTS = 200  # of the side to which something may have been added
LEAST_EACH = 4  # results of a text: two are used up by the scale and the offset of its scores


@dataclass(frozen=True, eq=False)
class Added:
    """Something that was added to all texts of a side, and the vectors that it gives for some of them."""

    side: str
    cause: str
    description: str
    vectors: Floats


def added_to(results: Results, model: TableModel, wanted: Mapping[str, Rows]) -> Iterator[Added]:
    """Yield what explains the scores best as an addition to one side: to the sum of rows, or to the vector.

    Args:
        results: the run; the scores are those of cosines, up to a scale and an offset for each text.
        model: the static model.
        wanted: by side, the texts whose vectors are returned, rows of the documents, or places among the
            queries of the results.
    """
    query = np.repeat(np.arange(len(results.rows)), [len(rows) for rows in results.rows])
    columns = {"documents": np.concatenate(results.rows), "queries": query}
    scores = np.concatenate(results.scores).astype(np.float64)
    texts = {"documents": np.arange(len(results.context.documents)), "queries": results.queries}
    units = {"documents": model.documents, "queries": model.queries}
    for side, other in (("queries", "documents"), ("documents", "queries")):
        sums = _sums(model, side)
        for own, cause in ((sums, "prompt"), (units[side], "bias")):
            fixed = units[other][texts[other][columns[other]]]
            direction = solve(own[texts[side]], fixed, columns[side], scores)
            if direction is None:
                continue
            vectors = unit((own[texts[side][wanted[side]]] + direction).astype(np.float32))
            length = float(np.linalg.norm(direction))
            if cause == "bias":
                yield Added(side, cause, f"with one vector of length {length:.2f} added", vectors)
                continue
            tokens, removed = spelt(model, unit(direction[None].astype(np.float32))[0])
            if removed:
                continue
            named = ", ".join(map(repr, tokens[:12]))
            how = f"with a text added to each of them ({named})" if tokens else "with one text added to each"
            yield Added(side, cause_of(tokens) if tokens else cause, how, vectors)


def _sums(model: TableModel, side: str) -> Floats:
    """Return the sum of the rows of each text of a side, of which its vector is the direction, (n, d)."""
    tokens = model.read[0 if side == "documents" else 1]
    sums = np.stack([model.table.rows[model.table.known(ids)].sum(axis=0) for ids in tokens.rows()])
    return sums.astype(np.float32)


def solve(
    own: Floats, others: Floats, group: NDArray[np.intp], scores: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return the vector P for which the cosines of own + P with others are the scores, None where unknown.

    For a text t with a result r, scale_t * score + offset_t = (own_t + P) . other_r: linear in P, once what
    the scores and a constant explain within the text is projected out. Least squares over all results.

    Args:
        own: (t, d) what P is added to.
        others: (r, d) unit vectors of the other side, one for each result.
        group: (r,) the text of each result.
        scores: (r,) their scores.
    """
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    spans = [rows for rows in np.split(order, starts[1:]) if len(rows) >= LEAST_EACH]
    dimension = own.shape[1]
    normal, wanted, equations = np.zeros((dimension, dimension)), np.zeros(dimension), 0
    for span in (spans[at] for at in spread(len(spans), MOST_TEXTS)) if spans else ():
        near = others[span].astype(np.float64)
        basis, _ = np.linalg.qr(np.stack([scores[span], np.ones(len(span))], axis=1))
        rest = near - basis @ (basis.T @ near)
        known = rest @ own[group[span[0]]].astype(np.float64)
        normal += rest.T @ rest
        wanted -= rest.T @ known
        equations += len(span) - 2
    if equations < 2 * dimension:
        return None
    return np.asarray(np.linalg.lstsq(normal, wanted, rcond=limits.RANK)[0])

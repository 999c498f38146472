"""What fixes of the stored vectors, or of the table behind them, add to the score."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.cloud import FIXES, Fix, Sides
from searchapp.diagnosis.measures import paired_gain
from searchapp.diagnosis.model import TableModel
from searchapp.encoders.vectors import Floats

if TYPE_CHECKING:
    from searchapp.diagnosis.evidence import Evidence


def own_table(evidence: "Evidence") -> TableModel | None:
    """Return the static model whose own vectors are stored, None where others are."""
    if not isinstance(evidence.model, TableModel) or not evidence.same_dimension:
        return None
    same = min((match.same >= limits.EXACT).mean() for match in (evidence.match, evidence.query_match))
    return evidence.model if same >= 1 - limits.TOUCHED else None


def own_scores(evidence: "Evidence") -> NDArray[np.float64]:
    """Return the score of each query with the vectors of the static model itself, (q,)."""
    model = evidence.model
    if evidence.table is not None or not isinstance(model, TableModel):
        return evidence.per_query
    documents, queries = model.documents[evidence.document_rows], model.queries[evidence.query_rows]
    return evidence.judged.ndcg(documents, queries)


def scores_fixed(evidence: "Evidence") -> dict[str, NDArray[np.float64]]:
    """Return the score of each query, (q,), after each of `FIXES`."""
    evidence.context.progress("trying fixes")
    return {name: evidence.judged.ndcg(*_fixed(evidence, fix)) for name, fix in FIXES.items()}


def _fixed(evidence: "Evidence", fix: Fix) -> Sides:
    if evidence.table is None or fix.linear is None:
        return fix.apply(evidence.cloud)
    return sides_with(evidence, evidence.table, evidence.table.fixed(fix))


def sides_with(evidence: "Evidence", model: TableModel, rows: Floats) -> Sides:
    """Return the unit vectors in stored order when a static model has another table."""
    documents, queries = model.encoded_with(rows)
    return Sides(documents[evidence.document_rows], queries[evidence.query_rows])


def gain_with(evidence: "Evidence", model: TableModel, rows: Floats) -> tuple[float, float]:
    """Return what another table adds to the score of the model's own vectors, and that in standard errors.

    Where other vectors are stored, the gain of making them again is not one of the table.
    """
    return paired_gain(evidence.judged.ndcg(*sides_with(evidence, model, rows)), evidence.own_per_query)


def restores(evidence: "Evidence", gain: float, fully: bool = False) -> bool:
    """Return whether a gain is more than an honest weakness leaves.

    It is where it makes the vectors about as good as the control's, or (unless `fully`) much better than they
    were. Vectors of little training gain from many fixes, and stay weak.
    """
    context, own = evidence.context, float(evidence.own_per_query.mean())
    after = own + gain
    if context.label_free or (gain > limits.MUCH * own and not fully):
        return True
    return after > limits.WEAKER * context.control_score


def nearly_control(evidence: "Evidence") -> bool:
    """Return whether the vectors score about as much as the control's: nothing is lost then."""
    if evidence.context.label_free:
        return False
    return evidence.score > limits.NEARLY * evidence.context.control_score

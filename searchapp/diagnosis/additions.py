"""What was added to every vector of a side: the words of a prompt, tags, or one vector."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.measures import spread
from searchapp.diagnosis.model import Model, TableModel
from searchapp.diagnosis.tokens import MARKS, TokenTable
from searchapp.diagnosis.trials import Deviating
from searchapp.encoders.vectors import Floats, unit

MOST_TOKENS = 24  # that a text added to every other is taken to have


@dataclass(frozen=True)
class Addition:
    """One direction that is added to all vectors of a side.

    `size` is its median size relative to what it is added to, `steady` whether that is always the same:
    `sum` of a text's rows, the `unit` vector, or neither (empty). `tokens` are the tokens whose rows make up
    the direction, the heaviest first; empty where no few do. `matching` of `looked_at` vectors fit.
    """

    size: float
    steady: str
    tokens: Sequence[str]
    removed: bool
    matching: int
    looked_at: int

    @property
    def cause(self) -> str:
        """What the tokens are a sign of."""
        if not self.tokens:
            return "bias"
        return "words-changed" if self.removed else cause_of(self.tokens)


def cause_of(tokens: Sequence[str]) -> str:
    """Return what tokens that were added to every text are a sign of."""
    plain = [token.lstrip(MARKS).removeprefix("##").lower() for token in tokens]
    if not {"[cls]", "[sep]", "[pad]", "<s>", "</s>", "<pad>", "[mask]", "<unk>"}.isdisjoint(plain):
        return "pooling"
    joined = "".join(plain)
    if any(mark in joined for mark in ("{", "}", "[", "none", "nan", "null")):
        return "object-as-text"
    return "markup" if any(mark in joined for mark in ("<", ">", "&", "*", "#", "nbsp")) else "prompt"


def common_direction(own: Floats, stored: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the direction that, added to every text's own vector, gives what is stored.

    Whatever its amount and whatever the norm of the sum, the direction lies in the plane of a text's own
    vector and the stored one. The direction closest to all planes is the first eigenvector of the sum of
    the projections onto them.

    Args:
        own: (n, d) unit vectors.
        stored: (n, d) unit vectors, different from `own`.

    Returns:
        The (d,) direction, (n,) squared cosines with the planes, and (n,) amounts added to the unit vectors.
    """
    along = np.einsum("nd,nd->n", own, stored).astype(np.float64)
    across = stored.astype(np.float64) - along[:, None] * own
    size = np.linalg.norm(across, axis=1)
    across /= np.maximum(size, 1e-12)[:, None]
    planes = own.T.astype(np.float64) @ own + across.T @ across
    direction = np.linalg.eigh(planes)[1][:, -1]
    first, second = own @ direction, across @ direction
    share = size / np.where(np.abs(second) < 1e-9, 1e-9, second)
    amounts = share / np.where(np.abs(along - share * first) < 1e-9, 1e-9, along - share * first)
    if np.median(amounts) < 0 and first.mean() < 0:
        direction, amounts = -direction, -amounts
    return (
        direction.astype(np.float32),
        (first**2 + second**2).astype(np.float32),
        amounts.astype(np.float32),
    )


def addition(model: Model, deviating: Deviating) -> Addition | None:
    """Return what was added to the vectors of a side, None when there is no one direction."""
    chosen = deviating.take(spread(len(deviating.texts), limits.SOLVED_FROM))
    if len(chosen.texts) < limits.FEWEST_SOLVED:
        return None
    direction, fit, amounts = common_direction(chosen.expected, chosen.stored)
    fits = fit > limits.PLANE
    if fits.mean() < limits.MOST:
        return None
    amounts = amounts[fits]
    scales = {"unit": np.ones(len(amounts))}
    if isinstance(model, TableModel):
        tokens = model.tokens_of(chosen.side, chosen.texts)
        sums = np.stack([model.table.rows[model.table.known(ids)].sum(axis=0) for ids in tokens.rows()])
        scales = {"sum": np.linalg.norm(sums, axis=1)[fits], **scales}
    varying = {name: _variation(amounts * scale) for name, scale in scales.items()}
    steady = min(varying, key=lambda name: varying[name])
    if varying[steady] > limits.STEADY:
        steady = ""
    named, removed = spelt(model, direction if np.median(amounts) > 0 else -direction)
    if not named and not steady:
        return None
    size = float(np.median(np.abs(amounts)))
    return Addition(size, steady, named, removed, int(fits.sum()), len(chosen.texts))


def spelt(model: Model, direction: Floats) -> tuple[Sequence[str], bool]:
    """Return the tokens that a direction is made of, and whether they were taken away."""
    if isinstance(model, TableModel):
        for sign in (1, -1):
            if named := _tokens_of(model.table, sign * direction):
                return named, sign < 0
    return (), False


def added_tokens(model: TableModel, deviating: Deviating) -> Addition | None:
    """Return the few tokens that were added, each as often as may be, None when no few explain the vectors.

    Matching pursuit for all texts at once (Tropp et al., Signal Processing 2006): a token is chosen for what
    it explains in all texts, beside those chosen before and each text's own vector.
    """
    chosen = deviating.take(spread(len(deviating.texts), limits.LOOKED_AT))
    if len(chosen.texts) < limits.FEWEST_SOLVED:
        return None
    rows = unit(model.table.rows)
    spans = [own[None].astype(np.float64) for own in chosen.expected]
    left = chosen.stored.astype(np.float64)
    left -= np.einsum("nd,nd->n", left, chosen.expected)[:, None] * chosen.expected
    usual = np.maximum((left**2).sum(axis=1), 1e-12)
    named: list[int] = []
    for _ in range(min(MOST_TOKENS, rows.shape[1] // 8)):
        near = (rows @ (left / np.sqrt(usual)[:, None]).T.astype(np.float32)) ** 2
        named.append(int(near.sum(axis=1).argmax()))
        for text, span in enumerate(spans):
            new = rows[named[-1]].astype(np.float64)
            new = new - span.T @ (span @ new)
            new /= max(float(np.linalg.norm(new)), 1e-9)
            spans[text] = np.vstack([span, new])
            left[text] -= (left[text] @ new) * new
        if (left**2).sum() < limits.CLOSER / 2 * usual.sum():
            break
    explained = (left**2).sum(axis=1) < limits.NEARER * usual
    if (left**2).sum() > limits.ADDED * usual.sum():
        return None
    weights = [
        np.linalg.lstsq(np.vstack([own, rows[named]]).T, one, rcond=1e-7)[0][:2]
        for own, one in zip(chosen.expected, chosen.stored, strict=True)
    ]
    own_part, added = np.median(weights, axis=0)
    if own_part < limits.OWN_PART:
        return None
    tokens = [model.table.vocabulary[token] for token in named]
    size, removed = float(np.sqrt(usual).mean()), bool(added < 0)
    return Addition(size, "", tokens, removed, int(explained.sum()), len(spans))


def _variation(values: NDArray[np.floating]) -> float:
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return float((high - low) / max(abs(middle), 1e-12))


def _tokens_of(table: TokenTable, direction: Floats) -> list[str]:
    """Return the few tokens whose rows add up to a direction, none when there are none (matching pursuit)."""
    from scipy.optimize import nnls

    rows = unit(table.rows)
    chosen: list[int] = []
    target, rest = direction.astype(np.float64), direction
    for _ in range(min(MOST_TOKENS, len(direction) // 8)):
        chosen.append(int((rows @ rest).argmax()))
        weights, left = nnls(table.rows[chosen].T.astype(np.float64), target)
        if left < limits.SPELT:
            order = np.argsort(-weights)
            return [table.vocabulary[chosen[place]] for place in order if weights[place] > 0]
        rest = (target - table.rows[chosen].T @ weights).astype(np.float32)
    return []

"""What may have been done to a text before it was encoded; each is tried until a stored vector matches."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis.tokens import TokenTable
from searchapp.encoders.texts import assemble
from searchapp.encoders.vectors import Floats, unit
from searchapp.records import Document

PROMPTS = (
    "query: ",
    "passage: ",
    "document: ",
    "search_query: ",
    "search_document: ",
    "Represent this sentence for searching relevant passages: ",
    "title: none | text: ",
)
"""Prompts of well-known models."""


@dataclass(frozen=True)
class Hypothesis:
    """One thing that may have been done to texts; `cause` is None where it is harmless."""

    cause: str | None
    description: str
    read: Callable[[Document], str]


def _prompted(prompt: str) -> Hypothesis:
    return Hypothesis("prompt", f"with the prompt {prompt!r}", lambda d: prompt + assemble(d))


ON_BOTH = (
    Hypothesis("case-changed", "in lower case", lambda d: assemble(d).lower()),
    Hypothesis("case-changed", "in upper case", lambda d: assemble(d).upper()),
    Hypothesis("prompt", "without the prompt", assemble),
    *map(_prompted, PROMPTS),
)

ON_DOCUMENTS = (
    Hypothesis(None, "with title and text joined with a newline", lambda d: f"{d.title}\n{d.text}".strip()),
    Hypothesis(None, "with title and text joined with a full stop", lambda d: f"{d.title}. {d.text}".strip()),
    Hypothesis(None, "with the text before the title", lambda d: f"{d.text} {d.title}".strip()),
    Hypothesis(None, "with a leading space", lambda d: f" {d.title} {d.text}"),
    Hypothesis(None, "with the title twice", lambda d: f"{d.title} {d.title} {d.text}".strip()),
    Hypothesis("title-dropped", "without the title", lambda d: d.text),
    Hypothesis("text-dropped", "without the text", lambda d: d.title),
    Hypothesis("object-as-text", "with 'None' for a title", lambda d: f"None {d.text}"),
    Hypothesis("object-as-text", "with 'None' in front", lambda d: f"None {assemble(d)}"),
    Hypothesis("object-as-text", "as a Python dict", lambda d: str({"title": d.title, "text": d.text})),
    Hypothesis(
        "object-as-text", "as a Python dict, text first", lambda d: str({"text": d.text, "title": d.title})
    ),
    Hypothesis("object-as-text", "as JSON", lambda d: json.dumps({"title": d.title, "text": d.text})),
    *ON_BOTH,
)
"""In order of preference where several fit equally well."""


def truncation_lengths(
    table: TokenTable, texts: Sequence[str], stored: Floats
) -> tuple[NDArray[np.int64], Floats]:
    """Return the (n,) lengths at which the means of n texts are closest to what is stored, and (n,) cosines.

    `stored` holds (n, d) unit vectors.
    """
    lengths = np.zeros(len(texts), dtype=np.int64)
    near = np.zeros(len(texts), dtype=np.float32)
    for text, ids in enumerate(table.tokenize(texts).rows()):
        rows = table.rows[table.known(ids)]
        if len(rows):
            sums = np.cumsum(rows, axis=0, dtype=np.float64).astype(np.float32)
            cosines = unit(sums) @ stored[text]
            lengths[text], near[text] = int(cosines.argmax()) + 1, cosines.max()
    return lengths, near


def common_addition(sums: Floats, stored: Floats) -> tuple[Floats, Floats]:
    """Return the one vector that was added to every text's sum of rows, if one was, and how well it fits.

    An unknown prompt adds the sum of its rows to the sum of each text's. Of stored unit vectors v, the part
    of (sum + addition) across v must vanish for every text: least squares gives the addition.

    Args:
        sums: (n, d) sums of the rows of each text.
        stored: (n, d) unit vectors.

    Returns:
        The (d,) addition, and the (n,) shares of each vector's distance from the mean one that it explains.
    """
    d = sums.shape[1]
    across = np.eye(d) * len(sums) - stored.T.astype(np.float64) @ stored
    missing = sums - np.einsum("nd,nd->n", sums, stored)[:, None] * stored
    addition = np.linalg.lstsq(across, -missing.sum(axis=0, dtype=np.float64), rcond=1e-6)[0]
    predicted = unit((sums + addition).astype(np.float32))
    # The mean vector fits anyway: only the distance from it tells.
    left = ((stored - stored.mean(axis=0)) ** 2).sum(axis=1)
    fit = 1 - ((predicted - stored) ** 2).sum(axis=1) / np.maximum(left, 1e-12)
    return addition.astype(np.float32), fit.astype(np.float32)

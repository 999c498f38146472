"""What is done to the vectors of every kind of model: they are checked, and made unit vectors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from searchapp.errors import SearchappError


def checked_vectors(
    vectors: NDArray[np.float32], names: Sequence[str], model: str, *, normalize: bool
) -> NDArray[np.float32]:
    """Return vectors as an index takes them.

    Args:
        vectors: (n, d) float32.
        names: what each of them is of, as an error shows it.
        model: whose they are.
        normalize: make unit vectors.

    Raises:
        SearchappError: a vector holds NaN or infinity.
    """
    broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(broken):
        raise SearchappError(
            f"{model} gives NaN or infinity for {names[broken[0]][:60]!r}.",
            "Such a vector has no score; convert the model to single precision, or make its vectors again.",
        )
    return unit(vectors) if normalize else vectors


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide each row by its Euclidean norm; zero rows stay zero.

    Args:
        vectors: (n, d) float32.

    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True).astype(np.float32, copy=False)
    norms[norms == 0] = 1
    divided: NDArray[np.float32] = vectors / norms
    return divided

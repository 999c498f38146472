"""Vectors of every kind of model are checked and normalised."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from searchapp.errors import SearchappError

Floats = NDArray[np.float32]


def checked_vectors(
    vectors: NDArray[np.float32], names: Sequence[str], model: str, *, normalize: bool
) -> NDArray[np.float32]:
    """Return vectors that are finite, and of unit norm if `normalize` is set, (n, d) float32.

    An error shows the names of the vector and of the model.

    Raises:
        SearchappError: a vector holds NaN or infinity.
    """
    broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(broken):
        raise SearchappError(
            f"{model} gives NaN or infinity for {names[broken[0]][:60]!r}.",
            "Such a vector has no score; convert the model to single precision, or recompute its vectors.",
        )
    return unit(vectors) if normalize else vectors


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide each row of an (n, d) float32 array by its Euclidean norm; zero rows stay zero.

    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True).astype(np.float32, copy=False)
    norms[norms == 0] = 1
    divided: NDArray[np.float32] = vectors / norms
    return divided

"""The table that is taught: its rows, a step of gradient descent, and the mean of rows.

A text is the mean of its tokens' rows. The loss of a query is the cross-entropy between what it should find
and the softmax of its cosines with documents, divided by a temperature (van den Oord et al., "Representation
learning with contrastive predictive coding", arXiv 1807.03748, 2018).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from searchapp.adaptation.passages import shares_of
from searchapp.encoders.vectors import Floats
from searchapp.errors import SearchappError

RATE = 0.0014  # the learning rate, as a share of the median norm of a row


def import_torch() -> Any:
    """Return torch.

    Raises:
        SearchappError: it is not installed.
    """
    os.environ.setdefault("KMP_WARNINGS", "0")
    try:
        import torch
    except ImportError as error:
        raise SearchappError(
            "Adapting a model needs torch, which is not installed.",
            'pip install "searchapp[adapt]" (a CPU build is enough: '
            "--extra-index-url https://download.pytorch.org/whl/cpu)",
        ) from error
    return torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute with one thread, so that two runs are equal in every bit."""
    torch = import_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Texts:
    """Texts as shares of tokens, ready for both passes: (n, v) and transposed, as torch's sparse rows."""

    def __init__(self, counts: sparse.csr_matrix) -> None:
        shares = shares_of(counts)
        self.shares, self.transposed = _sparse_rows(shares), _sparse_rows(shares.T.tocsr())


class Student:
    """A table under instruction.

    Args:
        table: (v, d) float32, the rows to begin with.
    """

    def __init__(self, table: Floats) -> None:
        torch = import_torch()
        self._rows = torch.nn.Parameter(torch.from_numpy(table.copy()))
        norms = np.linalg.norm(table, axis=1)
        rate = RATE * float(np.median(norms[norms > 0]))
        self._optimizer = torch.optim.Adam([self._rows], lr=rate, fused=True)
        self._mean = _mean_of_rows(torch)

    @property
    def table(self) -> Floats:
        """The table as it is now, (v, d) float32, not a copy."""
        rows: Floats = self._rows.detach().numpy()
        return rows

    def step(
        self, queries: Texts, documents: Texts, targets: Floats, weights: Floats, temperature: float
    ) -> None:
        """Teach a batch of q queries about n documents.

        Args:
            queries: the queries.
            documents: what they are compared with.
            targets: (q, n) float32, what a query should find; every row sums to 1.
            weights: (q,) float32, how much each query counts.
            temperature: what the cosines are divided by.
        """
        torch = import_torch()
        unit = torch.nn.functional.normalize
        asked = unit(self._mean.apply(self._rows, queries), dim=1, eps=1e-9)
        found = unit(self._mean.apply(self._rows, documents), dim=1, eps=1e-9)
        scores = asked @ found.T / temperature
        counted = torch.from_numpy(targets * (weights / weights.sum())[:, None])
        self._optimizer.zero_grad()
        (-(torch.log_softmax(scores, dim=1) * counted).sum()).backward()
        self._optimizer.step()


def _mean_of_rows(torch: Any) -> Any:
    """Return the product of sparse shares and a table, whose gradient uses the transpose that is kept."""

    class Mean(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(context: Any, rows: Any, texts: Texts) -> Any:
            context.transposed = texts.transposed
            return texts.shares @ rows

        @staticmethod
        def backward(context: Any, gradient: Any) -> tuple[Any, None]:
            return context.transposed @ gradient, None

    return Mean


def _sparse_rows(matrix: sparse.csr_matrix) -> Any:
    import warnings

    torch = import_torch()

    def whole(numbers: NDArray[Any]) -> Any:
        return torch.from_numpy(numbers.astype(np.int32, copy=False))

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse (CSR|invariant)", UserWarning)
        return torch.sparse_csr_tensor(
            whole(matrix.indptr),
            whole(matrix.indices),
            torch.from_numpy(matrix.data),
            size=matrix.shape,
            check_invariants=False,
        )

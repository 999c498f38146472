"""The only importer of ranx: its metric kernels, without the minute that ranx takes to start.

`import ranx` loads plotting, statistics and data frames, and compiles its `Run` and `Qrels` classes;
scoring needs none of that. The modules in `ranx/metrics` stand alone, so they are imported under a
package name of our own, which leaves `ranx/__init__.py` out. Of each, only the kernel for one query is
used: it compiles in a second, the parallel one in ten.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.compiled import kernel_cache
from searchapp.errors import SearchappError

Judged = NDArray[np.float64]
Kernel = Callable[[Judged, NDArray[np.float64], int], float]
"""(judged (r, 2), run (n, 2), k) -> value; column 0 names a document, column 1 its grade or score."""

_PACKAGE = "searchapp_ranx_metrics"

KERNELS: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    # metric: (module, kernel, arguments after k: relevance level, linear gain)
    "ndcg": ("ndcg", "_ndcg", (1, True)),
    "map": ("average_precision", "_average_precision", (1,)),
    "mrr": ("reciprocal_rank", "_reciprocal_rank", (1,)),
    "recall": ("recall", "_recall", (1,)),
    "precision": ("precision", "_precision", (1,)),
}
"""The metrics, and ranx's kernels for them: nDCG with linear gain, a grade of 1 or more is relevant."""


@cache
def kernel(metric: str) -> Kernel:
    """Return ranx's kernel for a metric in `KERNELS`; the first use after an install compiles it."""
    module, name, rest = KERNELS[metric]
    compiled = getattr(_import_kernels()[module], name)
    return lambda judged, run, k: float(compiled(judged, run, k, *rest))


@cache
def _import_kernels() -> dict[str, ModuleType]:
    spec = importlib.util.find_spec("ranx")
    if spec is None or not spec.submodule_search_locations:
        raise SearchappError("ranx is not installed.", "pip install ranx")
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(Path(spec.submodule_search_locations[0]) / "metrics")]
    sys.modules[_PACKAGE] = package
    with kernel_cache():
        return {name: importlib.import_module(f"{_PACKAGE}.{name}") for name, _, _ in KERNELS.values()}

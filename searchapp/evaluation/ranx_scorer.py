"""The only importer of ranx: known kernels are called directly, others through its public API.

`import ranx` loads plotting, statistics and data frames, and compiles its `Run` and `Qrels` classes,
which takes a minute after an install; scoring needs none of that. The modules in `ranx/metrics` do not
depend on the rest, so they are imported under another package name, which leaves `ranx/__init__.py` out.
Of each, only the function for one query is used: it compiles in a second, the parallel one in ten.
"""

import importlib
import importlib.util
import inspect
import logging
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from searchapp.compiled import kernel_cache
from searchapp.errors import SearchappError
from searchapp.evaluation.metric import Measure, RanxKernel
from searchapp.records import Ranking

logger = logging.getLogger(__name__)

CHECKED_VERSIONS = ("0.3.20", "0.3.21")
"""The versions of ranx whose kernels were compared with trec_eval and the numpy metrics."""

Values = NDArray[np.float64]
Pair = tuple[Values, Values]
"""One query: judged (r, 2), highest grade first, and ranked (n, 2); columns: name, grade or score."""

_PACKAGE = "searchapp_ranx_metrics"


class _UnknownKernelError(Exception):
    """The installed ranx does not have a kernel as it was checked."""


def ranx_values(
    rankings: Sequence[tuple[Ranking, dict[str, int]]], measures: Sequence[Measure]
) -> dict[str, Values]:
    """Return measure name -> (q,) float64, computed by ranx.

    ranx receives ranks instead of ids and scores, so no hash of an id can collide and no tie can change.

    Args:
        rankings: the results and the grades of each query.
        measures: measures whose metrics have a ranx kernel.

    Raises:
        SearchappError: ranx is not installed.
    """
    pairs = [_by_rank(ranking, grades) for ranking, grades in rankings]
    try:
        kernels = [_kernel(measure.metric.ranx) for measure in measures if measure.metric.ranx]
    except _UnknownKernelError as error:
        _remark(str(error))
        return _by_public_api(pairs, measures)
    return {
        measure.name: np.array([kernel(judged, ranked, measure.cutoff or 0) for judged, ranked in pairs])
        for measure, kernel in zip(measures, kernels, strict=True)
    }


def _by_rank(ranking: Ranking, grades: dict[str, int]) -> Pair:
    """Name every document of a query by its rank, so that ranx skips what ranks below the last hit.

    Judged documents that were not retrieved get negative names.
    """
    ranks = {name: rank for rank, name in enumerate(ranking.document_ids, start=1) if name in grades}
    missing = count(-1, -1)
    rows = [(ranks.get(document_id) or next(missing), grade) for document_id, grade in grades.items()]
    rows.sort(key=lambda row: (-row[1], row[0]))
    judged = np.array(rows, dtype=np.float64).reshape(-1, 2)
    names = np.arange(1, len(ranking.document_ids) + 1, dtype=np.float64)
    return judged, np.stack([names, names[::-1]], axis=1)


@cache
def _kernel(kernel: RanxKernel) -> Callable[[Values, Values, int], float]:
    """Return a compiled function of judged, ranked and k; the first use after an install compiles it.

    Raises:
        _UnknownKernelError: this version of ranx was not checked, or lacks the function or its parameters.
    """
    name = f"{kernel.module}.{kernel.function}"
    try:
        installed = version("ranx")
    except PackageNotFoundError as error:
        raise SearchappError("ranx is not installed.", "pip install ranx") from error
    if installed not in CHECKED_VERSIONS:
        raise _UnknownKernelError(f"ranx {installed} is not a version whose kernels were checked")
    function = getattr(_import_kernels(kernel.module), kernel.function, None)
    if function is None:
        raise _UnknownKernelError(f"ranx {installed} has no {name}")
    expected = ["qrels", "run", *(["k"] if kernel.takes_k else []), *dict(kernel.arguments)]
    constants = dict(kernel.arguments).values()
    if list(inspect.signature(function).parameters) != expected:
        arguments = ", ".join(expected)
        raise _UnknownKernelError(f"{name} of ranx {installed} does not take the arguments {arguments}")
    if kernel.takes_k:
        return lambda judged, ranked, k: float(function(judged, ranked, k, *constants))
    return lambda judged, ranked, _k: float(function(judged, ranked, *constants))


def _import_kernels(module: str) -> ModuleType:
    """Import a module of `ranx/metrics` without ranx itself."""
    spec = importlib.util.find_spec("ranx")
    package = ModuleType(_PACKAGE)
    package.__path__ = [f"{folder}/metrics" for folder in (spec and spec.submodule_search_locations) or ()]
    sys.modules.setdefault(_PACKAGE, package)
    try:
        with kernel_cache():
            return importlib.import_module(f"{_PACKAGE}.{module}")
    except ImportError as error:
        raise _UnknownKernelError(f"ranx {version('ranx')} has no module metrics.{module}") from error


@cache
def _remark(reason: str) -> None:
    """Warn once that the public API is used, and why."""
    logger.warning("%s; ranx.evaluate scores instead: the same figures, but it starts slowly.", reason)


def _by_public_api(pairs: Sequence[Pair], measures: Sequence[Measure]) -> dict[str, Values]:
    """Score with `ranx.evaluate`; queries without results or judgements are not passed on and score 0."""
    from ranx import Qrels, Run, evaluate

    rows = [row for row, (judged, ranked) in enumerate(pairs) if len(judged) and len(ranked)]
    qrels = {str(row): {f"{name:.0f}": int(grade) for name, grade in pairs[row][0]} for row in rows}
    run = {str(row): {f"{name:.0f}": float(score) for name, score in pairs[row][1]} for row in rows}
    values = {measure.name: np.zeros(len(pairs)) for measure in measures}
    if rows:
        scored = Run(run)
        cutoffs = {measure: "" if measure.cutoff is None else f"@{measure.cutoff}" for measure in measures}
        names = {m.name: m.metric.ranx.public + cutoffs[m] for m in measures if m.metric.ranx}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numba's, of casts that ranx makes
            evaluate(Qrels(qrels), scored, list(names.values()))
        for ours, theirs in names.items():
            values[ours][rows] = [scored.scores[theirs][str(row)] for row in rows]
    return values

"""The fusions of dense and BM25 results that were tried, and the one chosen."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from searchapp.evaluation.measures import measure_title
from searchapp.evaluation.tuning import SURE, Tuning, mean
from searchapp.reports.formats import Report
from searchapp.reports.markup import Table
from searchapp.reports.terminal import plain_table, render
from searchapp.retrieval.fusion_config import DEFAULT

SHOWN = (0.1, 0.3, 0.5, 0.7, 0.9)  # weights that have a column; all are in the JSON document
SCHEMA = "searchapp/tuning/1"


def tuning_report(tuning: Tuning, metric: str, details: Mapping[str, Any], path: Path) -> Report:
    """Report a choice of fusion, which maximises `metric` and is recorded at `path`."""
    document = {"schema": SCHEMA, "file": str(path), "fusion": asdict(tuning.chosen), **details}
    return Report(
        lambda: document,
        lambda: _lines(tuning, metric),
        lambda: _rows(tuning, metric),
        lambda: _table(tuning, metric),
    )


def _rows(tuning: Tuning, metric: str) -> list[dict[str, Any]]:
    return [{**asdict(fusion), metric: mean(values)} for fusion, values in tuning.tried.items()]


def _table(tuning: Tuning, metric: str) -> Table:
    """Return one row per pair of scales: the best weight of the dense side, and the figure at some others."""
    title = measure_title(metric)
    numbers = ["weight", title, *(f"at {weight:g}" for weight in SHOWN)]
    rows = []
    for dense, bm25 in dict.fromkeys((fusion.dense, fusion.bm25) for fusion in tuning.tried):
        values = {
            fusion.weight: mean(per_query)
            for fusion, per_query in tuning.tried.items()
            if (fusion.dense, fusion.bm25) == (dense, bm25)
        }
        best = max(values, key=values.__getitem__)
        others = [f"{values[weight]:.5f}" if weight in values else "" for weight in SHOWN]
        rows.append([dense, bm25, f"{best:g}", f"{values[best]:.5f}", *others])
    return Table(["dense", "BM25", *numbers], rows, numbers=numbers)


def _lines(tuning: Tuning, metric: str) -> Iterator[str]:
    title = measure_title(metric)
    names = ", ".join(split.id for split in tuning.splits)
    yield (
        f"{title} of {len(tuning.alone['default'])} queries ({names}), "
        "by the score scale of each side and the weight of the dense side"
    )
    yield render(plain_table(_table(tuning, metric)))
    for name, values in tuning.alone.items():
        yield f"{name:<8} {mean(values):.5f}"
    yield f"{'best':<8} {mean(tuning.tried[tuning.best]):.5f}  {tuning.best}"
    gain, error = tuning.gain
    yield f"{'gain':<8} {gain:.5f}  over the default; {SURE} standard errors are {SURE * error:.5f}"
    yield f"{'chosen':<8} {tuning.chosen}{' (the default)' if tuning.chosen == DEFAULT else ''}"

"""What was tried to fuse dense and BM25 results: a table for a person, a document for a script."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from searchapp.evaluation.tuning import SURE, Tuning, mean
from searchapp.reports.terminal import metric_title, plain_table, render
from searchapp.retrieval.fusion_config import DEFAULT

SHOWN = (0.1, 0.3, 0.5, 0.7, 0.9)  # weights that have a column; all are in the JSON document
SCHEMA = "searchapp/tuning/1"


def tuning_lines(tuning: Tuning, metric: str) -> Iterator[str]:
    """Yield a row a pair of scales: the best weight of the dense side, and the figure at some others."""
    title = metric_title(metric)
    numbers = ["weight", title, *(f"at {weight:g}" for weight in SHOWN)]
    rows = []
    for dense, bm25 in dict.fromkeys((fusion.dense, fusion.bm25) for fusion in tuning.tried):
        values = {
            fusion.weight: mean(found)
            for fusion, found in tuning.tried.items()
            if (fusion.dense, fusion.bm25) == (dense, bm25)
        }
        best = max(values, key=values.__getitem__)
        others = [f"{values[weight]:.5f}" if weight in values else "" for weight in SHOWN]
        rows.append([dense, bm25, f"{best:g}", f"{values[best]:.5f}", *others])
    names = ", ".join(split.id for split in tuning.splits)
    yield (
        f"{title} of {len(tuning.alone['default'])} queries ({names}), "
        "by the scale of either side and the weight of the dense one"
    )
    yield render(plain_table(["dense", "BM25", *numbers], rows, numbers=numbers))
    for name, found in tuning.alone.items():
        yield f"{name:<8} {mean(found):.5f}"
    yield f"{'best':<8} {mean(tuning.tried[tuning.best]):.5f}  {tuning.best}"
    gain, error = tuning.gain
    yield f"{'gain':<8} {gain:.5f}  over the default; {SURE} standard errors of it are {SURE * error:.5f}"
    yield f"{'chosen':<8} {tuning.chosen}{' (the default)' if tuning.chosen == DEFAULT else ''}"


def tuning_document(tuning: Tuning, details: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the choice, where it is kept, and how it was made."""
    return {"schema": SCHEMA, "file": str(path), "fusion": asdict(tuning.chosen), **details}

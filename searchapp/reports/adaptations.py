"""The account of an adaptation: what was taught, what it gained, and what that is worth."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

from searchapp.published.adapted_card import explanation
from searchapp.reports.formats import Report
from searchapp.reports.markup import Table
from searchapp.reports.terminal import plain_table, render
from searchapp.reports.text import printable

WIDTH = 100  # characters of a line of prose


def adaptation_report(record: Mapping[str, Any], folder: Path, corpus: str, *, written: bool) -> Report:
    """Report an adaptation; it failed when the model was not written."""
    document = {**record, "folder": str(folder) if written else None}
    return Report(
        lambda: document,
        lambda: _lines(record, folder, corpus, written=written),
        lambda: [_flat(row) for row in record["account"]],
        lambda: _table(record),
        failed=not written,
    )


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    flat = dict(row)
    flat["interval_low"], flat["interval_high"] = flat.pop("interval")
    return flat


def _table(record: Mapping[str, Any]) -> Table:
    numbers = ["queries", "before", "after", "gain", "95 %"]
    rows = []
    for row in record["account"]:
        low, high = row["interval"]
        figures = (
            f"{row['before']:.4f}",
            f"{row['after']:.4f}",
            f"{row['gain']:+.4f}",
            f"{low:+.3f} to {high:+.3f}",
        )
        rows.append([f"{row['group']} documents", row["mode"], str(row["n_queries"]), *figures])
    return Table(["held-back queries about", "mode", *numbers], rows, numbers)


def _lines(record: Mapping[str, Any], folder: Path, corpus: str, *, written: bool) -> Iterator[str]:
    taught = record["taught"]
    judged = "".join(f", {one['n_queries']:,} queries of {one['id']}" for one in record["judgements"])
    teacher = f", the similarities of {taught['teacher']}" if taught["teacher"] else ""
    epochs = len(record["epochs"]) - 1
    yield printable(
        f"taught: {taught['n_passages']:,} titles and sentences of {taught['n_docs']:,} documents{judged}"
        f"{teacher}; {record['seconds']['total']:.0f} s of one core"
    )
    yield f"nDCG@10 after {epochs} epochs, of what was held back; chosen: epoch {taught['epochs']}"
    yield render(plain_table(_table(record)))
    yield from wrap(explanation(record) if written else _refusal(record), WIDTH)
    if record["interrupted"]:
        yield "Interrupted: this is the best table until then."
    if written:
        chosen = ", chosen on the held-back queries" if record["judgements"] else ""
        yield f"--mode hybrid gives the dense side a weight of {record['fusion']['weight']:g}{chosen}."
        yield f"{folder}: score it with `searchapp eval {corpus} -m {folder}`"


def _refusal(record: Mapping[str, Any]) -> str:
    judged = " and ".join(one["id"] for one in record["judgements"])
    cause = (
        f"{judged} may not fit the texts (shuffled, or of another corpus): check a few by hand, or leave out "
        "--judgements."
        if judged
        else "Its titles and sentences teach this model nothing about the documents."
    )
    return f"No gain that is beyond chance on what was held back, so no model was written. {cause}"

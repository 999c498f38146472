"""What is on this machine: corpora, models and indexes, and the doctor's checks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from searchapp.corpora.lint import CorpusProblem
from searchapp.corpora.resolve import ListedCorpus
from searchapp.doctor.checks import Check
from searchapp.encoders.listing import ListedModel
from searchapp.index.listing import ListedIndex
from searchapp.index.manifest import Manifest
from searchapp.reports.formats import Report, to_json
from searchapp.reports.markup import Table
from searchapp.reports.terminal import findings_text, plain_table, render, short_models
from searchapp.reports.text import printable

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}
FAULTS = "Faults: scores on this corpus are impossible or wrong."
REMARKS = "Remarks, not faults by themselves:"
NO_INDEX = "No index yet. Build one: searchapp index sample"
INDEX_FACTS = ("corpus", "corpus_id", "kind", "similarity", "n_docs", "n_zero", "created")


def corpora_report(corpora: Sequence[ListedCorpus]) -> Report:
    """Report the corpora that work offline, and the names of those that need a download."""
    numbers = ("documents", "queries", "judgements")
    cells = [
        [row.name, row.id, _count(row.n_docs), _count(row.n_queries), _count(row.n_judgements),
         ", ".join(row.splits), row.location]
        for row in corpora
        if row.here
    ]  # fmt: skip
    notes = [Text(f"{row.name}: {printable(row.problem)}") for row in corpora if row.problem]
    absent = [f"{row.name} ({_count(row.n_docs)})" for row in corpora if not row.here and not row.problem]
    if absent:
        notes.append(Text(f"Downloaded at first use (documents): {', '.join(absent)}"))
    return _listing(
        "corpora", corpora, Table(("corpus", "id", *numbers, "splits", "where"), cells, numbers), *notes
    )


def corpus_report(facts: Mapping[str, object], problems: Sequence[CorpusProblem]) -> Report:
    """Report the facts of a corpus and its problems; a fault fails the check."""
    shown = {name: _fact(value) for name, value in facts.items()}
    faults = [problem for problem in problems if problem.fault]
    remarks = [problem for problem in problems if not problem.fault]

    def text() -> str:
        table = plain_table(Table(("", ""), list(shown.items())))
        table.show_header = False
        parts: list[RenderableType] = [table]
        for title, listed in ((FAULTS, faults), (REMARKS, remarks)):
            parts += [Text(title), findings_text(listed)] if listed else []
        return render(*parts, *([] if problems else [Text("No problems found.")]))

    def rows() -> list[dict[str, str]]:
        found = [
            ("fault" if problem.fault else "remark", f"{problem.name}: {problem.message}")
            for problem in problems
        ]
        return [{"fact": name, "value": value} for name, value in [*shown.items(), *found]]

    return Report(
        lambda: {**facts, "healthy": not faults, "findings": [asdict(problem) for problem in problems]},
        lambda: [text()],
        rows=rows,
        failed=bool(faults),
    )


def models_report(models: Sequence[ListedModel]) -> Report:
    """Report the models that work offline."""
    numbers = ("rows", "dimension")
    names = short_models(row.name for row in models)
    cells = [
        [names[row.name], (row.revision or "")[:12], f"{row.rows:,}", str(row.dimension), row.location]
        for row in models
    ]
    return _listing("models", models, Table(("model", "revision", *numbers, "where"), cells, numbers))


def indexes_report(indexes: Sequence[ListedIndex]) -> Report:
    """Report the indexes."""
    numbers = ("documents", "MB")
    names = short_models(row.encoder for row in indexes)
    cells = [
        [row.corpus, _index_model(row, names), row.kind, f"{row.n_docs:,}", f"{row.size_mb:.1f}",
         row.created[:16], row.state, row.folder]
        for row in indexes
    ]  # fmt: skip
    table = Table(("corpus", "model", "kind", *numbers, "built", "state", "where"), cells, numbers)
    if not indexes:
        return Report(lambda: {"indexes": []}, lambda: [NO_INDEX], rows=list)
    return _listing("indexes", indexes, table)


def _index_model(row: ListedIndex, names: Mapping[str, str]) -> str:
    """Return the model of an index: its folder's name, or the model's path where two have one name."""
    ambiguous = names[row.encoder] == row.encoder and row.encoder.rpartition(":")[2].startswith("/")
    _, plus, options = row.model.partition("+")
    return f"{row.encoder}{plus}{options}" if ambiguous else row.model


def manifests_report(manifests: Mapping[str, Mapping[str, Any]]) -> Report:
    """Report the manifests of indexes, folder -> manifest; rows leave out what is nested."""
    return Report(
        lambda: manifests,
        lambda: [to_json(manifests)],
        lambda: [
            {"folder": folder, **{key: manifest[key] for key in INDEX_FACTS}}
            for folder, manifest in manifests.items()
        ],
    )


def removed_report(folders: Iterable[Path]) -> Report:
    """Report which indexes were removed."""
    removed = list(map(str, folders))
    return Report(
        lambda: {"removed": removed},
        lambda: [f"removed {folder}" for folder in removed],
        lambda: [{"removed": folder} for folder in removed],
    )


def built_report(folder: Path, manifest: Manifest, model: str) -> Report:
    """Report an index that was built or already up to date, with the model as the user calls it."""
    seconds = manifest.seconds["encode"]
    rate = manifest.n_docs / max(seconds, 1e-9)
    facts = (
        f"{manifest.n_docs:,} documents embedded with {model}, {manifest.recipe.dimension} dimensions, "
        f"{manifest.similarity}; took {seconds:.2f} s ({rate:,.0f} per second)"
    )
    return Report(lambda: {"folder": str(folder), **asdict(manifest)}, lambda: [str(folder), facts])


def checks_report(checks: Sequence[Check]) -> Report:
    """Report the doctor's checks, each with its next step."""
    cells: list[list[str | Text]] = []
    for check in checks:
        cells.append([Text(check.status, style=STYLES[check.status]), check.name, check.detail])
        if check.hint and check.status != "ok":
            cells.append(["", "", f"-> {check.hint}"])
    failed = any(check.status == "fail" for check in checks)
    return _listing("checks", checks, Table(("", "check", "result"), cells), failed=failed)


def _listing(
    name: str, records: Sequence[Any], table: Table, *notes: RenderableType, failed: bool = False
) -> Report:
    """Return the report of a list of records: all fields in JSON and rows, a table with notes as text."""
    rows = [asdict(record) for record in records]
    return Report(
        lambda: {name: rows}, lambda: [render(plain_table(table), *notes)], lambda: rows, failed=failed
    )


def _fact(value: object) -> str:
    if isinstance(value, Mapping):  # grade -> how many
        return ", ".join(f"{count:,} of grade {grade}" for grade, count in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"

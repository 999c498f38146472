"""What is on this machine: corpora, models and indexes, and the doctor's checks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.text import Text

from searchapp.corpora.listing import ListedCorpus
from searchapp.doctor.checks import Check
from searchapp.encoders.listing import ListedModel
from searchapp.index.listing import ListedIndex
from searchapp.index.manifest import Manifest
from searchapp.records import Problem
from searchapp.reports.formats import Report, to_json
from searchapp.reports.markup import Table
from searchapp.reports.terminal import findings_text, plain_table, render, short_model
from searchapp.reports.text import printable

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


INDEX_FACTS = ("corpus", "corpus_id", "kind", "similarity", "n_docs", "n_zero", "created")


def corpora_report(rows: Sequence[ListedCorpus]) -> Report:
    """Report the corpora that work offline, and the names of those that need a download."""

    def text() -> Iterator[str]:
        here = [
            (row.name, row.id, _count(row.n_docs), _count(row.n_queries), _count(row.n_judgements),
             ", ".join(row.splits), row.location)
            for row in rows
            if row.here
        ]  # fmt: skip
        numbers = ("documents", "queries", "judgements")
        table = plain_table(Table(("corpus", "id", *numbers, "splits", "where"), here, numbers))
        notes = [Text(f"{row.name}: {printable(row.problem)}") for row in rows if row.problem]
        absent = [f"{row.name} ({_count(row.n_docs)})" for row in rows if not row.here and not row.problem]
        if absent:
            notes.append(Text(f"Downloaded at first use (documents): {', '.join(absent)}"))
        yield render(table, *notes)

    return _listing("corpora", rows, text)


def corpus_report(facts: Mapping[str, object], findings: Sequence[Problem]) -> Report:
    """Report the facts of a corpus and what is wrong with it."""

    def text() -> Iterator[str]:
        table = plain_table(Table(("", ""), list(_facts(facts))))
        table.show_header = False
        yield render(table, findings_text(findings) if findings else Text("No problems found."))

    return Report(
        lambda: {**facts, "findings": [asdict(finding) for finding in findings]},
        text,
        rows=lambda: [{"fact": name, "value": value} for name, value in _facts(facts)],
    )


def models_report(rows: Sequence[ListedModel]) -> Report:
    """Report the models that work offline."""

    def text() -> Iterator[str]:
        cells = [
            (short_model(row.name), (row.revision or "")[:12], f"{row.rows:,}", str(row.dimension),
             row.location)
            for row in rows
        ]  # fmt: skip
        numbers = ("rows", "dimension")
        yield render(plain_table(Table(("model", "revision", *numbers, "where"), cells, numbers)))

    return _listing("models", rows, text)


def indexes_report(rows: Sequence[ListedIndex]) -> Report:
    """Report the indexes."""

    def text() -> Iterator[str]:
        if not rows:
            yield "No index yet. Build one: searchapp index sample"
            return
        cells = [
            (row.corpus, row.model, row.kind, f"{row.n_docs:,}", f"{row.size_mb:.1f}", row.created[:16],
             row.state, row.folder)
            for row in rows
        ]  # fmt: skip
        numbers = ("documents", "MB")
        headers = ("corpus", "model", "kind", *numbers, "built", "state", "where")
        yield render(plain_table(Table(headers, cells, numbers)))

    return _listing("indexes", rows, text)


def manifests_report(manifests: Mapping[str, Mapping[str, Any]]) -> Report:
    """Report the manifests of indexes, folder -> manifest; rows leave out what is nested."""

    def rows() -> list[dict[str, Any]]:
        return [
            {"folder": folder, **{key: manifest[key] for key in INDEX_FACTS}}
            for folder, manifest in manifests.items()
        ]

    return Report(lambda: manifests, lambda: [to_json(manifests)], rows)


def removed_report(folders: Sequence[Path]) -> Report:
    """Report which indexes were removed."""
    removed = list(map(str, folders))
    return Report(
        lambda: {"removed": removed},
        lambda: [f"removed {folder}" for folder in removed],
        lambda: [{"removed": folder} for folder in removed],
    )


def built_report(folder: Path, manifest: Manifest, model: str) -> Report:
    """Report an index that was built, or was there already.

    Args:
        folder: of the index.
        manifest: of the index.
        model: what the user calls the model.
    """
    seconds = manifest.seconds["encode"]
    rate = manifest.n_docs / max(seconds, 1e-9)
    return Report(
        lambda: {"folder": str(folder), **asdict(manifest)},
        lambda: [
            str(folder),
            f"{manifest.n_docs:,} documents embedded with {model}, {manifest.recipe.dimension} dimensions, "
            f"{manifest.similarity}; took {seconds:.2f} s ({rate:,.0f} per second)",
        ],
    )


def checks_report(checks: Sequence[Check]) -> Report:
    """Report the doctor's checks, each with its next step."""

    def text() -> Iterator[str]:
        rows = []
        for check in checks:
            rows.append((Text(check.status, style=STYLES[check.status]), check.name, check.detail))
            if check.hint and check.status != "ok":
                rows.append((Text(), "", f"-> {check.hint}"))
        yield render(plain_table(Table(("", "check", "result"), rows)))

    return _listing("checks", checks, text, failed=any(check.status == "fail" for check in checks))


def _listing(
    name: str, items: Sequence[Any], text: Callable[[], Iterator[str]], *, failed: bool = False
) -> Report:
    """Return the report of a list of records: a document that holds them by `name`, and one row each."""

    def rows() -> list[dict[str, Any]]:
        return [asdict(item) for item in items]

    return Report(lambda: {name: rows()}, text, rows, failed=failed)


def _facts(facts: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    return ((name, _fact(value)) for name, value in facts.items())


def _fact(value: object) -> str:
    if isinstance(value, Mapping):  # grade -> how many
        return ", ".join(f"{count:,} of grade {grade}" for grade, count in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"

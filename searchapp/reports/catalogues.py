"""Tables of what is here: corpora, models, indexes, and the doctor's checks."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from searchapp.corpora.listing import ListedCorpus
from searchapp.doctor.checks import Check
from searchapp.encoders.listing import ListedModel
from searchapp.index.listing import ListedIndex
from searchapp.records import Problem
from searchapp.reports.terminal import findings_text, plain_table, render, short_model
from searchapp.reports.text import printable

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def corpora_text(rows: Sequence[ListedCorpus]) -> str:
    """Return the corpora that work offline as a table, and the names of those that need a download."""
    here = [
        (row.name, row.id, _count(row.n_docs), _count(row.n_queries), _count(row.n_judgements),
         ", ".join(row.splits), row.location)
        for row in rows
        if row.here
    ]  # fmt: skip
    numbers = ("documents", "queries", "judgements")
    table = plain_table(("corpus", "id", *numbers, "splits", "where"), here, numbers=numbers)
    notes = [Text(f"{row.name}: {printable(row.problem)}") for row in rows if row.problem]
    absent = [f"{row.name} ({_count(row.n_docs)})" for row in rows if not row.here and not row.problem]
    if absent:
        notes.append(Text(f"To be downloaded at first use (documents): {', '.join(absent)}"))
    return render(table, *notes)


def corpus_text(facts: Mapping[str, object], findings: Sequence[Problem]) -> str:
    """Return the facts of a corpus and what is wrong with it."""
    rows = [(name, _fact(value)) for name, value in facts.items()]
    verdict = findings_text(findings) if findings else Text("Nothing is wrong with it.")
    table = plain_table(("", ""), rows)
    table.show_header = False
    return render(table, verdict)


def models_text(rows: Sequence[ListedModel]) -> str:
    """Return the models that work offline as a table."""
    cells = [
        (short_model(row.name), (row.revision or "")[:12], f"{row.rows:,}", str(row.dimension), row.location)
        for row in rows
    ]
    numbers = ("rows", "dimension")
    return render(plain_table(("model", "revision", *numbers, "where"), cells, numbers=numbers))


def indexes_text(rows: Sequence[ListedIndex]) -> str:
    """Return the indexes as a table."""
    if not rows:
        return "No index yet. Build one: searchapp index sample"
    cells = [
        (row.corpus, row.model, row.kind, f"{row.n_docs:,}", f"{row.size_mb:.1f}", row.created[:16],
         row.state, row.folder)
        for row in rows
    ]  # fmt: skip
    numbers = ("documents", "MB")
    headers = ("corpus", "model", "kind", *numbers, "built", "state", "where")
    return render(plain_table(headers, cells, numbers=numbers))


def checks_text(checks: Sequence[Check]) -> str:
    """Return the doctor's checks as a table, each with its next step."""
    rows = []
    for check in checks:
        rows.append((Text(check.status, style=STYLES[check.status]), check.name, check.detail))
        if check.hint and check.status != "ok":
            rows.append((Text(), "", f"-> {check.hint}"))
    return render(plain_table(("", "check", "what was found"), rows))


def _fact(value: object) -> str:
    if isinstance(value, Mapping):  # grade -> how many
        return ", ".join(f"{count:,} of grade {grade}" for grade, count in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"

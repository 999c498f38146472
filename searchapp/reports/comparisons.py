"""Comparisons of runs: tables, and the queries behind the differences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table as RichTable
from rich.text import Text

from searchapp.corpora.corpus import Corpus
from searchapp.evaluation.comparison import Change, Comparison
from searchapp.evaluation.drilldown import JudgedHit, QueryChange
from searchapp.evaluation.gates import GateVerdict
from searchapp.evaluation.measures import measure_title
from searchapp.evaluation.results import score_changes
from searchapp.evaluation.run_inputs import RunInput
from searchapp.reports.formats import Report
from searchapp.reports.markup import Table
from searchapp.reports.terminal import PIPE_WIDTH, plain_table, render
from searchapp.reports.text import printable, snippet

COMPARISON_SCHEMA = "searchapp/comparison/1"
TOP = 3  # documents per side in a table; JSON has more
TITLE = 80  # characters
DIGITS = 12  # shown of a digest
STYLES = {"OK": "green", "WARN": "yellow", "FAIL": "bold red"}


def comparison_report(
    corpus: Corpus, baseline: RunInput, comparisons: Sequence[Comparison], verdicts: Sequence[GateVerdict]
) -> Report:
    """Report comparisons: for each candidate every metric, then the queries that gain and lose most."""
    return Report(
        lambda: _document(corpus, baseline, comparisons, verdicts),
        lambda: [_text(corpus, baseline, comparisons, verdicts)],
        lambda: _rows(baseline, comparisons),
        lambda: _table(comparisons),
        failed=any(verdict.status == "FAIL" for verdict in verdicts),
    )


def _rows(baseline: RunInput, comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Return one row per candidate and metric; the means are in `baseline` and `candidate`."""
    rows = []
    for comparison in comparisons:
        for change in comparison.changes:
            row = {"run": comparison.candidate.label, "against": baseline.label, **asdict(change)}
            low, high = row.pop("interval")
            rows.append(row | {"interval_low": low, "interval_high": high})
    return rows


def _table(comparisons: Sequence[Comparison]) -> Table:
    """Return the changes of all candidates in one table."""
    several = len(comparisons) > 1
    sizes, chances = _headers(several)
    rows = [
        [
            comparison.candidate.label,
            measure_title(change.metric),
            *_sizes(change),
            *_chances(change, several),
        ]
        for comparison in comparisons
        for change in comparison.changes
    ]
    headers = ["run", "metric", *sizes, *chances]
    return Table(headers, rows, numbers=headers[2:])


def _text(
    corpus: Corpus, baseline: RunInput, comparisons: Sequence[Comparison], verdicts: Sequence[GateVerdict]
) -> str:
    parts: list[RenderableType] = []
    for comparison in comparisons:
        candidate, metric = comparison.candidate, measure_title(comparison.changes[0].metric)
        title = f"{candidate.label} against {baseline.label} on {corpus.name}"
        parts.append(Text(f"{chr(10) if parts else ''}{printable(title)}"))
        changed = _shown_recipe(comparison.recipe_changes)
        if changed:
            parts.append(Text(printable(f"differs in {changed}")))
        parts.append(_changes_table(comparison.changes, len(comparisons) > 1))
        parts += _queries(f"Largest gains in {metric}", comparison.gains)
        parts += _queries(f"Largest losses in {metric}", comparison.losses)
    return render(*parts, *([Text()] if verdicts else []), *_gates(verdicts))


def _document(
    corpus: Corpus, baseline: RunInput, comparisons: Sequence[Comparison], verdicts: Sequence[GateVerdict]
) -> dict[str, Any]:
    """Return everything that was compared, unrounded."""
    return {
        "schema": COMPARISON_SCHEMA,
        "corpus": corpus.name,
        "corpus_id": corpus.id,
        "documents_digest": corpus.documents_digest,
        "judgements_digest": corpus.judgements_digest,
        "n_judged": len(corpus.judgements),
        "baseline": _entry(baseline),
        "comparisons": [
            {
                "candidate": _entry(comparison.candidate),
                "recipe_changes": comparison.recipe_changes,
                "changes": {change.metric: asdict(change) for change in comparison.changes},
                "gains": [asdict(query) for query in comparison.gains],
                "losses": [asdict(query) for query in comparison.losses],
                "per_query": comparison.per_query,
            }
            for comparison in comparisons
        ],
        "gates": [asdict(verdict) for verdict in verdicts],
    }


class _FirstThatFits:
    """Shows the first choice that fits the width of the terminal, or the last one."""

    def __init__(self, *choices: RichTable | Group) -> None:
        self._choices = choices

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        unlimited = options.update(max_width=PIPE_WIDTH)
        for choice in self._choices[:-1]:
            if Measurement.get(console, unlimited, choice).maximum <= options.max_width:
                yield choice
                return
        yield self._choices[-1]


def _changes_table(changes: Sequence[Change], several: bool) -> _FirstThatFits:
    """Return one row per metric, in two tables where the terminal is too narrow for one."""
    sizes, chances = _headers(several)
    rows = [(measure_title(change.metric), _sizes(change), _chances(change, several)) for change in changes]

    def table(headers: list[str], cells: list[list[str]]) -> RichTable:
        return plain_table(Table(["metric", *headers], cells, numbers=headers))

    return _FirstThatFits(
        table([*sizes, *chances], [[name, *size, *chance] for name, size, chance in rows]),
        Group(
            table(sizes, [[name, *size] for name, size, _ in rows]),
            table(chances, [[name, *chance] for name, _, chance in rows]),
        ),
    )


def _headers(several: bool) -> tuple[list[str], list[str]]:
    """Return the headers of sizes and p-values; the corrected p-value matters with several candidates."""
    sizes = ["baseline", "candidate", "change", "95 %"]
    return sizes, ["p", *(["p (Holm)"] if several else []), "won/tied/lost"]


def _sizes(change: Change) -> list[str]:
    low, high = change.interval
    means = [f"{change.baseline:.5f}", f"{change.candidate:.5f}"]
    return [*means, f"{change.difference:+.5f}", f"{low:+.3f} {high:+.3f}"]


def _chances(change: Change, several: bool) -> list[str]:
    p_values = [change.p, *([change.corrected_p] if several else [])]
    shown = ["<0.0001" if p < 0.0001 else f"{p:.4f}" for p in p_values]
    return [*shown, f"{change.wins}/{change.ties}/{change.losses}"]


def _queries(title: str, queries: Sequence[QueryChange]) -> Iterator[RenderableType]:
    """Yield each query: its values and text, then the top documents side by side."""
    if queries:
        yield Text(f"\n{title}")
    for query in queries:
        values = f"{query.baseline:.5f} -> {query.candidate:.5f}"
        yield Text(f"\n{printable(query.query_id)}  {values}  {printable(query.text)}")
        sides = {"baseline": query.baseline_hits, "candidate": query.candidate_hits}
        table = plain_table(
            Table([name if hits else f"{name}: no results" for name, hits in sides.items()], [])
        )
        for column in table.columns:
            column.no_wrap, column.overflow = True, "ellipsis"
        for place in _places(*sides.values()):
            table.add_row(*(_hit(hits[place]) if place < len(hits) else "" for hits in sides.values()))
        yield table


def _places(*sides: Sequence[JudgedHit]) -> list[int]:
    """Return the places to show: the top ones and the best relevant document of each side."""
    relevant = [next((place for place, hit in enumerate(side) if hit.relevant), 0) for side in sides]
    return sorted({*range(min(TOP, max(map(len, sides)))), *relevant})


def _hit(judged: JudgedHit) -> Text:
    """Return rank, grade, id and title of a document; without a grade where nobody judged it."""
    document = judged.hit.document
    grade = " " if judged.grade is None else str(judged.grade)
    title = snippet(document.title or document.text, "", TITLE)
    line = f"{judged.hit.rank} [{grade}] {printable(document.id)} {title}"
    return Text(line, style="green" if judged.relevant else "")


def _gates(verdicts: Sequence[GateVerdict]) -> Iterator[Text]:
    for verdict in verdicts:
        line = f"{verdict.gate}, {printable(verdict.candidate)}: {verdict.reason}"
        yield Text.assemble((verdict.status, STYLES[verdict.status]), " ", line)


def _entry(entry: RunInput) -> dict[str, Any]:
    result = None if entry.result is None else asdict(entry.result)
    return {"label": entry.label, "path": str(entry.path), "result": result}


def _shown_recipe(changes: Mapping[str, tuple[Any, Any]]) -> str:
    """Return the differences that shape a score, in one line."""
    shown = []
    for name, pair in score_changes(changes).items():
        before, after = (str(value)[:DIGITS] if name.endswith("_digest") else repr(value) for value in pair)
        shown.append(f"{name} {before} -> {after}")
    return ", ".join(shown)

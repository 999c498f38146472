"""The answers to queries: text for a person, JSON, rows or a TREC run for a script."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from searchapp.index.manifest import Manifest
from searchapp.records import Hit, Query, Ranking, Run
from searchapp.reports.formats import Report
from searchapp.reports.hits import hits_lines
from searchapp.reports.markup import Table
from searchapp.reports.text import printable
from searchapp.retrieval.modes import find_mode

QUERY_SCHEMA = "searchapp/query/1"


def answer_report(
    queries: Sequence[Query], answers: Mapping[str, Sequence[Hit]], manifest: Manifest, mode: str
) -> Report:
    """Report the answers to queries: query id -> hits, best first."""
    facts = {
        "schema": QUERY_SCHEMA,
        "corpus": manifest.corpus,
        "model": manifest.recipe.model if find_mode(mode).needs_model else mode,
        "mode": mode,
        "kind": manifest.kind,
    }

    def document() -> dict[str, Any]:
        shown = [
            {"id": query.id, "text": query.text, "hits": list(_rows([query], answers))} for query in queries
        ]
        return facts | {"queries": shown}

    return Report(
        document,
        lambda: _lines(queries, answers),
        rows=lambda: _rows(queries, answers),
        table=lambda: _table(queries, answers),
        run=lambda: _run(answers),
    )


def hit_row(query_id: str, hit: Hit) -> dict[str, Any]:
    """Return the flat row of one result of one query."""
    return {"query_id": query_id, "rank": hit.rank, "score": hit.score, **asdict(hit.document)}


def _rows(queries: Sequence[Query], answers: Mapping[str, Sequence[Hit]]) -> Iterator[dict[str, Any]]:
    return (hit_row(query.id, hit) for query in queries for hit in answers[query.id])


def _lines(queries: Sequence[Query], answers: Mapping[str, Sequence[Hit]]) -> Iterator[str]:
    for number, query in enumerate(queries):
        if len(queries) > 1:
            yield f"{chr(10) if number else ''}{printable(f'{query.id}  {query.text}')}"
        hits = answers[query.id]
        yield from hits_lines(query.text, hits) if hits else ["No document contains a word of the query."]


def _table(queries: Sequence[Query], answers: Mapping[str, Sequence[Hit]]) -> Table:
    """Return query, rank, score, id and title; texts are too long for a document's table."""
    rows = [
        [query.id, str(hit.rank), f"{hit.score:.5f}", hit.document.id, hit.document.title]
        for query in queries
        for hit in answers[query.id]
    ]
    return Table(["query", "rank", "score", "id", "title"], rows, numbers=["rank", "score"])


def _run(answers: Mapping[str, Sequence[Hit]]) -> Run:
    import numpy as np

    return {
        query_id: Ranking(
            [hit.document.id for hit in hits], np.array([hit.score for hit in hits], dtype=np.float32)
        )
        for query_id, hits in answers.items()
    }

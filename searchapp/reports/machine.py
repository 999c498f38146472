"""Output for scripts: one JSON document, or a line a row."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from searchapp.evaluation.results import RESULT_SCHEMA
from searchapp.records import Hit, Result

QUERY_SCHEMA = "searchapp/query/1"


def to_json(data: object) -> str:
    """Return data as indented JSON; numbers keep every digit, NaN is an error."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)


def results_document(
    results: Sequence[Result], per_query: Sequence[Mapping[str, Mapping[str, float]]] = ()
) -> dict[str, Any]:
    """Return the document that scripts read: schema and results, with every query's values on demand."""
    rows = [asdict(result) for result in results]
    for row, values in zip(rows, per_query, strict=False):
        row["per_query"] = values
    return {"schema": RESULT_SCHEMA, "results": rows}


def result_row(result: Result) -> dict[str, Any]:
    """Return the flat row of a result: what it is of, then a column a metric."""
    named = {key: getattr(result, key) for key in ("corpus", "model", "mode", "n_docs", "n_judged")}
    return named | result.metrics


def hit_row(query_id: str, hit: Hit) -> dict[str, Any]:
    """Return the flat row of one result of one query."""
    return {"query_id": query_id, "rank": hit.rank, "score": hit.score, **asdict(hit.document)}


def ndjson(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield one compact JSON object a row."""
    return (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)

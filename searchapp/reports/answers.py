"""The answers to queries: tables for a person, JSON or TREC lines for a script."""

from collections.abc import Iterator, Mapping, Sequence

from searchapp.index.manifest import Manifest
from searchapp.records import Hit, Query, Ranking
from searchapp.reports.hits import hits_lines
from searchapp.reports.machine import QUERY_SCHEMA, hit_row, ndjson, to_json
from searchapp.reports.text import printable


def answer_lines(
    queries: Sequence[Query],
    answers: Mapping[str, Sequence[Hit]],
    manifest: Manifest,
    mode: str,
    form: str,
) -> Iterator[str]:
    """Yield the answers as lines.

    Args:
        queries: what was asked.
        answers: query id -> hits, best first.
        manifest: of the index that was searched.
        mode: how it was searched.
        form: `table`, `json`, `ndjson` or `trec`.
    """
    if form == "json":
        yield to_json(
            {
                "schema": QUERY_SCHEMA,
                "corpus": manifest.corpus,
                "model": mode if mode == "bm25" else manifest.recipe.model,
                "mode": mode,
                "queries": [
                    {
                        "id": query.id,
                        "text": query.text,
                        "hits": [hit_row(query.id, hit) for hit in answers[query.id]],
                    }
                    for query in queries
                ],
            }
        )
    elif form == "ndjson":
        for query in queries:
            yield from ndjson([hit_row(query.id, hit) for hit in answers[query.id]])
    elif form == "trec":
        from searchapp.evaluation.trec import run_lines

        run = {query_id: _ranking(hits) for query_id, hits in answers.items()}
        yield from run_lines(run, "searchapp")
    else:
        for number, query in enumerate(queries):
            if len(queries) > 1:
                yield f"{chr(10) if number else ''}{printable(f'{query.id}  {query.text}')}"
            hits = answers[query.id]
            yield from hits_lines(query.text, hits) if hits else ["No document holds a word of the query."]


def _ranking(hits: Sequence[Hit]) -> Ranking:
    import numpy as np

    return Ranking([hit.document.id for hit in hits], np.array([hit.score for hit in hits], dtype=np.float32))

"""Queries from a user: read from the lines of a file, and checked before anything is loaded for them."""

import json
from collections.abc import Iterable, Sequence

from searchapp.errors import SearchappError
from searchapp.records import Query

TEXT_HINT = 'Every query needs some text, such as "does honey ever go bad".'


def parse_queries(lines: Iterable[str], source: str = "the file") -> list[Query]:
    r"""Parse one query per line: a text, an id and a text separated by a tab, or a JSON object.

    Raises:
        SearchappError: there is no query, an id appears twice, or an object lacks "_id" or "text".

    >>> parse_queries(["what is umami", "q7\tgarlic"])
    [Query(id='1', text='what is umami'), Query(id='q7', text='garlic')]
    """
    queries: dict[str, Query] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        query = _parse_line(line.strip(" \r\n"), number, f"{source}, line {number}")
        if query.id in queries:
            raise SearchappError(
                f"{source}, line {number}: duplicate query id {query.id!r}.", "Give each query its own id."
            )
        queries[query.id] = query
    if not queries:
        raise SearchappError(f"There are no queries in {source}.", TEXT_HINT)
    return list(queries.values())


def _parse_line(line: str, number: int, where: str) -> Query:
    if line.startswith("{"):
        try:
            record = json.loads(line)
            query_id, text = record["_id"], record["text"]
            if not isinstance(query_id, str | int) or not isinstance(text, str):
                raise ValueError("one of them is not a string")
            return Query(str(query_id), text)
        except (ValueError, KeyError) as error:
            reason = f"{error} is missing" if isinstance(error, KeyError) else error
            raise SearchappError(
                f"{where}: not a JSON object with '_id' and 'text' ({reason}).",
                'Write {"_id": "1", "text": "..."}.',
            ) from error
    query_id, tab, text = line.partition("\t")
    return Query(query_id.strip(), text.strip()) if tab else Query(str(number), line.strip())


def check_queries(queries: Sequence[Query], k: int) -> None:
    """Raise SearchappError when k is below 1, or a query is empty or not valid Unicode."""
    if k < 1:
        raise SearchappError(f"k is {k}.", "It must be at least 1.")
    for query in queries:
        if not query.text.strip():
            raise SearchappError(f"Query {query.id!r} is empty.", TEXT_HINT)
        try:
            query.text.encode()
        except UnicodeEncodeError as error:
            raise SearchappError(
                f"Query {query.id!r} is not valid Unicode (character {error.start + 1}).", "Type it as UTF-8."
            ) from error

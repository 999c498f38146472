"""Runs in TREC format, and per-query values as CSV: written, and read back."""

import csv
import logging
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path

import numpy as np

from searchapp.errors import SearchappError
from searchapp.files import write_text
from searchapp.records import Judgements, Ranking, Run

logger = logging.getLogger(__name__)

FLOAT32_OVERFLOW = (2 - 2**-24) * 2.0**127  # what rounds to infinity in single precision


def run_lines(run: Run, tag: str) -> Iterator[str]:
    """Yield the lines of a run: `query Q0 document rank score tag`.

    Scores have nine significant digits, which name every float32, so that ties stay ties and nothing
    else becomes one.

    Raises:
        SearchappError: an id is empty or holds a blank, which the format cannot carry.
    """
    for query_id, ranking in run.items():
        _check_id(query_id)
        for rank, (document_id, score) in enumerate(
            zip(ranking.document_ids, ranking.scores, strict=True), start=1
        ):
            _check_id(document_id)
            yield f"{query_id} Q0 {document_id} {rank} {score:.9g} {tag}"


def write_run(path: Path, run: Run, tag: str) -> None:
    """Write a run to a TREC file.

    Raises:
        SearchappError: the file cannot be written, or an id holds a blank.
    """
    write_text(path, "".join(f"{line}\n" for line in run_lines(run, tag)))


def read_run(path: Path) -> Run:
    """Read a TREC run file; the scores decide the order, not the ranks or the lines.

    Raises:
        SearchappError: the file cannot be read, a line has not six columns, a score is no finite
            number, or a document stands twice for a query. File and line are named.
    """
    found: dict[str, dict[str, float]] = {}
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        columns = line.split()
        if len(columns) == 6:
            query_id, _, document_id, _, written, _ = columns
            try:
                score = float(written)
            except ValueError:
                score = math.nan
            results = found.setdefault(query_id, {})
            if abs(score) < FLOAT32_OVERFLOW and document_id not in results:
                results[document_id] = score
                continue
        if columns:
            raise _bad_line(f"{path}, line {number}", columns, found)
    if not found:
        raise SearchappError(f"{path} holds no results.", "A line reads: query Q0 document rank score tag.")
    return {
        query_id: Ranking.from_scores(list(results), np.array(list(results.values())))
        for query_id, results in found.items()
    }


def check_documents(run: Run, document_ids: Collection[str], name: str, corpus: str) -> None:
    """Check that a run names only documents of its corpus.

    Args:
        run: its rankings.
        document_ids: all ids of the corpus.
        name: what to call the run.
        corpus: what to call the corpus.

    Raises:
        SearchappError: it names another one; the document and the query are named.
    """
    for query_id, ranking in run.items():
        unknown = next((found for found in ranking.document_ids if found not in document_ids), None)
        if unknown is not None:
            raise SearchappError(
                f"The run {name} names document {unknown!r} (query {query_id!r}), which {corpus} lacks.",
                "Is it a run of another corpus, or are its ids written otherwise?",
            )


def warn_of_absent(run: Run, judgements: Judgements, name: str) -> None:
    """Remark that judged queries have no results in a run, which lowers every mean.

    Args:
        run: its rankings.
        judgements: those that it is scored by.
        name: what to call the run.
    """
    absent = [query_id for query_id in judgements if query_id not in run]
    if absent:
        logger.warning(
            "%s has no results for %d of %d judged queries (first: %r); they count 0.",
            name, len(absent), len(judgements), absent[0],
        )  # fmt: skip


def per_query_lines(per_query: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Yield a CSV table of every query's values, unrounded: a row a query, a column a metric."""
    return csv_lines([{"query_id": query_id, **values} for query_id, values in per_query.items()])


def csv_lines(rows: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Yield the lines of a CSV table, the header first; floats keep every digit."""
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return iter(text.getvalue().removesuffix("\n").split("\n"))


def read_per_query(path: Path) -> dict[str, dict[str, float]]:
    """Read back what `per_query_lines` gives: query id -> metric -> value.

    Raises:
        SearchappError: the file cannot be read or is no such table.
    """
    rows = csv.DictReader(StringIO(_read_text(path), newline=""))
    per_query: dict[str, dict[str, float]] = {}
    for row in rows:
        try:
            query_id = row.pop("query_id")
            if query_id in per_query:
                raise ValueError(f"query {query_id!r} stands twice")
            per_query[query_id] = {metric: float(value) for metric, value in row.items()}
        except (KeyError, TypeError, ValueError) as error:
            raise SearchappError(
                f"{path}, line {rows.line_num}: not a row of per-query values ({error}).",
                "`searchapp eval --run-out DIR --per-query` writes such a table.",
            ) from error
    if not per_query:
        raise SearchappError(
            f"{path} holds no per-query values.",
            "`searchapp eval --run-out DIR --per-query` writes such a table.",
        )
    return per_query


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise SearchappError(f"{path} cannot be read ({error.strerror}).", "Check the name.") from error
    except UnicodeDecodeError as error:
        raise SearchappError(f"{path} is not UTF-8 text.", "Is it compressed? Unpack it first.") from error


def _bad_line(where: str, columns: Sequence[str], found: Mapping[str, Mapping[str, float]]) -> SearchappError:
    """Return the error that says what is wrong with a line of a run."""
    if len(columns) != 6:
        return SearchappError(
            f"{where}: {len(columns)} columns where 6 are needed.",
            "A line reads: query Q0 document rank score tag.",
        )
    query_id, _, document_id, _, written, _ = columns
    if document_id in found[query_id]:
        return SearchappError(
            f"{where}: document {document_id!r} stands twice for query {query_id!r}.", "Keep its best score."
        )
    return SearchappError(f"{where}: the score {written!r} is no finite float32.", "Mend what wrote the run.")


def _check_id(name: str) -> None:
    if not name or name.split() != [name]:
        raise SearchappError(
            f"The id {name!r} is empty or holds a blank, which a TREC run cannot carry.",
            "Use ids without blanks, or --json.",
        )

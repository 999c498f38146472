"""Write and read runs in TREC format; write per-query values as CSV."""

import csv
import logging
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from searchapp.errors import SearchappError, did_you_mean_path
from searchapp.files import write_text
from searchapp.records import Judgements, Ranking, Run

logger = logging.getLogger(__name__)

LINE_FORMAT = "A line reads: query Q0 document rank score tag."
FLOAT32_OVERFLOW = (2 - 2**-24) * 2.0**127  # the smallest value that rounds to infinity as float32


def run_lines(run: Run, tag: str) -> Iterator[str]:
    """Yield the lines of a run: `query Q0 document rank score tag`.

    Scores have nine significant digits, enough to tell every float32 apart: ties stay ties, and no new
    ones appear.

    Raises:
        SearchappError: an id is empty or contains whitespace, which the format cannot represent.
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
        SearchappError: the file cannot be written, or an id is empty or contains whitespace.
    """
    write_text(path, "".join(f"{line}\n" for line in run_lines(run, tag)))


def read_run(path: Path) -> Run:
    """Read a TREC run file; the order comes from the scores, not from the ranks or the lines.

    Raises:
        SearchappError: as for `read_ranked_run`.
    """
    return read_ranked_run(path)[0]


def read_ranked_run(path: Path) -> tuple[Run, dict[str, NDArray[np.float64]]]:
    """Read a TREC run file, and its column of ranks in the order of the scores, NaN where it is no number.

    Raises:
        SearchappError: the file cannot be read, a line does not have six columns, a score is not a finite
            float32, or a query has a duplicate document. The error names file and line.
    """
    scores: dict[str, dict[str, float]] = {}
    ranks: dict[str, dict[str, float]] = {}
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        columns = line.split()
        if len(columns) == 6:
            query_id, _, document_id, rank, written, _ = columns
            score = _number(written)
            results = scores.setdefault(query_id, {})
            if abs(score) < FLOAT32_OVERFLOW and document_id not in results:
                results[document_id] = score
                ranks.setdefault(query_id, {})[document_id] = _number(rank)
                continue
        if columns:
            raise _bad_line(f"{path}, line {number}", columns, scores)
    if not scores:
        raise SearchappError(f"{path} has no results.", LINE_FORMAT)
    run = {
        query_id: Ranking.from_scores(list(results), np.array(list(results.values())))
        for query_id, results in scores.items()
    }
    ordered = {name: np.array([ranks[name][one] for one in run[name].document_ids]) for name in run}
    return run, ordered


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def check_documents(run: Run, document_ids: Collection[str], label: str, corpus: str) -> None:
    """Check that every document of a run is in its corpus; errors call them by `label` and `corpus`.

    Raises:
        SearchappError: a document is not in the corpus; the error names it and its query.
    """
    for query_id, ranking in run.items():
        unknown = next((name for name in ranking.document_ids if name not in document_ids), None)
        if unknown is not None:
            raise SearchappError(
                f"Document {unknown!r} of the run {label} (query {query_id!r}) is not in {corpus}.",
                "Is it a run of another corpus, or are its ids written differently? "
                "`searchapp diagnose --run` compares them.",
            )


def warn_of_absent(run: Run, judgements: Judgements, name: str) -> None:
    """Warn of judged queries without results in a run, which lower every mean."""
    absent = [query_id for query_id in judgements if query_id not in run]
    if absent:
        logger.warning(
            "%s has no results for %d of %d judged queries (first: %r); they count as 0.",
            name, len(absent), len(judgements), absent[0],
        )  # fmt: skip


def per_query_lines(per_query: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Yield per-query values as CSV, unrounded: one row per query, one column per measure."""
    return csv_lines([{"query_id": query_id, **values} for query_id, values in per_query.items()])


def csv_lines(rows: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Yield the lines of a CSV table, the header first; floats keep every digit."""
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return iter(text.getvalue().removesuffix("\n").split("\n"))


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        near = "" if path.exists() else did_you_mean_path(path)
        raise SearchappError(
            f"{path} cannot be read ({error.strerror}).", f"{near}Check the name."
        ) from error
    except UnicodeDecodeError as error:
        raise SearchappError(f"{path} is not UTF-8 text.", "Is it compressed? Unpack it first.") from error


def _bad_line(
    where: str, columns: Sequence[str], scores: Mapping[str, Mapping[str, float]]
) -> SearchappError:
    """Return the error for an invalid line of a run."""
    if len(columns) != 6:
        return SearchappError(f"{where}: {len(columns)} columns instead of 6.", LINE_FORMAT)
    query_id, _, document_id, _, written, _ = columns
    if document_id in scores[query_id]:
        return SearchappError(
            f"{where}: duplicate document {document_id!r} for query {query_id!r}.",
            "Keep one line per query and document, the one with the best score.",
        )
    return SearchappError(
        f"{where}: the score {written!r} is not a finite float32.",
        "Write every score as a finite number, such as 12.5.",
    )


def _check_id(name: str) -> None:
    if not name or name.split() != [name]:
        raise SearchappError(
            f"The id {name!r} is empty or contains whitespace, which a TREC run cannot represent.",
            "Use ids without whitespace, or --json.",
        )

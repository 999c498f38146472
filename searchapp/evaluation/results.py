"""Find, read and check the results that `searchapp eval --run-out` stored."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from searchapp.errors import SearchappError, did_you_mean_path
from searchapp.evaluation.measures import measure_named
from searchapp.files import read_json
from searchapp.records import Result, ResultGroup

RESULT_SCHEMA = "searchapp/result/1"

_MADE_BY = "`searchapp eval CORPUS --run-out DIR` writes results, one per file."
_TEXTS = ("corpus", "corpus_id", "model", "mode")
_COUNTS = ("n_docs", "n_queries", "n_judged")


def read_result(path: Path) -> Result:
    """Read a file with one result; its run is next to it, see `run_file`.

    Raises:
        SearchappError: the file cannot be read, is not a result, or has several results.
    """
    results = read_results(path)
    if len(results) != 1:
        names = ", ".join(f"{result.corpus} with {result.model}" for result in results)
        raise SearchappError(f"{path} has {len(results)} results instead of one: {names}.", _MADE_BY)
    return results[0]


def read_results(path: Path) -> list[Result]:
    """Read all results of a file, at least one, such as those that `searchapp eval --json` prints.

    Raises:
        SearchappError: the file cannot be read or is not a result; the error says what is wrong where.
    """
    data: Any = read_json(path, object, _MADE_BY)
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema != RESULT_SCHEMA:
        raise SearchappError(
            f"{path} is not a result: its schema is {schema!r}, not {RESULT_SCHEMA!r}.", _MADE_BY
        )
    rows = data.get("results")
    if not isinstance(rows, list) or not rows:
        raise SearchappError(f"{path} has no results.", _MADE_BY)
    return [_result(row, f"{path}, result {number}") for number, row in enumerate(rows, start=1)]


def result_files(folder: Path) -> list[Path]:
    """Return the files of a folder that hold results, in alphabetical order; other JSON is ignored.

    Raises:
        SearchappError: the folder cannot be read, or a file in it is not valid JSON.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError as error:
        raise SearchappError(f"{folder} cannot be read ({error.strerror}).", "Check the name.") from error
    return [path for path in files if holds_result(path)]


def holds_result(path: Path) -> bool:
    """Tell whether a JSON file was written by `searchapp eval`.

    Raises:
        SearchappError: the file cannot be read or is not valid JSON.
    """
    data: Any = read_json(path, object, _MADE_BY)
    return isinstance(data, dict) and data.get("schema") == RESULT_SCHEMA


def find_results(name: str) -> list[Path]:
    """Return the result files that a user names: a file, its stem, its run, or a folder of results.

    Raises:
        SearchappError: there is no such file, or the folder has no results.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        files = result_files(path)
        if not files:
            raise SearchappError(f"{path} has no results.", _MADE_BY)
        return files
    choices = [path.with_suffix(".json")] if path.suffix == ".trec" else [path, Path(f"{path}.json")]
    for choice in choices:
        if choice.exists():
            return [choice]
    raise SearchappError(f"There is no result {name!r}.", did_you_mean_path(path) + _MADE_BY)


def run_file(path: Path) -> Path:
    """Return the TREC run of a result file: the file next to it with the extension `.trec`.

    >>> run_file(Path("out/sample.wordllama.dense.json")).name
    'sample.wordllama.dense.trec'
    """
    return path.with_suffix(".trec")


RUN_FILE = "run_file"
"""In the recipe of a scored run, the file that it was read from."""


def check_replaceable(stem: Path, result: Result, run: str, others: Sequence[Path] = ()) -> None:
    """Check that writing a result would overwrite nothing but an earlier result of the same evaluation.

    Args:
        stem: the files without their extensions.
        result: what would be written as JSON.
        run: what would be written as its TREC run.
        others: further files that would be written.

    Raises:
        SearchappError: a file of something else is in the way.
    """
    stored, trec = Path(f"{stem}.json"), Path(f"{stem}.trec")
    if stored.exists():
        try:
            if _evaluated(read_result(stored)) == _evaluated(result):
                return
        except SearchappError:  # not a result at all
            pass
        taken = [stored]
    else:
        left = trec.exists() and trec.read_bytes() != run.encode()  # equal: by an interrupted evaluation
        taken = [*([trec] if left else []), *(path for path in others if path.exists())]
    if taken:
        model, corpus, source = result.model, result.corpus, result.recipe.get(RUN_FILE)
        raise SearchappError(
            f"{taken[0]} is already there, and is not an earlier result of {source or model} on {corpus}.",
            "Name another folder, or move the file away; it was not overwritten.",
        )


def _evaluated(result: Result) -> tuple[object, ...]:
    """Return what tells evaluations apart whose files have the same name."""
    source = result.recipe.get("model", result.recipe.get(RUN_FILE, result.model))
    return result.corpus_id, result.mode, source, result.recipe.get("index")


CIRCUMSTANCES = {
    RUN_FILE, "search", "tokenizer", "threads", "device", "torch_threads", "vectors_encoded", "vectors_kept",
}  # fmt: skip
"""What a recipe says about where a run was read and how vectors were computed, with no effect on a figure."""


_NOT_ADAPTED = {"adapted.on": "nothing"}


def recipe_changes(baseline: Result | None, candidate: Result | None) -> dict[str, tuple[Any, Any]]:
    """Return where two recipes differ: dotted name -> (baseline, candidate); both must have the name.

    Without both results there is nothing to compare.
    """
    if baseline is None or candidate is None:
        return {}
    before, after = (_NOT_ADAPTED | _flat(result.recipe) for result in (baseline, candidate))
    return {
        name: (value, after[name]) for name, value in before.items() if name in after and value != after[name]
    }


def score_changes(changes: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """Return the changes that shape a score; where models differ by name, their digests say nothing new."""
    return {
        name: pair
        for name, pair in changes.items()
        if name not in CIRCUMSTANCES and not (name.endswith("_digest") and "model" in changes)
    }


def _flat(recipe: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in recipe.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _result(row: Any, where: str) -> Result:
    """Return a row of the JSON as a record; an error says where it is."""
    expected = {field.name for field in fields(Result)} - {"groups"}
    if not isinstance(row, dict) or not expected <= row.keys():
        missing = ", ".join(sorted(expected - row.keys())) if isinstance(row, dict) else "everything"
        raise SearchappError(f"{where}: {missing} is missing.", _MADE_BY)
    invalid = [
        *(name for name in _TEXTS if not isinstance(row[name], str)),
        *(name for name in _COUNTS if type(row[name]) is not int or row[name] < 0),
        *(name for name in ("metrics", "intervals", "seconds", "recipe", "versions")
          if not isinstance(row[name], dict)),
    ]  # fmt: skip
    if not invalid:
        invalid = [*_invalid_numbers(row), *_invalid_texts(row["versions"])]
    if invalid:
        raise SearchappError(f"{where}: {invalid[0]} is not valid in a result.", _MADE_BY)
    groups = row.get("groups", {})
    if not isinstance(groups, dict) or not all(map(_is_group, groups.values())):
        raise SearchappError(f"{where}: a group of queries is not valid in a result.", _MADE_BY)
    read = {
        "intervals": _intervals(row),
        "groups": {
            name: ResultGroup(group["n_judged"], group["metrics"], _intervals(group))
            for name, group in groups.items()
        },
    }
    return Result(**{name: row[name] for name in expected} | read)


def _intervals(row: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    return {name: (float(low), float(high)) for name, (low, high) in row["intervals"].items()}


def _is_group(group: Any) -> bool:
    return (
        isinstance(group, dict)
        and group.keys() == {field.name for field in fields(ResultGroup)}
        and isinstance(group["metrics"], dict)
        and isinstance(group["intervals"], dict)
        and not _invalid_numbers(group | {"seconds": {}})
    )


def _invalid_numbers(row: Mapping[str, Any]) -> list[str]:
    """Return the measures, intervals and times whose name or number is not valid."""
    metrics = [
        name for name, value in row["metrics"].items() if measure_named(name) is None or not _fraction(value)
    ]
    intervals = [
        f"the interval of {name}"
        for name, pair in row["intervals"].items()
        if name not in row["metrics"]
        or not (isinstance(pair, list) and len(pair) == 2 and all(map(_fraction, pair)))
    ]
    seconds = [name for name, value in row["seconds"].items() if not _number(value)]
    empty = [] if row["metrics"] else ["an empty set of metrics"]
    return [*empty, *metrics, *intervals, *seconds]


def _invalid_texts(versions: Mapping[str, Any]) -> list[str]:
    invalid = [name for name, value in versions.items() if not name or not isinstance(value, str)]
    return [f"the version of {name!r}" for name in invalid]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _fraction(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1

"""diagnose --run on runs that users bring: turned round, shuffled, shifted, without their top; and sound."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.evaluation.trec import read_run
from searchapp.records import Run
from tests.conftest import Cli

Lines = dict[str, list[tuple[str, float]]]


@pytest.fixture
def lines(cli: Cli, tmp_path: Path) -> Lines:
    """A sound run of the bundled model on the sample, 60 results a query."""
    cli("eval", "sample", "--run-out", str(tmp_path))
    run: Run = read_run(next(tmp_path.glob("*.trec")))
    return {
        query: list(zip(ranking.document_ids[:60], ranking.scores[:60].tolist(), strict=True))
        for query, ranking in run.items()
    }


@pytest.fixture
def named(cli: Cli, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Write a run, diagnose it, and return the document."""

    def diagnosed(lines: Lines, *options: str) -> dict[str, Any]:
        path = tmp_path / "mine.trec"
        path.write_text(
            "".join(
                f"{query} Q0 {name} {rank} {score:.9g} mine\n"
                for query, rows in lines.items()
                for rank, (name, score) in enumerate(rows, start=1)
            )
        )
        result = cli("diagnose", "sample", "--run", str(path), "--json", *options)
        document: dict[str, Any] = json.loads(result.stdout)
        assert result.exit_code == (0 if document["verdict"] in {"healthy", "weak"} else 3)
        return document

    return diagnosed


def rescored(lines: Lines, score: Callable[[int, float], float]) -> Lines:
    return {
        query: [(name, score(place, old)) for place, (name, old) in enumerate(rows)]
        for query, rows in lines.items()
    }


def shifted(lines: Lines, by: int) -> Lines:
    ids = [document.id for document in open_corpus("sample").documents()]
    other = dict(zip(ids, ids[by:] + ids[:by], strict=True))
    return {query: [(other[name], score) for name, score in rows] for query, rows in lines.items()}


def of_other_queries(lines: Lines, order: list[int]) -> Lines:
    names = list(lines)
    return {name: lines[names[place]] for name, place in zip(names, order, strict=True)}


def half(run: Lines, other: Lines) -> Lines:
    return {query: other[query] if place % 2 else run[query] for place, query in enumerate(run)}


def two_scales(run: Lines) -> Lines:
    """Put 20 useless results with high scores before 20 sound ones."""
    merged = {}
    for query, other in shifted(run, 71).items():
        sound = run[query][:20]
        merged[query] = [(name, 10 + score) for name, score in other[:20] if name not in dict(sound)] + sound
    return merged


SHUFFLED = np.random.default_rng(4)
FAULTS: dict[str, tuple[str, Callable[[Lines], Lines]]] = {
    "negated scores": ("wrong-sign", lambda run: rescored(run, lambda _place, old: -old)),
    "distances": ("wrong-sign", lambda run: rescored(run, lambda _place, old: 2 - 2 * old)),
    "ranks": ("rank-as-score", lambda run: rescored(run, lambda place, _old: place + 1)),
    "random scores": ("scores-random", lambda run: rescored(run, lambda _place, _old: SHUFFLED.random())),
    "equal scores": ("scores-random", lambda run: rescored(run, lambda _place, _old: 1.0)),
    "without the first": ("top-lost", lambda run: {query: rows[1:] for query, rows in run.items()}),
    "without ten": ("top-lost", lambda run: {query: rows[10:] for query, rows in run.items()}),
    "half turned round": ("mixed-runs", lambda run: half(run, rescored(run, lambda _place, old: -old))),
    "half of shifted rows": ("mixed-runs", lambda run: half(run, shifted(run, 71))),
    "two scales": ("mixed-runs", two_scales),
    "shifted documents": ("rows-offset", lambda run: shifted(run, 7)),
    "shifted queries": ("queries-offset", lambda run: of_other_queries(run, [*range(5, 40), *range(5)])),
    "shuffled queries": (
        "order-lost",
        lambda run: of_other_queries(run, np.random.default_rng(6).permutation(40).tolist()),
    ),
}


@pytest.mark.parametrize("options", [(), ("-m", "wordllama")], ids=["alone", "with its model"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_first(
    name: str, options: tuple[str, ...], lines: Lines, named: Callable[..., dict[str, Any]]
) -> None:
    cause, broken = FAULTS[name]
    first = named(broken(lines), *options)["causes"][0]
    assert first["id"] == cause
    assert first["strength"] >= 0.5


SOUND: dict[str, Callable[[Lines], Lines]] = {
    "as it is": lambda run: run,
    "ten results": lambda run: {query: rows[:10] for query, rows in run.items()},
    "points that fall with the rank": lambda run: rescored(run, lambda place, _old: 60 - place),
    "reciprocal ranks": lambda run: rescored(run, lambda place, _old: 1 / (1 + place)),
    "other scale": lambda run: rescored(run, lambda _place, old: 1000 * old - 3),
}


@pytest.mark.parametrize("options", [(), ("-m", "wordllama")], ids=["alone", "with its model"])
@pytest.mark.parametrize("name", SOUND)
def test_a_sound_run_stays_healthy(
    name: str, options: tuple[str, ...], lines: Lines, named: Callable[..., dict[str, Any]]
) -> None:
    assert named(SOUND[name](lines), *options)["verdict"] == "healthy"

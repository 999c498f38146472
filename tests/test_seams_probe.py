"""A probe and its cause are added in one file: the command line asks it, JSON and the docs hold it."""

import json
from collections.abc import Iterator

import pytest

from scripts import readme
from searchapp.diagnosis.causes import CAUSES, INSPECT, Cause
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.registry import PROBES, register
from searchapp.diagnosis.thresholds import LIKELY
from tests.conftest import Cli

TOY = Cause("T1", "Queries are long", "unknown", "Shorten the queries.", INSPECT)
LONG = Symptom("toy-long", "{count:,} of {total:,} queries have {words} words or more (first: {first!r}).")


@probe("toy", LONG)
def toy(evidence: Evidence) -> Iterator[Observation]:
    """Are queries long?"""
    queries = evidence.context.queries
    long = [query.id for query in queries if len(query.text.split()) >= 8]
    yield fact("long-queries", "long queries", len(long), "of {total:,}", total=len(queries))
    if long:
        share = len(long) / len(queries)
        yield LONG.finding(LIKELY, share=share, count=len(long), total=len(queries), words=8, first=long[0])


@pytest.fixture
def _registered() -> Iterator[None]:
    register(toy, {"toy-long": TOY})
    yield
    del PROBES["toy"], CAUSES["toy-long"]


@pytest.mark.usefixtures("_registered")
def test_the_command_line_asks_it_and_shows_what_it_finds(cli: Cli) -> None:
    """Counted in the sample's queries.jsonl: 14 of 40 have eight words or more, q05 is the first."""
    result = cli("diagnose", "sample", "--probe", "toy", "--json")
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    (cause,) = document["causes"]
    assert (cause["id"], cause["title"], cause["next"]) == (
        "toy-long",
        "Queries are long",
        "searchapp corpora sample",
    )
    (finding,) = cause["found"]
    assert finding["values"] == {"count": 14, "total": 40, "words": 8, "first": "q05"}
    assert finding["evidence"] == "14 of 40 queries have 8 words or more (first: 'q05')."
    (measured,) = document["facts"]["toy"]
    assert measured == {
        "key": "long-queries",
        "name": "long queries",
        "value": 14,
        "remark": "of 40",
        "values": {"total": 40},
    }
    shown = cli("diagnose", "sample", "--probe", "toy").stdout
    assert "1. Queries are long [likely; toy-long, T1]" in shown
    assert "Next: searchapp corpora sample" in shown


@pytest.mark.usefixtures("_registered")
def test_the_table_of_the_docs_lists_it() -> None:
    assert "| `toy` | Are queries long? |\n" in readme.probes()


@pytest.mark.usefixtures("_registered")
def test_an_id_is_taken_once_and_its_causes_are_declared() -> None:
    with pytest.raises(ValueError, match="'toy' is registered already"):
        register(toy)
    stray = probe("stray", Symptom("nowhere", "x."))(toy.ask)
    with pytest.raises(ValueError, match="'stray' is registered already, or names an unknown cause"):
        register(stray)

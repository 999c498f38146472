"""searchapp compare: figures by hand, the queries behind them, gates, and runs that cannot be compared."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from searchapp.errors import SearchappError
from searchapp.evaluation.comparison import Change
from searchapp.evaluation.gates import Gate, judge, parse_gate
from searchapp.evaluation.measures import parse_measure

from .conftest import Cli, MakeFolder

Rankings = Mapping[str, str]
WriteRun = Callable[[str, Rankings], str]

# The relevant document of each query is the one of its number.
BASELINE = {"q1": "d1 d2", "q2": "d1 d2", "q3": "d3", "q4": "d1 d2 d3"}
CANDIDATE = {"q1": "d2 d1", "q2": "d2", "q3": "d3 d1", "q4": "d4"}
WORSE = dict.fromkeys(BASELINE, "d5")
MRR = {"q1": (1, 0.5), "q2": (0.5, 1), "q3": (1, 1), "q4": (0, 1)}  # read off the two rankings


@pytest.fixture
def corpus(make_corpus: MakeFolder) -> str:
    documents = {f"d{number}": (f"Title {number}", f"text {number}") for number in range(1, 6)}
    queries = {f"q{number}": f"question {number}" for number in range(1, 5)}
    qrels = [("q1", "d1", 2), ("q1", "d2", 0), ("q2", "d2", 1), ("q3", "d3", 1), ("q4", "d4", 1)]
    return str(make_corpus(documents=documents, queries=queries, qrels=qrels))


@pytest.fixture
def write(tmp_path: Path) -> WriteRun:
    """Write a TREC run: `write(name, {query: documents, best first})`."""

    def make(name: str, rankings: Rankings) -> str:
        path = tmp_path / f"{name}.trec"
        lines = [
            f"{query} Q0 {document} {rank} {1 / rank} {name}"
            for query, documents in rankings.items()
            for rank, document in enumerate(documents.split(), start=1)
        ]
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    return make


@pytest.fixture
def pair(write: WriteRun) -> tuple[str, str]:
    return write("old", BASELINE), write("new", CANDIDATE)


def document(cli: Cli, *arguments: str) -> Any:
    result = cli("compare", *arguments, "--json")
    assert result.exit_code in {0, 3}, result.stderr
    return json.loads(result.stdout)


def test_the_figures_are_those_worked_out_by_hand(cli: Cli, corpus: str, pair: tuple[str, str]) -> None:
    found = document(cli, *pair, "-c", corpus, "--measure", "MRR@10")
    assert (found["schema"], found["n_judged"]) == ("searchapp/comparison/1", 4)
    assert (found["baseline"]["label"], found["corpus"]) == ("old", corpus)
    (comparison,) = found["comparisons"]
    assert comparison["candidate"] == {"label": "new", "path": pair[1], "result": None}
    (change,) = comparison["changes"].values()
    low, high = change.pop("interval")
    # differences -1/2, 1/2, 0, 1; of the eight assignments of signs to three, six reach a sum of 1
    assert change == {
        "metric": "mrr_at_10", "baseline": 2.5 / 4, "candidate": 3.5 / 4, "difference": 1 / 4,
        "p": 6 / 8, "corrected_p": 6 / 8, "wins": 2, "ties": 1, "losses": 1,
    }  # fmt: skip
    assert low < 1 / 4 < high
    assert comparison["per_query"] == {query: {"mrr_at_10": list(pair)} for query, pair in MRR.items()}


def test_gains_and_losses_come_with_text_and_graded_documents(
    cli: Cli, corpus: str, pair: tuple[str, str]
) -> None:
    (comparison,) = document(cli, *pair, "-c", corpus, "--measure", "mrr_at_10")["comparisons"]
    assert [(row["query_id"], row["baseline"], row["candidate"]) for row in comparison["gains"]] == [
        ("q4", 0, 1), ("q2", 0.5, 1)
    ]  # fmt: skip
    (loss,) = comparison["losses"]
    assert (loss["query_id"], loss["text"]) == ("q1", "question 1")
    sides = [
        [(found["hit"]["rank"], found["hit"]["document"]["id"], found["grade"]) for found in loss[side]]
        for side in ("baseline_hits", "candidate_hits")
    ]
    assert sides == [[(1, "d1", 2), (2, "d2", 0)], [(1, "d2", 0), (2, "d1", 2)]]
    assert loss["baseline_hits"][0]["hit"]["document"]["title"] == "Title 1"


def test_the_table_shows_all_of_it(cli: Cli, corpus: str, pair: tuple[str, str]) -> None:
    lines = cli("compare", *pair, "-c", corpus, "--measure", "mrr@10", "--show", "1").stdout.splitlines()
    assert lines[0] == f"new against old on {corpus}"
    row = next(line.split() for line in lines if line.startswith("MRR@10"))
    assert (row[:4], row[-2:]) == (["MRR@10", "0.62500", "0.87500", "+0.25000"], ["0.7500", "2/1/1"])
    gains = lines.index("Largest gains in MRR@10")
    assert lines[gains + 2] == "q4  0.00000 -> 1.00000  question 4"
    losses = lines.index("Largest losses in MRR@10")
    assert "q2" not in "".join(lines)  # the second gain: one was asked for
    assert [line.split() for line in lines[losses + 5 : losses + 7]] == [
        ["1", "[2]", "d1", "Title", "1", "1", "[0]", "d2", "Title", "2"],
        ["2", "[0]", "d2", "Title", "2", "2", "[2]", "d1", "Title", "1"],
    ]
    assert "question" not in cli("compare", *pair, "-c", corpus, "--show", "0").stdout


def test_a_narrow_terminal_loses_no_digit(
    cli: Cli, corpus: str, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = cli("compare", *pair, *pair, "-c", corpus, "--measure", "mrr@10").stdout.splitlines()
    assert max(map(len, lines)) <= 60
    assert [line.split()[:4] for line in lines if line.startswith("MRR@10")][:2] == [
        ["MRR@10", "0.62500", "0.87500", "+0.25000"], ["MRR@10", "0.7500", "1.0000", "2/1/1"]
    ]  # fmt: skip


def test_several_candidates_are_corrected_for_their_number(cli: Cli, corpus: str, write: WriteRun) -> None:
    runs = [write("old", BASELINE), write("new", CANDIDATE), write("bad", WORSE)]
    changes = [row["changes"]["mrr_at_10"] for row in document(cli, *runs, "-c", corpus)["comparisons"]]
    # three losses of 1, 1/2 and 1: only two of eight assignments of signs are as extreme
    assert [change["p"] for change in changes] == [6 / 8, 2 / 8]
    assert [change["corrected_p"] for change in changes] == [6 / 8, 4 / 8]
    assert "p (Holm)" in cli("compare", *runs, "-c", corpus).stdout


def test_a_run_without_some_queries_counts_0_and_says_so(cli: Cli, corpus: str, write: WriteRun) -> None:
    half = write("half", {"q1": "d1", "q3": "d3"})
    result = cli("compare", half, write("new", CANDIDATE), "-c", corpus, "--measure", "mrr_at_10")
    assert "half has no results for 2 of 4 judged queries (first: 'q2'); they count as 0." in result.stderr
    assert "0.50000" in result.stdout
    assert "baseline: no results" in result.stdout


def test_a_run_that_is_cut_off_earlier_is_remarked(cli: Cli, corpus: str, write: WriteRun) -> None:
    runs = write("deep", dict.fromkeys(BASELINE, "d1 d2 d3")), write("cut", dict.fromkeys(BASELINE, "d1"))
    deep = cli("compare", *runs, "-c", corpus, "--measure", "recall_at_2").stderr
    assert deep == "cut has a depth of 1; documents below it count as not retrieved at 2.\n"
    assert cli("compare", *runs, "-c", corpus, "--measure", "recall_at_1").stderr == ""
    whole = cli("compare", *runs, "-c", corpus, "--measure", "RR R@1").stderr
    assert whole == "cut has a depth of 1; documents below it count as not retrieved.\n"


@pytest.mark.parametrize(
    ("difference", "p", "status"),
    [
        (-0.01, 0.01, "FAIL"),
        (-0.01, 0.05, "WARN"),  # large, but perhaps chance
        (-0.004, 0.01, "WARN"),  # tolerated, but real
        (-0.005, 0.5, "OK"),
        (-0.004, 0.5, "OK"),
        (0.01, 0.01, "OK"),  # a real gain
    ],
)
def test_a_gate_fails_only_when_both_hold(difference: float, p: float, status: str) -> None:
    change = Change("ndcg_at_10", 0.5, 0.5 + difference, difference, (-1, 1), p / 9, p, 1, 2, 3)
    verdict = judge(Gate("ndcg_at_10", -0.005), "new", change)
    assert (verdict.status, verdict.candidate, verdict.gate) == (status, "new", "ndcg_at_10>=-0.005")
    assert f"{difference:+.5f}" in verdict.reason


def test_a_gate_decides_the_exit_code(cli: Cli, make_corpus: MakeFolder, write: WriteRun) -> None:
    numbers = range(8)
    corpus = str(make_corpus(
        documents={"d": "x", "e": "y"}, queries={f"q{n}": "x" for n in numbers},
        qrels=[(f"q{n}", "d", 1) for n in numbers],
    ))  # fmt: skip
    best = dict.fromkeys((f"q{n}" for n in numbers), "d e")
    good, bad = write("good", best), write("bad", dict.fromkeys(best, "e d"))
    blip = write("blip", best | {"q0": "e d"})
    options = ("-c", corpus, "--gate", "MRR@10>=-0.02", "--show", "0")
    failed = cli("compare", good, bad, blip, *options)
    assert failed.exit_code == 3
    # eight losses of 1/2: p = 2 / 2**8, twice that for two candidates; one of them: -1/16, p = 1
    beyond = "is beyond the tolerance and"
    assert f"FAIL mrr_at_10>=-0.02, bad: -0.50000 {beyond} significant (p = 0.01562)" in failed.stdout
    assert f"WARN mrr_at_10>=-0.02, blip: -0.06250 {beyond} not significant (p = 1.00000)" in failed.stdout
    assert cli("compare", good, blip, *options).exit_code == 0
    assert cli("compare", bad, good, *options).exit_code == 0
    verdicts = document(cli, good, bad, *options, "--gate", "precision_at_1>=-1")["gates"]
    assert [verdict["status"] for verdict in verdicts] == ["FAIL", "WARN"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ndcg_at_10>-0.005", "is not a gate"),
        ("ndcg_at_10>=", "'' is not a change that a gate can tolerate"),
        ("ndcg_at_10>=0.01", "'0.01' is not a change"),
        ("ndcg_at_10>=-5", "'-5' is not a change"),
        ("ndcg_at_10>=nan", "'nan' is not a change"),
        ("speed>=-0.1", "'speed' is not a measure"),
        ("ndcg_at_0>=-0.1", "nDCG needs a cutoff of at least 1"),
    ],
)
def test_a_gate_that_is_none_is_wrong_usage(text: str, message: str, cli: Cli) -> None:
    with pytest.raises(SearchappError, match=message):
        parse_gate(text)
    result = cli("compare", "a", "b", "--gate", text)
    assert result.exit_code == 2
    assert "nDCG" in result.stderr


def test_metrics_have_several_spellings() -> None:
    assert parse_measure("R@100").name == parse_measure("recall_100").name == "recall_at_100"
    assert parse_measure("map_cut_10").name == parse_measure("MAP@10").name == "map_at_10"
    assert parse_gate(" nDCG@10 >= -0.005 ") == Gate("ndcg_at_10", -0.005)

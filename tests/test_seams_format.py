"""A report format is one entry in one dict: help shows it, and every command that has rows writes it."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from searchapp.reports.formats import FORMATS, Format, Report, formats_for
from searchapp.reports.markup import Table, latex_lines, markdown_lines

from .conftest import Cli


def tsv(report: Report) -> Iterator[str]:
    """Yield the rows with tabs between the columns."""
    rows = list(report.as_rows())
    yield "\t".join(rows[0])
    yield from ("\t".join(map(str, row.values())) for row in rows)


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare the format."""
    monkeypatch.setitem(FORMATS, "toy", Format("rows", tsv))


def test_help_shows_the_format_and_eval_writes_it(cli: Cli) -> None:
    assert "[table|json|ndjson|csv|markdown|latex|toy]" in cli("eval", "--help").stdout
    header, row = cli("eval", "sample", "--format", "toy").stdout.splitlines()
    assert header.split("\t")[:5] == ["corpus", "model", "mode", "n_docs", "n_judged"]
    assert row.split("\t")[:5] == ["sample", "wordllama", "dense", "150", "40"]


def test_query_writes_the_format(cli: Cli) -> None:
    cli("index", "sample")
    header, *rows = cli("query", "-c", "sample", "-k", "3", "--format", "toy", "honey").stdout.splitlines()
    assert header.split("\t") == ["query_id", "rank", "score", "id", "title", "text"]
    assert [row.split("\t")[:2] for row in rows] == [["1", "1"], ["1", "2"], ["1", "3"]]


def test_a_command_offers_the_formats_that_suit_its_report() -> None:
    assert formats_for([]) == ["table", "json"]
    assert formats_for(["rows"]) == ["table", "json", "ndjson", "csv", "markdown", "latex", "toy"]
    assert formats_for(["run"]) == ["table", "json", "trec"]


@pytest.mark.parametrize("form", ["table", "csv", "toy"])
def test_json_and_another_format_are_a_usage_error(cli: Cli, form: str) -> None:
    result = cli("eval", "sample", "--json", "--format", form)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--json means --format json; it does not go with --format {form}." in result.stderr


def test_a_mistyped_format_suggests_the_nearest(cli: Cli) -> None:
    result = cli("eval", "sample", "--format", "markdwon")
    assert result.exit_code == 2
    assert "'markdwon' is not one of table, json" in result.stderr
    assert "Did you mean 'markdown'?" in result.stderr


TABLE = Table(["name", "P@1"], [["a_b | <i>", "0.50000"], ["*x* 5 % \x1b[0m\n$", "1.00000"]], numbers=["P@1"])


def test_markdown_escapes_what_it_would_interpret() -> None:
    assert list(markdown_lines(TABLE)) == [
        "| name | P@1 |",
        "| --- | ---: |",
        r"| a\_b \| \<i\> | 0.50000 |",
        r"| \*x\* 5 % \[0m \$ | 1.00000 |",
    ]


def test_latex_escapes_what_it_would_interpret() -> None:
    assert list(latex_lines(TABLE)) == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"name & P@1 \\",
        r"\midrule",
        r"a\_b \textbar{} \textless{}i\textgreater{} & 0.50000 \\",
        r"{*}x{*} 5 \% {[}0m \$ & 1.00000 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_a_paper_gets_the_figures_of_the_table(cli: Cli) -> None:
    shown = cli("eval", "sample").stdout.splitlines()
    figures = shown[2].split()
    header, _, row = cli("eval", "sample", "--format", "markdown").stdout.splitlines()
    assert header == "| corpus | model | nDCG@10 | 95 % | MAP@10 | MRR@10 | R@100 | P@10 |"
    assert row == f"| {' | '.join(figures)} |"
    lines = cli("eval", "sample", "--format", "latex").stdout.splitlines()
    assert lines[0] == r"\begin{tabular}{llrrrrrr}"
    assert lines[2] == r"corpus & model & nDCG@10 & 95 \% & MAP@10 & MRR@10 & R@100 & P@10 \\"
    assert lines[4] == rf"{' & '.join(figures)} \\"


@pytest.mark.parametrize("form", ["ndjson", "csv", "markdown", "latex"])
@pytest.mark.parametrize(
    "arguments",
    [("corpora",), ("corpora", "sample"), ("models",), ("models", "--published", "nfcorpus"), ("indexes",)],
    ids=" ".join,
)
def test_lists_come_in_every_format_for_rows(cli: Cli, arguments: tuple[str, ...], form: str) -> None:
    cli("index", "sample")
    result = cli(*arguments, "--format", form)
    assert result.exit_code == 0
    begins = {"ndjson": "{", "csv": "", "markdown": "| ", "latex": r"\begin{tabular}"}
    assert result.stdout.startswith(begins[form])
    table = cli(*arguments, "--format", "csv").stdout.splitlines()
    extra = {"ndjson": -1, "csv": 0, "markdown": 1, "latex": 5}  # lines besides one per line of CSV
    assert len(result.stdout.splitlines()) == len(table) + extra[form]


def test_comparisons_and_diagnoses_come_as_rows(cli: Cli, tmp_path: Path) -> None:
    for name, options in {"whole": (), "cut": ("--max-length", "4")}.items():
        cli("eval", "sample", "--run-out", str(tmp_path / name), *options)
    compare = ("compare", str(tmp_path / "whole"), str(tmp_path / "cut"))
    (change, *_) = csv.DictReader(cli(*compare, "--format", "csv").stdout.splitlines())
    document = json.loads(cli(*compare, "--json").stdout)
    expected = document["comparisons"][0]["changes"]["ndcg_at_10"]
    assert (change["metric"], float(change["candidate"])) == ("ndcg_at_10", expected["candidate"])
    assert [float(change["interval_low"]), float(change["interval_high"])] == expected["interval"]
    header, sides, row, *_ = cli(*compare, "--format", "markdown").stdout.splitlines()
    assert header == "| run | metric | baseline | candidate | change | 95 % | p | won/tied/lost |"
    assert sides == "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    assert f"| {expected['baseline']:.5f} | {expected['candidate']:.5f} |" in row
    facts = cli("diagnose", "sample", "--probe", "tokenizer", "--format", "ndjson").stdout.splitlines()
    assert {json.loads(fact)["probe"] for fact in facts} == {"tokenizer"}

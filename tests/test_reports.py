"""What is shown: snippets, marks, safe text, tables, progress, and JSON without NaN."""

import json
from typing import Any

import numpy as np
import pytest

from searchapp.evaluation.measures import measure_title
from searchapp.records import Document, Hit, Result
from searchapp.reports.answers import hit_row
from searchapp.reports.evaluations import grid_table, result_row, results_document, results_table
from searchapp.reports.formats import ndjson_lines, to_json
from searchapp.reports.hits import hits_lines
from searchapp.reports.markup import Table
from searchapp.reports.progress import progress_bar
from searchapp.reports.terminal import (
    plain_table,
    render,
)
from searchapp.reports.text import matches, printable, snippet

TEXT = " ".join(f"filler{i}" for i in range(60))
RESULT = Result(
    corpus="sample",
    corpus_id="sample",
    model="/models/mine",
    mode="dense",
    n_docs=3,
    n_queries=2,
    n_judged=2,
    metrics={"ndcg_at_10": 1 / 3, "ndcg_at_100": 0.5, "recall_at_10": 2 / 3, "recall_at_100": 1.0},
    intervals={"ndcg_at_10": (0.25, 0.75)},
    seconds={},
    recipe={},
    versions={},
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("  many \n\t lines\r\n ", "many lines"),
        ("\x1b[2Jred\x07\x00\x7f\x9b1m", "[2Jred 1m"),
        ("a\u202eb\u200bc\ufeffd\u2028e\u2029f\u2066g", "a b c d e f g"),
        ("crème µg 旨味 👍", "crème µg 旨味 👍"),
    ],
)
def test_printable_text_is_one_line_without_control_characters(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "query", "words"),
    [
        ("Cholesterol lowers. CHOLESTEROLS too", "cholesterol", ["Cholesterol", "CHOLESTEROLS"]),
        ("sleeping and sleep", "asleep sleeping", ["sleeping"]),
        ("the cat and the dog", "the cat", []),  # three characters are too common
        ("crème fraîche", "CRÈME", ["crème"]),
        ("anything", "", []),
        ("", "anything", []),
    ],
)
def test_words_that_share_the_beginning_of_a_query_word_match(
    text: str, query: str, words: list[str]
) -> None:
    assert [text[start:end] for start, end in matches(text, query)] == words


def test_a_short_text_is_its_own_snippet() -> None:
    assert snippet("Short  text.", "nothing") == "Short text."


def test_a_snippet_without_matches_is_the_beginning_of_the_text() -> None:
    shown = snippet(TEXT, "nothing")
    assert shown.endswith(" …")
    assert TEXT.startswith(shown.removesuffix(" …") + " ")


@pytest.mark.parametrize("position", [0, 20, 45, 59])
def test_a_snippet_contains_the_match_and_breaks_between_words(position: int) -> None:
    words = TEXT.split()
    words[position] = "garlic"
    shown = snippet(" ".join(words), "does garlic help")
    inner = shown.removeprefix("… ").removesuffix(" …").split()
    assert "garlic" in inner
    assert set(inner) <= set(words)  # no word is truncated
    assert len(" ".join(inner)) <= 160


def test_a_snippet_prefers_the_part_with_the_most_query_words() -> None:
    text = f"garlic {TEXT} garlic lowers cholesterol {TEXT}"
    assert "garlic lowers cholesterol" in snippet(text, "garlic cholesterol")


def test_a_snippet_is_never_longer_than_its_width_and_the_ellipses() -> None:
    generator = np.random.default_rng(1)
    for _ in range(300):
        lengths = generator.integers(1, 40, size=30)
        text = " ".join("abcdefgh"[int(length) % 8] * int(length) for length in lengths)
        query = "aaaaa bbbbb ccccc"
        width = int(generator.integers(5, 200))
        shown = snippet(text, query, width)
        assert len(shown.removeprefix("… ").removesuffix(" …")) <= width
        assert shown.strip(" …")


def test_a_snippet_of_one_long_word_truncates_it() -> None:
    assert snippet("x" * 500, "query", width=20) == "x" * 20 + " …"


@pytest.mark.parametrize(
    ("metric", "title"),
    [
        ("ndcg_at_10", "nDCG@10"),
        ("map_at_1000", "MAP@1000"),
        ("mrr_at_5", "MRR@5"),
        ("precision_at_1", "P@1"),
    ],
)
def test_metrics_are_titled_as_the_field_writes_them(metric: str, title: str) -> None:
    assert measure_title(metric) == title


def test_each_result_is_a_row_with_five_decimals_and_the_interval() -> None:
    header, _, row = render(plain_table(results_table([RESULT]))).splitlines()
    assert header.split()[:3] == ["corpus", "model", "nDCG@10"]
    assert row.split()[:3] == ["sample", "mine", "0.33333"]  # of a folder the last part
    assert row.split()[-1] == "1.00000"
    assert "0.250-0.750" in row


def test_the_grid_has_one_row_per_metric_and_one_column_per_cutoff() -> None:
    lines = [line.split() for line in render(plain_table(grid_table(RESULT.metrics))).splitlines()]
    assert lines[0] == ["@10", "@100"]
    assert [line[1:] for line in lines[2:]] == [["0.33333", "0.50000"], ["0.66667", "1.00000"]]


def hits(title: str, text: str) -> list[Hit]:
    """Return one hit."""
    return [Hit(1, 0.123456, Document("d[/b]1", title, text))]


def test_hits_are_shown_literally_with_four_decimals() -> None:
    shown = "\n".join(hits_lines("apple", hits("[bold]x[/bold]", "an [red]apple[/red] \x1b[31m")))
    assert "0.1235" in shown
    assert "d[/b]1" in shown
    assert "[bold]x[/bold]" in shown
    assert "an [red]apple[/red] [31m" in shown


@pytest.mark.parametrize("forced", ["FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"])
def test_a_pipe_gets_no_colours(forced: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(forced, "1")
    assert "\x1b" not in "\n".join(hits_lines("apple", hits("apple", "apple")))


def test_a_terminal_gets_matches_in_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1mapple\x1b[0m" in "\n".join(hits_lines("apple", hits("", "an apple")))


def test_a_pipe_gets_one_line_per_row_however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    path = "/a/very/long/path" * 30
    assert path in render(plain_table(Table(("name", "where"), [("x", path)]))).splitlines()[-1]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_refuses_nan_and_infinity(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"x": value})
    with pytest.raises(ValueError, match="not JSON compliant"):
        list(ndjson_lines([{"x": value}]))


def test_json_keeps_every_digit_and_character() -> None:
    data: dict[str, Any] = {"third": 1 / 3, "tiny": 5e-324, "text": "旨味 µ"}
    assert json.loads(to_json(data)) == data
    assert "旨味 µ" in to_json(data)
    assert [json.loads(line) for line in ndjson_lines([data, data])] == [data, data]


def test_documents_contain_the_results_and_every_query_on_demand() -> None:
    document = results_document([RESULT], [{"q1": {"ndcg_at_10": 0.5}}])
    assert document["schema"] == "searchapp/result/1"
    assert document["results"][0]["per_query"] == {"q1": {"ndcg_at_10": 0.5}}
    assert "per_query" not in results_document([RESULT])["results"][0]
    assert result_row(RESULT)["ndcg_at_10"] == 1 / 3
    row = hit_row("q1", hits("T", "x")[0])
    assert row == {"query_id": "q1", "rank": 1, "score": 0.123456, "id": "d[/b]1", "title": "T", "text": "x"}


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_appears_only_on_a_terminal_and_shows_its_title_literally(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter(range(0, 10_000, 2))  # two seconds pass at every look
    monkeypatch.setattr("rich.console.monotonic", lambda: float(next(clock)))
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    for forced in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "NO_COLOR"):
        monkeypatch.delenv(forced, raising=False)
    with progress_bar("Embedding [/x]", lambda: 4) as progress:
        progress(1)
        progress(4)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert ("Embedding [/x]" in shown.err) is terminal


@pytest.mark.parametrize("width", [10, 30, *range(44, 56), 70])
def test_a_narrow_terminal_truncates_no_number_and_drops_no_name(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    headers = ["corpus", "model", "nDCG@10", "change", "revision"]
    rows = [["nfcorpus", "minishlab/potion", "0.12345", "-0.00017", "external"], ["x", "y", "1", "2", "z"]]
    monkeypatch.setenv("COLUMNS", str(width))
    shown = render(plain_table(Table(headers, rows, numbers=["nDCG@10", "change"])))
    assert "0.12345  -0.00017" in shown  # numbers stay whole, words may wrap
    letters = [letter for letter in shown if letter not in "─ \n"]
    assert sorted(letters) == sorted("".join([*headers, *rows[0], *rows[1]]))

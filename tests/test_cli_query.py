"""searchapp query: which index answers, where queries come from, and how answers look."""

import json
import shlex
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from .conftest import Cli, MakeFolder

# In the six-word model of the fixtures "apple" is (1, 0, 0, 0). The documents are, as unit vectors,
# d1 "Red apple pear" (1, 1, 0, 0) / sqrt 2, d2 "pear plum" (0, 1, 1, 0) / sqrt 2 and
# d3 "fig apple apple" (2, 0, 0, 1) / sqrt 5.
BY_HAND = [("d3", 2 / sqrt(5)), ("d1", 1 / sqrt(2)), ("d2", 0.0)]


@pytest.fixture
def tiny(cli: Cli, make_corpus: MakeFolder, make_model: MakeFolder) -> str:
    """Index the corpus of the fixtures by the model of the fixtures; return the corpus."""
    corpus = str(make_corpus())
    assert cli("index", corpus, "-m", str(make_model())).exit_code == 0
    return corpus


@pytest.mark.usefixtures("tiny")
def test_a_table_shows_rank_score_id_title_and_text(cli: Cli) -> None:
    result = cli("query", "-k", "2", "apple")
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["rank", "score", "id", "title", "and", "text"],
        ["1", "0.8944", "d3", "fig", "apple", "apple"],  # without a title, the text is shown
        ["2", "0.7071", "d1", "Red"],
        ["apple", "pear"],
    ]
    assert "\x1b" not in result.stdout


def test_json_says_what_was_searched_and_retrieved(cli: Cli, tiny: str, tmp_path: Path) -> None:
    result = cli("query", "--json", "-k", "3", "apple")
    document = json.loads(result.stdout)
    assert document["schema"] == "searchapp/query/1"
    assert (document["corpus"], document["model"]) == (tiny, str(tmp_path / "model"))
    (query,) = document["queries"]
    assert (query["id"], query["text"]) == ("1", "apple")
    assert [hit["rank"] for hit in query["hits"]] == [1, 2, 3]
    assert [hit["id"] for hit in query["hits"]] == [name for name, _ in BY_HAND]
    for hit, (_, score) in zip(query["hits"], BY_HAND, strict=True):
        assert hit["score"] == pytest.approx(score, abs=1e-6)
    assert (query["hits"][1]["title"], query["hits"][1]["text"]) == ("Red", "apple pear")
    assert result.stderr.startswith(f"Searching {tiny} with ")


@pytest.mark.usefixtures("tiny")
def test_ndjson_and_trec_have_one_line_per_hit(cli: Cli) -> None:
    rows = [json.loads(line) for line in cli("query", "apple", "--format", "ndjson").stdout.splitlines()]
    assert [(row["query_id"], row["rank"], row["id"]) for row in rows[:2]] == [("1", 1, "d3"), ("1", 2, "d1")]
    lines = [line.split(" ") for line in cli("query", "apple", "--format", "trec").stdout.splitlines()]
    assert [line[:4] for line in lines[:2]] == [["1", "Q0", "d3", "1"], ["1", "Q0", "d1", "2"]]
    assert np.float32(lines[0][4]) == np.float32(rows[0]["score"])


LINES = 'apple\n\nq7\tplum\n{"_id": "j1", "text": "fig"}\n{"_id": 12, "text": "pear"}\n'


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("standard_input", [True, False])
@pytest.mark.usefixtures("tiny")
def test_queries_come_from_a_file_or_a_pipe(cli: Cli, tmp_path: Path, bom: str, standard_input: bool) -> None:
    (tmp_path / "queries.txt").write_text(bom + LINES, "utf-8")
    source, stdin = ("-", bom + LINES) if standard_input else (str(tmp_path / "queries.txt"), None)
    document = json.loads(cli("query", "--json", "-k", "1", "-i", source, stdin=stdin).stdout)
    asked = [(query["id"], query["text"], query["hits"][0]["id"]) for query in document["queries"]]
    assert asked == [("1", "apple", "d3"), ("q7", "plum", "d2"), ("j1", "fig", "d3"), ("12", "pear", "d2")]


@pytest.mark.usefixtures("tiny")
def test_each_query_gets_its_own_table(cli: Cli) -> None:
    lines = cli("query", "-k", "1", "-i", "-", stdin="a\tapple\nb\tplum\n").stdout.splitlines()
    assert [line for line in lines if line in {"a apple", "b plum"}] == ["a apple", "b plum"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("a\tapple\na\tplum\n", r"line 2: duplicate query id 'a'"),
        ('ok\n{"_id": "1"}\n', r"line 2: not a JSON object with '_id' and 'text' ('text' is missing)"),
        ('{"_id": "1", "text": null}\n', "line 1: not a JSON object with '_id' and 'text'"),
        ('{"_id": "1", "text"\n', "line 1: not a JSON object"),
        ("q9\t \n", "Query 'q9' is empty"),
        ("\n \n", "There are no queries in -"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_a_bad_line_of_queries_is_named(cli: Cli, lines: str, message: str) -> None:
    result = cli("query", "-i", "-", stdin=lines)
    assert result.exit_code == 1
    assert message in result.stderr


def test_an_unreadable_file_of_queries_is_an_error(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "latin1.txt").write_bytes("crème".encode("latin-1"))
    for name, reason in (("none.txt", "No such file"), ("latin1.txt", "not UTF-8"), (".", "Is a directory")):
        result = cli("query", "-i", str(tmp_path / name))
        assert result.exit_code == 1
        assert "cannot be read" in result.stderr
        assert reason in result.stderr


@pytest.mark.parametrize("text", ['{"_id": "7", "text": "pear"}', "7\tpear", "{apple}"])
@pytest.mark.usefixtures("tiny")
def test_a_query_on_the_command_line_is_taken_literally(cli: Cli, text: str) -> None:
    (query,) = json.loads(cli("query", "--json", text).stdout)["queries"]
    assert (query["id"], query["text"]) == ("1", text)


@pytest.mark.usefixtures("tiny")
def test_a_corpus_of_fewer_than_ten_documents_is_shown_in_full(cli: Cli) -> None:
    (query,) = json.loads(cli("query", "--json", "apple").stdout)["queries"]
    assert [hit["id"] for hit in query["hits"]] == [name for name, _ in BY_HAND]


@pytest.mark.usefixtures("tiny")
def test_words_on_the_command_line_are_one_query(cli: Cli) -> None:
    (query,) = json.loads(cli("query", "--json", "red", "apple").stdout)["queries"]
    assert query["text"] == "red apple"


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("-k", "0", "apple"), "k is 0", "at least 1"),
        (("-k", "-3", "apple"), "k is -3", "at least 1"),
        (("-k", "4", "apple"), "has only 3 documents", "-k 3"),
        (("",), "is empty", "Every query needs some text"),
        ((" \t ",), "is empty", "Every query needs some text"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_what_cannot_be_answered_is_an_error(
    cli: Cli, arguments: tuple[str, ...], message: str, hint: str
) -> None:
    result = cli("query", *arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert hint in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("more", [(), ("-c", "sample"), ("-m", "wordllama")])
def test_without_an_index_the_error_names_a_command_that_works(cli: Cli, more: tuple[str, ...]) -> None:
    result = cli("query", "honey", *more)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: There is no index")
    program, *arguments = shlex.split(result.stderr.rsplit("Build it: ", 1)[1])
    assert program == "searchapp"
    assert cli(*arguments).exit_code == 0
    assert cli("query", "honey", *more).exit_code == 0


def test_the_latest_index_answers_unless_one_is_named(cli: Cli, tiny: str, tmp_path: Path) -> None:
    assert cli("query", "apple").stderr.startswith(f"Searching {tiny} with ")  # the only one
    cli("index", "sample")
    assert cli("query", "apple").stderr.startswith("Searching sample with wordllama (")
    assert cli("query", "apple", "-c", tiny, "-k", "1").stderr.startswith(f"Searching {tiny} with ")
    cli("index", tiny, "--fresh")  # by the bundled model
    model = str(tmp_path / "model")
    for name in ("wordllama", model):
        result = cli("query", "apple", "-k", "1", "-m", name, "-c", tiny, "--json")
        assert json.loads(result.stdout)["model"] == name
        assert f" with {name} (" in result.stderr
    missing = cli("query", "apple", "-c", "sample", "-m", model)
    assert missing.exit_code == 1
    assert f"There is no index of sample with {model}." in missing.stderr


def test_text_cannot_steer_the_terminal(cli: Cli, make_corpus: MakeFolder) -> None:
    nasty = "\x1b]0;owned\x07\x1b[31m\x9b2J\r\u202eapple\u2028x"
    folder = make_corpus(documents={"d\x1b[1m1": (nasty, nasty)}, qrels=[("q1", "d\x1b[1m1", 1)])
    cli("index", str(folder))
    result = cli("query", "-k", "1", "-i", "-", stdin=f"a\x1b[2J\tapple \x1b[31m\nb\t{nasty}\n")
    assert result.exit_code == 0
    assert not set("\x1b\x07\x9b\r\u202e\u2028") & set(result.stdout)
    assert "apple x" in result.stdout
    exact = json.loads(cli("query", "-k", "1", "apple", "--json").stdout)["queries"][0]["hits"][0]
    assert exact["title"] == nasty  # for scripts nothing is changed


def test_markup_in_a_text_is_shown_literally(cli: Cli, make_corpus: MakeFolder) -> None:
    folder = make_corpus(documents={"d1": ("[bold]x[/bold] [/nothing]", "[link=a]apple :smile:")},
                         qrels=[("q1", "d1", 1)])  # fmt: skip
    cli("index", str(folder))
    shown = cli("query", "-k", "1", "-i", "-", stdin="[red]\tapple\nb\t[/x]\n").stdout
    for literal in ("[bold]x[/bold] [/nothing]", "[link=a]apple :smile:", "[red] apple", "b [/x]"):
        assert literal in shown

"""What a RUN of `searchapp compare` may be, and the runs that it refuses."""

import json
from collections.abc import Callable
from math import log2
from pathlib import Path

import pytest

from .conftest import Cli, MakeFolder

Evaluate = Callable[..., Path]
GOOD = "q1 Q0 d1 1 0.5 t\nq2 Q0 d2 1 0.5 t\n"


@pytest.fixture
def corpus(make_corpus: MakeFolder) -> str:
    return str(make_corpus())


@pytest.fixture
def evaluate(cli: Cli, make_model: MakeFolder, tmp_path: Path) -> Evaluate:
    """Store a result of the model of the fixtures: `evaluate(folder, corpus, *options)` -> its file."""
    model = str(make_model())

    def run(folder: str, corpus: str, *options: str) -> Path:
        out = tmp_path / folder
        before = set(out.glob("*.json"))
        result = cli("eval", corpus, "-m", model, "--run-out", str(out), *options)
        assert result.exit_code == 0, result.stderr
        (path,) = set(out.glob("*.json")) - before
        return path

    return run


def refused(cli: Cli, *arguments: str) -> str:
    """Return what stands on standard error when a comparison is refused."""
    result = cli("compare", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr


def test_a_run_has_several_names(cli: Cli, corpus: str, evaluate: Evaluate) -> None:
    ours, short = evaluate("a", corpus), evaluate("b", corpus, "--max-length", "1")
    baseline = {str(ours), str(ours.with_suffix("")), str(ours.with_suffix(".trec")), str(ours.parent)}
    printed = [cli("compare", name, str(short)).stdout for name in sorted(baseline)]
    assert len(printed) == 4
    assert len(set(printed)) == 1
    label = "model-" + ours.name.split(".model-")[1].removesuffix(".json")
    assert printed[0].startswith(
        f"{label.replace('.dense', '+max_length=1.dense')} against {label} on {corpus}"
    )
    assert "differs in max_length 512 -> 1" in printed[0]


def test_results_know_their_corpus_and_recipe(cli: Cli, corpus: str, evaluate: Evaluate) -> None:
    ours, short = evaluate("a", corpus), evaluate("a", corpus, "--max-length", "1")
    found = json.loads(cli("compare", str(ours), str(short), "--json").stdout)
    assert found["corpus"] == corpus
    stored = json.loads(ours.read_text())["results"][0]
    assert found["baseline"]["result"] == stored
    assert found["comparisons"][0]["recipe_changes"] == {"max_length": [512, 1]}
    for name, change in found["comparisons"][0]["changes"].items():
        assert change["baseline"] == stored["metrics"][name]


def test_equal_files_of_two_folders_are_told_apart(cli: Cli, corpus: str, evaluate: Evaluate) -> None:
    one, two = evaluate("a", corpus), evaluate("b", corpus)
    title = cli("compare", str(one), str(two)).stdout.splitlines()[0]
    runs = one.with_suffix(".trec"), two.with_suffix(".trec")
    assert title == f"{runs[1]} against {runs[0]} on {corpus}"


def test_a_corpus_chooses_the_result_of_a_folder(cli: Cli, corpus: str, evaluate: Evaluate) -> None:
    ours = evaluate("a", corpus)
    evaluate("a", "sample")
    other = str(evaluate("b", corpus))
    several = refused(cli, str(ours.parent), other)
    assert f"{ours.parent} has 2 results: which one?" in several
    assert str(ours.with_suffix("")) in several
    assert cli("compare", str(ours.parent), other, "-c", corpus).exit_code == 0
    foreign = refused(cli, str(ours.parent), str(Path(other).parent), "-c", "sample")
    assert f"{Path(other).parent} has no result of sample" in foreign


def test_names_that_stand_for_nothing(cli: Cli, corpus: str, evaluate: Evaluate, tmp_path: Path) -> None:
    ours = evaluate("a", corpus)
    assert "There is no run 'gone'" in refused(cli, str(ours), "gone")
    (tmp_path / "empty").mkdir()
    assert "empty has no result." in refused(cli, str(ours), str(tmp_path / "empty"))
    ours.with_suffix(".trec").unlink()
    assert f"{ours.with_suffix('.trec').name} is missing" in refused(cli, str(ours), str(ours))
    for arguments in ((), (str(ours),)):
        assert cli("compare", *arguments).exit_code == 2


def test_a_trec_run_needs_the_corpus(cli: Cli, corpus: str, evaluate: Evaluate, tmp_path: Path) -> None:
    path = tmp_path / "theirs.trec"
    path.write_text(GOOD)
    assert f"{path} does not say which corpus it is a run of." in refused(cli, str(path), str(path))
    assert cli("compare", str(path), str(path), "-c", corpus).exit_code == 0
    beside = cli("compare", str(evaluate("a", corpus)), str(path))
    assert "theirs against model-" in beside.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q1 Q0 d1 0.5 t\n", "line 1: 5 columns instead of 6"),
        ("q1 Q0 d9 1 0.5 t\n", "Document 'd9' of the run"),
        ("q1 Q0 d1 1 nan t\n", "line 1: the score 'nan' is not a finite"),
        ("q7 Q0 d1 1 0.5 t\n", "None of the 1 queries of"),
        ("q1 Q0 d1 1 0.5 t\n", "share no judged query (first: 'q1' and 'q2')"),
        ("", "has no results"),
    ],
)
def test_a_damaged_or_foreign_run_is_named(
    text: str, message: str, cli: Cli, corpus: str, tmp_path: Path
) -> None:
    (tmp_path / "ours.trec").write_text("q2 Q0 d2 1 0.5 t\n")
    path = tmp_path / "theirs.trec"
    path.write_text(text)
    said = refused(cli, str(tmp_path / "ours.trec"), str(path), "-c", corpus)
    assert message in said
    assert str(path) in said


@pytest.mark.parametrize(
    ("file", "line", "what"),
    [
        ("corpus.jsonl", '{"_id": "new", "title": "", "text": "fig"}', "documents"),
        ("qrels/test.tsv", "q2\td3\t1", "judgements"),
    ],
)
def test_results_of_other_documents_or_judgements_are_refused(
    file: str, line: str, what: str, cli: Cli, corpus: str, evaluate: Evaluate
) -> None:
    before, again = evaluate("a", corpus), evaluate("b", corpus)
    with (Path(corpus) / file).open("a") as stream:
        stream.write(f"{line}\n")
    stale = refused(cli, str(before), str(again))
    assert f"The {what} of {corpus} have changed since {before.with_suffix('.trec')} was written" in stale
    cli("index", corpus, "-m", json.loads(before.read_text())["results"][0]["model"], "--fresh")
    after = evaluate("c", corpus)
    assert f"cannot be compared: they are of different {what}" in refused(cli, str(before), str(after))


def test_results_of_another_corpus_are_refused(cli: Cli, corpus: str, evaluate: Evaluate) -> None:
    ours, other = evaluate("a", corpus), evaluate("a", "sample")
    assert "cannot be compared: they are of different documents (sample " in refused(
        cli, str(ours), str(other)
    )
    named = refused(cli, str(other), str(other), "-c", corpus)
    assert f"is a run of sample; {corpus} has other documents." in named


def test_other_query_texts_are_remarked(cli: Cli, corpus: str, evaluate: Evaluate) -> None:
    ours = evaluate("a", corpus)
    queries = Path(corpus) / "queries.jsonl"
    queries.write_text(queries.read_text().replace("plum", "plum plum"))
    result = cli("compare", str(ours), str(evaluate("b", corpus)))
    assert result.exit_code == 0
    assert "The runs were made with different query texts." in result.stderr


def test_a_run_that_no_longer_fits_its_result_is_refused(cli: Cli, corpus: str, evaluate: Evaluate) -> None:
    ours, other = evaluate("a", corpus), evaluate("b", corpus)
    ours.with_suffix(".trec").write_text(GOOD.replace("d1", "d2"))
    said = refused(cli, str(ours), str(other))
    ndcg = (1 / log2(2) + 2 / log2(3)) / (2 / log2(2) + 1 / log2(3))  # q1: d3 before d1; q2: d2 first
    assert f"scores ndcg_at_10 0.50000, but the result next to it says {(ndcg + 1) / 2:.5f}" in said
    # also where no stored measure is compared
    assert "scores ndcg_at_10 0.50000" in refused(cli, str(ours), str(other), "--measure", "Rprec")

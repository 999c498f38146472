"""Exported results are reproduced exactly with every kind of model; incomparable ones are refused."""

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Cli, MakeFolder
from tests.test_reproduce import card, result_file

FIGURES = 35  # five metrics at seven cutoffs


@pytest.mark.shared
@pytest.mark.parametrize("mode", ["dense", "hybrid", "bm25"])
def test_an_exported_result_is_reproduced_without_naming_its_model(
    cli: Cli, shared_indexes: Path, tmp_path: Path, mode: str
) -> None:
    assert cli("eval", "nfcorpus", "--mode", mode, "--run-out", str(tmp_path / "out")).exit_code == 0
    (file,) = (tmp_path / "out").glob("*.json")
    assert cli("export", str(file), "--mteb", str(tmp_path / "mteb")).exit_code == 0
    block = cli("export", str(file), "--model-index").stdout
    (tmp_path / "README.md").write_text(block)
    (folder,) = (tmp_path / "mteb").iterdir()
    (task,) = json.loads(cli("reproduce", str(tmp_path), "--json").stdout)["tasks"]
    assert [figure["verdict"] for figure in task["figures"]] == ["exact"] * FIGURES
    assert task["result"]["mode"] == mode
    shown = cli("reproduce", str(folder)).stdout
    (summary,) = [line.split() for line in shown.splitlines() if line.startswith("NFCorpus  test")]
    assert summary[2:6] == [str(FIGURES), "0", "0", "0"]
    assert ": MTEB results for local/" in shown
    assert "-0.00000" not in shown
    assert "+0.00000" in shown
    assert f"NFCorpus (test): {'bm25' if mode == 'bm25' else 'wordllama'}" in shown
    assert ("wordllama, hybrid" in shown) == (mode == "hybrid")


@pytest.mark.shared
def test_a_run_that_shares_no_query_with_any_claim_is_an_error(
    cli: Cli, real_corpora: Path, tmp_path: Path
) -> None:
    run = tmp_path / "other.trec"
    run.write_text("q1 Q0 MED-10 1 1.0 x\n")
    source = card(tmp_path, "NFCorpus", "24.44")
    done = cli("reproduce", str(source), "--against", str(run))
    assert done.exit_code == 1
    assert f"Nothing was compared with {run}." in done.stderr
    assert "NFCorpus (test): no run has a judged query of beir/nfcorpus/test" in done.stderr
    assert done.stdout == ""


def test_judged_queries_that_a_run_lacks_are_counted(
    cli: Cli, make_corpus: MakeFolder, tmp_path: Path
) -> None:
    folder = make_corpus(
        documents={"d1": "apple"},
        queries={"q1": "apple", "q2": "pear"},
        qrels=[("q1", "d1", 1), ("q2", "d1", 1)],
    )
    run = tmp_path / "half.trec"
    run.write_text("q1 Q0 d1 1 1.0 x\n")
    done = cli("eval", str(folder), "--run", str(run), "--json")
    assert "half has no results for 1 of 2 judged queries (first: 'q2'); they count as 0." in done.stderr
    assert json.loads(done.stdout)["results"][0]["metrics"]["ndcg_at_10"] == 0.5


def test_json_of_another_tool_next_to_a_run_is_ignored(cli: Cli, tmp_path: Path) -> None:
    cli("eval", "sample", "--run-out", str(tmp_path / "out"))
    (run,) = (tmp_path / "out").glob("*.trec")
    theirs = tmp_path / "theirs.trec"
    shutil.copy(run, theirs)
    theirs.with_suffix(".json").write_text('{"recall": 1}')
    done = cli("compare", str(run), str(theirs), "--show", "0", "--json")
    assert done.exit_code == 0
    (compared,) = json.loads(done.stdout)["comparisons"]
    assert compared["changes"]["ndcg_at_10"]["difference"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--mode", "bm25", "-m", "wordllama"), "--model has no effect with --mode bm25; leave it out."),
        (("--mode", "bm25", "--query-prompt", "x"), "--query-prompt has no effect with --mode bm25"),
        (("--against", ".", "--query-prompt", "x"), "--query-prompt has no effect with --against"),
    ],
)
def test_options_that_would_be_ignored_are_refused(
    cli: Cli, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    source = result_file(tmp_path, "NFCorpus", {"ndcg_at_10": 0.3})
    done = cli("reproduce", str(source), *options)
    assert (done.exit_code, message in done.stderr) == (2, True)


def test_a_result_of_searchapp_is_not_a_published_one(cli: Cli, tmp_path: Path) -> None:
    cli("eval", "sample", "--run-out", str(tmp_path))
    done = cli("reproduce", str(next(tmp_path.glob("*.json"))))
    assert done.exit_code == 1
    assert "is a result of searchapp, not a published one" in done.stderr
    assert "searchapp export RESULT --mteb DIR" in done.stderr


def test_an_empty_name_is_not_the_working_folder(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result_file(tmp_path, "NFCorpus", {"ndcg_at_10": 0.3})
    monkeypatch.chdir(tmp_path)
    assert "'' is neither a file nor one of the" in cli("reproduce", "").stderr


def test_control_characters_of_a_file_do_not_reach_the_terminal(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "evil.json"
    part = {"ndcg_at_10": "high", "hf_subset": "\x1b[31m[red]x"}
    path.write_text(json.dumps({"task_name": "NFCorpus", "scores": {"\x1b[2Jte\x9bst": [part]}}))
    done = cli("reproduce", str(path))
    assert done.exit_code == 1
    assert " [2Jte st  [31m[red]x: ndcg_at_10 is 'high', which is not a finite number." in done.stderr
    assert not {"\x1b", "\x9b"} & set(done.stderr)

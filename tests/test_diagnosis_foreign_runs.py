"""diagnose --run: somebody else's run, of which nothing but the ranking is known."""

import json
from pathlib import Path

import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.evaluation.measures import measures_at
from searchapp.evaluation.scoring import score
from searchapp.evaluation.trec import read_run, write_run
from searchapp.records import Ranking, Run
from tests.conftest import Cli


@pytest.fixture
def run(cli: Cli, tmp_path: Path) -> Path:
    """A sound run of the bundled model on the sample."""
    cli("eval", "sample", "--run-out", str(tmp_path))
    return next(tmp_path.glob("*.trec"))


def score_of(path: Path) -> float:
    """nDCG@10 of a run of the sample, as `eval --run` computes it."""
    run, judgements = read_run(path), open_corpus("sample").judgements
    return score(run, judgements, measures_at([10])).means()["ndcg_at_10"]


def renamed(run: Run, names: dict[str, str]) -> Run:
    return {
        query: Ranking([names[name] for name in ranking.document_ids], ranking.scores)
        for query, ranking in run.items()
    }


def test_a_sound_run_is_healthy(cli: Cli, run: Path) -> None:
    result = cli("diagnose", "sample", "--run", str(run))
    assert result.exit_code == 0
    assert result.stdout.startswith(f"sample with run {run}: healthy, no fault found.")
    assert "nDCG@10 is 0.87565 (chance 0.033" in " ".join(result.stdout.split())


def test_a_run_one_row_off_is_seen_without_vectors(cli: Cli, run: Path, tmp_path: Path) -> None:
    ids = [document.id for document in open_corpus("sample").documents()]
    off = renamed(read_run(run), dict(zip(ids, ids[1:] + ids[:1], strict=True)))
    write_run(tmp_path / "off.trec", off, tag="off")
    result = cli("diagnose", "-c", "sample", "--run", str(tmp_path / "off.trec"), "--json")
    assert result.exit_code == 3
    first = json.loads(result.stdout)["causes"][0]
    assert first["id"] == "rows-offset"
    assert "stand 1 row further up than the results" in first["found"][0]["evidence"]
    assert first["gain"] == pytest.approx(0.87565 - score_of(tmp_path / "off.trec"), abs=1e-5)
    assert first["next"] == "searchapp eval sample -m wordllama"


def test_a_run_that_lacks_queries_is_told(cli: Cli, run: Path, tmp_path: Path) -> None:
    whole = read_run(run)
    some = dict(list(whole.items())[4:])
    write_run(tmp_path / "some.trec", some, tag="some")
    result = cli("diagnose", "sample", "--run", str(tmp_path / "some.trec"))
    assert result.exit_code == 3
    assert f"4 of the {len(whole)} judged queries have no results" in " ".join(result.stdout.split())


def test_what_was_reported_is_explained(cli: Cli, run: Path) -> None:
    """0.88597 is this run's nDCG@100, as `searchapp eval sample` prints it."""
    result = cli("diagnose", "sample", "--run", str(run), "--reported", "nDCG@10=0.88597", "--json")
    assert json.loads(result.stdout)["causes"][0]["id"] == "other-cutoff"


@pytest.mark.parametrize("value", ["ndcg_at_10", "ndcg_at_10=much", "speed=3", "ndcg_at_10=-1"])
def test_a_figure_that_is_none_is_a_usage_error(cli: Cli, value: str) -> None:
    result = cli("diagnose", "sample", "--reported", value)
    assert result.exit_code == 2
    assert f"{value!r} is not a score such as ndcg_at_10=0.0239." in " ".join(result.stderr.split())


def test_a_run_that_cannot_be_read_is_an_error(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "short.trec").write_text("q1 Q0 d001 1\n")
    result = cli("diagnose", "sample", "--run", str(tmp_path / "short.trec"))
    assert result.exit_code == 1
    assert "short.trec, line 1: 4 columns instead of 6." in result.stderr


def test_a_run_is_compared_with_what_its_model_finds(cli: Cli, run: Path) -> None:
    result = cli("diagnose", "sample", "--run", str(run), "-m", "wordllama", "--json")
    assert result.exit_code == 0
    facts = json.loads(result.stdout)["facts"]
    assert facts["run-search"][0]["value"] == 1.0
    assert [one["value"] for one in facts["encoded-again"]] == [1.0, 1.0]


def test_a_corpus_is_needed(cli: Cli) -> None:
    result = cli("diagnose")
    assert result.exit_code == 2
    assert "Name one corpus" in result.stderr

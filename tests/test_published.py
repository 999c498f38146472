"""The table of published figures, the standing of a score in it, and the leaderboard."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.pack_published import checked_table, packed_results
from searchapp.errors import SearchappError
from searchapp.evaluation.measures import is_mteb_name
from searchapp.published import table
from searchapp.published.leaderboard import leaderboard, standing_of
from searchapp.published.mteb_files import find_result_files
from searchapp.records import Result
from searchapp.reports.evaluations import results_document, standing_lines
from searchapp.reports.formats import to_json
from searchapp.tasks.mteb import TASKS

from .conftest import Cli
from .real_data import PUBLISHED, needs


def scored(ndcg: float = 0.24440, corpus: str = "nfcorpus", **change: object) -> Result:
    """Return a result on one of MTEB's corpora."""
    task = next(task for task in TASKS.values() if task.corpus == corpus)
    parts = ("documents", "queries", "judgements")
    digests = dict(zip(parts, task.digests or ("", "", ""), strict=True))
    result = Result(
        corpus=corpus,
        corpus_id=task.corpus_id,
        model="mine",
        mode="dense",
        n_docs=task.n_docs,
        n_queries=task.n_queries,
        n_judged=task.n_queries,
        metrics={"ndcg_at_10": ndcg, "map_at_10": 0.1},
        intervals={},
        seconds={},
        recipe={f"{part}_digest": digest.ljust(64, "0") for part, digest in digests.items()},
        versions={},
    )
    return replace(result, **change)  # type: ignore[arg-type]


def saved(folder: Path, *results: Result) -> Path:
    """Write results as `searchapp eval --run-out` does, and return the folder."""
    folder.mkdir(exist_ok=True)
    for number, result in enumerate(results):
        (folder / f"{number}.json").write_text(to_json(results_document([result])))
    return folder


@needs(PUBLISHED)
def test_the_table_equals_the_original_row_by_row() -> None:
    original = (PUBLISHED / "leaderboard.csv").read_text("utf-8")
    ours, theirs = (list(csv.reader(io.StringIO(text))) for text in (table.as_csv(), original))
    assert len(theirs) == 3517
    for one, other in zip(ours, theirs, strict=True):
        assert one == other


@needs(PUBLISHED)
def test_the_full_results_equal_the_original_files() -> None:
    rows = table.packed_results()
    assert rows == packed_results(PUBLISHED / "results")
    packed = {
        (row["model"].replace("/", "__"), row["revision"], row["document"]["task_name"]) for row in rows
    }
    files = [
        file for file in find_result_files(PUBLISHED / "results") if (*file.parts[-3:-1], file.stem) in packed
    ]
    assert len(files) == 28
    for row, file in zip(rows, files, strict=True):
        document = json.loads(file.read_text())
        assert file.parts[-3:-1] == (row["model"].replace("/", "__"), row["revision"])
        for split, parts in document.get("scores", {}).items():
            (original,) = parts
            (packed_part,) = row["document"]["scores"][split]
            assert {name for name in original if is_mteb_name(name)} <= packed_part.keys()
            assert all(original[name] == value for name, value in packed_part.items())


def test_every_row_is_read_without_its_missing_metrics() -> None:
    rows = list(csv.DictReader(io.StringIO(table.as_csv())))
    counts = table.published_tasks()
    read = [score for task, split in counts for score in table.scores(task, split)]
    assert len(read) == sum(counts.values()) == len(rows) == 3516
    by_key = {(score.task, score.split, score.model): score for score in read}
    assert len(by_key) == len(rows)  # one row a model
    for row in rows:
        score = by_key[row["task"], row["split"], row["model"]]
        assert score.metrics == {name: float(row[name]) for name in table.METRICS if row[name]}
        assert (score.mteb_version or "", score.revision) == (row["mteb_version"], row["revision"])


def test_a_table_with_a_duplicate_row_is_not_packed() -> None:
    head, first, *_ = table.as_csv().splitlines()
    assert checked_table(f"{head}\n{first}\n")
    with pytest.raises(SystemExit, match="Duplicate rows"):
        checked_table(f"{head}\n{first}\n{first}\n")


@pytest.mark.parametrize(
    ("name", "task_and_split"),
    [
        ("nfcorpus", ("NFCorpus", "test")),
        ("MSMARCO", ("MSMARCO", "dev")),
        ("beir/msmarco/test", ("MSMARCO", "test")),
        ("cqadupstackretrieval", ("CQADupstackRetrieval", "test")),
        ("dbpedia-entity", ("DBPedia", "test")),
    ],
)
def test_a_published_task_is_found_by_name(name: str, task_and_split: tuple[str, str]) -> None:
    assert table.find_published_task(name) == task_and_split


def test_the_error_for_an_unpublished_task_lists_the_published_ones() -> None:
    with pytest.raises(
        SearchappError, match="The table of published figures has none for 'sample'"
    ) as caught:
        table.find_published_task("sample")
    assert "NFCorpus" in caught.value.hint


@pytest.mark.parametrize("value", [0.0, 0.24440, 0.2426712, 0.32082, 0.9])
def test_a_standing_equals_a_count_of_the_rows(value: float) -> None:
    rows = [row for row in csv.DictReader(io.StringIO(table.as_csv())) if row["task"] == "NFCorpus"]
    figures = [float(row["ndcg_at_10"]) for row in rows]
    standing = standing_of(scored(value))
    assert standing is not None
    assert (standing.below, standing.models) == (sum(figure < round(value, 5) for figure in figures), 233)
    assert abs(standing.nearest.ndcg - value) == min(abs(figure - round(value, 5)) for figure in figures) or (
        standing.nearest.ndcg == round(value, 5)
    )


def test_a_standing_in_words() -> None:
    # By awk on the CSV: 47 and 45 of the 233 rows of NFCorpus have a smaller nDCG@10.
    assert str(standing_of(scored(0.24440))) == (
        "0.2444: above 47 of 233 published models on NFCorpus, next to pubmedbert-base-embeddings-2M 0.2431"
    )
    assert str(standing_of(scored(0.24267))).endswith("above 45 of 233 published models on NFCorpus, next to "
                                                   "potion-base-8M 0.2427")  # fmt: skip
    two = [scored(), scored(0.5, "scidocs"), scored(0.5, model="other", mode="hybrid")]
    lines = list(standing_lines(two))
    assert [line.split(": ")[0] for line in lines] == ["mine, dense", "mine, dense", "other, hybrid"]
    assert list(standing_lines(two[:1])) == [str(standing_of(two[0]))]


@pytest.mark.parametrize(
    "change",
    [
        {"corpus_id": "/home/me/nfcorpus/test"},  # a folder of the user
        {"corpus_id": "sample"},
        {"corpus_id": "beir/nfcorpus/dev"},  # nothing is published of it
        {"n_docs": 3632},
        {"n_judged": 322},
        {"recipe": {}},
        {"recipe": {"documents_digest": "4a15", "queries_digest": "29e1", "judgements_digest": "f5ee"}},
        {"metrics": {"ndcg_at_5": 0.3}},
        {"corpus_id": "beir/cqadupstack/unix", "n_docs": 47_382, "n_judged": 1_072},  # only their mean is
    ],
)
def test_an_incomparable_result_has_no_standing(change: dict[str, object]) -> None:
    assert standing_of(scored()) is not None
    assert standing_of(scored(**change)) is None  # type: ignore[arg-type]


def test_the_users_results_do_not_move_the_published_ranks() -> None:
    rows = leaderboard("NFCorpus", "test", [scored(), scored(0.320823, mode="hybrid")])
    assert [row.rank for row in rows if not row.own][:3] == [1, 2, 3]
    assert [(row.rank, row.model) for row in rows if row.own] == [(143, "mine (hybrid)"), (187, "mine")]
    beside = rows[[row.own for row in rows].index(True) + 1]
    assert (beside.rank, beside.model) == (143, "mteb/baseline-bm25s")  # equal at five decimals
    assert sorted(row.metrics["ndcg_at_10"] for row in rows)[::-1] == [
        row.metrics["ndcg_at_10"] for row in rows
    ]


def test_the_leaderboard_of_the_command_line(cli: Cli, tmp_path: Path) -> None:
    folder = saved(tmp_path / "out", scored(), scored(0.5, "scifact"))
    result = cli("models", "--published", "nfcorpus", "--with", str(folder))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["rank", "model", "nDCG@10", "MAP@10", "MRR@10", "R@100", "mteb", "revision"]
    assert lines[2].split()[:3] == ["1", "TencentBAC/Conan-embedding-v2", "0.55745"]
    assert [line.split() for line in lines if line.startswith(">")] == [
        [">", "187", "mine", "0.24440", "0.10000"]
    ]
    assert lines[-1].startswith("233 published models on NFCorpus, test. 1 of your own")
    assert "mine on scifact" in result.stderr


def test_the_leaderboard_for_scripts(cli: Cli, tmp_path: Path) -> None:
    file = saved(tmp_path / "out", scored()) / "0.json"
    data = json.loads(cli("models", "--published", "nfcorpus", "--with", str(file), "--json").stdout)
    assert (data["schema"], data["task"], data["split"]) == ("searchapp/published/1", "NFCorpus", "test")
    assert len(data["rows"]) == 234
    (own,) = [row for row in data["rows"] if row["own"]]
    assert (own["rank"], own["model"], own["metrics"]["ndcg_at_10"]) == (187, "mine", 0.2444)
    text = cli("models", "--published", "nfcorpus", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 233
    assert rows[1] == {
        "rank": "2", "model": "voyageai/voyage-3-m-exp", "own": "false", "mteb_version": "1.26.3",
        "revision": "1", "ndcg_at_10": "0.4699", "map_at_10": "0.23018", "mrr_at_10": "0.67026",
        "recall_at_100": "0.501",
    }  # fmt: skip


def test_wrong_use_of_models(cli: Cli, tmp_path: Path) -> None:
    assert cli("models", "--with", str(saved(tmp_path / "out"))).exit_code == 2
    assert cli("models", "--published", "nowhere").exit_code == 1
    (tmp_path / "x.json").write_text("{}")
    refused = cli("models", "--published", "nfcorpus", "--with", str(tmp_path / "x.json"))
    assert refused.exit_code == 1
    assert "is not a result" in refused.stderr

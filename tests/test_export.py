"""Results in the formats of MTEB, model cards and trec_eval: written, read back, and loaded by MTEB."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from searchapp.errors import SearchappError
from searchapp.evaluation.measures import CUTOFFS
from searchapp.published.consistency import check_consistency
from searchapp.published.export import card_text, model_index, model_name, mteb_documents, write_files
from searchapp.published.sources import read_source
from searchapp.published.verdicts import Verdict, compare_figures
from searchapp.records import Result

from .conftest import Cli
from .test_published import saved, scored

FAMILIES = ("ndcg", "map", "mrr", "recall", "precision")


def full(corpus: str = "nfcorpus", **change: Any) -> Result:
    """Return a result with every metric at every cutoff, with all the digits of a double."""
    metrics = {
        f"{name}_at_{cutoff}": (1 + position) / 7 * (number + 1) / 8.3
        for position, name in enumerate(FAMILIES)
        for number, cutoff in enumerate(CUTOFFS)
    }
    assert all(value < 1 for value in metrics.values())
    seconds = {"encode": 1.25, "search": 0.5, "score": 0.25}
    result = replace(scored(corpus=corpus), metrics=metrics, seconds=seconds)
    recipe = result.recipe | {"dimension": 256, "max_length": 512, "similarity": "cosine", "revision": "abc"}
    return replace(result, **{"model": "org/name", "recipe": recipe, **change})


def exported(folder: Path, *results: Result) -> list[Path]:
    """Write results in MTEB's layout below a folder."""
    return write_files(folder, mteb_documents(results))


def test_the_layout_of_mteb(tmp_path: Path) -> None:
    paths = exported(tmp_path, full(), full("scifact"))
    folder = tmp_path / "org__name" / "abc"
    assert set(paths) == {folder / name for name in ("model_meta.json", "NFCorpus.json", "SciFact.json")}
    document = json.loads((folder / "NFCorpus.json").read_text())
    (part,) = document["scores"]["test"]
    assert document["task_name"] == "NFCorpus"
    assert document["dataset_revision"] == "ec0fa4fe99da2ff19ca1214b7966684033a58814"
    assert (document["mteb_version"], document["evaluation_time"]) == (None, 2.0)
    assert (part["hf_subset"], part["languages"]) == ("default", ["eng-Latn"])
    assert part["main_score"] == part["ndcg_at_10"] == round(1 / 7 * 4 / 8.3, 5)
    assert part["mrr_at_10"] == round(3 / 7 * 4 / 8.3, 6)  # MTEB keeps six of MRR
    meta = json.loads((folder / "model_meta.json").read_text())
    assert (meta["name"], meta["revision"], meta["embed_dim"], meta["max_tokens"]) == (
        "org/name",
        "abc",
        256,
        512,
    )
    assert meta["similarity_fn_name"] == "cosine"


def test_an_export_for_mteb_is_read_back_exactly(tmp_path: Path) -> None:
    results = {"NFCorpus": full(), "SciFact": full("scifact")}
    exported(tmp_path, *results.values())
    source = read_source(str(tmp_path))
    assert (source.model, source.revision, source.tasks) == ("org/name", "abc", 2)
    for claim in source.claims:
        verdicts = compare_figures(claim, results[claim.task].metrics)
        assert len(verdicts) == 35
        assert {one.verdict for one in verdicts} == {Verdict.EXACT}
        assert {name.partition("_")[0]: places for name, places in claim.decimals.items()} == {
            "ndcg": 5, "map": 5, "mrr": 6, "recall": 5, "precision": 5,
        }  # fmt: skip


def test_an_export_for_a_card_is_read_back_exactly(tmp_path: Path) -> None:
    results = {"NFCorpus": full(), "SciFact": full("scifact")}
    (tmp_path / "README.md").write_text(card_text(model_index(list(results.values()))) + "\n")
    source = read_source(str(tmp_path))
    assert (source.model, source.tasks) == ("name", 2)
    for claim in source.claims:
        verdicts = compare_figures(claim, results[claim.task].metrics)
        assert len(verdicts) == 35
        assert {one.verdict for one in verdicts} == {Verdict.EXACT}
        assert set(claim.decimals.values()) == {5, 6}
        assert claim.remarks == ()


def test_the_block_of_a_card() -> None:
    text = card_text(model_index([replace(full(), metrics={"ndcg_at_10": 0.244399, "mrr_at_10": 0.4387064})]))
    front = yaml.safe_load(text.strip("-"))
    assert front == {
        "model-index": [
            {
                "name": "name",
                "results": [
                    {
                        "task": {"type": "Retrieval"},
                        "dataset": {
                            "type": "mteb/nfcorpus",
                            "name": "MTEB NFCorpus",
                            "config": "default",
                            "split": "test",
                            "revision": "ec0fa4fe99da2ff19ca1214b7966684033a58814",
                        },
                        "metrics": [
                            {"type": "ndcg_at_10", "value": 24.44},
                            {"type": "mrr_at_10", "value": 43.8706},
                        ],
                    }
                ],
            }
        ]
    }


def test_splits_of_a_task_share_a_file(tmp_path: Path) -> None:
    exported(tmp_path, full(), full(corpus_id="beir/nfcorpus/dev", n_judged=324))
    document = json.loads((tmp_path / "org__name" / "abc" / "NFCorpus.json").read_text())
    assert list(document["scores"]) == ["test", "dev"]
    assert document["evaluation_time"] == 4.0


@pytest.mark.parametrize(
    ("model", "mode", "name"),
    [
        ("minishlab/potion-base-8M", "dense", "minishlab/potion-base-8M"),
        ("minishlab/potion-base-8M@main", "dense", "minishlab/potion-base-8M"),
        ("minishlab/potion-base-8M", "hybrid", "minishlab/potion-base-8M-hybrid"),
        ("wordllama", "dense", "local/wordllama"),
        ("/home/me/my model", "dense", "local/my--model"),
        ("st:sentence-transformers/all-MiniLM-L6-v2", "dense", "sentence-transformers/all-MiniLM-L6-v2"),
        ("npy:/data/vectors", "dense", "local/vectors"),
        ("bm25", "bm25", "local/bm25"),
        ("theirs", "run", "local/theirs"),
    ],
)
def test_model_names(model: str, mode: str, name: str) -> None:
    assert model_name(full(model=model, mode=mode)) == name


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([full(corpus_id="/home/me/corpus/test")], "is not an MTEB task"),
        (
            [full(n_docs=3632)],
            r"beir/nfcorpus/test \(3,632 documents, 323 judged queries\) is not an MTEB task",
        ),
        ([full(metrics={"ndcg_at_5": 0.5})], "has no nDCG@10"),
        ([full(), full()], "two results of org/name on NFCorpus, test"),
    ],
)
def test_what_cannot_be_exported(results: list[Result], message: str) -> None:
    for export in (mteb_documents, model_index):
        with pytest.raises(SearchappError, match=message):
            export(results)


def test_a_card_describes_one_model() -> None:
    with pytest.raises(SearchappError, match="one model; these results are for org/name, local/other"):
        model_index([full(), full("scifact", model="other")])


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    exported(tmp_path, full())
    with pytest.raises(SearchappError, match=r"NFCorpus.json already exists"):
        exported(tmp_path, full("scifact"), full())
    assert not (tmp_path / "org__name" / "abc" / "SciFact.json").exists()
    assert len(exported(tmp_path, full("scifact"))) == 2  # the model's description may be written again


def test_the_command(cli: Cli, tmp_path: Path) -> None:
    out = str(saved(tmp_path / "out", full(), full("scifact")))
    result = cli("export", out, "--mteb", str(tmp_path / "mteb"))
    assert result.exit_code == 0
    assert all(Path(line).exists() for line in result.stdout.splitlines())
    assert read_source(str(tmp_path / "mteb")).tasks == 2
    again = cli("export", out, "--mteb", str(tmp_path / "mteb"))
    assert again.exit_code == 1
    assert "already exists" in again.stderr
    shown = cli("export", str(Path(out) / "0.json"), "--model-index").stdout
    assert shown.startswith("---\nmodel-index:\n- name: name\n")
    assert shown.endswith("---\n")
    data = json.loads(cli("export", out, "--model-index", "--json").stdout)
    assert len(data["model-index"][0]["results"]) == 2


def test_runs_are_copied(cli: Cli, tmp_path: Path) -> None:
    assert cli("eval", "sample", "--run-out", str(tmp_path / "out")).exit_code == 0
    (file,) = (tmp_path / "out").glob("*.json")
    data = json.loads(cli("export", str(file), "--trec", str(tmp_path / "runs"), "--json").stdout)
    (copied,) = map(Path, data["files"])
    assert copied.read_text() == file.with_suffix(".trec").read_text()
    assert cli("export", str(file), "--trec", str(tmp_path / "runs")).exit_code == 1
    file.with_suffix(".trec").unlink()
    refused = cli("export", str(file), "--trec", str(tmp_path / "other"))
    assert refused.exit_code == 1
    assert f"The run {file.with_suffix('.trec')} is missing" in refused.stderr
    no_task = cli("export", str(file), "--mteb", str(tmp_path / "mteb"))
    assert "sample (150 documents, 40 judged queries) is not an MTEB task" in no_task.stderr


def test_runs_of_the_same_name_do_not_replace_each_other(cli: Cli, tmp_path: Path) -> None:
    for name in ("one", "two"):
        cli("eval", "sample", "--run-out", str(tmp_path / name))
    folders = [str(tmp_path / name) for name in ("one", "two")]
    refused = cli("export", *folders, "--trec", str(tmp_path / "runs"))
    assert refused.exit_code == 1
    assert "sample.wordllama.dense.trec have the same name" in refused.stderr
    assert not (tmp_path / "runs").exists()
    assert cli("export", folders[0], folders[0], "--trec", str(tmp_path / "runs")).exit_code == 0


@pytest.mark.parametrize("options", [("--model-index",), ("--mteb", "x"), ("--trec", "x")])
def test_a_folder_without_results_is_an_error(cli: Cli, tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "else.json").write_text("{}")
    for command in (
        ("export", str(tmp_path), *options),
        ("models", "--published", "scifact", "--with", str(tmp_path)),
    ):
        done = cli(*command)
        assert (done.exit_code, f"{tmp_path} has no results" in done.stderr) == (1, True)


@pytest.mark.parametrize("options", [(), ("--model-index", "--mteb", "x"), ("--trec", "x", "--mteb", "x")])
def test_exactly_one_kind_of_export_must_be_named(cli: Cli, tmp_path: Path, options: tuple[str, ...]) -> None:
    assert cli("export", str(saved(tmp_path / "out", full())), *options).exit_code == 2


@pytest.mark.shared
def test_the_export_of_a_real_result_is_consistent(cli: Cli, shared_indexes: Path, tmp_path: Path) -> None:
    assert cli("eval", "nfcorpus", "--run-out", str(tmp_path / "out")).exit_code == 0
    cli("export", str(tmp_path / "out"), "--mteb", str(tmp_path / "mteb"))
    source = read_source(str(tmp_path / "mteb"))
    assert source.claims[0].metrics["ndcg_at_10"] == 0.2444  # README shows it
    assert check_consistency(source) == []


@pytest.mark.parity
def test_mteb_loads_the_export(tmp_path: Path) -> None:
    import mteb
    from mteb.models import ModelMeta

    result = full()
    paths = exported(tmp_path / "results", result)
    task = next(path for path in paths if path.name == "NFCorpus.json")
    theirs = mteb.TaskResult.from_disk(task)
    assert theirs.get_score() == round(result.metrics["ndcg_at_10"], 5)
    for metric, value in result.metrics.items():
        places = 6 if metric.startswith("mrr") else 5
        assert theirs.scores["test"][0][metric] == round(value, places)
    theirs.to_disk(tmp_path / "again.json")  # its own writer changes no figure
    assert (
        json.loads((tmp_path / "again.json").read_text())["scores"] == json.loads(task.read_text())["scores"]
    )
    (loaded,) = mteb.ResultCache(tmp_path).load_results(tasks=["NFCorpus"]).model_results
    assert (loaded.model_name, loaded.model_revision) == ("org/name", "abc")
    meta = ModelMeta.model_validate_json_resolved((task.parent / "model_meta.json").read_text())
    assert (meta.name, meta.embed_dim) == ("org/name", 256)

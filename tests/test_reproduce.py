"""searchapp reproduce: claims are run, compared and explained, on real corpora and on small ones."""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.model_files import ModelFiles
from searchapp.encoders.static_model import StaticModel
from searchapp.published.systems import Bm25System
from searchapp.published.verdicts import Verdict, agrees
from tests.conftest import Cli, MakeFolder
from tests.real_data import CARD, needs
from tests.test_corpora import write_archive

# nDCG@10 in percent of the bundled model with other texts, vectors or queries, measured with separate code.
VARIANTS = {
    ("SciFact", "title-dropped"): "48.71",
    ("NFCorpus", "text-dropped"): "22.93",
    ("SciFact", "title-twice"): "52.15",
    ("SciFact", "first-512-tokens"): "51.037",
    ("SciFact", "inner-product"): "30.57",
    ("SciFact", "other-split"): "54.90",
    ("NFCorpus", "all-queries"): "2.44",
}


def result_file(folder: Path, task: str, metrics: Mapping[str, float], split: str = "test") -> Path:
    """Write a result file as MTEB does, with figures of five decimals."""
    entry = {
        **metrics,
        "main_score": metrics["ndcg_at_10"],
        "hf_subset": "default",
        "languages": ["eng-Latn"],
    }
    path = folder / f"{task}.json"
    document = {
        "task_name": task,
        "mteb_version": "2.0.0",
        "evaluation_time": 3.0,
        "scores": {split: [entry]},
    }
    path.write_text(json.dumps(document))
    return path


def card(folder: Path, task: str, percent: str, split: str = "test") -> Path:
    """Write a model card that claims an nDCG@10, with the digits given."""
    path = folder / "README.md"
    path.write_text(
        "---\nmodel-index:\n- name: some-model\n  results:\n  - task: {type: Retrieval}\n"
        f"    dataset: {{type: mteb/{task.lower()}, name: MTEB {task}, config: default, split: {split}}}\n"
        f"    metrics:\n    - {{type: ndcg_at_10, value: {percent}}}\n---\n"
    )
    return path


def test_a_model_is_read_once_for_all_claims_and_alternatives(
    cli: Cli, tmp_path: Path, make_corpus: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from searchapp.encoders import static_encoder
    from searchapp.encoders.static_model import load_model

    read: list[str] = []

    def noted(files: ModelFiles, sample: Sequence[str] = ()) -> StaticModel:
        read.append(files.name)
        return load_model(files, sample)

    monkeypatch.setattr(static_encoder, "load_model", noted)
    for name in ("nfcorpus", "scifact"):
        archive = tmp_path / "ir_datasets" / "beir" / name / "source.zip"
        write_archive(archive, make_corpus(name), name)
    for task in ("NFCorpus", "SciFact"):
        result_file(tmp_path, task, {"ndcg_at_10": 0.12345})
    tasks = json.loads(cli("reproduce", str(tmp_path), "-m", "wordllama", "--json").stdout)["tasks"]
    assert [len(task["explanations"]) for task in tasks] == [0, 0]  # so every alternative was tried
    assert read == ["wordllama"]


@pytest.mark.shared
@pytest.mark.parametrize(("task", "name"), VARIANTS)
def test_the_change_behind_a_figure_is_named(
    cli: Cli, shared_indexes: Path, tmp_path: Path, task: str, name: str
) -> None:
    source = card(tmp_path, task, VARIANTS[task, name])
    done = cli("reproduce", str(source), "-m", "wordllama", "--json")
    (reproduced,) = json.loads(done.stdout)["tasks"]
    assert reproduced["figures"][0]["verdict"] == "differs"
    assert [one["name"] for one in reproduced["explanations"]][:1] == [name]
    assert done.exit_code == 0


@pytest.mark.shared
def test_our_own_figures_are_exact(cli: Cli, shared_indexes: Path, tmp_path: Path) -> None:
    """The figures of the MTEB harness for the bundled model on the same texts (see test_parity.py)."""
    source = result_file(tmp_path, "NFCorpus", {"ndcg_at_10": 0.2444})
    done = cli("reproduce", str(source), "-m", "wordllama")
    assert done.exit_code == 0
    assert "0.24440" in done.stdout
    assert "exact" in done.stdout
    assert "explained by" in done.stdout


@pytest.mark.shared
def test_a_figure_that_nothing_explains_fails_the_check(
    cli: Cli, shared_indexes: Path, tmp_path: Path
) -> None:
    source = result_file(tmp_path, "SciFact", {"ndcg_at_10": 0.98765, "recall_at_10": 0.12345})
    cli("eval", "scifact", "--run-out", str(tmp_path / "out"))  # a run has no variants to try
    done = cli("reproduce", str(source), "--against", str(tmp_path / "out"), "-c", "scifact")
    assert done.exit_code == 3
    assert "No known definition yields nDCG@10, R@10." in done.stdout


@pytest.mark.shared
@needs(CARD)
def test_every_figure_of_a_model_card_is_listed(cli: Cli, real_corpora: Path) -> None:
    done = cli("reproduce", str(CARD), "--json")
    tasks = json.loads(done.stdout)["tasks"]
    assert len(tasks) == CARD.read_text("utf-8").count("type: Retrieval") == 27
    figures = [figure for task in tasks for figure in task["figures"]]
    assert {figure["verdict"] for figure in figures} == {Verdict.NOT_RUN.value}
    assert done.exit_code == 0
    by_name = {task["claim"]["task"]: task for task in tasks}
    # From the card: NFCorpus 34.921, SciFact 72.219 (percent).
    for name, claimed in (("NFCorpus", 0.34921), ("SciFact", 0.72219)):
        values = {figure["metric"]: figure["claimed"] for figure in by_name[name]["figures"]}
        assert values["ndcg_at_10"] == pytest.approx(claimed, abs=1e-12)
        assert "NoInstruct-small-Embedding-v0 is not on this machine" in by_name[name]["reason"]
    assert by_name["ArguAna"]["reason"] == "the corpus arguana is not on this machine"


@pytest.mark.shared
@needs(CARD)
def test_a_run_is_compared_with_a_card(cli: Cli, shared_indexes: Path, tmp_path: Path) -> None:
    cli("eval", "nfcorpus", "--run-out", str(tmp_path / "out"))
    for against in (tmp_path / "out", next((tmp_path / "out").glob("*.trec"))):
        done = cli("reproduce", str(CARD), "--against", str(against), "--json")
        run = {task["claim"]["task"]: task for task in json.loads(done.stdout)["tasks"] if task["result"]}
        assert list(run) == ["NFCorpus"]
        figures = {figure["metric"]: figure for figure in run["NFCorpus"]["figures"]}
        # 0.24440 of the bundled model, less 0.34921 of the card.
        assert agrees(-0.10481, figures["ndcg_at_10"]["difference"], 5)
        assert figures["ndcg_at_10"]["verdict"] == "differs"
        assert done.exit_code == 3


@pytest.mark.shared
def test_a_claim_about_another_split_is_run_on_that_split(
    cli: Cli, shared_indexes: Path, tmp_path: Path
) -> None:
    source = card(tmp_path, "NFCorpus", "24.57", split="dev")
    (reproduced,) = json.loads(cli("reproduce", str(source), "-m", "wordllama", "--json").stdout)["tasks"]
    assert reproduced["figures"][0]["verdict"] == "exact"
    assert reproduced["result"]["corpus_id"] == "beir/nfcorpus/dev"


@pytest.mark.shared
def test_a_corpus_without_a_claim_is_an_error(cli: Cli, real_corpora: Path, tmp_path: Path) -> None:
    source = result_file(tmp_path, "NFCorpus", {"ndcg_at_10": 0.3})
    done = cli("reproduce", str(source), "-m", "wordllama", "-c", "scifact")
    assert done.exit_code == 1
    assert "has no figures for 'scifact'" in done.stderr
    assert "It has figures for nfcorpus" in done.stderr


def test_a_run_with_an_unknown_document_is_an_error(cli: Cli, tmp_path: Path) -> None:
    run = tmp_path / "short.trec"
    run.write_text("q1 Q0 d1 1\n")
    source = result_file(tmp_path, "NFCorpus", {"ndcg_at_10": 0.3})
    done = cli("reproduce", str(source), "--against", str(run))
    assert (done.exit_code, "short.trec, line 1: 4 columns" in done.stderr) == (1, True)


def test_a_model_and_a_run_exclude_each_other(cli: Cli, tmp_path: Path) -> None:
    source = result_file(tmp_path, "NFCorpus", {"ndcg_at_10": 0.3})
    done = cli("reproduce", str(source), "--against", str(source), "-m", "wordllama")
    assert done.exit_code == 2


@pytest.mark.shared
@pytest.mark.parametrize(
    ("corpus", "task", "published", "newer"),
    [("nfcorpus", "NFCorpus", 0.32082, 0.32102), ("scifact", "SciFact", 0.68736, 0.68630)],
)
def test_bm25_is_exact_or_the_stemmer_is_named(
    cli: Cli, shared_indexes: Path, corpus: str, task: str, published: float, newer: float
) -> None:
    """`newer` are the figures with PyStemmer 3, measured with separate code."""
    done = cli("reproduce", "mteb/baseline-bm25s", "-c", corpus, "--json")
    tasks = json.loads(done.stdout)["tasks"]
    (reproduced,) = [one for one in tasks if one["claim"]["task"] == task and one["claim"]["split"] == "test"]
    figures = {figure["metric"]: figure for figure in reproduced["figures"]}
    main = figures["ndcg_at_10"]
    old = int(version("PyStemmer").split(".")[0]) < 3
    assert main["claimed"] == published
    assert main["measured"] == pytest.approx(published if old else newer, abs=5e-6)
    assert main["verdict"] == ("exact" if old else "close" if task == "NFCorpus" else "differs")
    assert [remark["name"] for remark in reproduced["remarks"]] == ([] if old else ["stemmer-version"])
    assert reproduced["result"]["recipe"]["stemmer_version"] == version("PyStemmer")
    assert done.exit_code == 0
    if old:
        exact = {metric for metric, figure in figures.items() if figure["verdict"] == "exact"}
        shallow = {metric for metric in figures if int(metric.split("_at_")[1]) <= 10}
        assert exact >= {metric for metric in shallow if task == "SciFact" or not metric.startswith("mrr")}


def test_bm25_is_also_tried_with_other_texts_and_parameters() -> None:
    corpus = open_corpus("sample")
    system = Bm25System()
    usual = system.evaluate(corpus, (10,)).run
    alternatives = system.alternatives(corpus, (10,), thorough=False)
    assert [alternative.name for alternative in alternatives] == [
        "title-dropped", "text-dropped", "joined-by-newline", "joined-by-full-stop", "text-before-title",
        "title-twice", "lucene-parameters", "anserini-parameters",
    ]  # fmt: skip
    same_words = {"joined-by-newline", "joined-by-full-stop", "text-before-title"}
    for alternative in alternatives:
        run = alternative.rank().run
        assert run.keys() == usual.keys()
        same = all(run[name].scores.tolist() == usual[name].scores[:10].tolist() for name in usual)
        assert same == (alternative.name in same_words), alternative.name

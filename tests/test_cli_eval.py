"""searchapp eval: figures by hand, the JSON contract, tables, files, and dangling judgements."""

import csv
import json
from math import log2
from pathlib import Path

import pytest

from searchapp.evaluation.measures import CUTOFFS
from searchapp.evaluation.trec import read_run

from .conftest import Cli, MakeFolder

# By the model of the fixtures "apple" ranks d3, d1, d2, of grades 1, 2, 0; "plum" ranks d2 first, the
# only relevant one; d1 and d3 tie at 0 behind it.
NDCG_Q1 = (1 / log2(2) + 2 / log2(3)) / (2 / log2(2) + 1 / log2(3))
BY_HAND = {
    "ndcg_at_1": (1 / 2 + 1) / 2, "ndcg_at_10": (NDCG_Q1 + 1) / 2,
    "map_at_1": (1 / 2 + 1) / 2, "map_at_10": 1.0,
    "mrr_at_1": 1.0, "mrr_at_10": 1.0,
    "recall_at_1": (1 / 2 + 1) / 2, "recall_at_10": 1.0,
    "precision_at_1": 1.0, "precision_at_10": (2 / 10 + 1 / 10) / 2,
}  # fmt: skip
METRICS = ("ndcg", "map", "mrr", "recall", "precision")
KEYS = {"corpus", "corpus_id", "model", "mode", "n_docs", "n_queries", "n_judged", "metrics", "intervals",
        "seconds", "recipe", "versions", "groups"}  # fmt: skip
MAIN = {"ndcg_at_10", "map_at_10", "mrr_at_10", "recall_at_100", "precision_at_10"}


@pytest.fixture
def tiny(make_corpus: MakeFolder, make_model: MakeFolder) -> tuple[str, str]:
    """Return the corpus and the model of the fixtures."""
    return str(make_corpus()), str(make_model())


def test_figures_equal_those_worked_out_by_hand(cli: Cli, tiny: tuple[str, str]) -> None:
    corpus, model = tiny
    result = cli("eval", corpus, "-m", model, "--at", "10,1", "--json")
    (row,) = json.loads(result.stdout)["results"]
    assert row["metrics"].keys() == BY_HAND.keys()
    assert row["metrics"] == pytest.approx(BY_HAND, abs=1e-12)
    assert (row["n_docs"], row["n_queries"], row["n_judged"]) == (3, 2, 2)
    assert (row["corpus"], row["model"], row["mode"]) == (corpus, model, "dense")


def test_json_has_the_documented_keys(cli: Cli) -> None:
    result = cli("eval", "sample", "--json")
    document = json.loads(result.stdout)
    assert document["schema"] == "searchapp/result/1"
    assert document.keys() == {"schema", "results"}
    (row,) = document["results"]
    assert row.keys() == KEYS
    assert row["groups"] == {}  # only a model that was taught this corpus has groups of queries
    assert (row["corpus"], row["corpus_id"], row["model"]) == ("sample", "sample", "wordllama")
    assert row["metrics"].keys() == {f"{metric}_at_{cut}" for metric in METRICS for cut in CUTOFFS}
    assert all(0 <= value <= 1 for value in row["metrics"].values())
    assert row["metrics"]["precision_at_3"] * 40 * 3 == pytest.approx(
        round(row["metrics"]["precision_at_3"] * 120)
    )  # a count over 40 queries: nothing was rounded
    assert row["intervals"].keys() == MAIN
    assert all(low <= row["metrics"][name] <= high for name, (low, high) in row["intervals"].items())
    assert row["seconds"].keys() == {"encode", "search", "score"}
    assert {"documents_digest", "queries_digest", "judgements_digest", "model_digest", "tokenizer_digest",
            "template", "max_length", "query_prompt", "document_prompt", "normalize", "query_pooling",
            "document_pooling",
            "similarity", "index", "depth", "ties", "threads"} <= row["recipe"].keys()  # fmt: skip
    assert {"searchapp", "python", "numpy", "faiss-cpu", "model2vec", "ranx"} <= row["versions"].keys()


def test_a_table_shows_five_decimals_and_every_cutoff(cli: Cli, tiny: tuple[str, str]) -> None:
    corpus, model = tiny
    result = cli("eval", corpus, "-m", model, "--at", "1,10")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["@1", "@10"] in lines
    assert ["nDCG", "0.75000", f"{(NDCG_Q1 + 1) / 2:.5f}"] in lines
    assert ["P", "1.00000", "0.15000"] in lines
    assert "\x1b" not in result.stdout
    assert "nDCG" not in result.stderr


def test_several_models_and_corpora_make_one_table(cli: Cli, tiny: tuple[str, str]) -> None:
    corpus, model = tiny
    result = cli("eval", corpus, "sample", "-m", model, "-m", "wordllama", "--format", "csv")
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert [(row["corpus"], row["model"]) for row in rows] == [
        (corpus, model), ("sample", model), (corpus, "wordllama"), ("sample", "wordllama")
    ]  # fmt: skip
    assert float(rows[0]["ndcg_at_10"]) == pytest.approx(BY_HAND["ndcg_at_10"], abs=1e-12)
    table = cli("eval", corpus, "sample", "-m", model, "-m", "wordllama").stdout
    assert [line.split()[:2] for line in table.splitlines()[-4:]] == [
        [corpus, "model"], ["sample", "model"], [corpus, "wordllama"], ["sample", "wordllama"]
    ]  # fmt: skip
    ndjson = cli("eval", corpus, "sample", "-m", model, "--format", "ndjson").stdout.splitlines()
    assert [json.loads(line)["corpus"] for line in ndjson] == [corpus, "sample"]


def test_a_table_shows_the_requested_cutoffs(cli: Cli, tiny: tuple[str, str]) -> None:
    corpus, model = tiny
    table = cli("eval", corpus, corpus, "-m", model, "--at", "1,2").stdout
    assert "nDCG@2" in table.splitlines()[0]
    assert f"{(NDCG_Q1 + 1) / 2:.5f}" in table.splitlines()[2]


def test_measures_are_scored_and_shown_as_they_were_named(cli: Cli, tiny: tuple[str, str]) -> None:
    corpus, model = tiny
    named = ("--measure", "P@1 Rprec", "--measure", "nDCG@10", "-m", model)
    result = cli("eval", corpus, *named, "--json")
    (row,) = json.loads(result.stdout)["results"]
    names = ["precision_at_1", "r_precision", "ndcg_at_10"]
    assert list(row["metrics"]) == list(row["intervals"]) == names
    assert row["metrics"]["r_precision"] == 1.0  # q1: d3 and d1 of two; q2: d2 of one
    assert row["recipe"]["depth"] == 3
    header, _, cells = cli("eval", corpus, *named).stdout.splitlines()[:3]
    assert header.split() == ["corpus", "model", "P@1", "95", "%", "Rprec", "95", "%", "nDCG@10", "95", "%"]
    assert cells.split()[4:6] == ["1.00000", "1.000-1.000"]
    csv_lines = cli("eval", corpus, *named, "--format", "csv").stdout.splitlines()
    assert csv_lines[0].endswith("n_judged,precision_at_1,r_precision,ndcg_at_10")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--measure", "nDGC@10"], "'nDGC@10' is not a measure. Did you mean nDCG@10?"),
        (["--measure", "P"], "P needs a cutoff of at least 1. Write, for example, P@10."),
        (["--measure", " "], "it names no measure"),
        (["--measure", "P@5", "--at", "5"], "--measure, which names cutoffs itself"),
    ],
)
def test_measures_that_cannot_be_scored_are_wrong_usage(arguments: list[str], message: str, cli: Cli) -> None:
    result = cli("eval", "sample", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_files_are_written_and_read_back(cli: Cli, tiny: tuple[str, str], tmp_path: Path) -> None:
    corpus, model = tiny
    out = tmp_path / "out" / "deep"
    printed = cli("eval", corpus, "-m", model, "--json", "--run-out", str(out), "--per-query").stdout
    (run_file,), (json_file,), (csv_file,) = (list(out.glob(f"*.{end}")) for end in ("trec", "json", "csv"))
    assert json.loads(json_file.read_text("utf-8")) == json.loads(printed)
    run = read_run(run_file)
    assert run["q1"].document_ids == ["d3", "d1", "d2"]
    assert run["q2"].document_ids == ["d2", "d3", "d1"]
    with csv_file.open(encoding="utf-8", newline="") as file:
        values = {row["query_id"]: row for row in csv.DictReader(file)}
    assert float(values["q1"]["ndcg_at_10"]) == pytest.approx(NDCG_Q1, abs=1e-12)
    assert float(values["q2"]["precision_at_10"]) == 1 / 10


def test_each_model_writes_its_own_files(
    cli: Cli, make_corpus: MakeFolder, make_model: MakeFolder, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    models = (make_model(), make_model("other/model"), "wordllama")  # two folders of one name
    chosen = [part for model in models for part in ("-m", str(model))]
    result = cli("eval", str(make_corpus()), "sample", *chosen, "--run-out", str(tmp_path / "out"))
    assert result.exit_code == 0
    assert len(list((tmp_path / "out").glob("*.trec"))) == 2 * 3
    assert (tmp_path / "out" / "sample.wordllama.dense.trec").exists()


def test_each_choice_of_options_writes_its_own_files(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    cli("eval", "sample", "--run-out", str(out))
    cli("eval", "sample", "--run-out", str(out), "--max-length", "4")
    assert len(list(out.glob("*.trec"))) == 2


def test_per_query_values_are_printed_on_demand(cli: Cli, tiny: tuple[str, str]) -> None:
    corpus, model = tiny
    (row,) = json.loads(cli("eval", corpus, "-m", model, "--json", "--per-query").stdout)["results"]
    assert row["per_query"]["q1"]["ndcg_at_10"] == pytest.approx(NDCG_Q1, abs=1e-12)
    lines = cli("eval", corpus, "-m", model, "--per-query", "--format", "csv").stdout.splitlines()
    rows = {line["query_id"]: line for line in csv.DictReader(lines)}
    assert float(rows["q1"]["ndcg_at_10"]) == row["per_query"]["q1"]["ndcg_at_10"]
    table = cli("eval", corpus, "sample", "-m", model, "--per-query").stdout.splitlines()
    start = next(number for number, line in enumerate(table) if "query_id" in line)
    below = list(csv.DictReader(table[start:]))
    assert {row["corpus"] for row in below} == {corpus, "sample"}
    assert (below[0]["query_id"], below[0]["model"], below[0]["mode"]) == ("q1", model, "dense")
    assert float(below[0]["ndcg_at_10"]) == float(rows["q1"]["ndcg_at_10"])


def test_dangling_judgements_stop_the_scoring_unless_allowed(
    cli: Cli, make_corpus: MakeFolder, make_model: MakeFolder, tmp_path: Path
) -> None:
    corpus = str(make_corpus(qrels=[("q1", "d3", 1), ("q1", "gone", 1)]))
    arguments = ("eval", corpus, "-m", str(make_model()), "--json")
    refused = cli(*arguments)
    assert refused.exit_code == 1
    assert "1 judged documents" in refused.stderr
    assert "'gone'" in refused.stderr
    assert "--allow-dangling" in refused.stderr
    allowed = cli(*arguments, "--allow-dangling")
    assert allowed.exit_code == 0
    assert "'gone'" in allowed.stderr
    metrics = json.loads(allowed.stdout)["results"][0]["metrics"]
    assert metrics["recall_at_10"] == 1 / 2  # of two relevant documents one can be found
    assert metrics["map_at_10"] == 1 / 2


def test_a_corpus_without_judgements_cannot_be_scored(cli: Cli, make_corpus: MakeFolder) -> None:
    result = cli("eval", str(make_corpus(qrels=[])))
    assert result.exit_code == 1
    assert "has no judgements" in result.stderr
    assert "searchapp query" in result.stderr


def test_an_unwritable_output_folder_is_an_error(cli: Cli, tiny: tuple[str, str], tmp_path: Path) -> None:
    corpus, model = tiny
    (tmp_path / "file").write_text("kept")
    for out in (tmp_path / "file" / "out", tmp_path / "file"):
        result = cli("eval", corpus, "-m", model, "--run-out", str(out))
        assert result.exit_code == 1
        assert "cannot be written" in result.stderr
        assert str(tmp_path / "file") in result.stderr
    assert (tmp_path / "file").read_text() == "kept"


def test_options_reach_the_vectors(cli: Cli, tiny: tuple[str, str]) -> None:
    corpus, model = tiny
    result = cli("eval", corpus, "-m", model, "--json", "--no-normalize", "--max-length", "1",
                 "--query-prompt", "fig ", "--document-prompt", "red ", "--template", "{text}")  # fmt: skip
    recipe = json.loads(result.stdout)["results"][0]["recipe"]
    wanted = {"normalize": False, "similarity": "dot", "max_length": 1, "query_prompt": "fig ",
              "document_prompt": "red ", "template": "{text}"}  # fmt: skip
    assert {key: recipe[key] for key in wanted} == wanted


def test_several_runs_are_scored_in_one_table(cli: Cli, make_corpus: MakeFolder, tmp_path: Path) -> None:
    corpus = str(make_corpus())
    lines = {"good": "q1 Q0 d1 1 2 x\nq2 Q0 d2 1 2 x\n", "bad": "q1 Q0 d2 1 2 x\nq2 Q0 d1 1 2 x\n"}
    for name, text in lines.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.trec").write_text(text)
        (tmp_path / f"{name}.trec").write_text(text)
    chosen = [part for name in lines for part in ("--run", str(tmp_path / f"{name}.trec"))]
    rows = json.loads(cli("eval", corpus, *chosen, "--json").stdout)["results"]
    assert [(row["model"], row["metrics"]["precision_at_1"]) for row in rows] == [("good", 1.0), ("bad", 0.0)]
    chosen = [part for name in lines for part in ("--run", str(tmp_path / name / "run.trec"))]
    rows = json.loads(cli("eval", corpus, *chosen, "--json").stdout)["results"]
    assert [row["model"] for row in rows] == [str(tmp_path / "good" / "run"), str(tmp_path / "bad" / "run")]


@pytest.mark.parametrize("form", ["table", "json", "csv", "ndjson", "markdown", "latex"])
def test_every_run_has_a_row_of_its_own_in_every_format(
    cli: Cli, make_corpus: MakeFolder, working_folder: Path, form: str
) -> None:
    scores = {"a/run.trec": 1.0, "b/run.trec": 0.5, "b/run.txt": 0.0}
    for name, hits in zip(scores, ("12", "11", "21"), strict=True):
        path = working_folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"q1 Q0 d{hits[0]} 1 1 x\nq2 Q0 d{hits[1]} 1 1 x\n")
    chosen = [part for name in scores for part in ("--run", name)]
    result = cli("eval", str(make_corpus()), *chosen, "--measure", "P@1", "--format", form)
    if form == "json":
        results = json.loads(result.stdout)["results"]
        assert {row["model"]: row["metrics"]["precision_at_1"] for row in results} == scores
        return
    lines = [line for line in result.stdout.splitlines() if "run." in line]
    for line, (name, score) in zip(lines, scores.items(), strict=True):
        assert name in line
        assert str(score) in line


def test_models_with_one_folder_name_are_told_apart(
    cli: Cli, make_corpus: MakeFolder, make_model: MakeFolder, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    models = [str(make_model()), str(make_model("other/model"))]
    table = cli("eval", str(make_corpus()), "-m", models[0], "-m", models[1]).stdout
    assert [line.split()[1] for line in table.splitlines()[2:4]] == models


def write_pair(tmp_path: Path) -> list[Path]:
    """Write two runs of one file name, the second of which is wrong for every query."""
    runs = [tmp_path / name / "run.trec" for name in ("good", "bad")]
    for path, first in zip(runs, ("1", "2"), strict=True):
        path.parent.mkdir()
        path.write_text(f"q1 Q0 d{first} 1 2 x\nq2 Q0 d{3 - int(first)} 1 2 x\n")
    return runs


def test_runs_of_one_name_write_their_own_files(cli: Cli, make_corpus: MakeFolder, tmp_path: Path) -> None:
    corpus, out, runs = str(make_corpus()), tmp_path / "out", write_pair(tmp_path)
    result = cli("eval", corpus, "--run", str(runs[0]), "--run", str(runs[1]), "--run-out", str(out))
    assert result.exit_code == 0
    stored = [json.loads(path.read_text())["results"][0] for path in sorted(out.glob("*.json"))]
    assert {(row["recipe"]["run_file"], row["metrics"]["mrr_at_1"]) for row in stored} == {
        (str(runs[0]), 1.0), (str(runs[1]), 0.0)
    }  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_later_run_of_the_same_name_overwrites_nothing(
    cli: Cli, make_corpus: MakeFolder, tmp_path: Path
) -> None:
    corpus, out, runs = str(make_corpus()), tmp_path / "out", write_pair(tmp_path)
    assert cli("eval", corpus, "--run", str(runs[0]), "--run-out", str(out)).exit_code == 0
    before = contents(out)
    refused = cli("eval", corpus, "--run", str(runs[1]), "--run-out", str(out))
    assert refused.exit_code == 1
    assert f"is not an earlier result of {runs[1]} on {corpus}." in refused.stderr
    assert contents(out) == before
    again = cli("eval", corpus, "--run", str(runs[0]), "--run-out", str(out), "--at", "1")
    assert again.exit_code == 0
    assert contents(out) != before  # fewer measures


@pytest.mark.parametrize("name", ["sample.wordllama.dense.json", "sample.wordllama.dense.trec",
                                  "sample.wordllama.dense.per-query.csv"])  # fmt: skip
def test_a_file_of_something_else_is_not_overwritten(cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious\n")
    result = cli("eval", "sample", "--run-out", str(tmp_path), "--per-query")
    assert result.exit_code == 1
    assert f"{tmp_path / name} is already there" in result.stderr
    assert (tmp_path / name).read_text() == "precious\n"
    assert [path.name for path in tmp_path.glob("sample.*")] == [name]


def test_a_run_without_its_result_was_interrupted_and_is_completed(cli: Cli, tmp_path: Path) -> None:
    assert cli("eval", "sample", "--run-out", str(tmp_path)).exit_code == 0
    (tmp_path / "sample.wordllama.dense.json").unlink()
    assert cli("eval", "sample", "--run-out", str(tmp_path)).exit_code == 0
    assert (tmp_path / "sample.wordllama.dense.json").exists()


def test_the_run_that_is_scored_is_not_overwritten(cli: Cli, tmp_path: Path) -> None:
    run = tmp_path / "sample.ours.run.trec"
    run.write_text("q01 Q0 d001 1 1 x\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ours.trec").write_text("q01 Q0 d002 1 1 x\n")
    result = cli("eval", "sample", "--run", str(tmp_path / "in" / "ours.trec"), "--run-out", str(tmp_path))
    assert result.exit_code == 1
    assert run.read_text() == "q01 Q0 d001 1 1 x\n"

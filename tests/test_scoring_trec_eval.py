"""Every metric at every cut against pytrec_eval, and the figures of the MTEB harness on real corpora."""

import zipfile
from math import fsum
from pathlib import Path

import numpy as np
import pytest
import pytrec_eval

from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import Options
from searchapp.evaluation.measures import CUTOFFS, DEFAULT_MEASURES, parse_measures
from searchapp.evaluation.metric import Measure
from searchapp.evaluation.metrics import MRR
from searchapp.evaluation.scoring import Scores, score
from searchapp.evaluation.trec import read_run, write_run
from searchapp.records import Judgements, Ranking, Run
from searchapp.tasks.retrieval import RetrievalTask
from searchapp.tasks.task import Evaluation

MEASURES = [*DEFAULT_MEASURES, *parse_measures(["nDCG MAP MRR Rprec Bpref Success@1 Success@5 Success@10"])]
THEIRS = {
    "ndcg": "ndcg_cut", "map": "map_cut", "recall": "recall", "precision": "P", "hit_rate": "success",
}  # fmt: skip
THEIR_WHOLE = {"ndcg": "ndcg", "map": "map", "mrr": "recip_rank", "r_precision": "Rprec", "bpref": "bpref"}


def their_value(measure: Measure, row: dict[str, float]) -> float:
    """Return the value of a query by pytrec_eval, 0 where it is silent on a query."""
    if measure.cutoff is None:
        return row.get(THEIR_WHOLE[measure.metric.name], 0.0)
    if measure.metric is MRR:  # trec_eval has 1 / first relevant rank without a cutoff only
        reciprocal = row.get("recip_rank", 0.0)
        return reciprocal if reciprocal > 0 and round(1 / reciprocal) <= measure.cutoff else 0.0
    return row.get(f"{THEIRS[measure.metric.name]}_{measure.cutoff}", 0.0)


def by_trec_eval(path: Path, judgements: Judgements) -> dict[str, dict[str, float]]:
    """Return query -> measure -> value of a run file by pytrec_eval."""
    run: dict[str, dict[str, float]] = {}
    for line in path.read_text("utf-8").splitlines():
        query, _, document, _, value, _ = line.split(" ")
        run.setdefault(query, {})[document] = float(value)
    cutoffs = ",".join(map(str, CUTOFFS))
    names = {*THEIR_WHOLE.values(), *(f"{name}.{cutoffs}" for name in THEIRS.values())}
    rows = pytrec_eval.RelevanceEvaluator(judgements, names).evaluate(run)
    return {
        query: {measure.name: their_value(measure, rows.get(query, {})) for measure in MEASURES}
        for query in judgements
    }


def assert_equal(scores: Scores, expected: dict[str, dict[str, float]]) -> None:
    """Compare every value of every query, then every mean."""
    names = {measure.name for measure in MEASURES}
    ours = scores.per_query()
    assert ours.keys() == expected.keys()
    for query, values in expected.items():
        assert ours[query].keys() == names
        assert ours[query] == pytest.approx(values, abs=1e-9, rel=0), query
    means = {name: fsum(row[name] for row in expected.values()) / len(expected) for name in names}
    assert scores.means() == pytest.approx(means, abs=1e-9, rel=0)


def random_collection(seed: int, lowest: int) -> tuple[Run, Judgements]:
    """Return 400 queries over 1,200 documents with few distinct scores, so that most of them tie."""
    generator = np.random.default_rng(seed)
    names = [f"d{i}" for i in range(1200)]
    run, judgements = {}, {}
    for number in range(400):
        query = f"q{number}"
        depth = int(generator.choice([3, 40, 1200]))
        found = [names[i] for i in generator.permutation(1200)[:depth]]
        values = generator.integers(0, 6, size=depth) / 3
        if number % 10:  # of ten judged queries one has no results
            run[query] = Ranking.from_scores(found, values)
        judged = generator.choice(names, size=int(generator.integers(1, 60)), replace=False)
        top = 1 if number % 15 == 0 else 4  # of fifteen one has no relevant document
        judgements[query] = {str(name): int(generator.integers(lowest, top)) for name in judged}
    run["unjudged"] = Ranking.from_scores(names, generator.random(1200))
    return run, judgements


@pytest.mark.parametrize("lowest", [0, -2], ids=["grades from 0", "grades below 0"])
def test_every_metric_at_every_cut_equals_trec_eval_in_spite_of_ties(tmp_path: Path, lowest: int) -> None:
    run, judgements = random_collection(7, lowest)
    path = tmp_path / "run.trec"
    write_run(path, run, "random")
    expected = by_trec_eval(path, judgements)
    assert_equal(score(run, judgements, MEASURES), expected)
    assert_equal(score(read_run(path), judgements, MEASURES), expected)


def evaluated(corpus: str, options: Options | None = None) -> Evaluation:
    """Score the bundled model, with the index of an earlier test if there is one."""
    return RetrievalTask(open_corpus(corpus)).evaluate(load_encoder(BUNDLED, options))


@pytest.mark.shared
@pytest.mark.usefixtures("shared_indexes")
@pytest.mark.parametrize(
    ("corpus", "options", "expected"),  # by the MTEB harness around model2vec with the same table
    [
        ("nfcorpus", Options(), 0.24440),
        ("scifact", Options(), 0.51338),
        ("nfcorpus", Options(max_length=512), 0.24471),
        ("scifact", Options(max_length=512), 0.51037),
    ],
)
def test_ndcg_at_10_is_what_the_mteb_harness_measures(corpus: str, options: Options, expected: float) -> None:
    assert evaluated(corpus, options).result.metrics["ndcg_at_10"] == pytest.approx(expected, abs=2e-5, rel=0)


@pytest.mark.shared
@pytest.mark.usefixtures("shared_indexes")
@pytest.mark.parametrize("corpus", ["nfcorpus", "scifact"])
def test_every_metric_on_a_real_corpus_equals_trec_eval(corpus: str, tmp_path: Path) -> None:
    evaluation = evaluated(corpus)
    path = tmp_path / "run.trec"
    write_run(path, evaluation.run, "real")
    judgements = open_corpus(corpus).judgements
    assert_equal(score(evaluation.run, judgements, MEASURES), by_trec_eval(path, judgements))


def shuffled_folder(archive: Path, name: str, folder: Path) -> Path:
    """Unpack a BEIR archive with its documents, queries and judgements in another order."""
    generator = np.random.default_rng(8)
    (folder / "qrels").mkdir(parents=True)
    with zipfile.ZipFile(archive) as opened:
        for part in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
            lines = opened.read(f"{name}/{part}").decode("utf-8").splitlines()
            header, rows = (lines[:1], lines[1:]) if part.endswith(".tsv") else ([], lines)
            mixed = [rows[i] for i in generator.permutation(len(rows))]
            assert mixed != rows
            (folder / part).write_text("\n".join([*header, *mixed]) + "\n", "utf-8")
    return folder


@pytest.mark.shared
@pytest.mark.usefixtures("shared_indexes")
@pytest.mark.parametrize("corpus", ["nfcorpus", "scifact"])
def test_no_digit_depends_on_the_order_of_the_input(corpus: str, corpora_home: Path, tmp_path: Path) -> None:
    archive = corpora_home / "beir" / corpus / "source.zip"
    folder = shuffled_folder(archive, corpus, tmp_path / corpus)
    straight, shuffled = evaluated(corpus).result, evaluated(str(folder)).result
    assert shuffled.metrics == straight.metrics
    assert shuffled.intervals == straight.intervals
    for part in ("documents_digest", "queries_digest", "judgements_digest"):
        assert shuffled.recipe[part] == straight.recipe[part]

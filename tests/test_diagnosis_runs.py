"""Reported scores and runs: which definition, cut, split or scale a number follows."""

import numpy as np
import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.diagnosis.collect import collect
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.probe import Finding
from searchapp.diagnosis.registry import find_probe
from searchapp.diagnosis.verdict import diagnose
from searchapp.encoders.options import Options
from searchapp.records import Ranking
from tests.conftest import MakeFolder
from tests.damaged import fault, sentences
from tests.injected.run_faults import exact_run

FRUIT = ("apple", "pear", "plum", "fig", "cherry", "grape", "lemon", "melon", "peach", "quince")


def found(name: str, evidence: Evidence) -> list[Finding]:
    return [said for said in find_probe(name).ask(evidence) if isinstance(said, Finding)]


def test_the_score_of_another_split_is_recognised(make_corpus: MakeFolder) -> None:
    documents = {f"d{row}": f"{FRUIT[row % 10]} {FRUIT[row // 10]} number {row}" for row in range(60)}
    queries = {f"q{row}": f"{FRUIT[row]} and {FRUIT[row - 3]}" for row in range(10)}
    folder = make_corpus(
        documents=documents, queries=queries, qrels=[(f"q{r}", f"d{r + 20}", 1) for r in range(5)]
    )
    make_corpus(
        documents=documents,
        queries=queries,
        qrels=[(f"q{r}", f"d{r + 7}", 1) for r in range(5, 10)],
        split="dev",
    )
    dev = collect(open_corpus(f"{folder}/dev"), "wordllama", Options()).score
    test = collect(open_corpus(f"{folder}/test"), "wordllama", Options())
    assert dev != pytest.approx(test.score, abs=1e-3)
    evidence = Evidence(test.context, test.model, test.vectors, reported={"ndcg_at_10": round(dev, 5)})
    causes = found("reported-score", evidence)
    assert causes[0].cause == "other-split"
    assert "the split dev gives" in causes[0].text


@pytest.mark.parametrize(
    ("name", "severity", "cause", "words"),
    [
        (
            "another definition",
            "ndcg-ideal-of-retrieved",
            "other-definition",
            "an ideal ranking of the retrieved documents only gives",
        ),
        ("another cutoff", "ndcg_at_100", "other-cutoff", "the cutoff 100 gives"),
        ("a percentage", 100, "other-scale", "as a percentage"),
        ("a number of another run", 0.9, "unexplained-score", "no known definition"),
    ],
)
def test_a_reported_number_is_explained(name: str, severity: object, cause: str, words: str) -> None:
    causes = found("reported-score", fault(name, severity)(sentences()))
    assert causes[0].cause == cause
    assert words in causes[0].text


def test_a_number_with_few_decimals_is_the_same_number() -> None:
    base = sentences()
    evidence = Evidence(
        base.context, base.model, base.vectors, reported={"ndcg_at_10": round(base.healthy, 3)}
    )
    assert found("reported-score", evidence) == []


def test_two_units_of_the_last_decimal_are_another_number() -> None:
    base = sentences()
    reported = round(base.healthy, 4) + 0.0002
    evidence = Evidence(base.context, base.model, base.vectors, reported={"ndcg_at_10": reported})
    assert [finding.cause for finding in found("reported-score", evidence)] == ["unexplained-score"]


def test_a_run_alone_is_judged_by_what_needs_no_vectors() -> None:
    base = sentences()
    run = exact_run(base.evidence())
    diagnosis = diagnose(Evidence(CorpusContext(base.context.corpus), run=run))
    assert diagnosis.healthy
    assert "there are no stored vectors" in diagnosis.unjudged["run-search"]
    assert set(diagnosis.facts) >= {"run-ids", "run-depth", "run-scores", "corpus-check", "control"}


def test_scores_of_one_decimal_are_told_from_those_of_a_lossy_index() -> None:
    base = sentences()
    rounded = found("run-scores", fault("scores too coarse", 1)(base))
    assert [one.cause for one in rounded] == ["coarse-scores"]
    assert "none has more than 1 decimals" in rounded[0].text
    tied = {
        name: Ranking(ranking.document_ids, np.repeat(ranking.scores[::5], 5)[: len(ranking.scores)])
        for name, ranking in exact_run(base.evidence()).items()
    }
    lossy = found("run-scores", Evidence(base.context, run=tied))
    assert [one.cause for one in lossy] == ["coarse-scores"]
    assert lossy[0].strength < rounded[0].strength


def test_a_run_of_documents_in_another_order_of_ties_is_no_fault() -> None:
    base = sentences()
    run = {
        name: Ranking(ranking.document_ids[::-1], np.zeros(len(ranking.scores), np.float32))
        for name, ranking in exact_run(base.evidence(), depth=3).items()
    }
    assert [
        one.cause for one in found("run-search", Evidence(base.context, vectors=base.vectors, run=run))
    ] == []

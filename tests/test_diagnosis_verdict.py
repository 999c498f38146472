"""The verdict: ranking, rivals, health, what could not be judged, and what to run next."""

import ast
import shlex
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from searchapp.corpora.known_digests import KNOWN_DOCUMENTS
from searchapp.corpora.resolve import open_corpus
from searchapp.diagnosis import thresholds
from searchapp.diagnosis.causes import CAUSES
from searchapp.diagnosis.cloud import Vectors
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.model import title_of
from searchapp.diagnosis.probe import Fact, Finding, Probe
from searchapp.diagnosis.probes import baselines
from searchapp.diagnosis.registry import PROBES, find_probe
from searchapp.diagnosis.verdict import diagnose
from searchapp.published import table
from searchapp.records import Document
from searchapp.reports.diagnoses import Subject, diagnosis_document, diagnosis_text, next_step
from searchapp.reports.formats import to_json
from tests.conftest import Cli
from tests.damaged import fault, healthy, sentences

CHEAP = [probe for probe in PROBES.values() if not probe.slow and probe.id != "published-models"]


def observing(*observations: Fact | Finding) -> Probe:
    return Probe("one", "?", (), lambda _evidence: iter(observations))


def test_causes_are_ranked_by_strength_then_by_gain() -> None:
    probe = observing(
        Finding("hubness", 0.8, "a.", gain=0.1),
        Finding("noise", 0.8, "b."),
        Finding("steep-spectrum", 0.8, "c.", gain=0.2),
        Finding("not-finite", 1.0, "d."),
        Finding("stale-index", 0.3, "e."),
    )
    found = diagnose(healthy(sentences()), [probe])
    assert [named.id for named in found.faults] == ["not-finite", "steep-spectrum", "hubness", "noise"]
    assert [named.id for named in found.remarks] == ["stale-index"]
    assert not found.healthy


def test_two_probes_that_find_one_cause_name_it_once() -> None:
    found = diagnose(
        healthy(sentences()),
        [
            observing(Finding("hubness", 0.6, "weak.")),
            observing(Finding("hubness", 0.8, "strong.", gain=0.1)),
        ],
    )
    assert [(named.id, named.strength, named.gain) for named in found.causes] == [("hubness", 0.8, 0.1)]
    assert [finding.text for finding in found.causes[0].findings] == ["strong.", "weak."]


def test_a_proven_shift_is_not_also_called_a_lost_order() -> None:
    probe = observing(Finding("order-lost", 0.8, "a."), Finding("rows-offset", 1.0, "b."))
    assert [named.id for named in diagnose(healthy(sentences()), [probe]).causes] == ["rows-offset"]


def test_a_remark_is_not_a_fault() -> None:
    assert diagnose(healthy(sentences()), [observing(Finding("stale-index", 0.3, "a."))]).healthy


def test_a_fault_begins_at_a_strength_of_one_half() -> None:
    probe = observing(Finding("stale-index", 0.49, "a."), Finding("below-random", 0.5, "b."))
    diagnosis = diagnose(healthy(sentences()), [probe])
    assert [ranked.id for ranked in diagnosis.faults] == ["below-random"]
    assert [ranked.id for ranked in diagnosis.remarks] == ["stale-index"]


def test_the_summary_holds_score_baselines_control_corpus_and_published_models(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fact that the summary looks for in vain drops out of it: with these stand-ins it has them all."""
    sample = open_corpus("sample")
    monkeypatch.setitem(KNOWN_DOCUMENTS, "sample", sample.documents_digest)
    monkeypatch.setattr(
        baselines, "find_task", lambda _id: SimpleNamespace(name="Sample", split=sample.split)
    )
    published = [
        SimpleNamespace(model=model, ndcg=score)
        for model, score in (("minishlab/potion-base-8M", 0.5064), ("org/unrelated", 0.9))
    ]
    monkeypatch.setattr(table, "scores", lambda _task, _split: published)
    text = " ".join(cli("diagnose", "sample").stdout.partition("probe  ")[0].split())
    # 0.87565 as `searchapp eval sample` prints it, BM25 0.82454 as `--mode bm25` does.
    assert text == (
        "sample with wordllama: healthy, no fault found. "
        "nDCG@10 is 0.87565 (chance 0.033, random embeddings 0.521, the control 0.876, BM25 0.825). "
        "Harness and data are ruled out: the control reaches its known 0.87565, and the corpus has the "
        "digests of the published one. Related published models: potion-base-8M 0.50640."
    )


def test_the_document_keeps_the_keys_of_its_schema() -> None:
    diagnosis = diagnose(fault("document rows shifted", 2)(sentences()), CHEAP)
    document = diagnosis_document(diagnosis, Subject("c", "m"))
    assert document.keys() >= {
        "schema",
        "corpus",
        "model",
        "healthy",
        "causes",
        "facts",
        "unjudged",
        "seconds",
    }
    first = document["causes"][0]
    assert first.keys() >= {
        *("id", "code", "title", "fault", "strength", "gain", "effect", "repair", "next", "found")
    }
    (finding, *_) = first["found"]
    old = {"cause", "strength", "evidence", "against", "gain", "repaired", "share"}
    assert finding.keys() == old | {"key", "values"}
    facts = [measured for group in document["facts"].values() for measured in group]
    assert all(measured.keys() == {"key", "name", "value", "remark", "values"} for measured in facts)


def test_every_fact_of_a_probe_has_its_own_key() -> None:
    for probe, facts in diagnose(healthy(sentences())).facts.items():
        keys = [measured.key for measured in facts if measured.key != "corpus-problem"]
        assert len(set(keys)) == len(keys), probe


def test_the_healthy_pipeline_is_healthy() -> None:
    found = diagnose(healthy(sentences()), CHEAP)
    assert found.healthy
    assert "healthy, no fault found" in diagnosis_text(found, Subject("sample", "wordllama"))


def test_a_high_mean_cosine_alone_is_no_fault() -> None:
    found = diagnose(fault("dominant directions", (1, 0.0))(sentences()), CHEAP)
    assert found.healthy
    base = sentences()
    constant = np.full(base.vectors.documents.shape[1], 3.0, dtype=np.float32)
    evidence = base.evidence(
        documents=base.vectors.documents + constant, queries=base.vectors.queries + constant
    )
    found = diagnose(evidence, CHEAP)
    cosine = found.fact("mean-cosine")
    assert cosine is not None and float(cosine.value) > 0.99
    assert found.healthy


def test_a_diagnosis_is_the_same_every_time() -> None:
    broken = [fault("some rows misplaced", 0.4)(sentences()) for _ in range(2)]
    one, other = (diagnosis_document(diagnose(evidence, CHEAP), Subject("c", "m")) for evidence in broken)
    del one["seconds"], other["seconds"]
    assert to_json(one) == to_json(other)


def test_a_fault_shows_its_evidence_its_fix_and_what_to_run() -> None:
    found = diagnose(fault("document rows shifted", 2)(sentences()), CHEAP)
    text = diagnosis_text(found, Subject("my corpus", "wordllama"))
    assert text.startswith("my corpus with wordllama: the document vectors are shifted relative to their ids")
    assert "Evidence: 100 % of the documents have the vector of the text 2 rows further up." in text
    assert "Next: searchapp index 'my corpus' -m wordllama --fresh" in text
    gain = found.faults[0].gain
    assert gain is not None
    assert f"changes the score by {gain:+.4f}" in text
    assert gain == pytest.approx(sentences().healthy - fault("document rows shifted", 2)(sentences()).score)


def test_without_a_model_the_rest_is_judged_and_the_reasons_are_given() -> None:
    base = sentences()
    found = diagnose(Evidence(base.context, vectors=base.vectors), CHEAP)
    assert found.healthy
    assert "the encoder behind these vectors is not known" in found.unjudged["encoded-again"]
    assert "static model" in found.unjudged["row-alignment"]
    assert found.unjudged["run-ids"] == "there is no run"


def test_without_judgements_the_control_replaces_them() -> None:
    base = sentences()
    context = CorpusContext(base.context.corpus, ignore_judgements=True)
    vectors = replace(base.vectors, query_ids=[query.id for query in base.context.queries])
    kept = np.roll(vectors.documents, 3, axis=0)
    found = diagnose(Evidence(context, vectors=replace(vectors, documents=kept)), CHEAP)
    assert [named.id for named in found.faults] == ["rows-offset"]
    assert found.unjudged["control"] == "nothing is judged"


def test_few_texts_are_not_compared_with_the_control() -> None:
    base = sentences()
    vectors = Vectors(
        base.vectors.document_ids[:20],
        base.vectors.documents[:20],
        base.vectors.query_ids,
        base.vectors.queries,
    )
    found = diagnose(
        Evidence(base.context, vectors=vectors), [find_probe("row-order"), find_probe("directions")]
    )
    assert found.unjudged["row-order"].startswith("comparing with the control needs 40 documents")
    assert found.unjudged["directions"] == "the shape of a cloud needs at least 40 documents"


def test_a_document_without_a_title_is_searched_for_by_its_opening() -> None:
    assert title_of(Document("1", " ", "one two " * 20)) == " ".join(["one", "two"] * 6)


@pytest.mark.parametrize("step", sorted({cause.step for cause in CAUSES.values()}))
def test_a_next_step_works_when_followed(step: str, cli: Cli, working_folder: Path) -> None:
    program, *arguments = shlex.split(step.format(corpus="sample", model="wordllama"))
    assert program == "searchapp"
    result = cli(*arguments)
    assert result.exit_code == 0, result.output


def test_every_cause_has_a_title_an_effect_and_a_fix() -> None:
    for cause in CAUSES.values():
        assert cause.title[0].isupper() and not cause.title.endswith(".")
        assert cause.fix.endswith(".")
        assert cause.effect


def test_names_are_quoted_for_the_shell() -> None:
    found = diagnose(healthy(sentences()), [observing(Finding("rows-offset", 1.0, "a."))])
    assert next_step(found.faults[0], Subject("a b", "it's")) == (
        """searchapp index 'a b' -m 'it'"'"'s' --fresh"""
    )
    assert next_step(found.faults[0], Subject("a", "npy:b")) == "searchapp eval a -m wordllama"
    made = Subject("a", "npy:b", made_by="c")
    assert next_step(found.faults[0], made) == "searchapp eval a -m c"
    run = Subject("a", "", Path("r.trec"))
    assert next_step(found.faults[0], run) == "searchapp eval a -m wordllama"
    assert next_step(found.faults[0], Subject("a", "c", Path("r.trec"))) == "searchapp eval a -m c"


def test_no_threshold_is_declared_twice() -> None:
    """A name that is assigned again would silently change the rule that was written first."""
    source = Path(thresholds.__file__).read_text("utf-8")
    assigned = [
        target.id
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign)
        for target in ast.walk(statement)
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
    ]
    assert len(assigned) > 100
    assert sorted(assigned) == sorted(set(assigned))


def measured(
    score: float, control: float, bm25: float, *, chance: float = 0.01, error: float = 0.01, own: float = 0.0
) -> str:
    """Return the verdict on a score; `own` is the share of the vectors that the model reproduces."""
    facts = {
        "score": Fact("score", "", score, values={"error": error, "queries": 100}),
        "chance": Fact("chance", "", chance),
        "control": Fact("control", "", control),
        "bm25": Fact("bm25", "", bm25),
        "documents": Fact("documents-reproduced", "", own),
        "queries": Fact("queries-reproduced", "", own),
    }
    return diagnose(healthy(sentences()), [observing(*facts.values())]).verdict


@pytest.mark.parametrize(
    ("score", "control", "bm25", "settings", "verdict"),
    [
        (0.24, 0.24, 0.32, {}, "healthy"),
        (0.15, 0.24, 0.32, {}, "weak"),  # below 0.8 of the control, above 0.4
        (0.09, 0.24, 0.32, {}, "low"),  # below 0.4 of both, and nobody knows where it comes from
        (0.09, 0.24, 0.32, {"own": 1.0}, "weak"),  # it is what the model gives
        (0.03, 0.24, 0.32, {"own": 1.0}, "low"),  # within a tenth of the way from chance to BM25
        (0.05, 0.30, 0.20, {"error": 0.05}, "low"),  # within two standard errors of chance
        (0.13, 0.22, 0.21, {"chance": 0.09, "error": 0.03}, "weak"),  # where all are near chance: one error
        (0.10, 0.22, 0.21, {"chance": 0.09, "error": 0.03}, "low"),
        (0.10, 0.22, 0.21, {"chance": 0.09, "error": 0.03, "own": 1.0}, "weak"),
    ],
)
def test_a_score_without_a_cause_is_healthy_weak_or_low(
    score: float, control: float, bm25: float, settings: dict[str, float], verdict: str
) -> None:
    assert measured(score, control, bm25, **settings) == verdict

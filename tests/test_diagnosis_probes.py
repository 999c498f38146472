"""Each probe finds what it is meant to find, and nothing in a healthy pipeline."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from searchapp.diagnosis.causes import CAUSES
from searchapp.diagnosis.evidence import CannotJudgeError
from searchapp.diagnosis.model import TableModel
from searchapp.diagnosis.probe import Finding, Probe
from searchapp.diagnosis.registry import PROBES, find_probe
from searchapp.diagnosis.thresholds import FAULT
from searchapp.errors import SearchappError
from tests.damaged import FIRES, Break, fault, healthy, sentences

CASES = [(name, cause, broken) for name, causes in FIRES.items() for cause, broken in causes.items()]
ELSEWHERE = {("reported-score", "other-split")}  # needs a folder with two splits: test_diagnosis_runs.py


def test_every_cause_is_found_by_some_probe() -> None:
    assert {cause for probe in PROBES.values() for cause in probe.causes} == set(CAUSES)


@pytest.mark.parametrize(
    ("name", "cause", "broken"),
    [case for case in CASES if case[:2] not in ELSEWHERE],
    ids=[f"{name}-{cause}" for name, cause, _ in CASES if (name, cause) not in ELSEWHERE],
)
def test_a_probe_fires(name: str, cause: str, broken: Break) -> None:
    probe = find_probe(name)
    findings = [seen for seen in probe.ask(broken(sentences())) if isinstance(seen, Finding)]
    assert cause in {finding.cause for finding in findings}
    declared = {(symptom.cause, symptom.key or symptom.cause) for symptom in probe.symptoms}
    assert {(finding.cause, finding.key) for finding in findings} <= declared
    assert all(finding.text.endswith(".") for finding in findings)
    assert json.loads(json.dumps([asdict(finding) for finding in findings]))  # plain numbers throughout


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
def test_a_probe_is_silent_on_health(probe: Probe) -> None:
    try:
        findings = [seen for seen in probe.ask(healthy(sentences())) if isinstance(seen, Finding)]
    except CannotJudgeError as error:
        # Nothing is published for the sample, and some probes leave the answer to the model.
        assert probe.id == "published-models" or "the model itself" in str(error), error
        return
    assert [finding for finding in findings if finding.strength >= FAULT] == []


def test_an_unknown_probe_is_an_error_that_lists_them() -> None:
    with pytest.raises(SearchappError, match="There is no probe 'colour'") as caught:
        find_probe("colour")
    assert "row-alignment" in caught.value.hint


@pytest.mark.parametrize(("errors", "named"), [(2.4, []), (2.6, ["dominant-directions"])])
def test_a_gain_within_its_error_blames_no_direction(
    errors: float, named: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gain counts from 2.5 standard errors of the paired difference."""
    evidence = fault("dominant directions", (5, 1.0))(sentences())
    monkeypatch.setattr(evidence, "gain_of", lambda _fix: (0.3, errors))
    observations = find_probe("directions").ask(evidence)
    assert [seen.cause for seen in observations if isinstance(seen, Finding)] == named


def test_a_score_below_random_embeddings_by_chance_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the queries score 1, the others 0: a mean of 0.5 with a standard error of about 0.08."""
    evidence = healthy(sentences())
    scores = np.arange(len(evidence.query_ids)) % 2 * 1.0
    error = scores.std() / np.sqrt(len(scores))
    for baseline, named in ((0.5 + 2.4 * error, []), (0.5 + 2.6 * error, ["below-random"])):
        evidence = healthy(sentences())
        evidence.__dict__.update(per_query=scores, score=0.5)
        monkeypatch.setattr(TableModel, "random_baseline", lambda _self, value=baseline: value)
        observations = find_probe("random-baseline").ask(evidence)
        assert [seen.cause for seen in observations if isinstance(seen, Finding)] == named

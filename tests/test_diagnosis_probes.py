"""Each probe fires on what it is there for, and is silent on a healthy pipeline."""

import pytest

from searchapp.diagnosis.causes import CAUSES
from searchapp.diagnosis.probe import CannotJudgeError, Finding, Probe, lacking
from searchapp.diagnosis.registry import PROBES
from searchapp.diagnosis.verdict import FAULT, find_probe
from searchapp.errors import SearchappError
from tests.damaged import FIRES, Break, healthy, sentences

CASES = [(name, cause, broken) for name, causes in FIRES.items() for cause, broken in causes.items()]
ELSEWHERE = {("reported", "other-split")}  # needs a folder with two splits: test_diagnosis_runs.py


def test_every_cause_that_a_probe_may_name_has_a_case() -> None:
    assert {(probe.name, cause) for probe in PROBES for cause in probe.finds} == {
        (name, cause) for name, cause, _ in CASES
    }


def test_every_cause_is_found_by_some_probe() -> None:
    assert {cause for probe in PROBES for cause in probe.finds} == set(CAUSES)


@pytest.mark.parametrize(
    ("name", "cause", "broken"),
    [case for case in CASES if case[:2] not in ELSEWHERE],
    ids=[f"{name}-{cause}" for name, cause, _ in CASES if (name, cause) not in ELSEWHERE],
)
def test_a_probe_fires(name: str, cause: str, broken: Break) -> None:
    evidence = broken(sentences())
    probe = find_probe(name)
    assert lacking(probe, evidence) is None
    found = [said for said in probe.ask(evidence) if isinstance(said, Finding)]
    assert cause in {one.cause for one in found}
    assert {one.cause for one in found} <= set(probe.finds)
    assert all(one.evidence.endswith(".") for one in found)


@pytest.mark.parametrize("probe", PROBES, ids=[probe.name for probe in PROBES])
def test_a_probe_is_silent_on_health(probe: Probe) -> None:
    evidence = healthy(sentences())
    assert lacking(probe, evidence) is None
    try:
        found = [said for said in probe.ask(evidence) if isinstance(said, Finding)]
    except CannotJudgeError as error:
        assert probe.name == "peers", error  # nothing is published for the sample
        return
    assert [one for one in found if one.strength >= FAULT] == []


def test_an_unknown_probe_is_an_error_that_lists_them() -> None:
    with pytest.raises(SearchappError, match="There is no probe 'colour'") as caught:
        find_probe("colour")
    assert "row-alignment" in caught.value.hint

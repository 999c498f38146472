"""A diagnosis for a person: the verdict, the evidence for each cause, what to run next, what was measured."""

import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from searchapp.diagnosis.causes import AGAIN, CONTROL, INSPECT, REPAIR, SCORE, SCORE_RUN, SCORE_WHOLE
from searchapp.diagnosis.probe import Observation, Value
from searchapp.diagnosis.published_files import FilesDiagnosis
from searchapp.diagnosis.thresholds import HINT, LEAST_GAIN, PROOF, STRONG, SYMPTOM
from searchapp.diagnosis.verdict import Diagnosis, RankedCause
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import PRECOMPUTED, split_name
from searchapp.reports.formats import Report
from searchapp.reports.markup import Table
from searchapp.reports.terminal import findings_text, plain_table, render
from searchapp.reports.text import printable

DIAGNOSIS_SCHEMA = "searchapp/diagnosis/1"

KEYS = {"text": "evidence", "counter_evidence": "against", "fix": "repaired", "label": "name"}
"""Field of an observation -> its key in the document, where it has another."""

WIDEST = 12  # characters of a value in the column of values
CONFIDENCE = ((PROOF, "proved"), (STRONG, "strong"), (SYMPTOM, "likely"), (HINT, "remark"))


@dataclass(frozen=True)
class Subject:
    """What was diagnosed, as the user names it: of run and model, one may be missing (None, empty)."""

    corpus: str
    model: str
    run: Path | None = None
    made_by: str | None = None

    def __str__(self) -> str:
        what = [f"run {self.run}"] if self.run else []
        what += [self.model] if self.model else []
        return f"{self.corpus} with {' of '.join(what)}" + (
            f" made by {self.made_by}" if self.made_by else ""
        )


def diagnosis_report(diagnosis: Diagnosis, subject: Subject) -> Report:
    """Report a diagnosis: its causes in full, and the measured facts as rows."""
    return Report(
        lambda: diagnosis_document(diagnosis, subject),
        lambda: [diagnosis_text(diagnosis, subject)],
        lambda: [
            {"probe": probe, "key": fact.key, "name": fact.label, "value": fact.value, "remark": fact.remark}
            for probe, facts in diagnosis.facts.items()
            for fact in facts
        ],
        failed=diagnosis.failed,
    )


def files_report(diagnosis: FilesDiagnosis) -> Report:
    """Report what is wrong with published files, the findings as rows."""
    return Report(
        lambda: files_document(diagnosis),
        lambda: [files_text(diagnosis)],
        lambda: [asdict(finding) for finding in diagnosis.findings],
        failed=not diagnosis.healthy,
    )


def diagnosis_text(diagnosis: Diagnosis, subject: Subject) -> str:
    """Return a diagnosis as text for a terminal."""
    parts: list[Text | RichTable] = [Text(headline(diagnosis, subject), style="bold")]
    parts += [Text(line) for line in summary(diagnosis)]
    for number, ranked in enumerate(diagnosis.faults, start=1):
        parts += [Text(""), *_cause(diagnosis, ranked, number, subject)]
    if diagnosis.verdict == "low":
        parts += [Text(f"Ruled out: {', '.join(diagnosis.ruled_out)}.")]
    if diagnosis.fact("adaptation-gain"):
        words = ["searchapp", "adapt", subject.corpus, "-m", subject.model, "-o", "FOLDER"]
        parts += [Text(f"Next: {shlex.join(words)} teaches the model this corpus.")]
    if diagnosis.remarks:
        parts += [Text(""), Text("Remarks, not faults by themselves:")]
        parts += [Text(f"  {printable(ranked.findings[0].text)}") for ranked in diagnosis.remarks]
    parts += [Text(""), _facts(diagnosis)]
    if diagnosis.unjudged:
        reasons: dict[str, list[str]] = {}
        for probe, reason in diagnosis.unjudged.items():
            reasons.setdefault(reason, []).append(probe)
        parts += [Text("Not judged:")]
        parts += [Text(f"  {', '.join(probes)}: {reason}") for reason, probes in reasons.items()]
    return render(*parts)


VERDICTS = {
    "healthy": "healthy, no fault found",
    "weak": "weak, not broken: no fault found, and the model scores clearly below BM25 and the control",
    "low": "low, cause not found",
}


def headline(diagnosis: Diagnosis, subject: Subject) -> str:
    """Return the verdict in one line."""
    if not diagnosis.faults:
        return f"{subject}: {VERDICTS[diagnosis.verdict]}."
    title, others = diagnosis.faults[0].cause.title, len(diagnosis.faults) - 1
    rest = f" ({others} more, below)" if others else ""
    return f"{subject}: {title[0].lower()}{title[1:]}{rest}."


def summary(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield sentences that say how good the score is, and what is ruled out."""
    score = diagnosis.fact("score")
    if score is not None:
        baselines = (
            ("chance", "chance"),
            ("exact-score", "its vectors"),
            ("random-baseline", "random embeddings"),
            ("control", "the control"),
            ("bm25", "BM25"),
        )
        facts = [(name, diagnosis.fact(key)) for key, name in baselines]
        compared = ", ".join(f"{name} {float(fact.value):.3f}" for name, fact in facts if fact)
        yield f"nDCG@10 is {float(score.value):.5f} ({compared})."
    control, corpus = diagnosis.fact("control"), diagnosis.fact("corpus")
    trusted = "control-differs" not in {ranked.id for ranked in diagnosis.causes}
    if control and "known" in control.values and trusted and corpus and corpus.values.get("published"):
        yield (
            f"Harness and data are ruled out: the control reaches its known {float(control.value):.5f}, and "
            "the corpus has the digests of the published one."
        )
    published = [
        f"{str(fact.values['model']).rsplit('/', 1)[-1]} {float(fact.value):.5f}"
        for fact in diagnosis.facts_of("published-model")
    ]
    if published:
        yield f"Related published models: {', '.join(published[:8])}."


def _cause(diagnosis: Diagnosis, ranked: RankedCause, number: int, subject: Subject) -> Iterator[Text]:
    cause, measured = ranked.cause, ranked.measured
    confidence = next(word for least, word in CONFIDENCE if ranked.strength >= least)
    yield Text(f"{number}. {cause.title} [{confidence}; {ranked.id}, {cause.code}]", style="bold")
    for finding in ranked.findings:
        yield Text(f"   Evidence: {printable(finding.text)}")
    if measured is not None:
        yield Text(f"   Measured: {measured.fix} changes the score by {measured.gain:+.4f}.")
    for against in counter_evidence(diagnosis, ranked):
        yield Text(f"   But: {against}")
    where = " (nDCG@10, NFCorpus / SciFact)" if " / " in cause.effect else ""
    yield Text(f"   Known effect{where}: {cause.effect}")
    yield Text(f"   Fix: {cause.fix}")
    yield Text(f"   Next: {next_step(ranked, subject)}")


def counter_evidence(diagnosis: Diagnosis, ranked: RankedCause) -> Iterator[str]:
    """Yield what speaks against a cause: what its probes know, a fix without gain, a score that is fine."""
    yield from dict.fromkeys(
        finding.counter_evidence for finding in ranked.findings if finding.counter_evidence
    )
    if ranked.gain is not None and ranked.gain < LEAST_GAIN:
        yield "The fix gains nothing here, so this does not explain a low score."
    score, control = diagnosis.fact("score"), diagnosis.fact("control")
    if score and control and ranked.gain is None and float(score.value) >= float(control.value):
        yield f"The score is not low: the control has {float(control.value):.3f}."


def next_step(ranked: RankedCause, subject: Subject) -> str:
    """Return a command to run next: it works as written, and does something else than diagnose again.

    For vectors or a run from elsewhere that is to score the model behind them, where it is known, else a
    model that works.
    """
    step, model = ranked.cause.step, subject.model
    precomputed = split_name(model)[0] == PRECOMPUTED
    fix = ranked.measured.values.get("repair") if ranked.measured else None
    if subject.run and step in {SCORE, SCORE_WHOLE} and not model:
        step = SCORE_RUN
    elif (subject.run or precomputed) and step != INSPECT:
        step = SCORE if subject.made_by or (model and not precomputed) else CONTROL
        model = subject.made_by or model
    elif step == AGAIN or (step == REPAIR and model.startswith("st:")):
        step = CONTROL
    if fix and model == subject.model:
        step = f"{REPAIR} --fix {fix}"
    names = {"corpus": subject.corpus, "model": model, "run": str(subject.run), "control": BUNDLED}
    return step.format(**{name: shlex.quote(value) for name, value in names.items()})


def _facts(diagnosis: Diagnosis) -> RichTable:
    rows = []
    for probe, facts in diagnosis.facts.items():
        for fact in facts:
            if fact.key == "published-model":  # named in the summary
                continue
            value, remark = _shown(fact.value), fact.remark
            if len(value) > WIDEST:  # a text, which would push the numbers off a terminal
                value, remark = "", f"{value} {remark}".rstrip()
            rows.append((probe, fact.label, value, remark))
    return plain_table(Table(("probe", "measured", "value", ""), rows, numbers=("value",)))


def _shown(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else value


def diagnosis_document(diagnosis: Diagnosis, subject: Subject) -> dict[str, Any]:
    """Return a diagnosis as the document that scripts read."""
    return {
        "schema": DIAGNOSIS_SCHEMA,
        "corpus": subject.corpus,
        "model": subject.model,
        "run": str(subject.run) if subject.run else None,
        "made_by": subject.made_by,
        "verdict": diagnosis.verdict,
        "healthy": diagnosis.healthy,
        "ruled_out": diagnosis.ruled_out,
        "causes": [
            {
                "id": ranked.id,
                "code": ranked.cause.code,
                "title": ranked.cause.title,
                "fault": ranked in diagnosis.faults,
                "strength": ranked.strength,
                "gain": ranked.gain,
                "effect": ranked.cause.effect,
                "repair": ranked.cause.fix,
                "next": next_step(ranked, subject),
                "against": list(counter_evidence(diagnosis, ranked)),
                "found": [_document(finding) for finding in ranked.findings],
            }
            for ranked in diagnosis.causes
        ],
        "facts": {probe: [_document(fact) for fact in facts] for probe, facts in diagnosis.facts.items()},
        "unjudged": diagnosis.unjudged,
        "seconds": diagnosis.seconds,
    }


def _document(observation: Observation) -> dict[str, Any]:
    return {KEYS.get(name, name): value for name, value in asdict(observation).items()}


def files_text(diagnosis: FilesDiagnosis) -> str:
    """Return what is wrong with published files, and how their scores rank."""
    source = diagnosis.source
    count = len(diagnosis.findings)
    outcome = f"{count} finding{'' if count == 1 else 's'}" if count else "nothing wrong found"
    extent = f"{source.tasks} tasks, {len(source.claims)} of retrieval"
    parts: list[RenderableType] = [Text(f"{printable(source.name)}: {extent}; {outcome}.", style="bold")]
    parts += [Text(f"  {printable(str(standing))}") for standing in diagnosis.standings]
    if diagnosis.findings:
        parts += [Text(""), findings_text(diagnosis.findings)]
    return render(*parts)


def files_document(diagnosis: FilesDiagnosis) -> dict[str, Any]:
    """Return what is wrong with published files as the document that scripts read."""
    return {
        "schema": DIAGNOSIS_SCHEMA,
        "source": diagnosis.source.name,
        "healthy": diagnosis.healthy,
        "findings": [asdict(finding) for finding in diagnosis.findings],
        "standings": [asdict(standing) for standing in diagnosis.standings],
    }

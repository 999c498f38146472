"""A diagnosis for a person: the verdict, each cause with its evidence, what to run, what was measured."""

import shlex
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from searchapp.diagnosis.cause import AGAIN, MEND, REBUILD
from searchapp.diagnosis.published_files import FilesDiagnosis
from searchapp.diagnosis.verdict import Diagnosis, RankedCause
from searchapp.reports.formats import Report
from searchapp.reports.markup import Table
from searchapp.reports.terminal import findings_text, plain_table, render
from searchapp.reports.text import printable

DIAGNOSIS_SCHEMA = "searchapp/diagnosis/1"

RUN = "run "  # in front of the file's name where a run is looked into
MADE_ELSEWHERE = ("npy:", RUN)
LONGEST = 12  # letters of a value in the column of values

SURE = ((1.0, "proved"), (0.8, "strong"), (0.5, "likely"), (0.0, "remark"))


def diagnosis_report(diagnosis: Diagnosis, corpus: str, model: str) -> Report:
    """Report a diagnosis: its causes in full, and the measured facts as rows."""
    return Report(
        lambda: diagnosis_document(diagnosis, corpus, model),
        lambda: [diagnosis_text(diagnosis, corpus, model)],
        lambda: [
            {"probe": probe, **asdict(fact)} for probe, facts in diagnosis.facts.items() for fact in facts
        ],
        failed=not diagnosis.healthy,
    )


def files_report(diagnosis: FilesDiagnosis) -> Report:
    """Report what contradicts published files, the findings as rows."""
    return Report(
        lambda: files_document(diagnosis),
        lambda: [files_text(diagnosis)],
        lambda: [asdict(finding) for finding in diagnosis.findings],
        failed=not diagnosis.healthy,
    )


def diagnosis_text(diagnosis: Diagnosis, corpus: str, model: str) -> str:
    """Return a diagnosis as text.

    Args:
        diagnosis: what was found.
        corpus: what the user calls the corpus.
        model: what the user calls the model.
    """
    parts: list[Text | RichTable] = [Text(headline(diagnosis, corpus, model), style="bold")]
    parts += [Text(line) for line in summary(diagnosis)]
    for number, named in enumerate(diagnosis.faults, start=1):
        parts += [Text(""), *_cause(named, number, corpus, model)]
    if diagnosis.remarks:
        parts += [Text(""), Text("Remarks, no faults by themselves:")]
        parts += [Text(f"  {printable(named.found[0].evidence)}") for named in diagnosis.remarks]
    parts += [Text(""), _facts(diagnosis)]
    if diagnosis.unjudged:
        reasons: dict[str, list[str]] = {}
        for probe, reason in diagnosis.unjudged.items():
            reasons.setdefault(reason, []).append(probe)
        parts += [Text("Not judged:")]
        parts += [Text(f"  {', '.join(probes)}: {reason}") for reason, probes in reasons.items()]
    return render(*parts)


def headline(diagnosis: Diagnosis, corpus: str, model: str) -> str:
    """Return the verdict in one line."""
    if diagnosis.healthy:
        return f"{corpus} by {model}: healthy, no fault was found."
    first, rivals = diagnosis.faults[0], len(diagnosis.faults) - 1
    rest = f" ({rivals} more, below)" if rivals else ""
    return f"{corpus} by {model}: {first.cause.title[0].lower()}{first.cause.title[1:]}{rest}."


def summary(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield sentences that say how good the score is, and what is cleared."""
    score = diagnosis.fact("nDCG@10") or diagnosis.fact("nDCG@10 of the run")
    chance = diagnosis.fact("chance")
    if score is not None:
        told = [f"chance {float(chance.value):.3f}"] if chance else []
        for name, short in (("floor of random tables", "random tables"), ("BM25", "BM25")):
            fact = diagnosis.fact(name)
            if fact is not None:
                told.append(f"{short} {float(fact.value):.3f}")
        yield f"nDCG@10 is {float(score.value):.5f} ({', '.join(told)})."
    control, corpus = diagnosis.fact("control model (wordllama)"), diagnosis.fact("corpus")
    trusted = "control-differs" not in {one.id for one in diagnosis.causes}
    if control and control.remark and trusted and corpus and corpus.remark == "is the published one":
        yield (
            f"Harness and data are cleared: the control scores its known {float(control.value):.5f}, and the "
            "corpus has the digests of the published one."
        )
    peers = [fact for fact in diagnosis.facts.get("peers", ()) if fact.name.startswith("published: ")]
    if peers:
        listed = ", ".join(f"{fact.name.rsplit('/', 1)[-1]} {float(fact.value):.5f}" for fact in peers[:8])
        yield f"Published models of its kind: {listed}."


def _cause(named: RankedCause, number: int, corpus: str, model: str) -> Iterator[Text]:
    sure = next(word for least, word in SURE if named.strength >= least)
    yield Text(f"{number}. {named.cause.title} [{sure}; {named.id}, {named.cause.code}]", style="bold")
    for one in named.found:
        yield Text(f"   Evidence: {printable(one.evidence)}")
    against = next((one.against for one in named.found if one.against), "")
    if against:
        yield Text(f"   Against it: {against}")
    yield Text(f"   Known effect (nDCG@10, NFCorpus / SciFact): {named.cause.effect}")
    yield Text(f"   Fix: {named.cause.repair}")
    measured = max(
        (one for one in named.found if one.gain is not None), key=lambda one: one.gain or 0.0, default=None
    )
    if measured is not None:
        yield Text(f"   Measured: to {measured.repaired} changes the score by {measured.gain:+.4f}.")
    yield Text(f"   Next: {next_step(named, corpus, model)}")


def next_step(named: RankedCause, corpus: str, subject: str) -> str:
    """Return the command to run next; vectors and runs made elsewhere can only be looked at again."""
    step = named.cause.step
    if (step == REBUILD and subject.startswith(MADE_ELSEWHERE)) or (
        step == MEND and subject.startswith((*MADE_ELSEWHERE, "st:"))
    ):
        step = AGAIN
    if subject.startswith(RUN):
        step = step.replace("-m {model}", "--run {model}")
    return step.format(corpus=shlex.quote(corpus), model=shlex.quote(subject.removeprefix(RUN)))


def _facts(diagnosis: Diagnosis) -> RichTable:
    rows = []
    for probe, facts in diagnosis.facts.items():
        for fact in facts:
            value, remark = _shown(fact.value), fact.remark
            if len(value) > LONGEST:  # a text, which would push the numbers off a terminal
                value, remark = "", f"{value} {remark}".rstrip()
            if not fact.name.startswith("published: "):
                rows.append((probe, fact.name, value, remark))
    return plain_table(Table(("probe", "measured", "value", ""), rows, numbers=("value",)))


def _shown(value: float | int | str) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else value


def diagnosis_document(diagnosis: Diagnosis, corpus: str, model: str) -> dict[str, Any]:
    """Return a diagnosis as the document that scripts read."""
    return {
        "schema": DIAGNOSIS_SCHEMA,
        "corpus": corpus,
        "model": model,
        "healthy": diagnosis.healthy,
        "causes": [
            {
                "id": named.id,
                "code": named.cause.code,
                "title": named.cause.title,
                "fault": named in diagnosis.faults,
                "strength": named.strength,
                "gain": named.gain,
                "effect": named.cause.effect,
                "repair": named.cause.repair,
                "next": next_step(named, corpus, model),
                "found": [asdict(one) for one in named.found],
            }
            for named in diagnosis.causes
        ],
        "facts": {probe: [asdict(fact) for fact in facts] for probe, facts in diagnosis.facts.items()},
        "unjudged": diagnosis.unjudged,
        "seconds": diagnosis.seconds,
    }


def files_text(diagnosis: FilesDiagnosis) -> str:
    """Return what speaks against published files, and where their scores stand."""
    source = diagnosis.source
    count = len(diagnosis.findings)
    found = f"{count} finding{'' if count == 1 else 's'}" if count else "nothing speaks against them"
    parts: list[RenderableType] = [
        Text(
            f"{printable(source.name)}: {source.tasks} tasks, {len(source.claims)} of retrieval; {found}.",
            style="bold",
        ),
        *(Text(f"  {printable(str(standing))}") for standing in diagnosis.standings),
    ]
    if diagnosis.findings:
        parts += [Text(""), findings_text(diagnosis.findings)]
    return render(*parts)


def files_document(diagnosis: FilesDiagnosis) -> dict[str, Any]:
    """Return the same as a document for scripts."""
    return {
        "schema": DIAGNOSIS_SCHEMA,
        "source": diagnosis.source.name,
        "healthy": diagnosis.healthy,
        "findings": [asdict(finding) for finding in diagnosis.findings],
        "standings": [asdict(standing) for standing in diagnosis.standings],
    }

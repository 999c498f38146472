"""Inject every fault of the catalogue, diagnose the result, and count how often the cause is named.

    python -m tests.faults --minilm FOLDER         held-out cases; writes figures and docs/faults.md
    python -m tests.faults --calibration           the cases that thresholds were set on
    python -m tests.faults --quick                 SciFact, the static table, one case per fault

FOLDER holds `<corpus>/documents.npy`, `documents.txt`, `queries.npy` and `queries.txt` of
all-MiniLM-L6-v2; without it, only the static table is used.
"""

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scripts.timing import FIGURES, parser_of
from searchapp.corpora.resolve import open_corpus
from searchapp.diagnosis.registry import PROBES
from searchapp.diagnosis.verdict import diagnose
from tests.faults.catalogue import FAULTS, NEGATIVES, Fault
from tests.faults.pipelines import Base, static_base, vector_base
from tests.faults.run_faults import PAIRS, RUN_FAULTS, RUN_NEGATIVES

CORPORA = ("nfcorpus", "scifact")
TRAIN_SEEDS, HELD_SEEDS = (1, 2), (201, 202)
DOCS = Path(__file__).parents[2] / "docs" / "faults.md"
RECOVERED = 0.9
INFORM_ONLY = ("bm25", "published-models")


@dataclass(frozen=True)
class Outcome:
    """The outcome of one case: the causes named, in order, and the score before and after the fix."""

    kind: str
    code: str
    name: str
    corpus: str
    base: str
    severity: str
    seed: int
    accepted: tuple[str, ...]
    named: tuple[str, ...]
    complete: bool
    score: float
    fixed: float | None
    healthy: float
    seconds: float

    @property
    def first(self) -> bool:
        """Whether the first cause named is correct; for a negative case, whether none is named."""
        return bool(self.named) and self.named[0] in self.accepted if self.accepted else not self.named

    @property
    def third(self) -> bool:
        """Whether the first three include the cause, or both causes of a pair."""
        return self.complete if self.accepted else not self.named

    def line(self) -> str:
        """Return the case on one line."""
        where = f"{self.corpus}/{self.base} {self.severity} seed {self.seed}"
        return f"{self.code} {self.name} ({where}): {', '.join(self.named[:4]) or 'healthy'}"


def outcome(kind: str, fault: Fault, base: Base, where: tuple[str, str], severity: Any, seed: int) -> Outcome:
    """Inject a fault, diagnose the result, and compare."""
    started = time.perf_counter()
    evidence = fault.inject(base, severity, np.random.default_rng(seed))
    probes = [probe for probe in PROBES.values() if probe.id not in INFORM_ONLY]
    diagnosis = diagnose(evidence, probes)
    named = tuple(ranked.id for ranked in diagnosis.faults)
    parts = fault.parts or ((fault.accepted,) if fault.accepted else ())
    measured = (
        ranked for ranked in diagnosis.faults if ranked.id in fault.accepted and ranked.gain is not None
    )
    correct = next(measured, None)
    comparable = kind == "fault" and evidence.context is base.context
    gain = correct.gain if correct is not None and comparable else None
    # For a run the fix is exact search, whose score the evidence has.
    before = evidence.score - gain if gain is not None and evidence.run is not None else evidence.score
    return Outcome(
        kind,
        fault.code,
        fault.name,
        *where,
        str(severity),
        seed,
        fault.accepted,
        named,
        all(set(named[:3]) & set(part) for part in parts),
        before,
        None if gain is None else before + gain,
        base.healthy,
        time.perf_counter() - started,
    )


def run_corpus(corpus: str, minilm: Path | None, calibration: bool, quick: bool) -> list[Outcome]:
    """Return the outcomes of every case on one corpus."""
    opened = open_corpus(corpus)
    bases = {"static": static_base(opened)}
    if minilm is not None and not quick:
        bases["minilm"] = vector_base(opened, minilm / corpus)
    groups = (
        ("negative", (*NEGATIVES, *RUN_NEGATIVES)),
        ("fault", (*FAULTS, *RUN_FAULTS)),
        ("pair", () if calibration else PAIRS),
    )
    outcomes = []
    for kind, group in groups:
        for fault in group:
            for name in fault.bases:
                if name in bases:
                    for severity, seed in _cases(fault, calibration, quick):
                        outcomes.append(outcome(kind, fault, bases[name], (corpus, name), severity, seed))
                        if not outcomes[-1].first:
                            print(f"  miss: {outcomes[-1].line()}", flush=True)
    return outcomes


def _cases(fault: Fault, calibration: bool, quick: bool) -> Iterator[tuple[Any, int]]:
    severities, seeds = (fault.train, TRAIN_SEEDS) if calibration else (fault.held, HELD_SEEDS)
    for number, severity in enumerate(severities[:1] if quick else severities):
        yield severity, seeds[number % len(seeds)]


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the counts of a bench."""
    faults = [case for case in outcomes if case.kind == "fault"]
    pairs = [case for case in outcomes if case.kind == "pair"]
    negatives = [case for case in outcomes if case.kind == "negative"]
    measured = [case for case in faults if case.fixed is not None and case.first]
    recovered = [case for case in measured if (case.fixed or 0) >= RECOVERED * case.healthy]
    return {
        "faults": len(faults),
        "top-1": sum(case.first for case in faults),
        "top-3": sum(case.third for case in faults),
        "pairs": len(pairs),
        "pairs top-1": sum(case.first for case in pairs),
        "pairs top-3": sum(case.third for case in pairs),
        "negatives": len(negatives),
        "false alarms": sum(not case.first for case in negatives),
        "fixes measured": len(measured),
        "fixes that recover 90 %": len(recovered),
        "misses": [case.line() for case in outcomes if not case.first],
        "not among three": [case.line() for case in outcomes if case.first and not case.third],
        "not recovered": [
            f"{case.line()}: {case.score:.3f} to {case.fixed:.3f} of {case.healthy:.3f}"
            for case in measured
            if case not in recovered
        ],
        "seconds per case": round(float(np.mean([case.seconds for case in outcomes])), 2),
    }


def table(outcomes: Sequence[Outcome]) -> str:
    """Return one row per fault in Markdown: cases, correct first, correct among three, scores."""
    rows: dict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
    for case in outcomes:
        rows[case.kind, case.code, case.name].append(case)
    lines = [
        "| | fault | cases | first | first three | nDCG@10 of NFCorpus, SciFact | after the fix |",
        "|---|---|---|---|---|---|---|",
    ]
    for (kind, code, name), group in rows.items():
        shown = f"*{name}*" if kind == "negative" else name
        scores = ", ".join(
            _range([case.score for case in group if case.corpus == corpus]) for corpus in CORPORA
        )
        after = ", ".join(
            _range([case.fixed for case in group if case.corpus == corpus and case.fixed is not None])
            for corpus in CORPORA
        )
        first, third = sum(case.first for case in group), sum(case.third for case in group)
        lines.append(
            f"| {code} | {shown} | {len(group)} | {first} | {third} | {scores} | {after.strip(', ')} |"
        )
    return "\n".join(lines) + "\n"


def _range(values: Sequence[float]) -> str:
    if not values:
        return ""
    low, high = f"{min(values):.3f}", f"{max(values):.3f}"
    return low if low == high else f"{low}-{high}"


def healthy_splits() -> dict[str, list[str]]:
    """Return the causes named for the healthy bundled model on every split: none, if thresholds are right."""
    named = {}
    for corpus in (
        "sample",
        *(
            f"beir/{name}/{split}"
            for name, split in (
                ("nfcorpus", "train"),
                ("nfcorpus", "dev"),
                ("nfcorpus", "test"),
                ("scifact", "train"),
                ("scifact", "test"),
            )
        ),
    ):
        evidence = static_base(open_corpus(corpus)).evidence()
        probes = [probe for probe in PROBES.values() if probe.id not in INFORM_ONLY]
        named[corpus] = [case.id for case in diagnose(evidence, probes).faults]
    return named


def write(outcomes: Sequence[Outcome], counts: dict[str, Any]) -> None:
    """Write the figures, and the tables of the docs between their marks."""
    FIGURES.mkdir(exist_ok=True)
    figures = {"summary": counts, "cases": [asdict(case) for case in outcomes]}
    (FIGURES / "faults.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    if DOCS.exists():
        text = DOCS.read_text("utf-8")
        for mark, content in (
            ("bench", headline(counts)),
            ("table", table(outcomes)),
            ("misses", misses(counts)),
        ):
            head, _, rest = text.partition(f"<!-- {mark} -->\n")
            text = f"{head}<!-- {mark} -->\n{content}<!-- /{mark} -->{rest.partition(f'<!-- /{mark} -->')[2]}"
        DOCS.write_text(text, "utf-8")


def headline(counts: dict[str, Any]) -> str:
    """Return the summary as a Markdown table."""
    rows = (
        ("the fault is named first", counts["top-1"], counts["faults"]),
        ("the fault is among the first three", counts["top-3"], counts["faults"]),
        ("one of a pair is named first", counts["pairs top-1"], counts["pairs"]),
        ("both of a pair are among the first three", counts["pairs top-3"], counts["pairs"]),
        ("false alarms on harmless changes", counts["false alarms"], counts["negatives"]),
        (
            "measured fixes that recover 90 % of the healthy score",
            counts["fixes that recover 90 %"],
            counts["fixes measured"],
        ),
    )
    lines = ["| | of | |", "|---|---|---|"]
    lines += [f"| {what} | {count} of {total} | {count / max(total, 1):.1%} |" for what, count, total in rows]
    return "\n".join(lines) + "\n"


def misses(counts: dict[str, Any]) -> str:
    """Return the misses as a Markdown list."""
    lines = [f"- {line}" for line in (*counts["misses"], *counts["not among three"])]
    return "\n".join(lines or ["- none"]) + "\n"


def main() -> None:
    """Run the bench and print the counts."""
    parser = parser_of(__doc__)
    parser.add_argument("--minilm", type=Path)
    parser.add_argument("--calibration", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument(
        "--splits", action="store_true", help="diagnose only the healthy model, on every split"
    )
    parser.add_argument("--corpora", nargs="*", default=CORPORA)
    arguments = parser.parse_args()
    if arguments.splits:
        print(json.dumps(healthy_splits(), indent=1))
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    corpora = ["scifact"] if arguments.quick else arguments.corpora
    with ProcessPoolExecutor(min(2, len(corpora))) as executor:
        runs = [
            executor.submit(run_corpus, corpus, arguments.minilm, arguments.calibration, arguments.quick)
            for corpus in corpora
        ]
        outcomes = [case for run in runs for case in run.result()]
    counts = summary(outcomes)
    print(json.dumps(counts, indent=1))
    if (
        not arguments.calibration
        and not arguments.quick
        and arguments.minilm
        and len(corpora) == len(CORPORA)
    ):
        write(outcomes, counts)


if __name__ == "__main__":
    main()

"""Inject every fault of the catalogue, diagnose it, and count how often the cause is named.

    python -m tests.faults --minilm FOLDER         held-back cases: writes figures and docs/faults.md
    python -m tests.faults --calibration           the cases that thresholds were set on
    python -m tests.faults --quick                 SciFact, the static table, one case a fault

FOLDER holds `<corpus>/documents.npy`, `documents.txt`, `queries.npy` and `queries.txt` of
all-MiniLM-L6-v2; without it the static table alone is used.
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
    """What became of one case: the causes named in order, and the score before and after the repair."""

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
    repaired: float | None
    healthy: float
    seconds: float

    @property
    def first(self) -> bool:
        """Whether the first cause named is right; for a negative, whether none is named."""
        return bool(self.named) and self.named[0] in self.accepted if self.accepted else not self.named

    @property
    def third(self) -> bool:
        """Whether the first three hold the cause, both causes of a pair."""
        return self.complete if self.accepted else not self.named

    def line(self) -> str:
        """Return the case in a line."""
        where = f"{self.corpus}/{self.base} {self.severity} seed {self.seed}"
        return f"{self.code} {self.name} ({where}): {', '.join(self.named[:4]) or 'healthy'}"


def outcome(kind: str, fault: Fault, base: Base, where: tuple[str, str], severity: Any, seed: int) -> Outcome:
    """Inject a fault, diagnose what comes of it, and compare."""
    started = time.perf_counter()
    evidence = fault.inject(base, severity, np.random.default_rng(seed))
    probes = [probe for probe in PROBES.values() if probe.id not in INFORM_ONLY]
    diagnosis = diagnose(evidence, probes)
    named = tuple(one.id for one in diagnosis.faults)
    parts = fault.parts or ((fault.accepted,) if fault.accepted else ())
    right = next((one for one in diagnosis.faults if one.id in fault.accepted and one.gain is not None), None)
    comparable = kind == "fault" and evidence.context is base.context
    gain = right.gain if right is not None and comparable else None
    # Of a run the repair is the exact search, whose score the evidence has.
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
    found = []
    for kind, group in groups:
        for fault in group:
            for name in fault.bases:
                if name in bases:
                    for severity, seed in _cases(fault, calibration, quick):
                        found.append(outcome(kind, fault, bases[name], (corpus, name), severity, seed))
                        if not found[-1].first:
                            print(f"  miss: {found[-1].line()}", flush=True)
    return found


def _cases(fault: Fault, calibration: bool, quick: bool) -> Iterator[tuple[Any, int]]:
    severities, seeds = (fault.train, TRAIN_SEEDS) if calibration else (fault.held, HELD_SEEDS)
    for number, severity in enumerate(severities[:1] if quick else severities):
        yield severity, seeds[number % len(seeds)]


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the counts of a bench."""
    faults = [one for one in outcomes if one.kind == "fault"]
    pairs = [one for one in outcomes if one.kind == "pair"]
    negatives = [one for one in outcomes if one.kind == "negative"]
    repaired = [one for one in faults if one.repaired is not None and one.first]
    recovered = [
        one for one in repaired if one.repaired is not None and one.repaired >= RECOVERED * one.healthy
    ]
    return {
        "faults": len(faults),
        "top-1": sum(one.first for one in faults),
        "top-3": sum(one.third for one in faults),
        "pairs": len(pairs),
        "pairs top-1": sum(one.first for one in pairs),
        "pairs top-3": sum(one.third for one in pairs),
        "negatives": len(negatives),
        "false alarms": sum(not one.first for one in negatives),
        "repairs measured": len(repaired),
        "repairs that recover 90 %": len(recovered),
        "misses": [one.line() for one in outcomes if not one.first],
        "not among three": [one.line() for one in outcomes if one.first and not one.third],
        "not recovered": [
            f"{one.line()}: {one.score:.3f} to {one.repaired:.3f} of {one.healthy:.3f}"
            for one in repaired
            if one not in recovered
        ],
        "seconds a case": round(float(np.mean([one.seconds for one in outcomes])), 2),
    }


def table(outcomes: Sequence[Outcome]) -> str:
    """Return a row a fault as Markdown: cases, right first, right among three, scores."""
    rows: dict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
    for one in outcomes:
        rows[one.kind, one.code, one.name].append(one)
    lines = [
        "| | fault | cases | first | first three | nDCG@10 of NFCorpus, SciFact | after its repair |",
        "|---|---|---|---|---|---|---|",
    ]
    for (kind, code, name), group in rows.items():
        shown = f"*{name}*" if kind == "negative" else name
        scores = ", ".join(_range([one.score for one in group if one.corpus == corpus]) for corpus in CORPORA)
        after = ", ".join(
            _range([one.repaired for one in group if one.corpus == corpus and one.repaired is not None])
            for corpus in CORPORA
        )
        first, third = sum(one.first for one in group), sum(one.third for one in group)
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
    """Return what is named of the healthy bundled model on every split: nothing, if thresholds are right."""
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
        named[corpus] = [one.id for one in diagnose(evidence, probes).faults]
    return named


def write(outcomes: Sequence[Outcome], found: dict[str, Any]) -> None:
    """Keep the figures, and put the table into the docs between its marks."""
    FIGURES.mkdir(exist_ok=True)
    kept = {"summary": found, "cases": [asdict(one) for one in outcomes]}
    (FIGURES / "faults.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    if DOCS.exists():
        text = DOCS.read_text("utf-8")
        for mark, content in (
            ("bench", headline(found)),
            ("table", table(outcomes)),
            ("misses", misses(found)),
        ):
            head, _, rest = text.partition(f"<!-- {mark} -->\n")
            text = f"{head}<!-- {mark} -->\n{content}<!-- /{mark} -->{rest.partition(f'<!-- /{mark} -->')[2]}"
        DOCS.write_text(text, "utf-8")


def headline(found: dict[str, Any]) -> str:
    """Return the summary as a Markdown table."""
    rows = (
        ("the fault is named first", found["top-1"], found["faults"]),
        ("the fault is among the first three", found["top-3"], found["faults"]),
        ("of a pair, one of the two is named first", found["pairs top-1"], found["pairs"]),
        ("of a pair, both are among the first three", found["pairs top-3"], found["pairs"]),
        ("false alarms on what is harmless", found["false alarms"], found["negatives"]),
        (
            "measured repairs that give back 90 % of the healthy score",
            found["repairs that recover 90 %"],
            found["repairs measured"],
        ),
    )
    lines = ["| | of | |", "|---|---|---|"]
    lines += [f"| {what} | {count} of {total} | {count / max(total, 1):.1%} |" for what, count, total in rows]
    return "\n".join(lines) + "\n"


def misses(found: dict[str, Any]) -> str:
    """Return the misses as a Markdown list."""
    lines = [f"- {line}" for line in (*found["misses"], *found["not among three"])]
    return "\n".join(lines or ["- none"]) + "\n"


def main() -> None:
    """Run the bench and print what came of it."""
    parser = parser_of(__doc__)
    parser.add_argument("--minilm", type=Path)
    parser.add_argument("--calibration", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--splits", action="store_true", help="only the healthy model on every split")
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
        outcomes = [one for run in runs for one in run.result()]
    found = summary(outcomes)
    print(json.dumps(found, indent=1))
    if (
        not arguments.calibration
        and not arguments.quick
        and arguments.minilm
        and len(corpora) == len(CORPORA)
    ):
        write(outcomes, found)


if __name__ == "__main__":
    main()

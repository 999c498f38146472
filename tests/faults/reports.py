"""Reported figures that the run or the model does not have."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.faults.box import Box
from tests.faults.cases import LARGE, STATIC, fault

EITHER: dict[str, Any] = {"entries": ("model", "run", "npy"), "models": STATIC}


def report(box: Box, **figures: float) -> list[str]:
    """Return the command that examines sound vectors with reported figures."""
    flags = [part for name, value in figures.items() for part in ("--reported", f"{name}={round(value, 5)}")]
    if box.case.entry == "model":
        argv = box.give_model(box.model, flags)
    else:
        argv = [*box.deliver(*box.vectors), *flags]
    box.score = None
    return argv


def values(box: Box, depth: int = 10) -> Mapping[str, float]:
    """Return what the sound run scores by several definitions, computed here."""
    run = box.rank(*box.vectors, max(depth, 100))
    table: dict[str, list[float]] = {}

    def add(name: str, value: float) -> None:
        table.setdefault(name, []).append(value)

    for query, grades in box.data.judgements.items():
        relevant = {name for name, grade in grades.items() if grade > 0}
        names = [name for name, _ in run[query]]
        hits = [name in relevant for name in names]
        top = hits[:10]
        precisions = [
            sum(top[: place + 1]) / (place + 1) for place in range(10) if place < len(top) and top[place]
        ]
        gains = [2.0 ** grades.get(name, 0) - 1 if grades.get(name, 0) > 0 else 0 for name in names[:10]]
        ideal = sorted((2.0**grade - 1 for grade in grades.values() if grade > 0), reverse=True)[:10]
        first = top.index(True) + 1 if any(top) else 0
        add("hit", float(any(top)))
        add("recall", sum(top) / len(relevant) if relevant else 0)
        add("recall capped", sum(top) / min(len(relevant), 10) if relevant else 0)
        add("precision", sum(top) / 10)
        add("map", sum(precisions) / len(relevant) if relevant else 0)
        add("map of found", sum(precisions) / len(precisions) if precisions else 0)
        add("map capped", sum(precisions) / min(len(relevant), 10) if relevant else 0)
        add("mrr", 1 / first if first else 0)
        add("ndcg exponential", discounted(gains) / discounted(ideal) if ideal else 0)
        found = sorted((max(grades.get(name, 0), 0) for name in names[:10]), reverse=True)
        gained = [max(grades.get(name, 0), 0) for name in names[:10]]
        add("ndcg of retrieved", discounted(gained) / discounted(found) if any(found) else 0)
        best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
        for cutoff in (1, 3, 10, 100):
            part = [max(grades.get(name, 0), 0) for name in names[:cutoff]]
            add(f"ndcg@{cutoff}", discounted(part) / discounted(best[:cutoff]) if best else 0)
    means = {name: float(np.mean(column)) for name, column in table.items()}
    answered = [value for value in table["ndcg@10"] if value]
    return {**means, "ndcg answered": float(np.mean(answered)) if answered else 0.0}


def discounted(gains: Sequence[float]) -> float:
    return float(sum(gain / np.log2(place + 2) for place, gain in enumerate(gains)))


DEFINITIONS = {
    "hit as recall": ("recall_at_10", "hit"),
    "map of found": ("map_at_10", "map of found"),
    "ndcg of retrieved": ("ndcg_at_10", "ndcg of retrieved"),
    "answered": ("ndcg_at_10", "ndcg answered"),
    "hit as precision": ("precision_at_10", "hit"),
    "recall as precision": ("precision_at_10", "recall"),
    "recall capped": ("recall_at_10", "recall capped"),
    "map capped": ("map_at_10", "map capped"),
    "mrr as map": ("map_at_10", "mrr"),
    "recall as ndcg": ("ndcg_at_10", "recall"),
    "map as ndcg": ("ndcg_at_10", "map"),
}


@fault(
    "reports",
    "other-definition",
    also=("impossible-score",),
    held=(
        "hit as recall",
        "ndcg of retrieved",
        "answered",
        "map of found",
        "recall as ndcg",
        "mrr as map",
        "hit as precision",
    ),
    calibration=("hit as recall", "answered", "map as ndcg"),
    corpora=("nfcorpus", "scifact", "cacm", "cranfield", "aila-statutes"),
    **EITHER,
)
def other_definition(box: Box, how: str) -> list[str]:
    metric, value = DEFINITIONS[how]
    return report(box, **{metric: values(box)[value]})


@fault(
    "reports",
    "other-definition",
    held=("sum over more queries",),
    calibration=("sum over more queries",),
    **{**EITHER, "entries": ("model", "run")},
)
def averaged_over_all_queries(box: Box, _how: str) -> list[str]:
    """Unjudged queries of the file counted as 0."""
    from searchapp.records import Query

    more = [Query(f"x{number}", query.text) for number, query in enumerate(box.data.queries * 2)]
    argv = box.corpus(queries=[*box.data.queries, *more])
    score, box.score = box.healthy / 3, None
    return [*argv, "--reported", f"ndcg_at_10={score:.5f}"]


@fault("reports", "other-cutoff", held=("ndcg@100", "ndcg@1"), calibration=("ndcg@100", "ndcg@3"), **EITHER)
def other_cutoff(box: Box, how: str) -> list[str]:
    return report(box, ndcg_at_10=values(box)[how])


@fault("reports", "other-scale", held=(100.0,), calibration=(100.0,), **EITHER)
def percentage(box: Box, factor: float) -> list[str]:
    return report(box, ndcg_at_10=box.healthy * factor)


@fault("reports", "unexplained-score", "other-task", held=(0.07, -0.09), calibration=(0.08,), **EITHER)
def of_nothing(box: Box, shift: float) -> list[str]:
    return report(box, ndcg_at_10=max(box.healthy + shift, 0.0123))


@fault(
    "reports",
    "impossible-score",
    also=("other-task", "unexplained-score"),
    held=(1.3, 2.5),
    calibration=(1.7,),
    corpora=LARGE,
    **EITHER,
)
def impossible_precision(box: Box, factor: float) -> list[str]:
    sizes = [min(sum(grade > 0 for grade in row.values()), 10) for row in box.data.judgements.values()]
    return report(box, precision_at_10=min(factor * float(np.mean(sizes)) / 10, 0.99))


OTHER_TASK = {"nfcorpus": "scifact", "scifact": "nfcorpus", "cacm": "cranfield", "cranfield": "cacm"}


@fault(
    "reports",
    "other-task",
    also=("unexplained-score", "impossible-score"),
    held=(None,),
    calibration=(None,),
    corpora=("nfcorpus", "scifact"),
    **EITHER,
)
def of_another_task(box: Box, _severity: None) -> list[str]:
    """The figures of a published model on another task."""
    other = Box(
        box.case.__class__(
            box.case.fault, OTHER_TASK[box.case.corpus], box.case.model, "npy", None, box.case.split
        ),
        box.folder,
        box.bases,
    )
    found = values(other)
    return report(box, ndcg_at_10=found["ndcg@10"], recall_at_10=found["recall"], map_at_10=found["map"])


REVISIONS = {
    "NFCorpus": "ec0fa4fe99da2ff19ca1214b7966684033a58814",
    "SciFact": "0228b52cf27578f30900b9e5271d331663a030d7",
}


def mteb_file(box: Box, task: str, figures: Mapping[str, float]) -> list[str]:
    """Write a result file of MTEB 2 and return the command that examines it."""
    scores = {
        "hf_subset": "default",
        "languages": ["eng-Latn"],
        "main_score": figures["ndcg_at_10"],
        **figures,
    }
    document = {
        "dataset_revision": REVISIONS.get(task, ""),
        "task_name": task,
        "mteb_version": "2.1.0",
        "scores": {"test": [scores]},
        "evaluation_time": 12.5,
        "kg_co2_emissions": None,
    }
    box.folder.mkdir(parents=True, exist_ok=True)
    (box.folder / f"{task}.json").write_text(json.dumps(document), "utf-8")
    return ["diagnose", "--mteb", str(box.folder / f"{task}.json")]


def sound_figures(box: Box) -> dict[str, float]:
    """Return figures as MTEB writes them, those of the sound run."""
    found = values(box)
    named = {f"ndcg_at_{cutoff}": found[f"ndcg@{cutoff}"] for cutoff in (1, 3, 10, 100)}
    named |= {f"{name}_at_10": found[name] for name in ("map", "recall", "precision", "mrr")}
    return {**named, "hit_rate_at_10": found["hit"]}


# Files of MTEB.


@fault(
    "files",
    "evaluation-time",
    "empty-scores",
    "language-code",
    "no-scores",
    held=(None,),
    calibration=(None,),
)
def empty_scores(box: Box, _severity: None) -> list[str]:
    argv = mteb_file(box, "STSBenchmark", {"ndcg_at_10": 0.0})
    file = Path(argv[-1])
    written = {
        "task_name": "STSBenchmark",
        "mteb_version": "1.39.7",
        "dataset_revision": "b0fddb56ed78048fa8b90373c8a3cfc37b684831",
        "scores": {},
        "evaluation_time": 4.8e-06,
        "kg_co2_emissions": None,
    }
    file.write_text(json.dumps(written), "utf-8")
    return argv


@fault("files", "impossible-score", "other-task", held=(0.19,), calibration=(0.19,))
def precision_of_scifact(box: Box, precision: float) -> list[str]:
    """SciFact has 1.1 relevant documents a query."""
    return mteb_file(
        box, "SciFact", {"ndcg_at_10": 0.50632, "recall_at_10": 0.6425, "precision_at_10": precision}
    )


@fault(
    "files",
    "other-definition",
    "impossible-score",
    "ndcg-above-recall",
    "map-definition",
    held=(None,),
    calibration=(None,),
)
def hit_rate_as_recall(box: Box, _severity: None) -> list[str]:
    """NFCorpus: a recall@10 near the hit rate, where 38 documents a query are relevant."""
    return mteb_file(
        box,
        "NFCorpus",
        {"ndcg_at_10": 0.31594, "recall_at_10": 0.68731, "precision_at_10": 0.22, "hit_rate_at_10": 0.68731},
    )

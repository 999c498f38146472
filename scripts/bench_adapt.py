"""Adapt static models to corpora and score them on judgements that nothing was taught or chosen on.

    python -m scripts.bench_adapt nfcorpus scifact CACM CRANFIELD --models wordllama POTION   (three folders)
    python -m scripts.bench_adapt ... --ways texts judged taught --seeds 5 --teacher st:NAME_OR_PATH

Needs the extras `adapt` and, for a teacher, `transformers`. The ways are those of `searchapp adapt`: `texts`
without judgements, `judged` with the train split, `taught` with a teacher too. A corpus without a train
split is split into five folds by query, of which each is tested once. A run that is already in
`scripts/figures/adapt.json` is not repeated. At the end the acceptance lines are printed;
`python -m scripts.readme` fills the tables of docs/adapt.md.
"""

import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import searchapp
from scripts.timing import FIGURES, parser_of
from searchapp.corpora.corpus import Corpus
from searchapp.corpora.resolve import open_corpus
from searchapp.evaluation.measures import parse_measure
from searchapp.tasks.retrieval import RetrievalTask
from searchapp.tasks.task import Evaluation
from searchapp.versions import installed_versions

FILE = FIGURES / "adapt.json"
FOLDS = 5
WAYS = ("before", "texts", "judged", "taught")
METRIC = "ndcg_at_10"
TARGETS = {
    ("nfcorpus", "wordllama", "texts", "dense"): 0.28,
    ("scifact", "wordllama", "texts", "dense"): 0.60,
    ("cacm", "wordllama", "texts", "dense"): 0.46,
    ("cranfield", "wordllama", "texts", "dense"): 0.385,
    ("scifact", "wordllama", "texts", "new"): 0.62,
    ("nfcorpus", "wordllama", "judged", "dense"): 0.37,
    ("nfcorpus", "wordllama", "judged", "hybrid"): 0.385,
    ("scifact", "wordllama", "judged", "dense"): 0.77,
    ("scifact", "wordllama", "judged", "hybrid"): 0.80,
    ("scifact", "wordllama", "judged", "new"): 0.63,
    ("nfcorpus", "potion-base-8M", "judged", "dense"): 0.375,
}
"""Corpus, model, way and figure -> what it must reach."""


@dataclass(frozen=True)
class Run:
    """One adaptation: its corpus by short name, model, way and seed."""

    corpus: str
    model: str
    way: str
    seed: int

    @property
    def key(self) -> str:
        """The name of its figures."""
        return f"{self.corpus} {self.model} {self.way} {self.seed}"


def evaluation(corpus: Corpus, model: str, mode: str) -> Evaluation:
    """Return the nDCG@10 of a model on a split, query by query."""
    task = RetrievalTask(corpus, [parse_measure(METRIC)], mode=mode)
    return task.evaluate(task.open_encoder(model, searchapp.Options()))


def values(evaluated: Evaluation) -> dict[str, float]:
    """Return query id -> nDCG@10."""
    return dict(zip(evaluated.scores.query_ids, evaluated.scores.values[METRIC].tolist(), strict=True))


def new_queries(test: Corpus, train: Corpus) -> list[str]:
    """Return the test queries none of whose relevant documents is relevant in train."""
    seen = {name for grades in train.judgements.values() for name, grade in grades.items() if grade > 0}
    return [
        query_id
        for query_id, grades in test.judgements.items()
        if not any(grade > 0 and name in seen for name, grade in grades.items())
    ]


def folds(corpus: Corpus, folder: Path) -> Iterator[Corpus]:
    """Yield copies of a corpus, each with a fifth of the judged queries as its test split."""
    names = sorted(corpus.judgements)
    order = np.random.default_rng(0).permutation(len(names))
    for fold in range(FOLDS):
        root = folder / f"{Path(corpus.location).name}-{fold}"
        (root / "qrels").mkdir(parents=True)
        for file in ("corpus.jsonl", "queries.jsonl"):
            shutil.copyfile(Path(corpus.location) / file, root / file)
        tested = {names[row] for row in order[fold::FOLDS]}
        for split, chosen in (("test", tested), ("train", set(names) - tested)):
            rows = [
                f"{query_id}\t{name}\t{grade}\n"
                for query_id in sorted(chosen)
                for name, grade in corpus.judgements[query_id].items()
            ]
            (root / "qrels" / f"{split}.tsv").write_text("".join(rows), "utf-8")
        yield open_corpus(str(root))


def measure(run: Run, corpus: Corpus, model: str, teacher: str, folder: Path) -> dict[str, Any]:
    """Adapt a model in one way, and return its figures on the test judgements."""
    judged = run.way in {"judged", "taught"}
    parts = [corpus] if "train" in corpus.splits() or not judged else list(folds(corpus, folder))
    figures: dict[str, dict[str, float]] = {"dense": {}, "hybrid": {}}
    seconds, account = [], []
    for number, part in enumerate(parts):
        adapted = model
        if run.way != "before":
            adapted = str(folder / f"{run.key.replace(' ', '-')}-{number}")
            record, written = searchapp.adapt(
                part.name,
                adapted,
                model,
                judgements="train" if judged else None,
                teacher=teacher if run.way == "taught" else None,
                seed=run.seed,
            )
            if not written:
                raise SystemExit(f"{run.key}: no gain, nothing was written")
            seconds.append(record["seconds"]["total"])
            account.append(record["account"])
        for mode in figures:
            figures[mode] |= values(evaluation(part, adapted, mode))
    result: dict[str, Any] = {mode: statistics.fmean(found.values()) for mode, found in figures.items()}
    if "train" in corpus.splits():
        new = new_queries(corpus, corpus.with_split("train"))
        if new:
            result["new"] = statistics.fmean(figures["dense"][name] for name in new)
            result["new hybrid"] = statistics.fmean(figures["hybrid"][name] for name in new)
            result["n_new"] = len(new)
    return result | {"n": len(figures["dense"]), "seconds": sum(seconds), "account": account}


def kept() -> dict[str, Any]:
    """Return what was measured before."""
    measured: dict[str, Any] = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {"runs": {}}
    return measured


def keep(run: Run, figures: dict[str, Any]) -> None:
    """Add the figures of a run to the file."""
    measured = kept()
    measured["runs"][run.key] = vars(run) | figures
    measured["versions"] = installed_versions("torch")
    FILE.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")


def means(name: str) -> dict[tuple[str, str, str], list[float]]:
    """Return (corpus, model, way) -> the figure of each seed."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for run in kept()["runs"].values():
        if name in run:
            found.setdefault((run["corpus"], run["model"], run["way"]), []).append(run[name])
    return found


def acceptance() -> Iterator[str]:
    """Yield each line of what must be reached, with what was measured."""
    for (corpus, model, way, name), target in TARGETS.items():
        yield _line(f"{corpus}, {model}, {way}: {name}", means(name).get((corpus, model, way), []), target)
    before = means("hybrid")
    for (corpus, model, way), figures in before.items():
        if way == "texts" and (corpus, model, "before") in before:
            lowest = before[corpus, model, "before"][0]
            yield _line(f"{corpus}, {model}, {way}: hybrid not below that before", figures, lowest)


def _line(what: str, figures: Sequence[float], target: float) -> str:
    if not figures:
        return f"  ?  {what}: not measured, must reach {target:.3f}"
    mean = statistics.fmean(figures)
    spread = f" ({min(figures):.4f} to {max(figures):.4f}, {len(figures)} seeds)" if len(figures) > 1 else ""
    return f"{' ok ' if mean >= target else 'MISS'} {what}: {mean:.4f}{spread}, must reach {target:.4f}"


def main() -> None:
    """Measure what has not been measured yet, then print the acceptance lines."""
    parser = parser_of(__doc__)
    parser.add_argument("corpora", nargs="*")
    parser.add_argument("--models", nargs="+", default=["wordllama"])
    parser.add_argument("--ways", nargs="+", default=["before", "texts"], choices=WAYS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--teacher", default="st:sentence-transformers/all-MiniLM-L6-v2")
    arguments = parser.parse_args()
    for seed in range(arguments.seeds):
        for model in arguments.models:
            for way in arguments.ways:
                for name in arguments.corpora:
                    corpus = open_corpus(name)
                    run = Run(Path(name).name, Path(model).name, way, seed)
                    if run.key in kept()["runs"] or (way == "before" and seed):
                        continue
                    with tempfile.TemporaryDirectory() as folder:
                        os.environ["SEARCHAPP_INDEXES"] = f"{folder}/indexes"
                        figures = measure(run, corpus, model, arguments.teacher, Path(folder))
                    keep(run, figures)
                    shown = {name: round(value, 4) for name, value in figures.items() if name != "account"}
                    print(run.key, shown, flush=True)
    print("\n".join(acceptance()))


if __name__ == "__main__":
    main()

"""Measure how often intervals of a difference between two runs cover the truth, for four bootstraps.

    python -m scripts.check_intervals nfcorpus scifact

The bundled model reading whole texts is compared with itself reading 64 and 500 tokens, and with BM25.
The differences of all queries, of one metric, are a population whose mean is known. Experiments draw
queries from it with replacement; a good 95 % interval covers the mean of the population in 95 of 100.
"""

import json
from collections.abc import Iterator
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.timing import FIGURES, parser_of
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import Options
from searchapp.evaluation.intervals import bootstrap_intervals, difference_intervals
from searchapp.tasks.retrieval import RetrievalTask
from searchapp.versions import installed_versions

Table = NDArray[np.float64]

EXPERIMENTS = 400
QUERIES = (30, 100, 300)
METRICS = ("ndcg_at_10", "mrr_at_10", "recall_at_100")
RESAMPLES = 2_000
LENGTHS = (64, 500)
SHARE, QUANTILE = np.vectorize(NormalDist().cdf), np.vectorize(NormalDist().inv_cdf)


def populations(name: str) -> Iterator[tuple[str, Table]]:
    """Yield the differences of every query of a corpus, by what is compared and the metric."""
    task = RetrievalTask(open_corpus(name))

    def model(length: int | None) -> dict[str, Table]:
        options = Options(max_length="model" if length is None else length)
        return task.evaluate(task.open_encoder(BUNDLED, options)).scores.values

    whole = model(None)
    others = {f"{length} tokens": model(length) for length in LENGTHS}
    others["BM25"] = task.evaluate_bm25().scores.values
    for other, values in others.items():
        for metric in METRICS:
            yield f"{name}, {other}, {metric}", values[metric] - whole[metric]


def bounds(table: Table) -> dict[str, Table]:
    """Return the intervals of each method, (2, experiments), for a (queries, experiments) table."""
    columns = {str(number): column for number, column in enumerate(table.T)}
    return {
        "basic": np.array(list(difference_intervals(columns).values())).T,
        "percentile": np.array(list(bootstrap_intervals(columns).values())).T,
        **others_by_hand(table),
    }


def others_by_hand(table: Table) -> dict[str, Table]:
    """Return BCa (Efron 1987) and studentised intervals (Davison and Hinkley 1997, chapter 5.2)."""
    queries = len(table)
    counts = np.random.default_rng(0).multinomial(queries, np.full(queries, 1 / queries), size=RESAMPLES)
    means = counts @ table / queries
    spreads = np.sqrt(np.maximum(counts @ table**2 / queries - means**2, 0))
    mean, spread = table.mean(axis=0), table.std(axis=0)
    same = spread < 1e-12  # every query alike: the interval is a point
    scores = np.divide(means - mean, spreads, out=np.zeros_like(means), where=spreads > 1e-12)
    low, high = np.quantile(scores, [0.025, 0.975], axis=0) * spread
    studentised = np.where(same, mean, np.stack([mean - high, mean - low]))
    below = ((means < mean).mean(axis=0) + (means <= mean).mean(axis=0)) / 2
    bias = QUANTILE(np.clip(below, 1e-6, 1 - 1e-6))
    cubes, squares = ((table - mean) ** 3).sum(axis=0), ((table - mean) ** 2).sum(axis=0)
    skew = np.divide(cubes, 6 * squares**1.5, out=np.zeros_like(cubes), where=~same)
    shifted = [bias + QUANTILE(level) for level in (0.025, 0.975)]
    levels = [SHARE(bias + place / (1 - skew * place)) for place in shifted]
    corrected = [[np.quantile(means[:, i], level[i]) for i in range(len(mean))] for level in levels]
    return {"BCa": np.array(corrected), "studentised": studentised}


def coverage(population: Table, queries: int) -> dict[str, float]:
    """Return the share of experiments in which each method covers the mean of the population."""
    table = np.random.default_rng(1).choice(population, size=(queries, EXPERIMENTS))
    truth = population.mean()
    return {
        method: float(((low <= truth) & (truth <= high)).mean())
        for method, (low, high) in bounds(table).items()
    }


def main() -> None:
    """Print the coverage of each method, its mean and its worst over the populations; keep the figures."""
    parser = parser_of(__doc__)
    parser.add_argument("corpora", nargs="+")
    known = dict(pair for name in parser.parse_args().corpora for pair in populations(name))
    figures: dict[str, Any] = {}
    for queries in QUERIES:
        found = {name: coverage(population, queries) for name, population in known.items()}
        print(f"{queries} queries, {len(found)} populations, {EXPERIMENTS} experiments each")
        for method in next(iter(found.values())):
            shares = [row[method] for row in found.values()]
            print(f"  {method:<12} mean {np.mean(shares):.3f}   worst {min(shares):.3f}")
        figures[str(queries)] = found
    figures["versions"] = installed_versions("bm25s", "PyStemmer")
    (FIGURES / "intervals.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()

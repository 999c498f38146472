"""Encode, search and score by the MTEB harness and by searchapp: same machine, texts and model.

    python -m scripts.bench_harness nfcorpus scifact

Needs the extra `parity`. Each run is a process of its own that prints the seconds it took after imports
and loading; the whole process is timed from outside.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from statistics import median
from typing import NamedTuple

import numpy as np

from scripts.timing import RUNS, parser_of, report

SIDES = ("mteb", "searchapp")


class Measured(NamedTuple):
    """Seconds after imports and loading and of the whole process, and the figures."""

    seconds: tuple[float, float]
    scores: dict[str, float]


def run_side(side: str, name: str) -> tuple[float, dict[str, float]]:
    """Run one side on one corpus and return its seconds after loading and its figures."""
    from searchapp.corpora.resolve import open_corpus
    from searchapp.encoders.model_files import BUNDLED, find_model

    corpus = open_corpus(name)
    if side == "mteb":
        from scripts.mteb_harness import local_task, run_harness
        from searchapp.encoders.model_files import reference_model

        model = reference_model(find_model(BUNDLED))
        task = local_task(corpus)
        started = time.perf_counter()
        scores = run_harness(task, model)
        return time.perf_counter() - started, scores
    import faiss  # noqa: F401 - these are imported when they are needed
    import filelock  # noqa: F401
    import numba  # noqa: F401 - from now on the kernels are used for the shortest text

    from searchapp.compiled import alone_in_process
    from searchapp.encoders.options import Options
    from searchapp.evaluation.scoring import score
    from searchapp.index.build import encoder_for
    from searchapp.records import Query, Ranking
    from searchapp.tasks.retrieval import RetrievalTask

    alone_in_process()
    encoder = encoder_for(corpus, BUNDLED, Options())
    encoder.encode_queries([Query("1", "a word")])
    ranking = Ranking(["d"], np.ones(1, dtype=np.float32))
    score({"q": ranking}, {"q": {"d": 1}})  # loads what was compiled at the first use after the install
    started = time.perf_counter()
    scores = RetrievalTask(corpus).evaluate(encoder).result.metrics
    return time.perf_counter() - started, scores


def child(side: str, name: str) -> Measured:
    """Run one side in a process of its own; the whole process of searchapp is its command line."""
    inside = [sys.executable, "-m", "scripts.bench_harness", name, "--side", side]
    seconds, output = timed(inside)
    answer = json.loads(output.splitlines()[-1])
    if side == "searchapp":
        seconds, output = timed([sys.executable, "-m", "searchapp", "eval", name, "--json"])
        if json.loads(output)["results"][0]["metrics"] != answer["scores"]:
            raise SystemExit("the command line gives other figures")
    return Measured((answer["seconds"], seconds), answer["scores"])


def timed(command: list[str]) -> tuple[float, str]:
    """Run a command with an empty folder of indexes and return its seconds and what it printed."""
    with tempfile.TemporaryDirectory() as indexes:
        environment = os.environ | {"SEARCHAPP_INDEXES": indexes}
        started = time.perf_counter()
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        return time.perf_counter() - started, done.stdout


def equal_at_five_decimals(ours: Mapping[str, float], theirs: Mapping[str, float]) -> bool:
    """Tell whether all figures agree as they are published."""
    return {key: round(value, 5) for key, value in ours.items()} == {
        key: round(value, 5) for key, value in theirs.items()
    }


def main() -> None:
    """Time both sides in turn, or, with --side, be one of them."""
    parser = parser_of(__doc__)
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    if arguments.side:
        seconds, scores = run_side(arguments.side, arguments.corpora[0])
        print(json.dumps({"seconds": seconds, "scores": scores}))
        return
    for name in arguments.corpora:
        rounds = [{side: child(side, name) for side in SIDES} for _ in range(arguments.runs)]
        agree = all(equal_at_five_decimals(one["searchapp"].scores, one["mteb"].scores) for one in rounds)
        for number, title in enumerate(("after imports and loading", "whole process")):
            medians = {side: median(one[side].seconds[number] for one in rounds) for side in SIDES}
            report("harness", f"{name}, {title}", medians, "mteb", equal_at_five_decimals=agree)


if __name__ == "__main__":
    main()

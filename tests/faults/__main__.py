"""Run the benchmark of `searchapp diagnose`; `python -m tests.faults --help` lists the options."""

import argparse
import json
import random
import re
import sys
import time
from pathlib import Path

from tests.faults import families
from tests.faults.cases import SPLITS, Case, cases
from tests.faults.publish import publish, recorded
from tests.faults.report import line, summary
from tests.faults.runner import Outcome, prepare, run_all


def main() -> None:
    """Run the chosen cases and print each miss and a summary; whole splits are published."""
    options = _options()
    chosen = select(options.split, options.only, options.quick)
    if options.list:
        print("\n".join(case.id for case in chosen))
        return
    options.work.mkdir(parents=True, exist_ok=True)
    prepare(chosen, options.work)
    outcomes: list[Outcome] = []
    started = time.monotonic()
    for outcome in run_all(chosen, options.work, options.jobs, options.keep):
        outcomes.append(outcome)
        if options.verbose or outcome.warned or outcome.kind not in {"first", "fine"}:
            print(line(outcome), flush=True)
        if sys.stderr.isatty():
            print(f"\r{len(outcomes)} of {len(chosen)}", end="", file=sys.stderr)
    seconds = time.monotonic() - started
    print(f"\n{summary(outcomes)}\n{seconds:.0f} s")
    if options.results:
        options.results.write_text(json.dumps(recorded(outcomes, seconds), indent=1), "utf-8")
    if not (options.only or options.quick):
        for split in SPLITS:
            if some := [outcome for outcome in outcomes if outcome.case.split == split]:
                publish(split, some, seconds)


def select(split: str, only: str = "", quick: bool = False) -> list[Case]:
    """Return the cases of a split, those whose id matches a pattern, or an even part of them."""
    families.load()
    splits = tuple(SPLITS) if split == "all" else (split,)
    chosen = [case for name in splits for case in cases(name) if re.search(only, case.id)]
    if quick:
        chosen = [case for case in chosen if case.corpus in {"sample", "aila-statutes", "limit-small"}]
        first = {case.fault.name: case for case in reversed(chosen)}
        chosen = list(first.values())[::-2]
    random.Random(0).shuffle(chosen)  # so that the first results say something of all
    return chosen


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    splits = parser.add_mutually_exclusive_group()
    for name in (*SPLITS, "all"):
        splits.add_argument(f"--{name}", dest="split", action="store_const", const=name)
    parser.set_defaults(split="all")
    parser.add_argument("--only", default="", metavar="PATTERN", help="only cases whose id matches")
    parser.add_argument("--quick", action="store_true", help="one case a fault, on small corpora")
    parser.add_argument("--list", action="store_true", help="list the cases and run nothing")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("fault-files"), help="folder of what is made")
    parser.add_argument("--keep", action="store_true", help="keep the files of every case")
    parser.add_argument("--results", type=Path, help="write the counts and the misses to this file (JSON)")
    parser.add_argument("--verbose", action="store_true", help="print every case, not only misses")
    options = parser.parse_args()
    options.work = options.work.resolve()
    return options


if __name__ == "__main__":
    main()

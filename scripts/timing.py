"""Time ways of doing the same thing side by side: alternating runs, medians, ratios, a JSON file."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from searchapp.versions import installed_versions

FIGURES = Path(__file__).parent / "figures"
RUNS = 5


def alternate(ways: Mapping[str, Callable[[], object]], runs: int = RUNS) -> dict[str, float]:
    """Return the median seconds of each way over `runs` rounds; each round runs every way once.

    So the ways meet the same weather on a shared machine, and only their ratio is to be quoted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in seconds.items()}


def process(command: Sequence[str], **environment: str) -> Callable[[], object]:
    """Return a way that runs a whole process and fails when it fails."""

    def run() -> None:
        subprocess.run(command, env=os.environ | environment, check=True, capture_output=True)

    return run


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help is a module's docstring as it stands."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def report(name: str, title: str, medians: Mapping[str, float], base: str, **facts: Any) -> None:
    """Print medians and ratios to `base`, and keep them in `scripts/figures/<name>.json`."""
    print(title)
    for way, median in medians.items():
        print(f"  {way:<44} {median:9.3f} s   {medians[base] / median:7.2f} x")
    for key, value in facts.items():
        print(f"  {key}: {value}")
    FIGURES.mkdir(exist_ok=True)
    path = FIGURES / f"{name}.json"
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    kept[title] = {"medians": dict(medians), "base": base, **facts}
    kept["machine"] = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    kept["versions"] = installed_versions()
    path.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")

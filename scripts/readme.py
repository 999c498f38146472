"""Run the commands that README and the pages in docs show and put their output there, or check it.

    python -m scripts.readme            rewrite README.md and docs/*.md
    python -m scripts.readme --check    exit 3 when a block is stale

A block is a fenced console session; each line that begins with `$ ` is run by sh, in order, in a folder that
is empty at the beginning of the page. Times are masked in the comparison, since they differ from run to run.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.timing import FIGURES, parser_of
from searchapp.cli import COMMANDS
from searchapp.diagnosis.registry import PROBES
from searchapp.published.definitions import DEFINITIONS
from searchapp.published.text_variants import TEXT_VARIANTS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TIMES = re.compile(r"[\d.]+ s \([\d,]+ per second\)|[\d.]+ s\b")
WIDTH = "100"


def session(block: str, folder: Path) -> str:
    """Return the console session with the commands of `block`, run in a folder."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {"COLUMNS": WIDTH, "SEARCHAPP_INDEXES": "indexes", "PATH": path, "PYTHONPATH": str(ROOT)}
    lines = []
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=os.environ | settings,
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        if done.returncode not in {0, 3}:  # 3 is a check that failed, which a page may well show
            raise SystemExit(f"$ {command}\n{done.stderr}")
        lines += [f"$ {command}", *(line.rstrip() for line in done.stdout.strip("\n").splitlines())]
    return "\n".join(lines) + "\n"


def commands() -> str:
    """Return the rows of the table of commands, from the command line itself."""
    return "".join(f"| `searchapp {name}` | {summary} |\n" for name, summary in COMMANDS.items())


def figures() -> str:
    """Return the rows of the table of measurements, from what the benchmarks have written."""
    rows = []
    for name in ("encode", "cold", "eval", "harness", "hybrid"):
        kept = json.loads((FIGURES / f"{name}.json").read_text("utf-8"))
        for title, measured in kept.items():
            if isinstance(measured, dict) and "medians" in measured:
                ours = next(way for way in measured["medians"] if way.startswith(("searchapp", "hybrid")))
                theirs, mine = measured["medians"][measured["base"]], measured["medians"][ours]
                rows.append(
                    f"| `bench_{name}`: {title} | {measured['base']} {theirs:.2f} s "
                    f"| {mine:.2f} s | {theirs / mine:.1f} |\n"
                )
    return "".join(rows)


def filled(text: str, name: str, rows: str) -> str:
    """Return text with the rows of the table between `<!-- name -->` and `<!-- /name -->` replaced."""
    pattern = rf"(?<=<!-- {name} -->\n)((?:\|.*\n){{2}})(?:\|.*\n)*(?=<!-- /{name} -->)"
    return re.sub(pattern, lambda match: match[1] + rows, text)


def published() -> str:
    """Return the rows of the table of reproduced figures."""
    kept = json.loads((FIGURES / "published.json").read_text("utf-8"))
    rows = []
    for name, tasks in kept.items():
        for task in tasks:
            others = ", ".join(task["explained_by"]) if task["others"] else ""
            rows.append(
                f"| {name} | {task['task']} | {task['claimed']:.5f} | {task['measured']:.5f} "
                f"| {task['exact']} of {task['figures']} | {others} |\n"
            )
    return "".join(rows)


def probes() -> str:
    """Return the rows of the table of probes, from their registry."""
    return "".join(f"| `{probe.id}` | {probe.question} |\n" for probe in PROBES.values())


def definitions() -> str:
    """Return the rows of the table of definitions."""
    return "".join(f"| `{one.name}` | {one.description} |\n" for one in DEFINITIONS)


def changes() -> str:
    """Return the rows of the table of changes of texts and vectors."""
    return "".join(f"| `{one.name}` | {one.description} |\n" for one in TEXT_VARIANTS)


def adapted() -> str:
    """Return the rows of the table of adapted models, the mean of the seeds of each."""
    from scripts.bench_adapt import WAYS, kept

    runs = list(kept()["runs"].values())
    rows = []
    for corpus, model in dict.fromkeys((run["corpus"], run["model"]) for run in runs):
        for way in WAYS:
            found = [run for run in runs if (run["corpus"], run["model"], run["way"]) == (corpus, model, way)]
            if found:
                cells = [_mean(found, name) for name in ("dense", "hybrid", "new", "new hybrid")]
                seconds = sum(run["seconds"] for run in found) / len(found)
                rows.append(
                    f"| {corpus} | {model} | {ADAPTED[way]} | {' | '.join(cells)} | {seconds:.0f} "
                    f"| {len(found)} |\n"
                )
    return "".join(rows)


ADAPTED = {"before": "nothing", "texts": "texts", "judged": "judgements", "taught": "judgements and teacher"}
"""Way of `scripts.bench_adapt` -> what the table was taught."""


def _mean(runs: Sequence[Mapping[str, Any]], name: str) -> str:
    values = [run[name] for run in runs if name in run]
    if not values:
        return ""
    spread = f" ± {(max(values) - min(values)) / 2:.4f}" if len(values) > 1 else ""
    return f"{sum(values) / len(values):.4f}{spread}"


TABLES = {
    "adapted": adapted,
    "commands": commands,
    "figures": figures,
    "published": published,
    "probes": probes,
    "definitions": definitions,
    "changes": changes,
}
"""The tables that are filled wherever a page has a place for them."""


def refreshed(text: str, without: Sequence[str] = ()) -> str:
    """Return a page's text with every block run anew, but for those that hold a word of `without`."""
    with tempfile.TemporaryDirectory() as folder:

        def run(match: re.Match[str]) -> str:
            keep = any(word in match[1] for word in without)
            return match[0] if keep else f"```console\n{session(match[1], Path(folder))}```"

        text = BLOCK.sub(run, text)
    for name, table in TABLES.items():
        if f"<!-- {name} -->" in text:
            text = filled(text, name, table())
    return text


def masked(text: str) -> str:
    """Return text with its times masked."""
    return TIMES.sub("… s", text)


def main() -> int:
    """Rewrite the pages, or check them."""
    parser = parser_of(__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    stale = False
    for page in PAGES:
        before = page.read_text("utf-8")
        after = refreshed(before)
        stale |= masked(before) != masked(after)
        if not arguments.check:
            page.write_text(after, "utf-8")
    return 3 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())

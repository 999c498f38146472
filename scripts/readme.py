"""Run the commands that README shows and put their output into it, or check that it is current.

    python -m scripts.readme            rewrite README.md
    python -m scripts.readme --check    exit 3 when a block is stale

A block is a fenced console session; each line that begins with `$ ` is run, in order, in an empty folder.
Times are masked in the comparison, since they differ from run to run.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.timing import FIGURES, parser_of
from searchapp.cli import COMMANDS

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TIMES = re.compile(r"[\d.]+ s \([\d,]+ a second\)")
WIDTH = "100"


def session(block: str, folder: Path) -> str:
    """Return the console session with the commands of `block`, run in a folder."""
    lines = []
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        words = shlex.split(command)
        words[:1] = [sys.executable, "-m", "searchapp"] if words[0] == "searchapp" else words[:1]
        environment = os.environ | {"COLUMNS": WIDTH, "SEARCHAPP_INDEXES": "indexes"}
        output = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, check=True, encoding="utf-8"
        ).stdout
        lines += [f"$ {command}", *(line.rstrip() for line in output.strip("\n").splitlines())]
    return "\n".join(lines) + "\n"


def commands() -> str:
    """Return the rows of the table of commands, from the command line itself."""
    return "".join(f"| `searchapp {name}` | {summary} |\n" for name, summary in COMMANDS.items())


def figures() -> str:
    """Return the rows of the table of measurements, from what the benchmarks have written."""
    rows = []
    for name in ("encode", "cold", "eval", "harness"):
        kept = json.loads((FIGURES / f"{name}.json").read_text("utf-8"))
        for title, measured in kept.items():
            if isinstance(measured, dict) and "medians" in measured:
                ours = next(way for way in measured["medians"] if way.startswith("searchapp"))
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


def refreshed(text: str, without: str | None = None) -> str:
    """Return README's text with every block run anew; `without` leaves those with that word as they are."""
    with tempfile.TemporaryDirectory() as folder:

        def run(match: re.Match[str]) -> str:
            keep = without is not None and without in match[1]
            return match[0] if keep else f"```console\n{session(match[1], Path(folder))}```"

        text = BLOCK.sub(run, text)
    return filled(filled(text, "commands", commands()), "figures", figures())


def masked(text: str) -> str:
    """Return text with its times masked."""
    return TIMES.sub("… s", text)


def main() -> int:
    """Rewrite README, or check it."""
    parser = parser_of(__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    before = README.read_text("utf-8")
    after = refreshed(before)
    if arguments.check:
        return 0 if masked(before) == masked(after) else 3
    README.write_text(after, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

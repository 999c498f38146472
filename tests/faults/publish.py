"""Writes what the benchmark found: scripts/figures/faults.json, and the tables of docs/faults.md from it."""

import json
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from scripts.timing import FIGURES
from tests.faults.report import COUNTED, counts, line
from tests.faults.runner import Outcome
from tests.real_data import REPOSITORY

FILE = FIGURES / "faults.json"
PAGE = REPOSITORY / "docs" / "faults.md"
TITLES = {"fresh": "fresh", "held": "held back, read", "calibration": "calibration"}
ASKED = {"first": 0.90, "among the first three": 0.95, "silent": 0.03, "false alarms": 0.02}


def publish(split: str, outcomes: Sequence[Outcome], seconds: float) -> None:
    """Store the outcomes of a whole split, and write the page anew."""
    record = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    record = {name: record[name] for name in TITLES if name in record}
    record[split] = recorded(outcomes, seconds)
    FILE.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")
    page = PAGE.read_text("utf-8")
    for mark, text in (("rates", rates(record)), ("families", families(record)), ("misses", misses(record))):
        start, end = page.index(f"<!-- {mark} -->\n"), page.index(f"<!-- /{mark} -->")
        page = f"{page[:start]}<!-- {mark} -->\n{text}{page[end:]}"
    PAGE.write_text(page, "utf-8")


def recorded(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    """Return the record of a split."""
    names = dict.fromkeys(outcome.case.fault.family for outcome in outcomes)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    return {
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d}",
        "commit": commit.stdout.strip(),
        "minutes": round(seconds / 60),
        "all": counts(outcomes),
        "families": {
            name: counts(one for one in outcomes if one.case.fault.family == name) for name in sorted(names)
        },
        "misses": sorted(line(one) for one in outcomes if one.kind not in {"first", "fine", "no-effect"}),
    }


def figures(kinds: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Return the four figures of a split: how many of how many."""
    faults = sum(kinds.get(kind, 0) for kind in COUNTED)
    first = kinds.get("first", 0)
    return {
        "first": (first, faults),
        "among the first three": (first + kinds.get("among", 0), faults),
        "silent": (kinds.get("silent", 0), faults),
        "false alarms": (kinds.get("alarm", 0), kinds.get("harmless", 0)),
    }


def rates(record: dict[str, Any]) -> str:
    """Return the table of the four figures."""
    splits = [name for name in TITLES if name in record]
    heads = [f"{TITLES[name]} ({record[name]['date']}, {record[name]['commit']})" for name in splits]
    rows = [["", *heads, "wanted"], ["---"] * (len(splits) + 2)]
    for name, wanted in ASKED.items():
        cells = [_share(*figures(record[split]["all"])[name]) for split in splits]
        rows.append([name, *cells, f"{'at least' if wanted > 0.5 else 'at most'} {wanted:.0%}"])
    rows.append(
        ["faults without effect", *(str(record[split]["all"].get("no-effect", 0)) for split in splits), ""]
    )
    return _table(rows)


def families(record: dict[str, Any]) -> str:
    """Return the table of families: faults, and what became of them."""
    rows = [
        ["family", *(f"{TITLES[name]}: faults | first | first three" for name in TITLES if name in record)]
    ]
    rows.append(["---"] * (1 + 3 * (len(rows[0]) - 1)))
    for family in sorted({name for split in record.values() for name in split["families"]} - {"harmless"}):
        row = [family]
        for split in (record[name] for name in TITLES if name in record):
            found = figures(split["families"].get(family, {}))
            row += [str(found["first"][1]), str(found["first"][0]), str(found["among the first three"][0])]
        rows.append(row)
    return _table(rows)


def misses(record: dict[str, Any]) -> str:
    """Return the lists of misses, one a split."""
    return "\n".join(
        f"{title[0].upper()}{title[1:]}:\n\n```text\n" + "\n".join(record[name]["misses"]) + "\n```\n"
        for name, title in TITLES.items()
        if name in record
    )


def _share(part: int, of: int) -> str:
    return f"{part} of {of} ({part / of:.1%})" if of else "-"


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)

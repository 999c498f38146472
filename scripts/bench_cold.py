"""How long a fresh process takes: --help against a bare click program, a query against the plain way.

python -m scripts.bench_cold nfcorpus
"""

import os
import sys
import tempfile
from pathlib import Path

from scripts.timing import alternate, parser_of, process, report
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.model_files import BUNDLED, find_model, reference_model
from searchapp.encoders.options import Options
from searchapp.index.build import build_index, encoder_for

QUERY = "does garlic lower cholesterol"

CLICK = """
import click
@click.group()
def app(): pass
app()
"""

PLAIN = """
import sys
import faiss, numpy as np
from model2vec import StaticModel
model = StaticModel.from_pretrained(sys.argv[1], force_download=False)
index = faiss.read_index(sys.argv[2])
vector = model.encode([sys.argv[3]])
scores, rows = index.search(vector / np.linalg.norm(vector), 10)
for score, row in zip(scores[0], rows[0]):
    print(score, row)
"""


def main() -> None:
    """Print the medians of both comparisons."""
    parser = parser_of(__doc__)
    parser.add_argument("corpus")
    name = parser.parse_args().corpus
    searchapp = [str(Path(sys.executable).with_name("searchapp"))]
    ways = {
        "a bare click program": [sys.executable, "-c", CLICK, "--help"],
        "searchapp --help": [*searchapp, "--help"],
    }
    medians = alternate({way: process(command) for way, command in ways.items()}, runs=11)
    report("cold", "--help", medians, "a bare click program")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEARCHAPP_INDEXES"] = folder
        corpus = open_corpus(name)
        index = build_index(corpus, encoder_for(corpus, BUNDLED, Options()))
        model = str(Path(folder) / "plain")
        reference_model(find_model(BUNDLED)).save_pretrained(model)
        plain = [sys.executable, "-c", PLAIN, model, str(index.folder / "index.faiss"), QUERY]
        ours = [*searchapp, "query", "-c", name, QUERY]
        medians = alternate({"model2vec and faiss": process(plain), "searchapp query": process(ours)}, runs=7)
        report("cold", f"one query, {name}", medians, "model2vec and faiss")


if __name__ == "__main__":
    main()

"""Set searchapp's figures beside those of the MTEB harness: same corpus, same static model.

    python -m scripts.compare_harness nfcorpus scifact

Needs the extra `parity`. Exits 3 when a figure differs at five decimals.
"""

import sys

from scripts.mteb_harness import local_task, run_harness
from scripts.timing import parser_of
from searchapp.corpora.corpus import Corpus
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import BUNDLED, find_model, reference_model
from searchapp.encoders.options import Options
from searchapp.tasks.retrieval import RetrievalTask

DECIMALS = 5


def compare(corpus: Corpus, max_length: int | None) -> list[tuple[str, float, float]]:
    """Return (metric, mteb's value, searchapp's value) for the bundled model."""
    model = reference_model(find_model(BUNDLED))
    model.max_length = max_length
    theirs = run_harness(local_task(corpus), model)
    encoder = load_encoder(BUNDLED, Options("model" if max_length is None else max_length))
    ours = RetrievalTask(corpus).evaluate(encoder).result.metrics
    return [(name, theirs[name], ours[name]) for name in theirs]


def main() -> int:
    """Print both columns for each corpus and return the exit code."""
    parser = parser_of(__doc__)
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--max-length", type=int, help="tokens read of a text (default: all)")
    arguments = parser.parse_args()
    different = 0
    for name in arguments.corpora:
        print(f"{name:<20} {'mteb':>9} {'searchapp':>9}")
        for metric, theirs, ours in compare(open_corpus(name), arguments.max_length):
            equal = round(theirs, DECIMALS) == round(ours, DECIMALS)
            different += not equal
            print(f"{metric:<20} {theirs:9.5f} {ours:9.5f}{'' if equal else '  differs'}")
    print(f"{different} figures differ at {DECIMALS} decimals")
    return 3 if different else 0


if __name__ == "__main__":
    sys.exit(main())

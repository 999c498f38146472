"""Set searchapp's figures beside those of the MTEB harness: same corpus, same static model.

    python -m scripts.compare_harness nfcorpus scifact

Needs the extra `parity`. Exits 3 when a figure differs at five decimals.
"""

import argparse
import sys

from scripts.mteb_harness import harness_scores
from searchapp.corpora import Corpus, open_corpus
from searchapp.encoders import BUNDLED, Options, find_model, load_encoder
from searchapp.encoders.reference import reference_model
from searchapp.evaluation import evaluate_model

DECIMALS = 5


def compare(corpus: Corpus, max_length: int | None) -> list[tuple[str, float, float]]:
    """Return (metric, mteb's value, searchapp's value) for the bundled model."""
    model = reference_model(find_model(BUNDLED))
    model.max_length = max_length
    theirs = harness_scores(corpus, model)
    ours = evaluate_model(
        corpus, load_encoder(BUNDLED, Options("model" if max_length is None else max_length))
    ).result.metrics
    return [(name, theirs[name], ours[name]) for name in theirs]


def main() -> int:
    """Print both columns for each corpus and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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

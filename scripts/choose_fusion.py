"""Choose the fusion that hybrid search uses where none was tuned, by train and dev judgements of corpora.

    python -m scripts.choose_fusion nfcorpus scifact

Every fusion that `searchapp tune` tries is scored on all train and dev queries of each corpus; the
highest mean over the corpora is to be `searchapp.retrieval.fusion_config.DEFAULT`. No test judgement is read.
"""

import json

from scripts.timing import FIGURES, parser_of
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import BUNDLED
from searchapp.evaluation.tuning import FUSIONS, METRIC, SPLITS, Tuning, mean, tune, tuning_splits
from searchapp.retrieval.fusion import Fusion
from searchapp.retrieval.fusion_config import DEFAULT
from searchapp.versions import installed_versions

SHOWN = 10  # fusions


def pooled(name: str, model: str) -> Tuning:
    """Try every fusion on all the splits of a corpus that something may be chosen on."""
    here = open_corpus(name).splits()
    tuning, _ = tune(tuning_splits(name, [split for split in SPLITS if split in here]), load_encoder(model))
    return tuning


def main() -> None:
    """Print the best fusions, and the best for each pair of scales; keep the figures."""
    parser = parser_of(__doc__)
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("-m", "--model", default=BUNDLED)
    arguments = parser.parse_args()
    tunings = {name: pooled(name, arguments.model) for name in arguments.corpora}
    means = {fusion: [mean(tuning.tried[fusion]) for tuning in tunings.values()] for fusion in FUSIONS}

    def overall(fusion: Fusion) -> float:
        return sum(means[fusion]) / len(tunings)

    for name, tuning in tunings.items():
        alone = ", ".join(f"{side} {mean(values):.5f}" for side, values in tuning.alone.items())
        splits = " and ".join(split.id for split in tuning.splits)
        print(f"{name}: {len(tuning.alone['default'])} queries of {splits}; {alone}")
    best = sorted(FUSIONS, key=overall, reverse=True)
    scales = {(fusion.dense, fusion.bm25): fusion for fusion in reversed(best)}
    for title, fusions in (("best", best[:SHOWN]), ("best of each pair of scales", scales.values())):
        print(f"\n{METRIC}, mean of the corpora, then each: {title}")
        for fusion in sorted(fusions, key=overall, reverse=True):
            each = "  ".join(f"{value:.5f}" for value in means[fusion])
            print(f"  {overall(fusion):.5f}  {each}  {fusion}{'  <- DEFAULT' if fusion == DEFAULT else ''}")
    figures = {
        "corpora": {name: len(tuning.alone["default"]) for name, tuning in tunings.items()},
        "model": arguments.model,
        "chosen": str(best[0]),
        METRIC: {str(fusion): means[fusion] for fusion in best},
        "versions": installed_versions("bm25s", "PyStemmer"),
    }
    (FIGURES / "fusion.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    print(f"\nchosen: {best[0]}")


if __name__ == "__main__":
    main()

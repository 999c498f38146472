"""Tune the fusion of dense and BM25 results, on judgements that no score is reported on."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import partial
from math import fsum, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.resolve import ALIASES, open_corpus
from searchapp.encoders.adaptation_record import adaptation_of
from searchapp.encoders.encoder import Encoder
from searchapp.errors import SearchappError
from searchapp.evaluation.measures import parse_measure
from searchapp.evaluation.scoring import score_in_numpy
from searchapp.index.build import Progress, build_index
from searchapp.index.index import Index
from searchapp.index.kinds import DEFAULT_KIND
from searchapp.records import Ranking
from searchapp.retrieval.bm25 import LIBRARIES, bm25_recipe
from searchapp.retrieval.fusion import Fusion, Pair, bm25_alone, dense_alone, fuse
from searchapp.retrieval.fusion_config import DEFAULT, record_choice
from searchapp.retrieval.hybrid import DEPTH, pairs_of
from searchapp.retrieval.queries import check_queries
from searchapp.versions import installed_versions

Values = NDArray[np.float64]

METRIC, CUTOFF = "ndcg_at_10", 10
SURE = 2  # standard errors by which a fusion must beat the default
SPLITS = ("dev", "validation", "val", "train")  # fit for tuning, best first
SCALES = (("min-max", "max"), ("min-max", "min-max"), ("max", "max"), ("sum", "sum"), ("zmuv", "zmuv"),
          ("rank", "rank"), ("rrf", "rrf"))  # fmt: skip
WEIGHTS = tuple(step / 20 for step in range(1, 20))
FUSIONS = tuple(Fusion(dense, bm25, weight) for dense, bm25 in SCALES for weight in WEIGHTS)
"""The fusions that are tried."""


@dataclass(frozen=True)
class Tuning:
    """The fusions tried on some splits, each with its nDCG@10 of every query, (q,) float64.

    `alone` holds the values of each side by itself, and of the default fusion.
    """

    splits: tuple[Corpus, ...]
    tried: dict[Fusion, Values]
    alone: dict[str, Values]

    @property
    def best(self) -> Fusion:
        """The fusion with the highest mean; the first of them if several tie."""
        return max(self.tried, key=lambda fusion: mean(self.tried[fusion]))

    @property
    def gain(self) -> tuple[float, float]:
        """The mean gain of the best fusion over the default, and its standard error."""
        difference = self.tried[self.best] - self.alone["default"]
        return mean(difference), float(difference.std(ddof=1)) / sqrt(len(difference))

    @property
    def chosen(self) -> Fusion:
        """The best fusion if it beats the default significantly, else the default."""
        gain, error = self.gain
        return self.best if gain > SURE * error else DEFAULT


def tuning_splits(name: str, splits: Sequence[str] = ()) -> tuple[Corpus, ...]:
    """Return the splits of a corpus to tune on.

    Args:
        name: the name of the corpus, which may include a train or dev split.
        splits: names of splits; when empty, the split in the name, or dev, or else train.

    Raises:
        SearchappError: scores are reported on one of the splits, or there is no split to tune on.
    """
    corpus = open_corpus(name)
    reported = {split for split in corpus.splits() if is_reported(corpus, split)}
    if not splits and corpus.split in SPLITS and corpus.split not in reported:
        return (corpus,)
    here = corpus.splits()
    fit = [split for split in SPLITS if split in here and split not in reported]
    for split in splits:
        if is_reported(corpus, split):
            raise SearchappError(
                f"Scores of {corpus.name} are reported on its split {split!r}: tuning on it would bias them.",
                f"Choose another split: {', '.join(f'--split {other}' for other in fit) or 'it has none'}.",
            )
    chosen = tuple(dict.fromkeys(splits)) or tuple(fit[:1])
    if not chosen:
        held = f"only splits that scores are reported on ({', '.join(here)})" if here else "no judgements"
        raise SearchappError(
            f"{corpus.name} has {held}: there is nothing to tune on.",
            "Hybrid search works without tuning: its default was chosen on other corpora.",
        )
    return tuple(corpus.with_split(split) for split in chosen)


def is_reported(corpus: Corpus, split: str) -> bool:
    """Tell whether scores are reported on a split, so that nothing may be chosen or taught on it."""
    return split.startswith("test") or f"{corpus.base_id}/{split}" in ALIASES.values()


def tune(
    splits: Sequence[Corpus],
    encoder: Encoder,
    kind: str = DEFAULT_KIND,
    *,
    fusions: Sequence[Fusion] = FUSIONS,
    indexed: Progress = lambda _rows: None,
    tried: Callable[[int], None] = lambda _count: None,
) -> tuple[Tuning, Index]:
    """Score every fusion on the judged queries of the splits, and return the figures with the index.

    The splits are of one corpus, see `tuning_splits`. A missing index is built; `indexed` is called with the
    number of documents indexed, and `tried` with the number of fusions tried.

    Raises:
        SearchappError: a split has no judgements, or whatever `build_index` raises.
    """
    queries = [split.queries for split in splits]  # read first: an error must not wait for the index
    _check_not_taught(splits, encoder)
    check_queries([query for split in queries for query in split], DEPTH)
    index = build_index(splits[0], encoder, kind, progress=indexed)
    pairs = [pairs_of(index, encoder, split)[0] for split in queries]

    def values(rank: Callable[[Pair], Ranking]) -> Values:
        runs = ({query_id: rank(sides) for query_id, sides in split.items()} for split in pairs)
        scored = (
            score_in_numpy(run, split.judgements, [parse_measure(METRIC)])
            for split, run in zip(splits, runs, strict=True)
        )
        return np.concatenate([scores.values[METRIC] for scores in scored])

    figures = {}
    for count, fusion in enumerate(fusions, start=1):
        figures[fusion] = values(partial(fuse, fusion=fusion, depth=CUTOFF))
        tried(count)
    alone = {
        "dense": values(partial(dense_alone, depth=CUTOFF)),
        "bm25": values(partial(bm25_alone, depth=CUTOFF)),
        "default": values(partial(fuse, fusion=DEFAULT, depth=CUTOFF)),
    }
    return Tuning(tuple(splits), figures, alone), index


def _check_not_taught(splits: Sequence[Corpus], encoder: Encoder) -> None:
    """Refuse judgements that the model was taught on: on them it looks better than it is."""
    adaptation = adaptation_of(encoder.recipe)
    if adaptation is None:
        return
    for split in splits:
        taught = adaptation.taught(query.text for query in split.queries)
        if taught or split.judgements_digest in adaptation.judgement_digests:
            raise SearchappError(
                f"{encoder.name} was taught {taught} of the {len(split.queries)} queries of {split.id} with "
                "their judgements: tuning on them would trust the dense side too much.",
                "The model carries the fusion that was chosen when it was adapted: --mode hybrid uses it.",
            )


def record_tuning(tuning: Tuning, index: Index) -> Path:
    """Record the chosen fusion for the index it was tuned with, and return the file.

    Raises:
        SearchappError: it cannot be written.
    """
    return record_choice(index, tuning.chosen, tuning_details(tuning, index))


def tuning_details(tuning: Tuning, index: Index) -> dict[str, Any]:
    """Return how the fusion was chosen, as it is recorded."""
    return {
        "metric": METRIC,
        "best": asdict(tuning.best),
        "gain": dict(zip(("mean", "standard_error"), tuning.gain, strict=True)),
        "alone": {name: mean(values) for name, values in tuning.alone.items()},
        "splits": [
            {"corpus_id": split.id}
            | {name: getattr(split, name) for name in ("queries_digest", "judgements_digest")}
            for split in tuning.splits
        ],
        "n_queries": len(tuning.alone["default"]),
        "index": index.kind.name,
        "depth": DEPTH,
        "tried": [{**asdict(fusion), METRIC: mean(values)} for fusion, values in tuning.tried.items()],
        "bm25": asdict(bm25_recipe(index.manifest.documents_digest)),
        "versions": installed_versions(*LIBRARIES),
        "created": datetime.now(timezone.utc).isoformat(),
    }


def mean(values: Values) -> float:
    """Return the mean of (q,) float64, exactly summed."""
    return fsum(values) / len(values)

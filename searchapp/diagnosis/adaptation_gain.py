"""What a weak model would gain if it were adapted: a quick rehearsal on titles and sentences held back."""

import logging
from dataclasses import replace

from searchapp.adaptation.adapt import adapt_model
from searchapp.corpora.corpus import Corpus
from searchapp.diagnosis.probe import fact
from searchapp.diagnosis.verdict import Diagnosis
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.errors import SearchappError

logger = logging.getLogger(__name__)

LARGE = 20_000  # documents; more take longer to adapt than a diagnosis may


def with_adaptation_gain(diagnosis: Diagnosis, corpus: Corpus, encoder: object) -> Diagnosis:
    """Return the diagnosis of a weak static model with the gain to expect from adapting it.

    Nothing is added where the model cannot be adapted: torch is missing, there is too little text, or it
    was adapted before.
    """
    n_docs = corpus.count()
    if diagnosis.verdict != "weak" or not isinstance(encoder, StaticEncoder) or (n_docs or LARGE + 1) > LARGE:
        return diagnosis
    try:
        adapted = adapt_model(corpus, encoder, quick=True)
    except SearchappError:
        return diagnosis
    rows = [row for row in adapted.rehearsal.rows if (row.group, row.mode) == ("new", "dense")]
    if not (rows and adapted.rehearsal.better):
        return diagnosis
    (row,) = rows
    low, high = row.interval
    gain = fact(
        "adaptation-gain",
        "gain of a quick adaptation",
        row.gain,
        "nDCG@10 of {n} held-back titles and sentences of new documents, {before:.3f} -> {after:.3f}, 95 % "
        "{low:+.3f} to {high:+.3f}",
        n=row.n_queries,
        before=row.before,
        after=row.after,
        low=low,
        high=high,
    )
    return replace(diagnosis, facts=diagnosis.facts | {"adaptation": (gain,)})

"""Inside a static model: whether its tokenizer splits texts into the tokens that the rows were made for."""

from collections.abc import Iterator

import numpy as np

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.measures import paired_gain
from searchapp.diagnosis.model import TableModel
from searchapp.diagnosis.probe import Finding, Observation, Symptom, fact, probe
from searchapp.diagnosis.thresholds import PROOF
from searchapp.encoders.lost_steps import mends
from searchapp.encoders.static_encoder import StaticEncoder

REBUILT = Symptom(
    "rebuilt-tokenizer",
    "The tokenizer is a Unigram model with token lengths as scores (correlation {correlation:.3f}), so it "
    "splits words into even parts rather than into those that the rows were made for.",
)
LOWERCASING = Symptom(
    "lowercasing-lost",
    "No token of the vocabulary has a capital letter, but the tokenizer keeps those of the texts: "
    "{share:percent} of the words are read in another way than in lower case.",
    fix="lower-casing the texts",
)
SPLIT = Symptom(
    "unknown-tokens",
    "The tokenizer does not separate words from each other and from punctuation, so that {share:percent} of "
    "the tokens are unknown.",
    fix="splitting texts at blanks and punctuation",
    key="not-split",
)
MARKS_LOST = Symptom(
    "rebuilt-tokenizer",
    "The vocabulary marks {share:percent} of its tokens as the beginning or the continuation of a word, but "
    "the tokenizer never makes these.",
    fix="marking them as the vocabulary does",
    key="marks-lost",
)
MENDED = {"lowercasing-lost": LOWERCASING, "unknown-tokens": SPLIT, "rebuilt-tokenizer": MARKS_LOST}


@probe("tokenizer", REBUILT, LOWERCASING, SPLIT, MARKS_LOST)
def tokenizer(evidence: Evidence) -> Iterator[Observation]:
    """Does the tokenizer match the vocabulary?"""
    table = evidence.require_table().table
    tokens = len(table.vocabulary)
    yield fact("tokenizer", "tokenizer", table.algorithm, "{tokens:,} tokens", tokens=tokens)
    yield from _mended(evidence, evidence.require_table())
    if table.scores is None:
        return
    lengths = np.array([len(token) + token.count("▁") + token.count("Ġ") for token in table.vocabulary])
    usable = np.isfinite(table.scores) & (lengths > 0)
    if np.std(table.scores[usable]) == 0:
        return
    correlation = float(np.corrcoef(np.log(lengths[usable]), table.scores[usable])[0, 1])
    if correlation > limits.LENGTH_SCORES:
        yield REBUILT.finding(PROOF, correlation=correlation)


def _mended(evidence: Evidence, model: TableModel) -> Iterator[Finding]:
    """Tokenise as the vocabulary asks for, and see what that gains."""
    if not isinstance(model.encoder, StaticEncoder):
        return
    for mend in mends(
        model.encoder.files.tokenizer,
        [model.document_text(document) for document in evidence.context.documents[: limits.FAMILIAR_TEXTS]],
    ):
        tokenize = mend.tokenize
        documents = tokenize([model.document_text(document) for document in evidence.context.documents])
        queries = tokenize([model.query_text(query.text) for query in evidence.context.queries])
        sides = (
            model.means_of(documents)[evidence.document_rows],
            model.means_of(queries)[evidence.query_rows],
        )
        gain, errors = paired_gain(evidence.judged.ndcg(*sides), evidence.per_query)
        if gain > limits.PAYS * evidence.score and errors > 1:
            yield MENDED[mend.cause].finding(PROOF, gain, mend.share)
            return

"""Causes that lie before the vectors: corpus, texts, tokens and table."""

from searchapp.diagnosis.cause import AGAIN, LOOK, REBUILD, SCORE, Cause

BEFORE = {
    # Data.
    "corpus-differs": Cause(
        "A8",
        "The corpus is not the published one",
        "depends on what differs; numbers of two revisions do not compare",
        "Fetch the published corpus again, or compare only with numbers from this revision.",
        LOOK,
    ),
    "judgements-dangle": Cause(
        "A10",
        "Judged documents are not in the corpus",
        "caps every metric: a document that is not there cannot be found",
        "Add the missing documents, or remove their judgements.",
        LOOK,
    ),
    "judgements-swapped": Cause(
        "A15",
        "The columns of the judgements are swapped",
        "almost every judgement is lost",
        "Write query id, document id, grade, in this order.",
        LOOK,
    ),
    "duplicate-documents": Cause(
        "A11",
        "Many documents stand twice under different ids",
        "the judged copy and its twin tie, so half of the hits do not count",
        "Remove the copies, or judge them too.",
        LOOK,
    ),
    "duplicate-query-ids": Cause(
        "A12",
        "Query ids stand twice",
        "one text is searched and the other's judgements are scored",
        "Give every query an id of its own.",
        LOOK,
    ),
    "documents-missing": Cause(
        "A9",
        "Part of the corpus was never encoded",
        "half of the corpus missing: 24.4 to 18.1 / 51.3 to 44.4 or less",
        "Encode the missing documents.",
        REBUILD,
    ),
    "foreign-ids": Cause(
        "E4",
        "Ids of the corpus and of the results are written differently",
        "0.00: nothing that is found is judged",
        "Write ids exactly as the corpus does.",
        LOOK,
    ),
    # Texts.
    "title-dropped": Cause(
        "A1",
        "The titles were left out",
        "-1.2 / -2.6",
        "Read title and text: the template '{title} {text}'.",
        REBUILD,
    ),
    "text-dropped": Cause(
        "A2",
        "Only the titles were read",
        "-1.5 / -14.3",
        "Read title and text: the template '{title} {text}'.",
        REBUILD,
    ),
    "text-prefix": Cause(
        "A4",
        "A Python object was turned into text (None, or a dict)",
        "-0.1 to -1.3 / 0 to -3",
        "Join title and text as strings; an absent title is an empty string.",
        REBUILD,
    ),
    "case-changed": Cause(
        "A6",
        "Upper and lower case were changed on one side",
        "queries in capitals: 24.4 to 9.2 / 51.3 to 13.6",
        "Leave the case to the tokenizer.",
        REBUILD,
    ),
    "prompt": Cause(
        "B8",
        "A prompt is in the texts that this model was not made for, or missing from them",
        "a long instruction before short queries: -5 to -8 / -3 to -4",
        "Use the prompts of the model card and no others.",
        SCORE,
    ),
    "truncated": Cause(
        "B7",
        "Texts were cut short",
        "32 tokens: -1.5 / -17; 8 tokens: -8 / -32",
        "Read whole texts, or as many tokens as the model can.",
        SCORE + " --max-length none",
    ),
    # Tokens and table.
    "rows-shifted": Cause(
        "B1",
        "The rows of the table stand at other token ids than the tokenizer gives",
        "24.4 to 12.6 / 51.3 to 32.6: no better than a random table",
        "Save table and tokenizer together, from one revision; look for added or removed special tokens.",
        AGAIN,
    ),
    "rows-random": Cause(
        "B1, C6",
        "The rows of the table do not belong to their tokens",
        "24.4 to 12 / 51.3 to 26-34: what a random table scores",
        "Take the tokenizer the table was distilled with, or distil again.",
        AGAIN,
    ),
    "retokenised": Cause(
        "B3",
        "The tokenizer was rebuilt by token length",
        "-2.5 / -1.3",
        "Take the original tokenizer.json, or a distilling tool that keeps it.",
        AGAIN,
    ),
    "unknown-tokens": Cause(
        "B4",
        "Many tokens have the row of the unknown token, or many words are unknown",
        "20 % of the vocabulary: -6 / -8",
        "Give each token its own row; check that text and vocabulary fit.",
        AGAIN,
    ),
    "zero-rows": Cause(
        "B5",
        "Rows of the table are zero",
        "30 % of the rows: -6 / -6",
        "Distil again and look for NaN that was turned into zero.",
        AGAIN,
    ),
    "shared-rows": Cause(
        "C12",
        "Many tokens share one row (the vocabulary was quantised)",
        "500 rows: -12 / -20",
        "Keep more rows, or none shared.",
        AGAIN,
    ),
    "flat-weights": Cause(
        "B11",
        "Every token weighs the same: the rows have unit length",
        "-6.6 / -10",
        "Weight tokens by their rarity, or do not normalise the rows.",
        AGAIN,
    ),
    "frequent-tokens": Cause(
        "C8",
        "The most frequent tokens dominate every vector",
        "24.4 to 3.1 / 51.3 to 5.9 at worst",
        "Weight tokens by rarity (SIF) from counts, not from their place in the vocabulary.",
        AGAIN,
    ),
    "pooling": Cause(
        "B9, B10",
        "Token vectors were pooled otherwise than the model wants",
        "max 7.8 / 18.0, first 4.3 / 5.2, last 1.2 / 0.0",
        "Take the mean on both sides.",
        REBUILD,
    ),
}
"""Cause id -> what it is."""

"""Causes that lie in the vectors or after them: geometry, rows, search and score."""

from searchapp.diagnosis.cause import AGAIN, LOOK, REBUILD, SCORE, Cause

AFTER = {
    # Vectors.
    "not-finite": Cause(
        "B6",
        "Vectors hold NaN or infinity",
        "depends on the search: such a document is first everywhere, or never found",
        "Encode in single precision; look for a division by a zero length.",
        REBUILD,
    ),
    "zero-vectors": Cause(
        "B5",
        "Vectors are zero",
        "as many points as their share",
        "Look for empty texts and texts without a known token.",
        REBUILD,
    ),
    "other-encoder": Cause(
        "B2, B13, D6",
        "Documents and queries were not encoded by the same model",
        "chance",
        "Encode both sides with one model and one tokenizer.",
        REBUILD,
    ),
    "rows-offset": Cause(
        "E1",
        "The documents' vectors stand some rows beside their ids",
        "24.4 to 16 (a topically ordered corpus hides it) / 51.3 to 0",
        "Shift the rows back; look for a header line or a row that was skipped.",
        REBUILD,
    ),
    "queries-offset": Cause(
        "E2",
        "The queries' vectors stand some rows beside their ids",
        "near chance",
        "Shift the rows back; look for a header line or a row that was skipped.",
        REBUILD,
    ),
    "order-lost": Cause(
        "B12, E3",
        "The documents' vectors are in another order than their ids",
        "chance; near it when only batches are sorted",
        "Restore the order after sorting by length.",
        REBUILD,
    ),
    "some-rows-misplaced": Cause(
        "E5",
        "Part of the documents' vectors stand at other ids",
        "as many points as their share",
        "Encode again, and write id and vector together.",
        REBUILD,
    ),
    "noise": Cause(
        "C5",
        "The vectors are drowned in noise, the same in every direction",
        "a deviation of 0.1 a dimension: 31.6 to 5.3 / 64.5 to 8.8; no repair helps",
        "Encode again without dropout; look for an untrained or overflown layer.",
        REBUILD,
    ),
    "dominant-directions": Cause(
        "C1",
        "A few directions without meaning dominate",
        "one: 31.6 to 17 / 64.5 to 30; five: 2 / 1.5",
        "Centre, and remove the leading directions; distil from a model tuned for embeddings.",
        AGAIN,
    ),
    "hubs": Cause(
        "C3",
        "A common direction of varying strength makes hubs that every query finds",
        "31.6 to 17-20 / 64.5 to 30-44",
        "Centre the vectors and remove the common direction.",
        AGAIN,
    ),
    "steep-spectrum": Cause(
        "C4",
        "A few meaningful directions outweigh all others",
        "squared: 31.6 to 15.7 / 64.5 to 48.4",
        "Whiten, fully or half way.",
        AGAIN,
    ),
    "norms-leak": Cause(
        "C10, C11",
        "Vectors are compared by dot product, and their lengths decide",
        "24.4 to 19.2 / 51.3 to 30.6",
        "Normalise the vectors.",
        SCORE,
    ),
    "few-dimensions": Cause(
        "C9",
        "Too few dimensions are kept",
        "32 of 384: 13.4 / 33.7; 8: 3.0 / 3.1",
        "Keep more dimensions; reduce by PCA, not by cutting.",
        AGAIN,
    ),
    "overflow": Cause(
        "C13",
        "Values overflowed a narrow integer and changed sign",
        "31.6 to 20.6 / 64.5 to 48.3 or less",
        "Scale to the range before casting, and clip.",
        REBUILD,
    ),
    "wrong-sign": Cause(
        "C14",
        "The worst documents are ranked first: a distance was read as a similarity",
        "0.6 / 0.0",
        "Sort distances ascending, or negate them.",
        SCORE,
    ),
    "below-floor": Cause(
        "C7",
        "The vectors carry less than random ones with the same tokenizer",
        "below 8-19 / 16-40, what random tables score",
        "Find what destroys the overlap of words: see the other causes.",
        AGAIN,
    ),
    "known-items-lost": Cause(
        "P4",
        "Titles do not find their own documents",
        "rows, encoder or index are broken, whatever the judgements say",
        "See the other causes.",
        AGAIN,
    ),
    "stale-index": Cause(
        "D6, G2",
        "The index was built from another model, tokenizer, option or corpus",
        "anything down to chance",
        "Build the index anew.",
        REBUILD,
    ),
    "control-differs": Cause(
        "P1",
        "The control model does not get its known score on this corpus",
        "every number made here is in doubt",
        "Mend the corpus or the installation first.",
        "searchapp doctor",
    ),
    # Search.
    "approximate-search": Cause(
        "D1",
        "The search misses near documents",
        "one probe of 64: 31.6 to 18.6 / 64.5 to 38.4",
        "Search exactly, or look at more of the index.",
        SCORE,
    ),
    "missing-as-last": Cause(
        "D2",
        "Missing results (-1) were read as the last document",
        "hides an incomplete search",
        "Drop results with index -1.",
        SCORE,
    ),
    "shallow-run": Cause(
        "D3",
        "The run is shallower than the metric's cut",
        "recall@100 at depth 20: 31.2 to 18.9",
        "Keep at least as many results as the largest cut.",
        SCORE,
    ),
    "coarse-scores": Cause(
        "D5",
        "Scores are so coarse that ties decide",
        "one decimal: 31.6 to 28.9 / 64.5 to 58.5",
        "Keep scores in single precision.",
        SCORE,
    ),
    # Scores.
    "other-split": Cause(
        "A7",
        "The score is that of another split",
        "scifact train instead of test: +3.6",
        "Name the split with every number.",
        LOOK,
    ),
    "other-definition": Cause(
        "A14, F",
        "The score follows another definition than MTEB's",
        "averaged over all queries of the file: 24.4 to 2.4 / 51.3 to 13.9; over answered ones only: 45.8 / "
        "81.3",
        "Score the run with MTEB's definitions.",
        SCORE,
    ),
    "other-cut": Cause(
        "F7",
        "The score is that of another cut",
        "nDCG@100 for @10: 29.5 for 31.6 / 67.7 for 64.5",
        "Name the cut with every number.",
        SCORE,
    ),
    "other-scale": Cause(
        "F8",
        "The score is a percentage where a fraction is meant, or the reverse",
        "a factor of 100",
        "Write fractions, as MTEB does.",
        SCORE,
    ),
    "unexplained-score": Cause(
        "F", "The reported score is not that of this run", "unknown", "Score the run again.", SCORE
    ),
}
"""Cause id -> what it is."""

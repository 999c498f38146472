"""Every cause that a diagnosis can name: what it is, its effect on a score, its fix, and what to run next."""

from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True)
class Cause:
    """One kind of fault; `title` says what is wrong, without a full stop.

    `code` is its place in the catalogue of faults; `effect` its measured effect on nDCG@10 in points
    (hundredths), on NFCorpus / SciFact where there are two figures; `step` a command to run next, with
    {corpus} and {model} to fill in; `explains` are causes that are not rivals once this one is proved.
    """

    code: str
    title: str
    effect: str
    fix: str
    step: str
    explains: tuple[str, ...] = ()


REBUILD = "searchapp index {corpus} -m {model} --fresh"
SCORE = "searchapp eval {corpus} -m {model}"
INSPECT = "searchapp corpora {corpus}"
AGAIN = "searchapp diagnose {corpus} -m {model}"
REPAIR = "searchapp repair {corpus} -m {model} -o repaired"
SCORE_WHOLE = SCORE + " --max-length none"
SCORE_RUN = "searchapp eval {corpus} --run {run}"
CONTROL = "searchapp eval {corpus} -m {control}"

_rebuild, _score, _inspect, _again, _repair = (
    partial(Cause, step=step) for step in (REBUILD, SCORE, INSPECT, AGAIN, REPAIR)
)

CAUSES = {
    # Files.
    "dimensions-differ": _rebuild(
        "D6",
        "Queries, documents and model have different dimensions",
        "they cannot be compared",
        "Make both sides with one model, and keep all of its dimensions.",
    ),
    "rows-without-ids": _again(
        "E1",
        "Vectors and ids do not belong together: they differ in number",
        "every row may carry the id of another text",
        "Write one id per row, in the order of the rows.",
    ),
    "duplicate-vector-ids": _again(
        "E5",
        "Several stored vectors carry the same id",
        "one of them is searched, and nobody knows which",
        "Give each row its own id.",
    ),
    "wrong-dtype": _again(
        "C13",
        "The vectors are not floating-point numbers",
        "they cannot be compared",
        "Convert them: array.astype('float32').",
    ),
    "damaged-index": _rebuild(
        "G2",
        "The files of the index have changed since it was built",
        "anything down to chance",
        "Rebuild the index.",
    ),
    "queries-without-text": _inspect(
        "A12",
        "Judged queries have no text",
        "each counts as 0, or is left out of the mean",
        "Add their texts, or remove their judgements.",
    ),
    "nothing-relevant": _inspect(
        "A15",
        "Few or no judgements have a grade above 0",
        "0.00: nothing can be found",
        "Look at the third column of the judgements, and write grades above 0 for what is relevant.",
    ),
    # Corpus.
    "corpus-differs": _inspect(
        "A8",
        "The corpus differs from the published one",
        "depends on what differs; scores on two revisions are not comparable",
        "Download the published corpus again, or compare only with scores on this revision.",
    ),
    "judged-documents-missing": _inspect(
        "A10",
        "Judged documents are missing from the corpus",
        "caps every metric: a missing document cannot be retrieved",
        "Add the missing documents, or remove their judgements.",
    ),
    "judgements-swapped": _inspect(
        "A15",
        "The columns of the judgements are swapped",
        "nearly all judgements are lost",
        "Write query id, document id and grade, in this order.",
    ),
    "unknown-grades": _inspect(
        "A15",
        "Grades in the judgements are no grades of relevance",
        "depends on the grades: a grade of 99 outweighs all others, negative ones count as not judged",
        "Look at the third column of the judgements: 0 for not relevant, 1 and more for relevant.",
    ),
    "other-language": _inspect(
        "A16",
        "Queries and documents are of different languages",
        "near chance",
        "Translate one side, fetch the right file, or use a model trained for both languages.",
        explains=("judgements-misplaced", "below-random", "case-changed"),
    ),
    "judgements-misplaced": _inspect(
        "A15",
        "Judgements and query texts do not belong together",
        "chance",
        "Join queries, judgements and documents by their ids, not by their order; fetch the files again.",
        explains=("below-random",),
    ),
    "duplicate-documents": _inspect(
        "A11",
        "Many documents occur more than once under different ids",
        "a judged document ties with its unjudged copy, so half of the hits do not count",
        "Remove the copies, or judge them too.",
    ),
    "duplicate-query-ids": _inspect(
        "A12",
        "Query ids are not unique",
        "one text is searched and scored against the judgements of another",
        "Give every query a unique id.",
    ),
    "documents-missing": _rebuild(
        "A9",
        "Part of the corpus was never encoded",
        "half of the corpus missing: 24.4 to 18.1 / 51.3 to 44.4 or less",
        "Encode the missing documents.",
    ),
    "foreign-ids": _inspect(
        "E4",
        "The corpus and the results write ids differently",
        "0.00: no result is judged",
        "Write ids exactly as the corpus does.",
    ),
    # Texts.
    "title-dropped": _rebuild(
        "A1",
        "The titles were left out",
        "-1.2 / -2.6",
        "Encode title and text: use the template '{title} {text}'.",
    ),
    "text-dropped": _rebuild(
        "A2",
        "Only the titles were encoded",
        "-1.5 / -14.3",
        "Encode title and text: use the template '{title} {text}'.",
    ),
    "object-as-text": _rebuild(
        "A4",
        "A Python object was converted to text (None, or a dict)",
        "-0.1 to -1.3 / 0 to -3",
        "Join title and text as strings; treat a missing title as an empty string.",
    ),
    "words-changed": _rebuild(
        "A5",
        "Words were changed or left out before encoding",
        "stop words and punctuation: about 0; stems, accents: depends on the vocabulary",
        "Encode the texts as they are.",
    ),
    "case-changed": _rebuild(
        "A6",
        "One side was lower-cased or upper-cased",
        "queries in capitals: 24.4 to 9.2 / 51.3 to 13.6",
        "Leave case to the tokenizer.",
        explains=("zero-vectors", "unknown-tokens", "below-random"),
    ),
    "prompt": _score(
        "B8",
        "The texts carry a prompt that the model was not trained with, or lack the one that it needs",
        "a long instruction before short queries: -5 to -8 / -3 to -4",
        "Use the prompts of the model card and no others.",
    ),
    "truncated": Cause(
        "B7",
        "Texts were truncated",
        "32 tokens: -1.5 / -17; 8 tokens: -8 / -32",
        "Encode whole texts, or as many tokens as the model supports.",
        SCORE_WHOLE,
    ),
    "markup": _rebuild(
        "A5",
        "Markup, escapes or misread characters are part of the texts",
        "0 to -4",
        "Take the text out of its markup, and decode it as UTF-8.",
    ),
    "bias": _rebuild(
        "C2",
        "One vector was added to every vector of a side",
        "documents: about 0; queries: down to chance, where it is long",
        "Encode again without it.",
    ),
    "blended-rows": _rebuild(
        "E6",
        "Vectors were averaged with those of neighbouring rows",
        "-1 to -20",
        "Encode each text by itself; look for a mean over the wrong axis.",
    ),
    # Tokens and table.
    "table-rows-shifted": _again(
        "B1",
        "The rows of the embedding table are shifted relative to the tokenizer's ids",
        "24.4 to 12.6 / 51.3 to 32.6: no better than a random table",
        "Save table and tokenizer together, from one revision; look for added or removed special tokens.",
    ),
    "table-rows-random": _again(
        "B1, C6",
        "The rows of the embedding table do not belong to their tokens",
        "24.4 to 12 / 51.3 to 26-34: what a random table scores",
        "Use the tokenizer that the table was distilled with, or distil again.",
    ),
    "rebuilt-tokenizer": _again(
        "B3",
        "The tokenizer was rebuilt with token lengths as scores",
        "-2.5 / -1.3",
        "Use the original tokenizer.json, or a distillation tool that keeps it.",
    ),
    "unknown-tokens": _again(
        "B4",
        "Many tokens share the row of the unknown token, or many words are unknown",
        "20 % of the vocabulary: -6 / -8",
        "Give each token a row of its own; check that texts and vocabulary match.",
    ),
    "zero-rows": _again(
        "B5",
        "Rows of the embedding table are zero",
        "30 % of the rows: -6 / -6",
        "Distil again, and look for NaN that was replaced by zero.",
    ),
    "shared-rows": _again(
        "C12",
        "Many tokens share one row (the vocabulary was quantised)",
        "500 rows: -12 / -20",
        "Keep more rows, or do not share them.",
    ),
    "lowercasing-lost": _again(
        "A6, B4",
        "The tokenizer keeps capitals that its vocabulary does not have",
        "every capitalised word is lost",
        "Restore lower-casing in the normalizer of tokenizer.json, or lower-case the texts.",
    ),
    "flat-weights": _again(
        "B11",
        "All tokens have the same weight: the rows have unit norm",
        "-6.6 / -10",
        "Weight tokens by their rarity, or do not normalise the rows.",
    ),
    "frequent-tokens": _again(
        "C8",
        "The most frequent tokens dominate every vector",
        "24.4 to 3.1 / 51.3 to 5.9 at worst",
        "Weight tokens by rarity (SIF) from counts, not from their position in the vocabulary.",
    ),
    "pooling": _rebuild(
        "B9, B10",
        "Token vectors were not pooled the way the model expects",
        "max 7.8 / 18.0, first 4.3 / 5.2, last 1.2 / 0.0",
        "Use mean pooling on both sides.",
    ),
    # Vectors.
    "not-finite": _rebuild(
        "B6",
        "Vectors contain NaN or infinity",
        "depends on the search: such a document ranks first for every query, or is never retrieved",
        "Encode in single precision; look for a division by a zero norm.",
    ),
    "zero-vectors": _rebuild(
        "B5",
        "Vectors are zero",
        "proportional to their share",
        "Look for empty texts and for texts without a known token.",
    ),
    "mixed-encoders": _rebuild(
        "B2, B13, D6",
        "Documents and queries were encoded with different models",
        "chance",
        "Encode both sides with one model and one tokenizer.",
    ),
    "rows-offset": _rebuild(
        "E1",
        "The document vectors are shifted relative to their ids",
        "24.4 to 16 (a corpus ordered by topic hides it) / 51.3 to 0",
        "Shift the rows back; look for a header line or a skipped row.",
        explains=("titles-not-found", "order-lost", "some-rows-misplaced"),
    ),
    "queries-offset": _rebuild(
        "E2",
        "The query vectors are shifted relative to their ids",
        "near chance",
        "Shift the rows back; look for a header line or a skipped row.",
    ),
    "order-lost": _rebuild(
        "B12, E3",
        "The vectors are not in the order of their ids",
        "chance; close to it when only batches are sorted",
        "Restore the order after sorting by length.",
        explains=("titles-not-found",),
    ),
    "some-rows-misplaced": _rebuild(
        "E5",
        "Some document vectors are stored under the wrong ids",
        "proportional to their share",
        "Encode again, and write id and vector together.",
    ),
    "noise": _rebuild(
        "C5",
        "Isotropic noise drowns the vectors",
        "a standard deviation of 0.1 per dimension: 31.6 to 5.3 / 64.5 to 8.8; no fix helps",
        "Encode again without dropout; look for an untrained layer or an overflow.",
    ),
    "dominant-directions": _repair(
        "C1",
        "A few meaningless directions dominate the vectors",
        "one: 31.6 to 17 / 64.5 to 30; five: 2 / 1.5",
        "Centre the vectors and remove the leading directions; distil from a model tuned for embeddings.",
    ),
    "hubness": _repair(
        "C3",
        "A shared direction of varying strength causes hubness: a few documents rank high for every query",
        "31.6 to 17-20 / 64.5 to 30-44",
        "Centre the vectors and remove the shared direction.",
    ),
    "steep-spectrum": _again(
        "C4",
        "A few meaningful directions outweigh all others",
        "squared: 31.6 to 15.7 / 64.5 to 48.4",
        "Whiten, fully or halfway.",
    ),
    "unnormalised": _score(
        "C10, C11",
        "Vectors are compared by dot product, and their norms drive the ranking",
        "24.4 to 19.2 / 51.3 to 30.6",
        "Normalise the vectors.",
    ),
    "last-components": _again(
        "C9",
        "The last components of a PCA were kept instead of the first",
        "the last quarter: 32.2 to 22.0 on Cranfield",
        "Keep the components of most variance: sort the eigenvalues in descending order.",
    ),
    "clipped": _rebuild(
        "C13",
        "Values are clipped: they saturate at the end of a range",
        "a few per cent of the entries: 0; most of them: -5 to -20",
        "Scale to the range of the number format before casting.",
    ),
    "few-dimensions": _again(
        "C9",
        "Too few dimensions are kept",
        "32 of 384: 13.4 / 33.7; 8: 3.0 / 3.1",
        "Keep more dimensions; reduce them by PCA rather than by truncation.",
    ),
    "overflow": _rebuild(
        "C13",
        "Quantised values overflowed and changed sign",
        "31.6 to 20.6 / 64.5 to 48.3 or less",
        "Scale to the range of the integer type before casting, and clip.",
        explains=("wrong-sign", "order-lost"),
    ),
    "wrong-sign": _score(
        "C14",
        "The worst documents rank first: a distance was used as a similarity",
        "0.6 / 0.0",
        "Sort distances in ascending order, or negate them.",
    ),
    "below-random": _again(
        "C7",
        "The vectors score below random embeddings with the same tokenizer",
        "below the random-embedding baseline of 8-19 / 16-40",
        "Find what destroys the word overlap: see the other causes.",
    ),
    "titles-not-found": _again(
        "P4",
        "Titles do not retrieve their own documents",
        "rows, encoder or index are broken, whatever the judgements say",
        "See the other causes.",
    ),
    "stale-index": _rebuild(
        "D6, G2",
        "The index was built from another model, tokenizer, option or corpus",
        "anything down to chance",
        "Rebuild the index.",
    ),
    "control-differs": Cause(
        "P1",
        "The control model does not reach its known score on this corpus",
        "no score computed here can be trusted",
        "Fix the corpus or the installation first.",
        "searchapp doctor",
    ),
    # Runs.
    "rank-as-score": _score(
        "C14",
        "Ranks were written as scores: the worst results rank first",
        "31.6 to 4.9 / 64.5 to 0.3 at a depth of 100",
        "Write the score of each result, larger for better ones; trec_eval does not read the rank.",
    ),
    "scores-random": _score(
        "D7",
        "The order of the results means nothing, though the right documents are among them",
        "at a depth of 100: 31.6 to 8 / 64.5 to 5",
        "Write the scores that the search returned, one for each of its results.",
    ),
    "top-lost": _score(
        "D8",
        "The best results of every query are missing",
        "the first one: 51.3 to 19.2 on SciFact; the first ten: to 4.3",
        "Keep the results from the first on; look for a slice, a page or a header line that skips them.",
    ),
    "mixed-runs": _score(
        "D9",
        "The run mixes the results of two systems",
        "between what both score; scores of different scales rank one system above the other",
        "Score each system by itself, or fuse their ranks (searchapp eval --mode hybrid).",
    ),
    # Search.
    "approximate-search": _score(
        "D1",
        "The search misses near neighbours",
        "one probe of 64: 31.6 to 18.6 / 64.5 to 38.4",
        "Search exactly, or search more of the index.",
    ),
    "missing-as-last": _score(
        "D2",
        "Missing results (-1) were read as the last document",
        "hides an incomplete search",
        "Drop results with index -1.",
    ),
    "shallow-run": _score(
        "D3",
        "The run is shallower than the metric's cutoff",
        "recall@100 at depth 20: 31.2 to 18.9",
        "Keep at least as many results as the largest cutoff.",
    ),
    "queries-missing": _score(
        "F2",
        "Judged queries have no results",
        "10 % missing: 31.6 to 29.3 counted as 0, 32.6 left out / 64.5 to 57.6, 64.0",
        "Search every judged query, or say how the mean was computed.",
    ),
    "coarse-scores": _score(
        "D5",
        "Scores are so coarse that ties decide the ranking",
        "one decimal: 31.6 to 28.9 / 64.5 to 58.5",
        "Keep scores in single precision.",
    ),
    # Scores.
    "other-split": _inspect(
        "A7",
        "The score belongs to another split",
        "scifact train instead of test: +3.6",
        "State the split with every score.",
    ),
    "other-definition": _score(
        "A14, F",
        "The score does not follow MTEB's definition",
        "averaged over all queries of the file: 24.4 to 2.4 / 51.3 to 13.9; over answered queries only: 45.8 "
        "/ 81.3",
        "Score the run with MTEB's definitions.",
    ),
    "other-cutoff": _score(
        "F7",
        "The score belongs to another cutoff",
        "nDCG@100 for @10: 29.5 for 31.6 / 67.7 for 64.5",
        "State the cutoff with every score.",
    ),
    "other-scale": _score(
        "F8",
        "The score is a percentage where a fraction is expected, or the reverse",
        "a factor of 100",
        "Report fractions, as MTEB does.",
    ),
    "impossible-score": _score(
        "F11",
        "No ranking can have the reported score",
        "it belongs to another metric, task or run",
        "Look up which metric and which task the figure belongs to, and score the run again.",
    ),
    "other-task": _score(
        "A7",
        "The score belongs to another task",
        "nDCG@10 of SciFact for NFCorpus: twice as high",
        "State the task with every score.",
    ),
    "unexplained-score": Cause(
        "F", "The reported score does not come from this run", "unknown", "Score the run again.", SCORE
    ),
}
"""Cause id -> what it is."""

"""Why BM25 figures differ from published ones that were made with an older stemmer."""

from searchapp.published.claims import Claim
from searchapp.published.figures import cutoff_of
from searchapp.records import Problem, Result
from searchapp.retrieval.bm25 import PROBE, stems_of

# The stems that the English stemmer of Snowball 2 gives, as PyStemmer 2.2.0.3 has it; Snowball 3, in
# PyStemmer 3, stems some of them otherwise.
SNOWBALL_2 = {
    "generally": "general",
    "organic": "organ",
    "ageing": "age",
    "dying": "die",
    "internationally": "intern",
    "news": "news",
    "skis": "ski",
    "university": "univers",
    "apology": "apolog",
}
SMALL = 0.02  # more than this is not the stemmer's doing


def stemmer_remarks(claim: Claim, result: Result) -> list[Problem]:
    """Say that the installed stemmer is a newer one than MTEB's BM25 was made with, where this can be all."""
    stems = stems_of(PROBE)
    other = [word for word in PROBE if stems[word] != SNOWBALL_2[word]]
    apart = [
        abs(result.metrics[metric] - value)
        for metric, value in claim.metrics.items()
        if cutoff_of(metric) == 10 and metric in result.metrics  # deeper ones depend on padding too
    ]
    if not other or max(apart, default=1.0) > SMALL:
        return []
    examples = ", ".join(f"{word} -> {stems[word]}, was {SNOWBALL_2[word]}" for word in other[:3])
    return [
        Problem(
            "stemmer-version",
            f"PyStemmer {result.recipe['stemmer_version']} stems otherwise than PyStemmer 2.2, with which "
            f"the published figures were made ({examples}).",
            "pip install 'PyStemmer<3' and run this again: the figures at 10 are then exact.",
        )
    ]

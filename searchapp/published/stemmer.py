"""Why BM25 figures differ from published ones that were made with an older stemmer."""

from searchapp.published.claims import Claim
from searchapp.published.figures import cutoff_of
from searchapp.records import Problem, Result
from searchapp.retrieval.bm25 import PROBE, stems_of

# The stems that the English stemmer of Snowball 2 gives, as PyStemmer 2.2.0.3 has it; Snowball 3, in
# PyStemmer 3, stems some of them differently.
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
SMALL = 0.02  # a larger difference has another cause


def stemmer_remarks(claim: Claim, result: Result) -> list[Problem]:
    """Report a stemmer newer than that of MTEB's BM25, where it can account for the whole difference."""
    stems = stems_of(PROBE)
    changed = [word for word in PROBE if stems[word] != SNOWBALL_2[word]]
    differences = [
        abs(result.metrics[metric] - value)
        for metric, value in claim.metrics.items()
        if cutoff_of(metric) == 10 and metric in result.metrics  # deeper ones also depend on padding
    ]
    if not changed or max(differences, default=1.0) > SMALL:
        return []
    examples = ", ".join(f"{word} -> {stems[word]}, was {SNOWBALL_2[word]}" for word in changed[:3])
    return [
        Problem(
            "stemmer-version",
            f"PyStemmer {result.recipe['stemmer_version']} stems some words differently from PyStemmer 2.2, "
            f"which the published figures were made with ({examples}).",
            "pip install 'PyStemmer<3' and run this again: the figures at 10 will then be exact.",
        )
    ]

"""The one exception that users see: what was wrong, and what to do next."""

from collections.abc import Iterable


class SearchappError(Exception):
    """A mistake, or something missing, that the user can fix.

    Args:
        message: what was wrong and where (file, line, id).
        hint: the next step, ideally a command that works as written.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class IndexMissingError(SearchappError):
    """No index has been built for this corpus and model."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the known name nearest to a mistyped one, empty when none is near.

    >>> did_you_mean("nfcorpsu", ["nfcorpus", "scifact"])
    "Did you mean 'nfcorpus'? "
    """
    from difflib import get_close_matches

    nearest = get_close_matches(name, list(known), n=1)
    return f"Did you mean {nearest[0]!r}? " if nearest else ""

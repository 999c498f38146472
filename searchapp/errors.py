"""The one exception that users see: what was wrong, and what to do next."""

from collections.abc import Iterable
from pathlib import Path


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
    >>> did_you_mean("EVAL", ["eval"])
    "Did you mean 'eval'? "
    """
    from difflib import get_close_matches

    by_case = {each.casefold(): each for each in known if each != name}
    nearest = get_close_matches(name.casefold(), by_case, n=1)
    return f"Did you mean {by_case[nearest[0]]!r}? " if nearest else ""


def did_you_mean_path(path: Path) -> str:
    """Return a sentence with the name nearest to the first part of a path that does not exist."""
    missing = path.expanduser()
    while not missing.parent.is_dir():
        missing = missing.parent
    try:
        return did_you_mean(missing.name, [entry.name for entry in missing.parent.iterdir()])
    except OSError:  # a folder that may not be listed
        return ""

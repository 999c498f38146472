"""The one exception a user sees: what was wrong, and what to do next."""


class SearchappError(Exception):
    """A mistake or a missing thing that the user can mend.

    Args:
        message: what was wrong and where (file, line, id).
        hint: the next step, best a command that works as written.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class IndexMissingError(SearchappError):
    """No index has been built for this corpus and model."""

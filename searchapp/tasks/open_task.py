"""Open the task that a user names."""

from collections.abc import Callable
from typing import Any

from searchapp.tasks.retrieval import open_retrieval
from searchapp.tasks.task import Task

OPENERS: list[Callable[..., Task | None]] = [open_retrieval]
"""Tried in order; each takes a name and settings, and returns None if the name is not of its kind.

Retrieval comes last: its name may be any folder, and its error suggests the nearest corpus.
"""


def open_task(name: str, **settings: Any) -> Task:
    """Return the task with a name, such as a corpus; `settings` are fields of `RetrievalTask`.

    Raises:
        SearchappError: there is no such task; the nearest name is suggested.
    """
    return next(task for opener in OPENERS if (task := opener(name, **settings)) is not None)

"""The prefix of a model's name says its kind, the rest says where it is."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it would load numpy, and the command line needs only the names
    from searchapp.records import Recipe

STATIC = ""
TRANSFORMER = "st"
PRECOMPUTED = "npy"


def split_name(name: str) -> tuple[str, str]:
    """Return the prefix of a model's name, empty for a static model, and the rest.

    >>> split_name("st:org/name"), split_name("wordllama")
    (('st', 'org/name'), ('', 'wordllama'))
    """
    prefix, colon, rest = name.partition(":")
    return (prefix, rest) if colon and prefix in {TRANSFORMER, PRECOMPUTED} else (STATIC, name)


def full_name(name: str) -> str:
    """Return the name as a recipe stores it: a folder by its absolute path, anything else as it is."""
    kind, rest = split_name(name)
    path = Path(rest).expanduser()
    if not path.is_dir():
        return name
    return f"{kind}:{path.resolve()}" if kind else str(path.resolve())


def pinned_name(recipe: "Recipe") -> str:
    """Return the name that loads the model of a recipe in the same revision."""
    if recipe.revision is None or "@" in recipe.model:
        return recipe.model
    return f"{recipe.model}@{recipe.revision}"

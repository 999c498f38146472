"""The name of a model, the options that shape its vectors, and the folder name of both."""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from searchapp.files import slug
from searchapp.records import Recipe

STATIC = ""  # the prefix of a model's name says its kind, the rest says where it is
TRANSFORMER = "st"
PRECOMPUTED = "npy"

DEFAULT_TEMPLATE = "{title} {text}"

Pooling = Literal["model", "mean", "cls"]


@dataclass(frozen=True)
class Options:
    """The options that shape vectors.

    `max_length` counts tokens: "model" follows the model's own configuration, None reads whole texts.
    `normalize` makes unit vectors, so that the inner product is the cosine. A pooling turns the vectors of
    a text's tokens into one: as configured in the model, their mean, or the first ([CLS]).
    """

    max_length: int | Literal["model"] | None = "model"
    normalize: bool = True
    template: str = DEFAULT_TEMPLATE
    document_prompt: str = ""
    query_prompt: str = ""
    query_pooling: Pooling = "model"
    document_pooling: Pooling = "model"

    def label(self) -> str:
        """Return a label of the options that differ from the defaults, fit for a folder name.

        >>> Options(max_length=512).label()
        'max_length=512'
        """
        changed = [(field.name, getattr(self, field.name), field.default) for field in fields(self)]
        return ",".join(f"{name}={_short(value)}" for name, value, default in changed if value != default)

    def flags(self) -> list[str]:
        """Return the options that differ from the defaults, as command-line arguments.

        >>> Options(max_length=512, query_prompt="query: ").flags()
        ['--max-length', '512', '--query-prompt', 'query: ']
        """
        changed = [field.name for field in fields(self) if getattr(self, field.name) != field.default]
        flags = []
        for name in changed:
            value = getattr(self, name)
            if name == "normalize":
                flags.append("--no-normalize")
            else:
                flags += [f"--{name.replace('_', '-')}", "none" if value is None else str(value)]
        return flags


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


def pinned_name(recipe: Recipe) -> str:
    """Return the name that loads the model of a recipe in the same revision."""
    if recipe.revision is None or "@" in recipe.model:
        return recipe.model
    return f"{recipe.model}@{recipe.revision}"


def model_slug(name: str, options: Options | None = None) -> str:
    """Return a folder name for a model and its options.

    >>> model_slug("minishlab/potion-base-8M", Options(max_length=512))
    'minishlab--potion-base-8M+max_length=512'
    """
    label = (options or Options()).label()
    kind, rest = split_name(name)
    path = Path(rest).expanduser()
    if path.is_dir():  # folders with the same name may be different models
        name = f"{kind}{'--' if kind else ''}{path.resolve().name}-{_short(path.resolve())[:6]}"
    return f"{slug(name)}+{label}" if label else slug(name)


def _short(value: object) -> str:
    text = str(value)
    if re.fullmatch(r"\w{1,6}", text):
        return text
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:8]

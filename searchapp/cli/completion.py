"""What shell completion offers for corpora, models, indexes and measures, read without opening any."""

import json
from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem


class Name(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.2
    """Any text, which completes to known names, or to files where none of them begins like it."""

    def __init__(self, name: str, known: Callable[[], Iterable[str]]) -> None:
        self.name = name
        self._known = known

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the names that begin with what was typed."""
        names = [name for name in dict.fromkeys(self._known()) if name.startswith(incomplete)]
        return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="file")]


def _corpora() -> list[str]:
    from searchapp.corpora.resolve import ALIASES

    return ["sample", *ALIASES]


def _models() -> list[str]:
    """Return the bundled model, those in the Hugging Face cache, and those of the indexes."""
    from searchapp.encoders.hub import cached_names
    from searchapp.encoders.model_files import BUNDLED

    cached = cached_names()
    return [BUNDLED, *cached, *(f"st:{name}" for name in cached), *_indexed_models()]


def _indexed_models() -> list[str]:
    from searchapp.index.layout import MANIFEST, find_indexes

    names = []
    for folder in find_indexes():
        try:
            names.append(str(json.loads((folder / MANIFEST).read_text("utf-8"))["recipe"]["model"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # reporting a damaged index is up to `doctor`
    return names


def _indexes() -> list[str]:
    from searchapp.index.layout import find_indexes
    from searchapp.settings import indexes_folder

    root = indexes_folder()
    return [folder.relative_to(root).as_posix() for folder in find_indexes()]


CORPUS = Name("corpus", _corpora)
MODEL = Name("model", _models)
INDEX = Name("index", _indexes)


def complete_measures(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Return the measures at the usual cutoffs, also behind others, as in "nDCG@10 P@5"."""
    from searchapp.evaluation.measures import CUTOFFS
    from searchapp.evaluation.metric import METRICS

    names = []
    for metric in METRICS.values():
        names += [metric.title] if metric.cutoff != "required" else []
        names += [f"{metric.title}@{cutoff}" for cutoff in CUTOFFS] if metric.cutoff != "none" else []
    before, space, last = typed.rpartition(" ")
    return [f"{before}{space}{name}" for name in names if name.startswith(last)]

"""What shell completion offers for arguments: names that are known here, read without opening anything."""

import json
from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


def corpora(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Return the short names of corpora."""
    from searchapp.corpora.resolve import ALIASES

    return _beginning(typed, ["sample", *ALIASES])


def models(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Return the bundled model, those in the Hugging Face cache, and those of the indexes."""
    from searchapp.encoders.hub import cached_names
    from searchapp.encoders.model_files import BUNDLED

    cached = cached_names()
    return _beginning(typed, [BUNDLED, *cached, *(f"st:{name}" for name in cached), *_indexed_models()])


def indexes(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Return the indexes as corpus/model/kind."""
    from searchapp.index.layout import find_indexes
    from searchapp.settings import indexes_folder

    root = indexes_folder()
    return _beginning(typed, [folder.relative_to(root).as_posix() for folder in find_indexes()])


def measures(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Return the measures at the usual cutoffs, continuing a list such as "nDCG@10 P@5"."""
    from searchapp.evaluation.measures import CUTOFFS
    from searchapp.evaluation.metric import METRICS

    names = []
    for metric in METRICS.values():
        names += [metric.title] if metric.cutoff != "required" else []
        names += [f"{metric.title}@{cutoff}" for cutoff in CUTOFFS] if metric.cutoff != "none" else []
    before, space, last = typed.rpartition(" ")
    return _beginning(typed, [f"{before}{space}{name}" for name in names if name.startswith(last)])


def _indexed_models() -> list[str]:
    from searchapp.index.layout import MANIFEST, find_indexes

    names = []
    for folder in find_indexes():
        try:
            names.append(str(json.loads((folder / MANIFEST).read_text("utf-8"))["recipe"]["model"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a damaged index is `doctor`'s business
    return names


def _beginning(typed: str, names: Iterable[str]) -> list[CompletionItem]:
    """Return the names that begin with what was typed; where none does, let the shell offer files."""
    fitting = [CompletionItem(name) for name in dict.fromkeys(names) if name.startswith(typed)]
    return fitting or [CompletionItem(typed, type="file")]

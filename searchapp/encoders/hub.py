"""Model files from the Hugging Face hub: from the local cache, or downloaded."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from searchapp.errors import SearchappError
from searchapp.settings import offline


def is_hub_id(name: str) -> bool:
    """Tell whether a name looks like a hub id, optionally with a revision.

    >>> is_hub_id("minishlab/potion-base-8M@main"), is_hub_id("wordllama")
    (True, False)
    """
    return re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", name) is not None


def cached_snapshot(name: str) -> Path | None:
    """Return the snapshot of a hub id in the local cache, which may be incomplete; None when there is none.

    Raises:
        SearchappError: this cannot be a hub id.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    repository, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(repository, revision=revision or None, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise SearchappError(
            f"{name!r} is not a hub id: {error}", "A hub id is organisation/name."
        ) from error


def snapshot(name: str, patterns: Sequence[str], is_complete: Callable[[Path], bool], hint: str) -> Path:
    """Return the local snapshot of a hub model, downloaded unless the cache has a complete one.

    Args:
        name: a hub id with an optional `@revision`.
        patterns: the files to download.
        is_complete: tells whether a snapshot has all that is needed.
        hint: the next step if that fails.

    Raises:
        SearchappError: it is not in the cache and cannot be downloaded.
    """
    cached = cached_snapshot(name)
    if cached is not None and (is_complete(cached) or offline()):
        return cached
    if offline():
        raise SearchappError(
            f"The model {name} is not in the local cache, and searchapp is offline.",
            f"Run once without --offline. {hint}",
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    repository, _, revision = name.partition("@")
    try:
        return Path(
            snapshot_download(
                repository,
                revision=revision or None,
                allow_patterns=list(patterns),
                ignore_patterns=["onnx/*", "openvino/*"],
            )
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise SearchappError(
            f"The model {name} is not in the local cache and could not be downloaded "
            f"({type(error).__name__}).",
            f"Check the name, the revision and the network. {hint}",
        ) from error


def cached_names() -> list[str]:
    """Return the hub ids in the local cache, with `@revision` where that is not main."""
    from huggingface_hub.constants import HF_HUB_CACHE

    names = []
    # scan_cache_dir leaves out a model with all its revisions when one of them has not been downloaded.
    for reference in sorted(Path(HF_HUB_CACHE).glob("models--*--*/refs/*")):
        name = reference.parent.parent.name.removeprefix("models--").replace("--", "/", 1)
        names.append(name if reference.name == "main" else f"{name}@{reference.name}")
    return names

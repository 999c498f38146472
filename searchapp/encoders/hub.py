"""Models of the Hugging Face hub: what the local cache holds, the download, and why there is none."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from searchapp.errors import SearchappError, did_you_mean, did_you_mean_path
from searchapp.settings import offline

OTHER_FORMATS = ["onnx/*", "openvino/*"]
LOG_IN = "log in with `hf auth login`, or set HF_TOKEN to a token that may read it"


class Wanted(NamedTuple):
    """The files of a model: patterns of those to download, and of those without which it is not used.

    `is_complete` tells whether a folder holds a whole model; `hint` says what else a user can do.
    """

    download: Sequence[str]
    required: Sequence[str]
    is_complete: Callable[[Path], bool]
    hint: str


def is_hub_id(name: str) -> bool:
    """Tell whether a name looks like a hub id, optionally with a revision.

    >>> is_hub_id("minishlab/potion-base-8M@main"), is_hub_id("wordllama")
    (True, False)
    """
    return re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", name) is not None


def at_revision(name: str, revision: str | None) -> str:
    """Return a hub id with another revision, or as it is when that is None.

    >>> at_revision("org/name@v1", "f" * 8), at_revision("org/name", None)
    ('org/name@ffffffff', 'org/name')
    """
    return name if revision is None else f"{name.partition('@')[0]}@{revision}"


def cached_names() -> list[str]:
    """Return the hub ids in the local cache, with `@revision` where that is not main."""
    from huggingface_hub.constants import HF_HUB_CACHE

    names = []
    # scan_cache_dir leaves out a model with all its revisions when one of them has not been downloaded.
    for references in sorted(Path(HF_HUB_CACHE).glob("models--*--*/refs")):
        name = references.parent.name.removeprefix("models--").replace("--", "/", 1)
        for file in sorted(file for file in references.rglob("*") if file.is_file()):
            revision = file.relative_to(references).as_posix()
            names.append(name if revision == "main" else f"{name}@{revision}")
    return names


def near_model(name: str, *known: str) -> str:
    """Return a sentence with the model nearest to a mistyped name: a known one, one in the cache, a folder.

    The organisation of a hub id may have been left out.
    """
    names = [*known, *cached_names()]
    whole = {each.rpartition("/")[2].casefold(): each for each in names}
    meant = whole.get(name.casefold())
    near = f"Did you mean {meant!r}? " if meant and meant != name else did_you_mean(name, names)
    return near or did_you_mean_path(Path(name))


def cached_snapshot(name: str, required: Sequence[str] = ()) -> Path | None:
    """Return the snapshot of a hub id in the local cache, None when there is none.

    It may be incomplete, but has all files of the model that match `required`, as far as that is known.
    """
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        # Without patterns, a snapshot would have to hold the README too (huggingface_hub 2).
        return _snapshot(
            name, local_files_only=True, allow_patterns=list(required), ignore_patterns=OTHER_FORMATS
        )
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise SearchappError(
            f"{name!r} is not a hub id: {error}", "A hub id is organisation/name."
        ) from error


def snapshot(name: str, wanted: Wanted) -> Path:
    """Return the local snapshot of a hub model, downloaded unless the cache has a complete one.

    Raises:
        SearchappError: it is not in the cache and cannot be downloaded.
    """
    whole = cached_snapshot(name, wanted.required)
    if whole is not None and (wanted.is_complete(whole) or offline()):
        return whole
    if offline():
        place = "not" if cached_snapshot(name) is None else "only partly"
        raise SearchappError(
            f"The model {name} is {place} in the local cache, and searchapp is offline.",
            f"{near_model(name)}Run the command once without --offline. {wanted.hint}",
        )
    # The client's transport errors have a base class from httpx or httpx2, by its version.
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        return _snapshot(name, allow_patterns=list(wanted.download), ignore_patterns=OTHER_FORMATS)
    except (HTTPError, OSError, ValueError) as error:
        raise _explained(name, error, wanted.hint) from error


def _snapshot(name: str, **settings: Any) -> Path:
    from huggingface_hub import snapshot_download

    repository, _, revision = name.partition("@")
    return Path(snapshot_download(repository, revision=revision or None, **settings))


def _explained(name: str, error: Exception, hint: str) -> SearchappError:
    """Turn what the client raised into what the user can do about it."""
    from huggingface_hub.constants import ENDPOINT
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RevisionNotFoundError

    repository, _, revision = name.partition("@")
    cause = next((cause for cause in _causes(error) if isinstance(cause, HfHubHTTPError)), None)
    if cause is None:
        return _broken_off(name, error, hint)
    page, private = f"{ENDPOINT}/{repository}", f"if the model is private, {LOG_IN}. {hint}"
    if isinstance(cause, GatedRepoError):
        message = f"The model {repository} is gated: its authors grant access on request."
        return SearchappError(message, f"Ask for access on {page}, then {LOG_IN}.")
    if isinstance(cause, RevisionNotFoundError):
        message = f"The model {repository} has no revision {revision!r} on {ENDPOINT}."
        return SearchappError(
            message, f"{page} lists its branches and tags; without @{revision}, main is read."
        )
    status = cause.response.status_code
    message, advice = {
        401: (f"{ENDPOINT} shows no model {repository}: it does not exist, or it is private.", private),
        403: (f"{ENDPOINT} refuses access to {repository} (403): it is private.", private),
        404: (f"There is no model {repository} on {ENDPOINT}.", private),
    }.get(status, (f"{ENDPOINT} answered {status} for {repository}.", hint))
    return SearchappError(
        message, ("Check the name; " if advice is private else "Try again later. ") + advice
    )


def _broken_off(name: str, error: Exception, hint: str) -> SearchappError:
    """Explain an error that is not an answer of the hub."""
    from huggingface_hub.constants import ENDPOINT
    from huggingface_hub.errors import LocalEntryNotFoundError

    root = list(_causes(error))[-1]
    if isinstance(error, LocalEntryNotFoundError):  # how the client says that there was no connection
        reached = next((cause for cause in _causes(error) if "Connect" in type(cause).__name__), root)
        return SearchappError(
            f"{ENDPOINT} cannot be reached for {name} ({type(reached).__name__}: {reached}).",
            f"Check the network, or HF_ENDPOINT if it is set. {hint}",
        )
    reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
    if isinstance(error, ValueError):  # not JSON, as from a page that asks for a login
        return SearchappError(
            f"{ENDPOINT} does not answer as a hub does ({reason}).",
            f"Check HF_ENDPOINT, and whether your network asks for a login. {hint}",
        )
    return SearchappError(
        f"The download of {name} broke off ({reason}).",
        "Run the command again: it continues with what is missing.",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what caused it, the nearest first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__

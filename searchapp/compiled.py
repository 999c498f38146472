"""Where numba caches compiled kernels, so that they are compiled once per installation."""

import gc
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

logger = logging.getLogger(__name__)

_alone: list[bool] = []


def alone_in_process() -> None:
    """Declare that this process runs nothing but searchapp, which may then change process-wide settings.

    Loading creates many objects and little garbage, so the collector runs less often. Nor need numba load
    the extensions of other packages: it imports every installed one at the first call of a kernel, and
    the extension of awkward, a dependency of gigatoken, takes longer than all our kernels.
    """
    gc.set_threshold(50_000)
    _alone.append(True)


@contextmanager
def kernel_cache() -> Iterator[None]:
    """Have numba cache the functions defined in this context in searchapp's own folder.

    numba chooses the cache when a function is defined: by default a folder beside its source, which may
    not be writable, and which for ranx's functions holds entries that refer to ranx's own modules.
    """
    from numba import config

    from searchapp.files import cache_folder

    if _alone:
        from numba.core import entrypoints

        entrypoints._already_initialized = True
    before = config.CACHE_DIR
    folder = _lasting_folder(before)
    config.CACHE_DIR = str(folder or cache_folder("kernels"))
    _announce_compilation(config.CACHE_DIR, lasting=folder is not None)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def _lasting_folder(configured: str) -> Path | None:
    """Return the cache for kernels: below numba's own where one is configured, else the user's.

    None where nothing can be kept.
    """
    from searchapp.files import lasting_cache_folder

    if configured:
        folder = Path(configured) / "searchapp"
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    return lasting_cache_folder("kernels")


@cache
def _announce_compilation(folder: str, *, lasting: bool) -> None:
    """Say, once, that kernels are about to be compiled, when the folder holds none."""
    if not lasting:
        logger.warning(
            "Compiling numerical kernels (about ten seconds), anew in each process: the cache in your home "
            "cannot be written; set XDG_CACHE_HOME to a writable folder to compile them once."
        )
    elif not any(path.is_dir() for path in Path(folder).iterdir()):
        logger.warning("Compiling numerical kernels, once per installation (about ten seconds) ...")

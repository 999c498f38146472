"""Where kernels that numba has compiled are kept, so that they are compiled once after an install."""

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from searchapp.files import cache_folder

logger = logging.getLogger(__name__)


_alone: list[bool] = []


def alone_in_process() -> None:
    """Say that this process runs searchapp only, so that settings of the whole process may be ours.

    Loading makes many objects and hardly any garbage, so the collector looks less often. And numba need
    not load other packages' extensions: all that are installed are imported at the first call of a
    kernel, and that of awkward, which gigatoken brings along, takes longer than all our kernels.
    """
    gc.set_threshold(50_000)
    _alone.append(True)


@contextmanager
def kernel_cache() -> Iterator[None]:
    """Have functions that numba compiles in this context keep their code in a folder of our own.

    numba chooses a function's cache when the function is defined, by default beside its source, which
    may not be writable, and which for ranx's functions holds entries that name ranx's own modules.
    """
    from numba import config

    if _alone:
        from numba.core import entrypoints

        entrypoints._already_initialized = True
    before = config.CACHE_DIR
    config.CACHE_DIR = str(_folder(before))
    try:
        yield
    finally:
        config.CACHE_DIR = before


@cache
def _folder(configured: str) -> Path:
    """Return the folder for kernels, in numba's own when one is configured; say when it is empty."""
    folder = Path(configured) / "searchapp" if configured else cache_folder("kernels")
    folder.mkdir(parents=True, exist_ok=True)
    if not any(path.is_dir() for path in folder.iterdir()):
        logger.warning("Compiling kernels, once after an install (some ten seconds) ...")
    return folder

"""Where kernels that numba has compiled are kept, so that they are compiled once after an install."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from searchapp.files import cache_folder

logger = logging.getLogger(__name__)


@contextmanager
def kernel_cache() -> Iterator[None]:
    """Have functions that numba compiles in this context keep their code in a folder of our own.

    numba chooses a function's cache when the function is defined, by default beside its source, which
    may not be writable, and which for ranx's functions holds entries that name ranx's own modules.
    """
    from numba import config

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
    if not any(folder.glob("*/")):
        logger.warning("Compiling kernels, once after an install (some ten seconds) ...")
    return folder

"""Where kernels that numba has compiled are kept, so that they are compiled once after an install."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

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
    """Return a folder that this user can write; say when it is empty."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = (Path(configured) if configured else home / "searchapp") / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
    except OSError:
        # Not a name that others could guess and fill: what numba caches is code.
        folder = Path(tempfile.mkdtemp(prefix="searchapp-"))
    if not any(folder.glob("*/")):
        logger.warning("Compiling kernels, once after an install (some ten seconds) ...")
    return folder

"""Versions of the libraries that shape a score, read without importing them."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

OPTIONAL = ("gigatoken", "tokie")
LIBRARIES = ("model2vec", "tokenizers", "faiss-cpu", "numpy", "ranx", "numba", "ir-datasets", "wordllama")


def installed_versions(*more: str) -> dict[str, str]:
    """Return the versions of searchapp, Python, the libraries that shape a score, and `more` libraries."""
    return versions_of("searchapp", "python", *LIBRARIES, *OPTIONAL, *more)


def versions_of(*names: str) -> dict[str, str]:
    """Return the versions of libraries (and of `python`), or `not installed`."""
    return {name: _version(name) for name in names}


@cache
def _version(name: str) -> str:
    try:
        return platform.python_version() if name == "python" else version(name)
    except PackageNotFoundError:
        return "not installed"

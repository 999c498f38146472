"""Versions of what computes a number, read without importing any of it."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

OPTIONAL = ("gigatoken", "tokie")
LIBRARIES = ("model2vec", "tokenizers", "faiss-cpu", "numpy", "ranx", "numba", "ir-datasets", "wordllama")


@cache
def installed_versions() -> dict[str, str]:
    """Return the versions of searchapp, Python and the libraries that shape a score."""
    found = {"searchapp": _version("searchapp"), "python": platform.python_version()}
    return found | {name: _version(name) for name in (*LIBRARIES, *OPTIONAL)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"

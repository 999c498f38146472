"""The kinds of index that `--kind` names."""

from searchapp.errors import SearchappError
from searchapp.index.kinds.flat import Flat
from searchapp.index.kinds.kind import Kind

DEFAULT_KIND = "flat"

KINDS: dict[str, Kind] = {kind.name: kind for kind in (Flat(),)}
"""Name -> kind. A new kind is one file that derives from `Kind`, and its entry here."""


def find_kind(name: str) -> Kind:
    """Return the kind with this name.

    Raises:
        SearchappError: there is none.
    """
    if name not in KINDS:
        raise SearchappError(f"There is no index kind {name!r}.", f"Choose one of: {', '.join(KINDS)}.")
    return KINDS[name]

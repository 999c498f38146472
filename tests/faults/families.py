"""Every family of faults: importing one registers its faults."""

from importlib import import_module

NAMES = (
    "data",
    "texts",
    "order",
    "geometry",
    "tables",
    "weights",
    "runs",
    "reports",
    "sanity",
    "harmless",
    "harmless_corpora",
    "pairs",
    "revisions",
)


def load() -> None:
    """Register all faults."""
    for name in NAMES:
        import_module(f"tests.faults.{name}")

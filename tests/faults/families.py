"""Every family of faults: importing one registers its faults."""

from importlib import import_module

NAMES = ("data", "texts", "vectors", "tables", "runs", "reports", "sanity", "harmless")


def load() -> None:
    """Register all faults."""
    for name in NAMES:
        import_module(f"tests.faults.{name}")

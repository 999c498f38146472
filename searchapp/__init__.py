"""Offline vector search that tells whether a retrieval score can be trusted.

The Python API is loaded on demand, so that `import searchapp` alone loads nothing heavy.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from searchapp.api import adapt, build_index, compare, diagnose, evaluate, reproduce, search
    from searchapp.corpora.corpus import Corpus
    from searchapp.corpora.resolve import open_corpus
    from searchapp.diagnosis.verdict import Diagnosis
    from searchapp.encoders.encoder import Encoder, load_encoder
    from searchapp.encoders.options import Options
    from searchapp.errors import SearchappError
    from searchapp.evaluation.comparison import Comparison
    from searchapp.index.index import Index
    from searchapp.published.reproduce import Reproduction
    from searchapp.records import Document, Hit, Problem, Query, Ranking, Recipe, Result

__all__ = [
    "Comparison", "Corpus", "Diagnosis", "Document", "Encoder", "Hit", "Index", "Options", "Problem", "Query",
    "Ranking", "Recipe", "Reproduction", "Result", "SearchappError", "adapt", "build_index", "compare",
    "diagnose", "evaluate", "load_encoder", "open_corpus", "reproduce", "search",
]  # fmt: skip

_MODULES = {
    "Comparison": "evaluation.comparison",
    "Corpus": "corpora.corpus",
    "Diagnosis": "diagnosis.verdict",
    "Encoder": "encoders.encoder",
    "Index": "index.index",
    "Options": "encoders.options",
    "Reproduction": "published.reproduce",
    "SearchappError": "errors",
    "load_encoder": "encoders.encoder",
    "open_corpus": "corpora.resolve",
    **dict.fromkeys(("Document", "Hit", "Problem", "Query", "Ranking", "Recipe", "Result"), "records"),
}
"""The module of each name; the rest is in `api`."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'searchapp' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"searchapp.{_MODULES.get(name, 'api')}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

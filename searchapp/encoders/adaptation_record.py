"""What a model folder records about the corpus that its table was taught: `adaptation.json`."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from searchapp.encoders.hub import cached_snapshot, is_hub_id
from searchapp.encoders.model_files import ADAPTATION
from searchapp.encoders.options import STATIC, pinned_name, split_name
from searchapp.errors import SearchappError
from searchapp.files import read_json
from searchapp.records import Recipe

SCHEMA = "searchapp/adaptation/1"
_REMEDY = "Adapt the model again, or remove the file; without it, the figures of the model say less."


@dataclass(frozen=True)
class Adaptation:
    """What a table was taught.

    `judgements` are the ids of the judgements it was taught on, `judgement_digests` theirs; `documents` are
    the ids that were relevant in them, and `queries` the digests of their queries' texts. `chosen_on` are the
    judgements that only chose between variants. `fusion` has the fields of a `Fusion`.
    """

    corpus_id: str
    documents_id: str
    documents_digest: str
    base: str
    judgements: tuple[str, ...]
    judgement_digests: frozenset[str]
    documents: frozenset[str]
    queries: frozenset[str]
    chosen_on: tuple[str, ...]
    fusion: dict[str, Any]

    def applies_to(self, documents_id: str, documents_digest: str) -> bool:
        """Tell whether a corpus is the one that was taught: the same documents, or a version of them."""
        return documents_digest == self.documents_digest or documents_id == self.documents_id

    def taught(self, queries: Iterable[str]) -> int:
        """Return how many of these query texts were taught with their judgements."""
        return sum(query_digest(text) in self.queries for text in queries)

    def summary(self) -> str:
        """Return what the table was taught, as a clause."""
        judged = " and ".join(self.judgements)
        return f"adapted on {judged}" if judged else f"adapted on the texts of {self.corpus_id}"


def query_digest(text: str) -> str:
    """Return a short digest of a query's text, equal for texts that differ in case or spaces only."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest()[:16]


def adaptation_of(recipe: Recipe) -> Adaptation | None:
    """Return what the model of a recipe was taught, None for a model that was not adapted.

    Raises:
        SearchappError: the record is damaged, or it belongs to another table.
    """
    kind, name = split_name(recipe.model)
    if kind != STATIC:
        return None
    folder: Path | None = Path(name)
    if not Path(name).is_dir():
        folder = cached_snapshot(pinned_name(recipe)) if is_hub_id(name) else None
    file = folder / ADAPTATION if folder else None
    if file is None or not file.exists():
        return None
    return _read(file, file.stat().st_mtime_ns, recipe.model_digest)


@cache
def _read(file: Path, _modified: int, model_digest: str) -> Adaptation:
    record = read_json(file, dict, _REMEDY)
    try:
        if record["schema"] != SCHEMA:
            raise ValueError(f"its schema is {record['schema']!r}")
        taught: Collection[dict[str, Any]] = record["judgements"]
        adaptation = Adaptation(
            record["corpus_id"],
            record["documents_id"],
            record["documents_digest"],
            record["base"]["model"],
            tuple(str(one["id"]) for one in taught),
            frozenset(str(one["judgements_digest"]) for one in taught),
            frozenset(record["taught_documents"]),
            frozenset(record["taught_queries"]),
            tuple(record["chosen_on"]),
            dict(record["fusion"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SearchappError(f"{file} is damaged ({error}).", _REMEDY) from error
    if record["model_digest"] != model_digest:
        raise SearchappError(
            f"{file} is the record of another table: the model has changed since it was adapted.", _REMEDY
        )
    return adaptation

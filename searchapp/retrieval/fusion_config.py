"""The fusion of a hybrid search: the one that `searchapp tune` chose for the index, or the default."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from searchapp.encoders.adaptation_record import adaptation_of
from searchapp.errors import SearchappError
from searchapp.files import read_json, write_text
from searchapp.index.index import Index
from searchapp.retrieval.fusion import SCALES, Fusion

logger = logging.getLogger(__name__)

DEFAULT = Fusion("min-max", "max", 0.25)
"""What `scripts/choose_fusion.py` found best for the bundled model, with the train and dev judgements of
NFCorpus and the train judgements of SciFact; no test judgement was read."""

SCHEMA = "searchapp/fusion/1"
_CHOOSE_AGAIN = "Remove it, or choose again with `searchapp tune`."


@dataclass(frozen=True)
class Choice:
    """A fusion, how it was chosen, and the digests of the judgements it was tuned on."""

    fusion: Fusion
    origin: str
    judgements: tuple[str, ...] = ()


def choice_for(index: Index) -> Choice:
    """Return the fusion recorded for the model and documents of an index, or the default.

    An adapted model brings the fusion that was chosen when it was adapted to these documents.

    Raises:
        SearchappError: the record is damaged.
    """
    path = _file(index)
    if not path.exists():
        return _of_adaptation(index) or Choice(DEFAULT, "default")
    record = read_json(path, dict, _CHOOSE_AGAIN)
    try:
        fusion = Fusion(**record["fusion"])
        splits = {split["corpus_id"]: split["judgements_digest"] for split in record["splits"]}
        fits = record["fits"] == _fits(index)
        if not ({fusion.dense, fusion.bm25} <= SCALES.keys() and 0 <= fusion.weight <= 1):
            raise ValueError(f"there is no fusion {fusion}")
    except (ValueError, KeyError, TypeError) as error:
        raise SearchappError(f"{path} is damaged ({error}).", _CHOOSE_AGAIN) from error
    if not fits:
        logger.warning("The fusion in %s is for another model or other documents; using the default.", path)
        return Choice(DEFAULT, "default")
    return Choice(fusion, f"searchapp tune, {', '.join(splits)}", tuple(splits.values()))


def _of_adaptation(index: Index) -> Choice | None:
    adaptation = adaptation_of(index.manifest.recipe)
    if adaptation is None or adaptation.documents_digest != index.manifest.documents_digest:
        return None
    origin = ", ".join(("searchapp adapt", *adaptation.judgements, *adaptation.chosen_on))
    return Choice(Fusion(**adaptation.fusion), origin, tuple(sorted(adaptation.judgement_digests)))


def record_choice(index: Index, fusion: Fusion, details: Mapping[str, Any]) -> Path:
    """Record a fusion for the model and documents of an index, and return the file.

    Args:
        index: the index it was chosen with.
        fusion: the chosen fusion.
        details: how it was chosen; `splits` lists the `corpus_id` and `judgements_digest` of each split.

    Raises:
        SearchappError: the file cannot be written.
    """
    path = _file(index)
    record = {"schema": SCHEMA, "fusion": asdict(fusion), "fits": _fits(index), **details}
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    write_text(path, text, "Set SEARCHAPP_INDEXES to a writable folder.")
    return path


def _file(index: Index) -> Path:
    """Return the path of the record; exact kinds give the same rankings and share one."""
    return index.folder.parent / ("fusion.json" if index.kind.exact else f"fusion.{index.kind.name}.json")


def _fits(index: Index) -> dict[str, Any]:
    """Return what a record and its index have in common: the documents, and all that shapes the vectors."""
    return {"documents_digest": index.manifest.documents_digest, "recipe": asdict(index.manifest.recipe)}

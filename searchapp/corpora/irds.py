"""The only importer of ir_datasets: its downloads, its catalogue and its corpora."""

import importlib.util
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from searchapp.errors import SearchappError
from searchapp.files import read_json
from searchapp.records import Document, Judgements, Query
from searchapp.settings import datasets_folder, offline


class IrDataset:
    """Any corpus of the ir_datasets catalogue, read through the library itself."""

    def __init__(self, dataset_id: str) -> None:
        self._id = dataset_id

    @property
    def location(self) -> str:
        """The catalogue id."""
        return f"ir_datasets:{self._id}"

    def files(self) -> list[Path]:
        """Name no file: the library does not say where the documents are."""
        return []

    def count(self) -> int | None:
        """Return the number of documents that the catalogue states."""
        return document_count(self._id)

    def documents(self) -> Iterator[Document]:
        """Yield every document in the library's order."""
        for document in self._iterate("docs"):
            text = getattr(document, "text", None)
            if text is None:  # other fields: the library knows which of them make the text
                yield Document(document.doc_id, "", document.default_text())
            else:
                yield Document(document.doc_id, getattr(document, "title", None) or "", text)

    def queries(self) -> Iterator[Query]:
        """Yield every query, judged or not."""
        for query in self._iterate("queries"):
            yield Query(query.query_id, query.default_text())

    def judgements(self) -> Judgements:
        """Return the judgements of the split."""
        judgements: Judgements = {}
        for judgement in self._iterate("qrels"):
            judgements.setdefault(judgement.query_id, {})[judgement.doc_id] = int(judgement.relevance)
        return judgements

    def _iterate(self, part: str) -> Iterator[Any]:
        dataset = _load(self._id)
        if not getattr(dataset, f"has_{part}")():
            raise SearchappError(f"{self._id} has no {part} in ir_datasets.", "Name a split that has them.")
        with _download_errors(self._id):
            yield from getattr(dataset, f"{part}_iter")()


def download(dataset_id: str) -> None:
    """Have ir_datasets fetch the archive of a BEIR corpus into its home.

    Raises:
        SearchappError: no network, or `--offline`.
    """
    if offline():
        raise not_here(dataset_id)
    with _download_errors(dataset_id):
        for _ in _load(dataset_id).queries_iter():
            break


def not_here(dataset_id: str) -> SearchappError:
    """Return the error for a corpus that is neither here nor to be had."""
    path, address = _archive_of(dataset_id)
    return SearchappError(
        f"{dataset_id} is not on this machine: there is no {path}.",
        f"It would be read from {address}.\n`sample` works now: searchapp eval sample",
    )


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """Return ir_datasets' own counts by dataset id, read from its package data without importing it."""
    return _package_data("metadata.json")


def document_count(dataset_id: str) -> int | None:
    """Return the number of documents that ir_datasets' catalogue states."""
    entry = catalogue().get(dataset_id, {}).get("docs", {})
    if "_ref" in entry:
        entry = catalogue()[entry["_ref"]]["docs"]
    count: int | None = entry.get("count")
    return count


@contextmanager
def _download_errors(dataset_id: str) -> Iterator[None]:
    """Turn what a failed download raises into the error that says what works instead."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # requests' own, and ir_datasets' wrapping of the last one
        raise not_here(dataset_id) from error


def _load(dataset_id: str) -> Any:
    import ir_datasets

    ir_datasets.log.easy().logger().setLevel(logging.ERROR)  # each retry would print a paragraph
    try:
        return ir_datasets.load(dataset_id)
    except KeyError as error:
        raise SearchappError(
            f"ir_datasets knows no corpus {dataset_id!r}.", "`searchapp corpora` lists what is here."
        ) from error


def _archive_of(dataset_id: str) -> tuple[str, str]:
    family, *rest = dataset_id.split("/")
    entries = _package_data("downloads.json").get(family, {})
    for depth in range(len(rest), 0, -1):
        entry = entries.get("/".join(rest[:depth]))
        if entry and "url" in entry:
            path = datasets_folder() / family / entry.get("cache_path", "")
            return f"{path}", entry["url"]
    return f"{datasets_folder() / family}", "the address that ir_datasets gives for it"


@cache
def _package_data(name: str) -> dict[str, Any]:
    spec = importlib.util.find_spec("ir_datasets")
    if spec is None or spec.origin is None:
        raise SearchappError("ir_datasets is not installed.", "pip install ir-datasets")
    return read_json(Path(spec.origin).parent / "etc" / name, dict, "Reinstall ir_datasets.")

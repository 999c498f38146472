"""The only importer of ir_datasets: its downloads, its catalogue and its corpora."""

import importlib.util
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from searchapp.corpora.source import Source
from searchapp.errors import SearchappError, did_you_mean
from searchapp.files import read_json
from searchapp.records import Document, Judgements, Query
from searchapp.settings import datasets_folder, offline


class IrDataset(Source):
    """A corpus of the ir_datasets catalogue, read through the library itself."""

    def __init__(self, dataset_id: str) -> None:
        self._id = dataset_id

    @property
    def location(self) -> str:
        """The catalogue id."""
        return f"ir_datasets:{self._id}"

    @property
    def split(self) -> str | None:
        """The id below the documents that all splits share; None when it is theirs."""
        base = documents_id(self._id)
        return self._id.removeprefix(f"{base}/") if self._id != base else None

    def splits(self) -> list[str]:
        """List the ids of the catalogue below the same documents that have judgements."""
        base = documents_id(self._id)
        return sorted(
            dataset_id.removeprefix(f"{base}/")
            for dataset_id, entry in catalogue().items()
            if "qrels" in entry and dataset_id.startswith(f"{base}/") and documents_id(dataset_id) == base
        )

    def with_split(self, split: str) -> "IrDataset":
        """Return the same documents with the queries and judgements of another split."""
        base, splits = documents_id(self._id), self.splits()
        if split not in splits:
            suggestion = did_you_mean(split, splits)
            known = ", ".join(splits) or "none"
            raise SearchappError(f"{base} has no split {split!r}.", f"{suggestion}It has: {known}.")
        return IrDataset(f"{base}/{split}")

    def count(self) -> int | None:
        """Return the number of documents that the catalogue states."""
        return document_count(self._id)

    def documents(self) -> Iterator[Document]:
        """Yield every document in the library's order."""
        for document in self._iterate("docs"):
            text = getattr(document, "text", None)
            if text is None:  # other fields: the library knows which of them form the text
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
            raise SearchappError(f"{self._id} has no {part} in ir_datasets.", "Choose a split that has them.")
        with _download_errors(self._id):
            yield from getattr(dataset, f"{part}_iter")()


def download(dataset_id: str) -> None:
    """Have ir_datasets download the archive of a BEIR corpus into its home, unless `--offline` forbids it."""
    if offline():
        raise _not_here(dataset_id)
    with _download_errors(dataset_id):
        next(_load(dataset_id).queries_iter(), None)


def _not_here(dataset_id: str) -> SearchappError:
    """Return the error for a corpus that is not on this machine and cannot be downloaded."""
    path, address = _archive_of(dataset_id)
    return SearchappError(
        f"{dataset_id} is not on this machine: there is no {path}.",
        f"It would be downloaded from {address}.\n`sample` works now: searchapp eval sample",
    )


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """Return ir_datasets' own counts by dataset id, read from its package data without importing it."""
    return _package_data("metadata.json")


def document_count(dataset_id: str) -> int | None:
    """Return the number of documents that ir_datasets' catalogue states."""
    count: int | None = catalogue().get(documents_id(dataset_id), {}).get("docs", {}).get("count")
    return count


def documents_id(dataset_id: str) -> str:
    """Return the shortest id with the same documents, as the catalogue says."""
    return str(catalogue().get(dataset_id, {}).get("docs", {}).get("_ref", dataset_id))


@contextmanager
def _download_errors(dataset_id: str) -> Iterator[None]:
    """Turn the exceptions of a failed download into the error that says what works instead."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # those of requests, and ir_datasets' wrapper of the last one
        raise _not_here(dataset_id) from error


def _load(dataset_id: str) -> Any:
    import ir_datasets

    ir_datasets.log.easy().logger().setLevel(logging.ERROR)  # each retry would print a paragraph
    try:
        return ir_datasets.load(dataset_id)
    except KeyError as error:
        hint = "`searchapp corpora` lists those on this machine."
        raise SearchappError(f"ir_datasets has no corpus {dataset_id!r}.", hint) from error


def _archive_of(dataset_id: str) -> tuple[Path, str]:
    """Return where ir_datasets stores the archive of a corpus, and where it downloads it from."""
    family, *rest = dataset_id.split("/")
    entries = _package_data("downloads.json").get(family, {})
    for depth in range(len(rest), 0, -1):
        entry = entries.get("/".join(rest[:depth]))
        if entry and "url" in entry:
            return datasets_folder() / family / entry.get("cache_path", ""), entry["url"]
    return datasets_folder() / family, "the address given by ir_datasets"


@cache
def _package_data(name: str) -> dict[str, Any]:
    spec = importlib.util.find_spec("ir_datasets")
    if spec is None or spec.origin is None:
        raise SearchappError("ir_datasets is not installed.", "pip install ir-datasets")
    return read_json(Path(spec.origin).parent / "etc" / name, dict, "Reinstall ir_datasets.")

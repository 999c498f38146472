"""The corpora on this machine, and those that could be downloaded."""

from dataclasses import dataclass

from searchapp.corpora.irds import document_count
from searchapp.corpora.resolve import ALIASES, open_corpus
from searchapp.errors import SearchappError
from searchapp.settings import datasets_folder


@dataclass(frozen=True)
class ListedCorpus:
    """A corpus in a list; `location` is where it is, or would be when `here` is false.

    `problem` says why an existing archive cannot be read.
    """

    name: str
    id: str
    here: bool
    n_docs: int | None
    n_queries: int | None
    n_judgements: int | None
    splits: list[str]
    location: str
    problem: str = ""


def list_corpora() -> list[ListedCorpus]:
    """Return the bundled sample and the BEIR corpora, those that work offline first."""
    rows = [_here("sample")]
    for name, dataset_id in ALIASES.items():
        archive = datasets_folder() / "beir" / name / "source.zip"
        count, problem = document_count(dataset_id), ""
        if archive.exists():
            try:
                rows.append(_here(name))
                continue
            except SearchappError as error:
                count, problem = None, f"{error.message} {error.hint}"
        rows.append(ListedCorpus(name, dataset_id, False, count, None, None, [], str(archive), problem))
    return sorted(rows, key=lambda row: not row.here)


def _here(name: str) -> ListedCorpus:
    corpus = open_corpus(name)
    n_judgements = sum(map(len, corpus.judgements.values()))
    count = corpus.count() or document_count(corpus.id)
    return ListedCorpus(
        name, corpus.id, True, count, len(corpus.judgements), n_judgements, corpus.splits(), corpus.location
    )

"""Which corpora are on this machine."""

from dataclasses import dataclass

from searchapp.corpora.beir import BeirFiles
from searchapp.corpora.irds import document_count
from searchapp.corpora.resolve import ALIASES, SAMPLE, open_corpus
from searchapp.errors import SearchappError
from searchapp.settings import datasets_folder


@dataclass(frozen=True)
class ListedCorpus:
    """A corpus in a list; `location` is where it lives, or would live when `here` is false.

    `problem` says why an archive that is here cannot be read.
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
    rows = [_here("sample", BeirFiles(SAMPLE))]
    for name, dataset_id in ALIASES.items():
        archive = datasets_folder() / "beir" / name / "source.zip"
        if archive.exists():
            try:
                rows.append(_here(name, BeirFiles(archive, name)))
            except SearchappError as error:
                problem = f"{error.message} {error.hint}"
                rows.append(
                    ListedCorpus(name, dataset_id, False, None, None, None, [], str(archive), problem)
                )
        else:
            rows.append(
                ListedCorpus(
                    name, dataset_id, False, document_count(dataset_id), None, None, [], str(archive)
                )
            )
    return sorted(rows, key=lambda row: not row.here)


def _here(name: str, files: BeirFiles) -> ListedCorpus:
    corpus = open_corpus(name)
    judgements = corpus.judgements
    n_judgements = sum(map(len, judgements.values()))
    count = files.count() or document_count(corpus.id)
    return ListedCorpus(
        name, corpus.id, True, count, len(judgements), n_judgements, files.splits(), files.location
    )

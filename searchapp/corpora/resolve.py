"""From the name of a corpus to the corpus, by the readers that are asked in turn; and a list of corpora."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from searchapp.corpora import irds
from searchapp.corpora.beir import BeirFiles
from searchapp.corpora.corpus import Corpus
from searchapp.corpora.source import FileSource
from searchapp.errors import SearchappError, did_you_mean, did_you_mean_path
from searchapp.settings import datasets_folder

ALIASES = {
    "arguana": "beir/arguana",
    "climate-fever": "beir/climate-fever",
    "dbpedia-entity": "beir/dbpedia-entity/test",
    "fever": "beir/fever/test",
    "fiqa": "beir/fiqa/test",
    "hotpotqa": "beir/hotpotqa/test",
    "msmarco": "beir/msmarco/dev",  # the split whose figures BEIR and MTEB publish
    "nfcorpus": "beir/nfcorpus/test",
    "nq": "beir/nq",
    "quora": "beir/quora/test",
    "scidocs": "beir/scidocs",
    "scifact": "beir/scifact/test",
    "trec-covid": "beir/trec-covid",
    "webis-touche2020": "beir/webis-touche2020",
}
"""Short names of the BEIR corpora, and the ir_datasets ids of the splits whose figures are published."""

SAMPLE = Path(__file__).parent / "sample"


def open_corpus(name: str) -> Corpus:
    """Return the corpus with a name; its documents are not read yet.

    The name is `sample`, a short name (`nfcorpus`), an ir_datasets id (`beir/nfcorpus`), or the path of a
    corpus in one of `FORMATS`; each may be followed by `/<split>`.

    Raises:
        SearchappError: the name is unknown, or the corpus is not here and cannot be downloaded.
    """
    for reader in READERS:
        if (corpus := reader(name)) is not None:
            return corpus
    known = ["sample", *ALIASES]
    ids = irds.catalogue().keys()
    suggestion = did_you_mean(name, [*known, *ids, *(each.removeprefix("beir/") for each in ids)])
    raise SearchappError(
        f"There is no corpus {name!r}: it is not a short name, a path or an ir_datasets id.",
        f"{suggestion}Short names: {', '.join(known)}; or give the path of a corpus.",
    )


def _sample(name: str) -> Corpus | None:
    head, _, split = name.partition("/")
    if head != "sample":
        return None
    source = BeirFiles(SAMPLE, split or "test")
    return Corpus(name, "sample", "sample", source) if source.split else None


def _short_name(name: str) -> Corpus | None:
    head, _, split = name.partition("/")
    if head not in ALIASES:
        return None
    return _beir_archive(name, f"beir/{head}/{split}" if split else ALIASES[head])


def _path(name: str) -> Corpus | None:
    """Open the corpus at a path, which may end in a split."""
    path = Path(name).expanduser()
    for root, split in [(path, None), (path.parent, path.name)][: 2 if "/" in name else 1]:
        for form in FORMATS:
            if form.recognises(root):
                return _at_path(name, form(root.resolve(), split))
    if path.exists() or name.startswith((".", "/", "~")):
        raise SearchappError(
            f"{path} is not a corpus." if path.exists() else f"There is no file or folder {path}.",
            f"{'' if path.exists() else did_you_mean_path(path)}"
            f"A corpus is {', or '.join(form.layout for form in FORMATS)}.",
        )
    return None


def _at_path(name: str, source: FileSource) -> Corpus:
    mark = hashlib.sha256(str(source.root).encode()).hexdigest()[:6]
    corpus_id = f"{source.root}/{source.split or ''}".rstrip("/")
    return Corpus(name, corpus_id, f"{source.root.name}-{mark}", source)


def _beir_archive(name: str, dataset_id: str = "") -> Corpus | None:
    """Open the archive that ir_datasets keeps for a BEIR id, downloaded when it is not here yet.

    The archive is read directly: ir_datasets itself would first write a document store of pickles
    beside it, which needs a writable home and takes longer than the reading.
    """
    dataset_id = dataset_id or name
    family, *parts = dataset_id.split("/")
    depth = 2 if parts[:1] == ["cqadupstack"] else 1
    if family != "beir" or parts[:2] == ["webis-touche2020", "v2"] or len(parts) not in {depth, depth + 1}:
        return None
    path = datasets_folder() / "beir" / parts[0] / "source.zip"
    if not path.exists():
        if dataset_id not in irds.catalogue():
            return None
        irds.download(dataset_id)
    inside = "/".join(parts[:depth])
    source = BeirFiles(path, parts[depth] if len(parts) > depth else None, inside)
    split = source.split  # an error when the archive lacks it
    corpus_id = f"beir/{inside}/{split}" if len(source.splits()) > 1 else dataset_id
    return Corpus(name, corpus_id, inside.replace("/", "-"), source)


def _ir_datasets(name: str) -> Corpus | None:
    if name not in irds.catalogue():
        return None
    return Corpus(name, name, irds.documents_id(name), irds.IrDataset(name))


FORMATS: list[type[FileSource]] = [BeirFiles]
"""The formats of a corpus in a file or folder; the first that recognises a path reads it."""

READERS: list[Callable[[str], Corpus | None]] = [_sample, _short_name, _path, _beir_archive, _ir_datasets]
"""What turns a name into a corpus, asked in this order; each returns None for a name it does not know."""


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
        count, problem = irds.document_count(dataset_id), ""
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
    count = corpus.count() or irds.document_count(corpus.id)
    return ListedCorpus(
        name, corpus.id, True, count, len(corpus.judgements), n_judgements, corpus.splits(), corpus.location
    )

"""What a user may call a corpus, and which source that is."""

import hashlib
from pathlib import Path

from searchapp.corpora import irds
from searchapp.corpora.beir import BeirFiles
from searchapp.corpora.corpus import Corpus
from searchapp.errors import SearchappError
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
"""Short names of the BEIR corpora and the ir_datasets ids that they stand for."""

SAMPLE = Path(__file__).parent / "sample"


def open_corpus(name: str) -> Corpus:
    """Return the corpus that a name stands for; nothing is read yet.

    Args:
        name: `sample`, an alias (`nfcorpus`), an ir_datasets id (`beir/nfcorpus/dev`) or the path of
            a BEIR folder, with `/<split>` behind it for another split than `test`.

    Raises:
        SearchappError: the name is unknown, or the corpus is neither here nor to be downloaded.
    """
    if name == "sample":
        return Corpus(name, "sample", "sample", BeirFiles(SAMPLE, split="test"))
    dataset_id = ALIASES.get(name, name)
    if dataset_id == name and (folder := _folder(name)):
        return folder
    if dataset_id.startswith("beir/") and (archive := _archive(dataset_id)):
        split = archive.split  # an error when it is not there
        split_id = f"beir/{archive.inside}/{split}" if len(archive.splits()) > 1 else dataset_id
        return Corpus(name, split_id, archive.inside.replace("/", "-"), archive)
    if dataset_id in irds.catalogue():
        return Corpus(name, dataset_id, _documents_id(dataset_id), irds.IrDataset(dataset_id))
    raise SearchappError(
        f"There is no corpus {name!r}: it is no alias, no folder and no ir_datasets id.",
        f"Known here: sample, {', '.join(ALIASES)}; or give the path of a BEIR folder.",
    )


def _folder(name: str) -> Corpus | None:
    path = Path(name).expanduser()
    root, split = (path, None) if (path / "corpus.jsonl").exists() else (path.parent, path.name)
    if (root / "corpus.jsonl").exists():
        root = root.resolve()
        source = BeirFiles(root, split=split)
        mark = hashlib.sha256(str(root).encode()).hexdigest()[:6]
        return Corpus(name, f"{root}/{source.split or ''}".rstrip("/"), f"{root.name}-{mark}", source)
    if path.exists() or name.startswith((".", "/", "~")):
        raise SearchappError(
            f"{path} is no BEIR folder: there is no {path / 'corpus.jsonl'}.",
            "A BEIR folder holds corpus.jsonl, queries.jsonl and qrels/test.tsv.",
        )
    return None


def _archive(dataset_id: str) -> BeirFiles | None:
    """Return the archive that ir_datasets keeps for a BEIR id, downloaded when it is not here yet.

    The archive is read directly: ir_datasets itself would first write a document store of pickles
    beside it, which needs a writable home and takes longer than the reading.
    """
    _, *parts = dataset_id.split("/")
    depth = 2 if parts[0] == "cqadupstack" else 1
    if parts[:2] == ["webis-touche2020", "v2"] or len(parts) not in {depth, depth + 1}:
        return None
    path = datasets_folder() / "beir" / parts[0] / "source.zip"
    if not path.exists():
        if dataset_id not in irds.catalogue():
            return None
        irds.download(dataset_id)
    return BeirFiles(path, "/".join(parts[:depth]), parts[depth] if len(parts) > depth else None)


def _documents_id(dataset_id: str) -> str:
    """Return the shortest id with the same documents, as ir_datasets' catalogue says."""
    entry = irds.catalogue()[dataset_id].get("docs", {})
    return str(entry.get("_ref", dataset_id))

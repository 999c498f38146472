"""Published corpora in another revision: the archive that ir_datasets keeps, with one file changed."""

import json
import zipfile
from collections.abc import Callable

import numpy as np

from searchapp.settings import datasets_folder
from tests.faults.box import Box
from tests.faults.cases import fault


def changed(box: Box, file: str, change: Callable[[list[str]], list[str]]) -> list[str]:
    """Write the archive with the lines of one file changed; return the command that examines the corpus."""
    name = box.case.corpus
    home = box.folder / "datasets"
    (home / "beir" / name).mkdir(parents=True)
    with (
        zipfile.ZipFile(datasets_folder() / "beir" / name / "source.zip") as original,
        zipfile.ZipFile(home / "beir" / name / "source.zip", "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for member in original.namelist():
            content = original.read(member)
            if member == f"{name}/{file}":
                content = "".join(change(content.decode("utf-8").splitlines(keepends=True))).encode()
            copy.writestr(member, content)
    box.environment["IR_DATASETS_HOME"] = str(home)
    return ["diagnose", name, "-m", box.model]


ASKED = ('"text": "', '"text": "How ')


def some_of(lines: list[str], share: float, rng: np.random.Generator) -> list[str]:
    return [line for line in lines if rng.random() > share]


@fault(
    "data",
    "corpus-differs",
    "judged-documents-missing",
    also=("control-differs",),
    calibration=("texts cut", "documents lost", "judgements lost", "queries rewritten"),
    corpora=("nfcorpus", "scifact"),
    models=("wordllama",),
)
def published_corpus_changed(box: Box, how: str) -> list[str]:
    def cut(line: str) -> str:
        record = json.loads(line)
        record["text"] = record["text"][:100]
        return json.dumps(record) + "\n"

    match how:
        case "texts cut":
            return changed(box, "corpus.jsonl", lambda lines: [cut(line) for line in lines])
        case "queries rewritten":
            return changed(box, "queries.jsonl", lambda lines: [line.replace(*ASKED) for line in lines])
        case "documents lost":
            return changed(box, "corpus.jsonl", lambda lines: some_of(lines, 0.2, box.rng))
    return changed(box, "qrels/test.tsv", lambda lines: [lines[0], *some_of(lines[1:], 0.3, box.rng)])

"""The MTEB retrieval tasks that searchapp has a corpus for, with their names in every naming scheme."""

import re
from dataclasses import dataclass

from searchapp.corpora.known_digests import KNOWN_DOCUMENTS, KNOWN_SPLITS
from searchapp.corpora.resolve import ALIASES
from searchapp.records import Result

LANGUAGES = ("eng-Latn",)
"""The language of every task in this table, as MTEB writes it."""

_SPLIT = re.compile(r"/(train|dev|test)$")


@dataclass(frozen=True)
class MtebTask:
    """An MTEB retrieval task, and the corpus with the same documents, queries and judgements.

    `dataset` and `revision` identify its dataset on the Hugging Face hub, `corpus_id` is the ir_datasets
    id of the split with published figures, and `largest_grade` is the largest one in its judgements.
    """

    name: str
    dataset: str
    revision: str
    corpus_id: str
    n_docs: int
    n_queries: int
    largest_grade: int = 1
    split: str = "test"

    @property
    def corpus(self) -> str:
        """The corpus as searchapp names it: by its short name if it has one, else by its id."""
        return _SHORT.get(self.corpus_id, self.corpus_id)

    @property
    def digests(self) -> tuple[str, str, str] | None:
        """The digests of documents, queries and judgements, if they are known."""
        documents = KNOWN_DOCUMENTS.get(self.corpus_id.rpartition("/")[0])
        split = KNOWN_SPLITS.get(self.corpus_id)
        return (documents, *split) if documents and split else None

    def id_of(self, split: str) -> str:
        """Return the ir_datasets id of a split."""
        return self.corpus_id if split == self.split else f"{_SPLIT.sub('', self.corpus_id)}/{split}"


_SHORT = {dataset_id: name for name, dataset_id in ALIASES.items()}

_FORUMS = (
    ("Android", "9be4c0e46342e8e3aff577a89b9a1ec9bc6b4af3", 22_998, 699),
    ("English", "ad9991cb51e31e31e430383c75ffb2885547b5f0", 40_221, 1_570),
    ("Gaming", "4885aa143210c98657558c04aaf3dc47cfb54340", 45_301, 1_595),
    ("Gis", "5003b3064772da1887988e05400cf3806fe491f2", 37_637, 885),
    ("Mathematica", "90fceea13679c63fe563ded68f3b6f06e50061de", 16_705, 804),
    ("Physics", "79531abbd1fb92d06c6d6315a0cbbbf5bb247ea4", 38_316, 1_039),
    ("Programmers", "6184bc1440d2dbc7612be22b50686b8826d22b32", 32_176, 876),
    ("Stats", "65ac3a16b8e91f9cee4c9828cc7c335575432a2a", 42_269, 652),
    ("Tex", "46989137a86843e03a6195de44b09deda022eec7", 68_184, 2_906),
    ("Unix", "6c6430d3a6d36f8d2a829195bc5dc94d7e063e53", 47_382, 1_072),
    ("Webmasters", "160c094312a0e1facb97e55eeddb698c0abe3571", 17_405, 506),
    ("Wordpress", "4ffe81d471b1924886b33c7567bfb200e9eec5c4", 48_605, 541),
)

_TASKS = (
    MtebTask("ArguAna", "arguana", "c22ab2a51041ffd869aaddef7af8d8215647e41a", "beir/arguana", 8_674, 1_406),
    MtebTask("ClimateFEVER", "climate-fever", "47f2ac6acb640fc46020b02a5b59fdda04d39380",
         "beir/climate-fever", 5_416_593, 1_535),
    MtebTask("DBPedia", "dbpedia", "c0f706b76e590d620bd6618b3ca8efdd34e2d659", "beir/dbpedia-entity/test",
         4_635_922, 400, 2),
    MtebTask("FEVER", "fever", "bea83ef9e8fb933d90a2f1d5515737465d613e12", "beir/fever/test",
         5_416_568, 6_666),
    MtebTask("FiQA2018", "fiqa", "27a168819829fe9bcd655c2df245fb19452e8e06", "beir/fiqa/test", 57_638, 648),
    MtebTask("HotpotQA", "hotpotqa", "ab518f4d6fcca38d87c25209f94beba119d02014", "beir/hotpotqa/test",
         5_233_329, 7_405),
    MtebTask("MSMARCO", "msmarco", "c5a29a104738b98a9e76336939199e264163d4a0", "beir/msmarco/dev",
         8_841_823, 6_980, 3, "dev"),  # the grades above 1 are those of its test split
    MtebTask("NFCorpus", "nfcorpus", "ec0fa4fe99da2ff19ca1214b7966684033a58814", "beir/nfcorpus/test",
         3_633, 323, 2),
    MtebTask("NQ", "nq", "b774495ed302d8c44a3a7ea25c90dbce03968f31", "beir/nq", 2_681_468, 3_452),
    MtebTask("QuoraRetrieval", "quora", "e4e08e0b7dbe3c8700f0daef558ff32256715259", "beir/quora/test",
         522_931, 10_000),
    MtebTask("SCIDOCS", "scidocs", "f8c2fcf00f625baaa80f62ec5bd9e1fff3b8ae88", "beir/scidocs", 25_657, 1_000),
    MtebTask("SciFact", "scifact", "d56462d0e63a25450459c4f213e49ffdb866f7f9", "beir/scifact/test",
         5_183, 300),
    # MTEB uses the second version of the judgements, with 932 relevant ones; the first has 2,413.
    MtebTask("Touche2020", "touche2020", "a34f9a33db75fa0cbb21bb5cfc3dae8dc8bec93f",
         "beir/webis-touche2020/v2", 382_545, 49, 2),
    MtebTask("TRECCOVID", "trec-covid", "bb9466bac8153a0349341eb1b22e06409e78ef4e", "beir/trec-covid",
         171_332, 50, 2),
    *(MtebTask(f"CQADupstack{forum}Retrieval", f"cqadupstack-{forum.lower()}", revision,
           f"beir/cqadupstack/{forum.lower()}", n_docs, n_queries)
      for forum, revision, n_docs, n_queries in _FORUMS),
)  # fmt: skip

TASKS = {task.name: task for task in _TASKS}
"""MTEB's name -> task. Names and numbers are MTEB's metadata; a test compares them."""

FORUMS = tuple(name for name in TASKS if name.startswith("CQADupstack"))
AGGREGATE = "CQADupstackRetrieval"
"""MTEB's mean of the twelve forums; it has no corpus."""

_NAMES = {
    name.casefold(): task
    for task in _TASKS
    for name in (task.name, f"mteb/{task.dataset}", task.dataset, task.corpus, task.corpus_id)
}


def find_task(name: str) -> MtebTask | None:
    """Return the task with a name, which may be that of MTEB, a model card, a dataset or a corpus.

    >>> [find_task(name).name for name in ("MTEB NFCorpus", "mteb/fiqa", "NQ (default)", "trec-covid")]
    ['NFCorpus', 'FiQA2018', 'NQ', 'TRECCOVID']
    """
    return _NAMES.get(bare_name(name).casefold())


def bare_name(name: str) -> str:
    """Return the name of a task without the additions of model cards.

    >>> bare_name("MTEB QuoraRetrieval (default)")
    'QuoraRetrieval'
    """
    return re.sub(r"\s*\([^()]*\)$", "", name.strip().removeprefix("MTEB ")).strip()


def task_of(result: Result) -> tuple[MtebTask, str] | None:
    """Return the task and split whose figures a result is comparable with, None if there are none.

    A folder of the user has another id; other documents, queries or judgements under the same id have other
    counts or digests.
    """
    for task in TASKS.values():
        for split in ("test", "dev", "train"):
            if result.corpus_id == task.id_of(split):
                return (task, split) if _same(result, task, split) else None
    return None


def _same(result: Result, task: MtebTask, split: str) -> bool:
    if split != task.split:
        return result.n_docs == task.n_docs
    stated = [str(result.recipe.get(f"{part}_digest", "")) for part in ("documents", "queries", "judgements")]
    digests = task.digests or ("", "", "")
    return (result.n_docs, result.n_judged) == (task.n_docs, task.n_queries) and all(
        actual.startswith(digest) for actual, digest in zip(stated, digests, strict=True)
    )

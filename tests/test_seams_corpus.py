"""A corpus format takes one class of thirty lines, and every command then reads such files."""

import inspect
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from searchapp.corpora import resolve
from searchapp.corpora.source import FileSource
from searchapp.records import Document, Judgements, Query

from .conftest import Cli, MakeFolder


class ToyFile(FileSource):
    """Lines `D id text`, `Q id text` and `J split query document grade`."""

    layout = "a .toy.txt file"

    @staticmethod
    def recognises(path: Path) -> bool:
        return path.name.endswith(".toy.txt")

    def documents(self) -> Iterator[Document]:
        return (Document(name, "", text) for name, text in self._rows("D", 1))

    def queries(self) -> Iterator[Query]:
        return (Query(name, text) for name, text in self._rows("Q", 1))

    def splits(self) -> list[str]:
        return sorted({split for split, *_ in self._rows("J", 3)})

    def judgements(self) -> Judgements:
        judgements: Judgements = {}
        for split, query, document, grade in self._rows("J", 3):
            if split == self.split:
                judgements.setdefault(query, {})[document] = int(grade)
        return judgements

    def _rows(self, kind: str, cuts: int) -> Iterator[list[str]]:
        lines = (line.split(" ", 1) for line in self.root.read_text("utf-8").splitlines())
        return (rest.split(" ", cuts) for first, rest in lines if first == kind)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Register the format and write a file of it, with two splits."""
    monkeypatch.setattr(resolve, "FORMATS", [*resolve.FORMATS, ToyFile])
    file = tmp_path / "fruit.toy.txt"
    file.write_text(
        "D d1 apple\nD d2 pear\nD d3 plum\nQ q1 apple\nQ q2 plum\n"
        "J test q1 d1 1\nJ dev q2 d3 1\nJ dev q1 d2 1\n"
    )
    return file


def test_the_format_is_at_most_thirty_lines() -> None:
    assert len(inspect.getsource(ToyFile).strip().splitlines()) <= 30


def test_every_command_reads_the_format(cli: Cli, toy: Path, make_model: MakeFolder) -> None:
    model = str(make_model())
    facts = json.loads(cli("corpora", str(toy), "--json").stdout)
    assert (facts["id"], facts["documents"], facts["judged queries"]) == (f"{toy}/test", 3, 1)
    assert cli("index", str(toy), "-m", model).exit_code == 0
    answer = json.loads(cli("query", "plum", "-c", str(toy), "-k", "1", "--json").stdout)
    assert answer["queries"][0]["hits"][0]["id"] == "d3"


def test_the_split_follows_the_path(cli: Cli, toy: Path, make_model: MakeFolder) -> None:
    model = str(make_model())
    done = cli("eval", str(toy), f"{toy}/dev", "-m", model, "--at", "1", "--json")
    rows = json.loads(done.stdout)["results"]
    # By hand: of the test split, q1 finds d1; of dev, q2 finds d3, and q1 finds d1, which is not judged.
    assert [(row["corpus_id"], row["n_judged"], row["metrics"]["ndcg_at_1"]) for row in rows] == [
        (f"{toy}/test", 1, 1.0),
        (f"{toy}/dev", 2, 0.5),
    ]


def test_a_mistyped_split_names_the_nearest_one(cli: Cli, toy: Path) -> None:
    result = cli("corpora", f"{toy}/dve")
    assert result.exit_code == 1
    assert f"{toy} has no split 'dve'." in result.stderr
    assert "Did you mean 'dev'? It has: dev, test." in result.stderr


def test_an_unreadable_path_names_the_formats_and_the_nearest_file(cli: Cli, toy: Path) -> None:
    result = cli("corpora", str(toy.with_name("friut.toy")))
    assert result.exit_code == 1
    assert "Did you mean 'fruit.toy.txt'?" in result.stderr
    assert "or a .toy.txt file." in result.stderr

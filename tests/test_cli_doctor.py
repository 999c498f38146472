"""searchapp doctor, and how the other commands live with what it finds."""

import json
from pathlib import Path

import pytest

from .conftest import Cli, MakeFolder


def statuses(cli: Cli) -> list[tuple[str, str]]:
    """Return (name, status) of every check."""
    return [(row["name"], row["status"]) for row in json.loads(cli("doctor", "--json").stdout)["checks"]]


def tear(folder: Path, file: str = "vectors.npy") -> None:
    """Cut the last byte off a file."""
    data = (folder / file).read_bytes()
    (folder / file).write_bytes(data[:-1])


@pytest.fixture
def sample_index(cli: Cli, tmp_path: Path) -> Path:
    """Build the index of the sample."""
    assert cli("index", "sample").exit_code == 0
    return tmp_path / "indexes" / "sample" / "wordllama" / "flat"


@pytest.mark.usefixtures("sample_index")
def test_a_healthy_installation_exits_0(cli: Cli) -> None:
    result = cli("doctor")
    assert result.exit_code == 0
    assert "150 documents; intact, corpus and model unchanged" in result.stdout
    assert "intact" not in result.stderr
    assert {status for _, status in statuses(cli)} == {"ok"}


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("vectors.npy", "is damaged: vectors.npy has "),
        ("index.faiss", "is damaged: index.faiss has "),
        ("docs.sqlite", "is damaged: docs.sqlite has "),
        ("manifest.json", "manifest.json is not valid JSON"),
    ],
)
def test_a_torn_index_exits_3_and_names_the_mend(
    cli: Cli, sample_index: Path, file: str, message: str
) -> None:
    data = (sample_index / file).read_bytes()
    (sample_index / file).write_bytes(data[: len(data) // 2])
    result = cli("doctor")
    assert result.exit_code == 3
    assert message in result.stdout
    assert f"searchapp indexes --remove {sample_index}" in result.stdout
    assert ("index", "fail") in statuses(cli)
    assert cli("indexes", "--remove", str(sample_index)).exit_code == 0
    assert cli("doctor").exit_code == 0


def test_a_changed_byte_exits_3(cli: Cli, sample_index: Path) -> None:
    data = bytearray((sample_index / "vectors.npy").read_bytes())
    data[-3] ^= 1
    (sample_index / "vectors.npy").write_bytes(data)
    result = cli("doctor")
    assert result.exit_code == 3
    assert "damaged: vectors.npy" in result.stdout
    assert "-> searchapp index sample -m wordllama --fresh" in result.stdout
    assert cli("index", "sample", "--fresh").exit_code == 0
    assert cli("doctor").exit_code == 0


def test_a_changed_corpus_is_a_warning(cli: Cli, make_corpus: MakeFolder) -> None:
    folder = make_corpus()
    cli("index", str(folder))
    with (folder / "corpus.jsonl").open("a") as stream:
        stream.write('{"_id": "new", "text": "fig"}\n')
    result = cli("doctor")
    assert result.exit_code == 0
    assert ("index", "warn") in statuses(cli)
    assert "3 documents; its corpus has changed" in result.stdout
    listed = json.loads(cli("indexes", "--json").stdout)["indexes"][0]["state"]
    assert "its corpus has been modified" in listed
    for arguments in (("query", "-c", str(folder), "fig"), ("eval", str(folder))):
        stale = cli(*arguments)
        assert stale.exit_code == 1
        assert "have changed since the index" in stale.stderr
        assert "--fresh" in stale.stderr
    assert cli("index", str(folder), "--fresh").exit_code == 0
    assert ("index", "ok") in statuses(cli)


def test_a_changed_model_is_a_warning(cli: Cli, make_corpus: MakeFolder, make_model: MakeFolder) -> None:
    model = make_model()
    cli("index", str(make_corpus()), "-m", str(model))
    (model / "config.json").write_text('{"normalize": true}')
    assert ("index", "warn") in statuses(cli)
    assert "its model has changed" in cli("doctor").stdout


def test_a_torn_index_does_not_keep_others_from_answering(
    cli: Cli, sample_index: Path, make_corpus: MakeFolder
) -> None:
    folder = str(make_corpus())
    cli("index", folder)
    tear(sample_index)
    healthy = cli("query", "apple", "-k", "1", "--json", "-c", folder)
    assert healthy.exit_code == 0
    assert "is damaged" not in healthy.stderr
    anywhere = cli("query", "apple", "-k", "1", "--json")
    assert json.loads(anywhere.stdout)["corpus"] == folder
    assert "is damaged: vectors.npy" in anywhere.stderr
    assert cli("models").exit_code == 0
    assert "is damaged: vectors.npy" in cli("indexes").stdout


def test_a_torn_index_is_an_error_where_it_is_asked_for(cli: Cli, sample_index: Path) -> None:
    tear(sample_index)
    for arguments in (("query", "honey"), ("query", "honey", "-c", "sample"), ("eval", "sample")):
        result = cli(*arguments)
        assert result.exit_code == 1
        assert "is damaged: vectors.npy" in result.stderr
    assert cli("indexes", "--remove", str(sample_index)).exit_code == 0
    assert cli("eval", "sample").exit_code == 0


def test_a_broken_archive_of_a_corpus_is_a_failed_check(cli: Cli, tmp_path: Path) -> None:
    archive = tmp_path / "ir_datasets" / "beir" / "scifact" / "source.zip"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"PK\x03\x04 half a download")
    result = cli("doctor")
    assert result.exit_code == 3
    assert ("corpora", "fail") in statuses(cli)
    assert f"{archive} is damaged" in result.stdout
    assert "Remove it; the next use downloads it again." in result.stdout

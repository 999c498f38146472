"""Where the tests find real corpora and published figures, and what they find there."""

from pathlib import Path

import pytest

from .conftest import Cli
from .real_data import POTION, TEST_DATA, archives, datasets_home, missing_corpora, needs


def test_ir_datasets_home_decides_when_it_is_set(tmp_path: Path) -> None:
    data, user, bundled = tmp_path / "data", tmp_path / "user", tmp_path / "data" / "ir_datasets_home"
    assert datasets_home({}, data, user) == user / ".ir_datasets"
    bundled.mkdir(parents=True)
    assert datasets_home({}, data, user) == bundled
    assert datasets_home({"IR_DATASETS_HOME": ""}, data, user) == bundled
    assert datasets_home({"IR_DATASETS_HOME": "mine"}, data, user) == Path("mine")


def test_a_skip_names_what_is_missing_and_the_command_that_downloads_it(tmp_path: Path) -> None:
    nfcorpus, scifact = archives(tmp_path).values()
    assert missing_corpora(tmp_path) == (
        f"no nfcorpus and no scifact in {tmp_path} (IR_DATASETS_HOME): "
        "download with searchapp corpora nfcorpus && searchapp corpora scifact"
    )
    nfcorpus.parent.mkdir(parents=True)
    nfcorpus.touch()
    assert missing_corpora(tmp_path) == (
        f"no scifact in {tmp_path} (IR_DATASETS_HOME): download with searchapp corpora scifact"
    )
    scifact.parent.mkdir(parents=True)
    scifact.touch()
    assert missing_corpora(tmp_path) == ""


def test_test_data_that_is_missing_is_named() -> None:
    mark = needs(TEST_DATA / "absent" / "file.json").mark
    assert mark.args == (True,)
    assert mark.kwargs["reason"] == (
        f"there is no {TEST_DATA / 'absent' / 'file.json'}: "
        "set SEARCHAPP_TEST_DATA to a folder that holds absent/file.json"
    )
    assert needs(TEST_DATA).mark.args == (not TEST_DATA.exists(),)


@pytest.mark.shared
@needs(POTION)
@pytest.mark.usefixtures("shared_indexes")
def test_a_published_model_has_its_published_scores(cli: Cli) -> None:
    # MTEB's results for minishlab/potion-base-8M: NFCorpus 0.24267, SciFact 0.50640.
    table = cli("eval", "nfcorpus", "scifact", "-m", str(POTION)).stdout
    assert "0.24267" in table
    assert "0.50640" in table

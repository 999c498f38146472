"""README and the pages in docs show what the commands print today."""

import re
from pathlib import Path

import pytest

from scripts.readme import BLOCK, PAGES, README, masked, refreshed
from searchapp.cli import COMMANDS


def test_the_sessions_on_the_bundled_corpus_are_current() -> None:
    text = README.read_text("utf-8")
    assert masked(refreshed(text, without=("nfcorpus", "scifact"))) == masked(text)


@pytest.mark.shared
@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_all_sessions_are_current(real_corpora: object, page: Path) -> None:
    text = page.read_text("utf-8")
    assert masked(refreshed(text)) == masked(text)


def test_every_command_is_in_the_table() -> None:
    table = README.read_text("utf-8").split("<!-- commands -->")[1].split("<!-- /commands -->")[0]
    assert re.findall(r"`searchapp (\w+)`", table) == list(COMMANDS)


def test_there_are_sessions() -> None:
    assert len(BLOCK.findall(README.read_text("utf-8"))) >= 5

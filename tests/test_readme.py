"""README and the pages in docs show what the commands print today."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from scripts.readme import BLOCK, PAGES, README, masked, refreshed, session
from searchapp.cli import COMMANDS

from .real_data import CORPORA


class Sessions:
    """The console sessions of a page, which share one folder and run in order, each only once.

    A session on a real corpus is left out unless it is asked for.
    """

    def __init__(self, page: Path, folder: Path) -> None:
        self.shown = BLOCK.findall(page.read_text("utf-8"))
        self._folder = folder
        self._printed: dict[int, str] = {}

    def printed(self, number: int) -> str:
        """Return the session with what its commands print now, after all that come before it."""
        for earlier, block in enumerate(self.shown[: number + 1]):
            wanted = earlier == number or real(self.shown[number]) or not real(block)
            if wanted and earlier not in self._printed:
                self._printed[earlier] = session(block, self._folder)
        return self._printed[number]


def real(block: str) -> bool:
    return any(name in block for name in CORPORA)


def marks(block: str) -> list[pytest.MarkDecorator]:
    torch = pytest.mark.skipif(find_spec("torch") is None, reason="the extra `adapt` is not installed")
    return [*([pytest.mark.shared] if real(block) else []), *([torch] if "searchapp adapt" in block else [])]


def parameters() -> list[Any]:
    return [
        pytest.param(page, number, id=f"{page.name}-{number}", marks=marks(block))
        for page in PAGES
        for number, block in enumerate(BLOCK.findall(page.read_text("utf-8")))
    ]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Sessions]:
    return {page: Sessions(page, tmp_path_factory.mktemp("page")) for page in PAGES}


@pytest.mark.parametrize(("page", "number"), parameters())
def test_a_session_is_current(
    page: Path, number: int, pages: dict[Path, Sessions], request: pytest.FixtureRequest
) -> None:
    sessions = pages[page]
    if real(sessions.shown[number]):
        request.getfixturevalue("real_corpora")
    assert masked(sessions.printed(number)) == masked(sessions.shown[number])


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_tables_that_are_filled_in_are_current(page: Path) -> None:
    text = page.read_text("utf-8")
    assert refreshed(text, without=("$ ",)) == text  # no session runs


def test_every_command_is_in_the_table() -> None:
    table = README.read_text("utf-8").split("<!-- commands -->")[1].split("<!-- /commands -->")[0]
    assert re.findall(r"`searchapp (\w+)`", table) == list(COMMANDS)


def test_there_are_sessions() -> None:
    assert len(BLOCK.findall(README.read_text("utf-8"))) == 3
    assert sum(len(BLOCK.findall(page.read_text("utf-8"))) for page in PAGES) >= 8


def test_the_readme_stays_short() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 180

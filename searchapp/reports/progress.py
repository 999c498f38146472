"""Progress on standard error for work that takes over a second."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from searchapp.reports.text import printable

if TYPE_CHECKING:
    from searchapp.adaptation.course import Step


@contextmanager
def progress_bar(title: str, count: Callable[[], int | None]) -> Iterator["_Advance"]:
    """Show a bar on standard error when it is a terminal and the work takes over a second.

    Args:
        title: what is being done.
        count: returns the total, None when unknown; called when the bar appears.
    """
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    advance = _Advance(bar, title, count)
    try:
        yield advance
    finally:
        advance.stop()


class _Advance:
    """Takes the amount of work done so far; the bar appears at the first call after a second."""

    def __init__(self, bar: Progress, title: str, count: Callable[[], int | None]) -> None:
        self._bar = bar
        self._task = bar.add_task(title, total=None)
        self._count = count
        self._began = bar.get_time()
        self._shown = False

    def __call__(self, done: int) -> None:
        if not self._shown and self._bar.console.is_terminal and self._bar.get_time() - self._began > 1:
            self._bar.update(self._task, total=self._count())
            self._bar.start()
            self._shown = True
        self._bar.update(self._task, completed=done)

    def stop(self) -> None:
        if self._shown:
            self._bar.stop()


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Show the current step on standard error when it is a terminal; yield a function to call per step."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _step: None
        return
    with console.status("") as status:
        yield lambda step: status.update(Text(printable(step)))


@contextmanager
def epochs() -> Iterator[Callable[["Step"], None]]:
    """Yield a function that shows the held-back figure of each epoch on standard error, a line each."""
    console = Console(stderr=True, highlight=False)

    def show(step: "Step") -> None:
        figure = "" if step.figure is None else f", held-back nDCG@10 {step.figure:.4f}"
        epoch = f"epoch {step.epoch} of {step.epochs}" if step.epoch else "before"
        console.print(f"{step.part}: {epoch}{figure}")

    yield show if console.is_terminal else lambda _step: None

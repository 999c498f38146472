"""What a benchmark task is: the interface that every kind of task implements."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.options import Options
from searchapp.errors import SearchappError
from searchapp.evaluation.metric import Measure
from searchapp.evaluation.scoring import Scores
from searchapp.index.build import Progress
from searchapp.records import Result, Run


@dataclass(frozen=True)
class Evaluation:
    """A result, the scored run, the values of every query, and the corpus name for files."""

    slug: str
    result: Result
    run: Run
    scores: Scores


class Task(ABC):
    """What a model is scored on.

    Each kind of task is a subclass in its own file, and `open_task.py` lists how it is opened. It reads its
    data when they are needed, not when it is opened.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What tables call the task."""

    @property
    @abstractmethod
    def main_measure(self) -> Measure:
        """The measure that the task is known by."""

    @abstractmethod
    def count(self) -> int | None:
        """Return the number of texts to encode, for a progress bar, None if unknown."""

    @abstractmethod
    def evaluate(self, encoder: Encoder, progress: Progress = lambda _count: None) -> Evaluation:
        """Score a model; `progress` is called with the number of texts encoded."""

    def open_encoder(self, model: str | Encoder, options: Options) -> Encoder:
        """Load the model of this name for the task; one that is open already keeps its own options."""
        return load_encoder(model, options) if isinstance(model, str) else model

    def variants(self) -> "Sequence[Task]":
        """Return the task itself, then its variants for baselines that use the same model."""
        return [self]

    def baselines(self) -> Iterator[Evaluation]:
        """Yield the scores of the baselines that need no model."""
        return iter(())

    def evaluate_without_model(self) -> Evaluation:
        """Score a method that needs no model, such as BM25.

        Raises:
            SearchappError: the task can only score models.
        """
        raise SearchappError(f"{self.name} scores models only.", "Name one with -m.")

    def evaluate_run(self, _run: Run, _label: str, _file: Path | None = None) -> Evaluation:
        """Score rankings from elsewhere, of which the file is recorded.

        Raises:
            SearchappError: it is not a retrieval task.
        """
        raise SearchappError(
            f"{self.name} is not a retrieval task, so it cannot score a run.", "Leave --run out."
        )

"""What a benchmark task is: the seam between a name that a user types and the score of a model."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.options import Options
from searchapp.errors import SearchappError
from searchapp.evaluation.metric import Measure
from searchapp.evaluation.scoring import Scores
from searchapp.index.build import Progress
from searchapp.records import Result, Run


@dataclass(frozen=True)
class Evaluation:
    """A result, the run that was scored, the values of every query, and a name of the corpus for files."""

    slug: str
    result: Result
    run: Run
    scores: Scores


class Task(ABC):
    """What a model is scored on: texts, what is known about them, and the measures of agreement.

    A kind of task is a class in a file of its own, listed in `open_task.py`. A subclass reads its data
    when it is needed, not when it is opened.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What tables call the task."""

    @property
    @abstractmethod
    def main_measure(self) -> Measure:
        """The measure that stands for the task."""

    @abstractmethod
    def count(self) -> int | None:
        """Return how many texts are encoded at most, for a progress bar; None when unknown."""

    @abstractmethod
    def evaluate(self, encoder: Encoder, progress: Progress = lambda _count: None) -> Evaluation:
        """Score a model.

        Args:
            encoder: the model and its options.
            progress: called with the number of texts encoded.
        """

    def open_encoder(self, model: str | Encoder, options: Options) -> Encoder:
        """Load the model of this name for the task; one that is open already keeps its own options."""
        return load_encoder(model, options) if isinstance(model, str) else model

    def variants(self) -> "Sequence[Task]":
        """Return the task as it is, then as it is with each baseline that needs the same model."""
        return [self]

    def baselines(self) -> Iterator[Evaluation]:
        """Yield the scores of the baselines that need no model."""
        return iter(())

    def evaluate_without_model(self) -> Evaluation:
        """Score what needs no model, such as BM25.

        Raises:
            SearchappError: everything that the task scores is a model.
        """
        raise SearchappError(f"{self.name} scores models only.", "Name one with -m.")

    def evaluate_run(self, _run: Run, _label: str) -> Evaluation:
        """Score rankings that somebody else made.

        Raises:
            SearchappError: the task ranks nothing.
        """
        raise SearchappError(
            f"{self.name} is not a retrieval task, so it cannot score a run.", "Leave --run out."
        )

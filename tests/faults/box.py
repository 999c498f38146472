"""The folder of one case: where its files go, how they enter `searchapp diagnose`, and what they score.

Entries: `model` (-m MODEL), `npy` (-m npy:FOLDER), `made-by` (npy: with --made-by), `run` (--run FILE),
`run-model` (--run FILE -m MODEL).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.options import Options
from searchapp.encoders.vectors import unit
from searchapp.records import Document, Judgements, Query
from tests.faults.bases import Bases
from tests.faults.cases import Case
from tests.faults.corpora import Data, beir, judgement_lines
from tests.faults.models import Floats, Table, read_table

DEPTH = 100
Rows = Mapping[str, Sequence[tuple[str, float]]]


class Box:
    """What a fault works with: `rng` is its only source of chance, `score` what its files score, if known."""

    def __init__(self, case: Case, folder: Path, bases: Bases) -> None:
        self.case, self.folder, self.bases = case, folder, bases
        self.rng = np.random.default_rng(case.seed)
        self.score: float | None = None
        self.environment: dict[str, str] = {}
        self._corpus = self.data.name

    @cached_property
    def data(self) -> Data:
        return self.bases.data(self.case.corpus)

    @cached_property
    def model(self) -> str:
        return self.bases.model(self.case.model)

    @cached_property
    def vectors(self) -> tuple[Floats, Floats]:
        return self.bases.vectors(self.case.corpus, self.case.model)

    @cached_property
    def ids(self) -> list[str]:
        return [item.id for item in self.data.documents]

    @cached_property
    def asked(self) -> list[str]:
        return [query.id for query in self.data.queries]

    @cached_property
    def healthy(self) -> float:
        """What the undamaged pipeline scores."""
        return self.ndcg(*self.vectors)

    def some(self, count: int, share: float) -> NDArray[np.intp]:
        """Return a random share of 0..count-1 in ascending order, at least one."""
        return np.sort(self.rng.choice(count, max(1, round(count * share)), replace=False))

    def texts(self) -> list[str]:
        """Return the text of each document as it should be encoded."""
        return [f"{item.title} {item.text}".strip() for item in self.data.documents]

    def encode(self, texts: Sequence[str], model: str = "", options: Options | None = None) -> Floats:
        """Return unit vectors of texts, (n, d)."""
        items = [Document(str(row), "", text) for row, text in enumerate(texts)]
        encoder = load_encoder(model or self.model, replace(options or Options(), template="{text}"))
        return encoder.encode_documents(items)

    # What the files score.

    def rank(
        self, documents: Floats, queries: Floats, depth: int = DEPTH
    ) -> dict[str, list[tuple[str, float]]]:
        """Return the run of exact search by dot product."""
        run = {}
        for query, vector in zip(self.asked, queries, strict=True):
            scores = documents @ vector
            order = np.argsort(-scores, kind="stable")[:depth]
            run[query] = [(self.ids[row], float(scores[row])) for row in order]
        return run

    def ndcg(self, documents: Floats, queries: Floats, judgements: Judgements | None = None) -> float:
        """Return nDCG@10 of exact search over vectors in the order of the corpus."""
        return self.ndcg_of(self.rank(documents, queries, 10), judgements)

    def ndcg_of(self, run: Rows, judgements: Judgements | None = None) -> float:
        """Return nDCG@10 of a run, with linear gain, over the judged queries."""
        values = []
        for query, grades in (judgements or self.data.judgements).items():
            best = sorted(run.get(query, ()), key=lambda pair: -pair[1])[:10]
            found = [max(grades.get(name, 0), 0) for name, _ in best]
            ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:10]
            values.append(_gain(found) / _gain(ideal) if ideal else 0.0)
        return float(np.mean(values))

    # Entries.

    def deliver(
        self, documents: Floats, queries: Floats | None = None, *, flags: Sequence[str] = ()
    ) -> list[str]:
        """Return the command for vectors in the order of the corpus, through the entry of the case."""
        queries = self.vectors[1] if queries is None else queries
        dot = "--no-normalize" in flags
        sides = (documents, queries) if dot else (_units(documents), _units(queries))
        self.score = self.ndcg(*sides)
        if self.case.entry in {"run", "run-model"}:
            return self.give_run(self.rank(*sides), flags if self.case.entry == "run-model" else ())
        self.write_vectors(documents, queries)
        return self.npy(flags)

    def write_vectors(
        self,
        documents: NDArray[Any],
        queries: NDArray[Any],
        *,
        ids: Sequence[str] | None = None,
        asked: Sequence[str] | None = None,
    ) -> None:
        """Write the four files of precomputed vectors."""
        folder = self.folder / "vectors"
        folder.mkdir(parents=True, exist_ok=True)
        for side, array, names in (
            ("documents", documents, ids or self.ids),
            ("queries", queries, asked or self.asked),
        ):
            np.save(folder / f"{side}.npy", array, allow_pickle=array.dtype == object)
            (folder / f"{side}.txt").write_text("".join(f"{name}\n" for name in names), "utf-8")

    def npy(self, flags: Sequence[str] = ()) -> list[str]:
        """Return the command for the written vectors."""
        made = ["--made-by", self.model] if self.case.entry == "made-by" else []
        return ["diagnose", self._corpus, "-m", f"npy:{self.folder / 'vectors'}", *made, *flags]

    def give_run(
        self, run: Rows, flags: Sequence[str] = (), ranks: Mapping[str, Sequence[int]] | None = None
    ) -> list[str]:
        """Write a run, line by line as given, and return the command that examines it."""
        lines = [
            f"{query} Q0 {name} {ranks[query][place] if ranks else place + 1} {score:.9g} mine\n"
            for query, rows in run.items()
            for place, (name, score) in enumerate(rows)
        ]
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "mine.run").write_text("".join(lines), "utf-8")
        if self.score is None:
            self.score = self.ndcg_of(run)
        model = ["-m", self.model, *flags] if self.case.entry == "run-model" else []
        return ["diagnose", self._corpus, "--run", str(self.folder / "mine.run"), *model]

    def give_table(self, table: Table, flags: Sequence[str] = ()) -> list[str]:
        """Write a model and return the command that examines it."""
        folder = table.save(self.folder / "model")
        return self.give_model(str(folder), flags)

    def give_model(self, model: str, flags: Sequence[str] = (), options: Options | None = None) -> list[str]:
        """Return the command that examines a model as it encodes now, and note its score."""
        encoder = load_encoder(model, options or Options())
        self.score = self.ndcg(
            encoder.encode_documents(self.data.documents), encoder.encode_queries(self.data.queries)
        )
        return ["diagnose", self._corpus, "-m", model, *flags]

    def table(self) -> Table:
        """Return the table and tokenizer of the model."""
        return read_table(self.model)

    def corpus(
        self,
        documents: Sequence[Document] | None = None,
        queries: Sequence[Query] | None = None,
        judgements: Judgements | Sequence[str] | None = None,
    ) -> list[str]:
        """Write a damaged corpus and return the command that examines it with the sound model or its run."""
        items = self.data.documents if documents is None else list(documents)
        asked = self.data.queries if queries is None else list(queries)
        grades = self.data.judgements if judgements is None else judgements
        lines = judgement_lines(grades) if isinstance(grades, dict) else list(grades)
        self._corpus = beir(self.folder / "corpus", items, asked, lines)
        encoder = load_encoder(self.model)
        sides = encoder.encode_documents(items), encoder.encode_queries(asked)
        _ = self.healthy  # before the ids are those of the damaged corpus
        self.ids, self.asked = [item.id for item in items], [query.id for query in asked]
        run = self.rank(*sides)
        if isinstance(grades, dict):
            self.score = self.ndcg_of(run, grades)
        if self.case.entry in {"run", "run-model"}:
            return self.give_run(run)
        if self.case.entry in {"npy", "made-by"}:
            self.write_vectors(*sides)
            return self.npy()
        return ["diagnose", self._corpus, "-m", self.model]


def _units(array: Floats) -> Floats:
    with np.errstate(all="ignore"):
        return np.nan_to_num(unit(np.nan_to_num(array.astype(np.float32), posinf=0, neginf=0)))


def _gain(grades: Sequence[int]) -> float:
    return float(sum(grade / np.log2(place + 2) for place, grade in enumerate(grades)))

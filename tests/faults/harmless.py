"""Sound pipelines, and changes that cost nothing or that are an honest weakness: no fault may be named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from searchapp.encoders.options import Options
from searchapp.encoders.vectors import unit
from tests.faults.box import Box
from tests.faults.cases import LARGE, STATIC, TITLED, fault
from tests.faults.geometry import random_units, rotation
from tests.faults.models import ppmi, word_tokenizer
from tests.faults.reports import mteb_file, report, sound_figures, values
from tests.faults.runs import exact, rescored
from tests.faults.sanity import indexed
from tests.faults.tables import counts, with_rows
from tests.faults.weights import components

MODEL: dict[str, Any] = {"models": STATIC}
STORED: dict[str, Any] = {"entries": ("npy", "made-by")}
RUN: dict[str, Any] = {"entries": ("run", "run-model")}


@fault("harmless", times=16, **MODEL)
def healthy(box: Box, _severity: None) -> list[str]:
    return box.give_model(box.model)


@fault(
    "harmless",
    times=8,
    calibration=(1, 2, 3, 4),
    entries=("npy", "run", "made-by", "run-model"),
    name="healthy-stored",
)
def healthy_stored(box: Box, _severity: None) -> list[str]:
    return box.deliver(*box.vectors)


@fault("harmless", calibration=("--quick",), held=("--quick", "--label-free"), **MODEL)
def with_flag(box: Box, flag: str) -> list[str]:
    return box.give_model(box.model, [flag])


@fault("harmless", **MODEL)
def index_up_to_date(box: Box, _severity: None) -> list[str]:
    indexed(box, box.model, box.data.name)
    return box.give_model(box.model)


# Vectors.

SAME_ORDER: dict[str, Callable[[Box, Any], Any]] = {
    "float16": lambda _box, side: side.astype(np.float16),
    "float64": lambda _box, side: side.astype(np.float64),
    "int8 values": lambda _box, side: np.round(side * 127 / np.abs(side).max()).astype(np.float32),
    "scaled": lambda _box, side: side * 250,
    "rounded": lambda _box, side: np.round(side, 3),
}


@fault(
    "harmless",
    held=("float16", "int8 values", "scaled", "rounded"),
    calibration=("float64", "int8 values"),
    **STORED,
)
def precision(box: Box, how: str) -> list[str]:
    documents, queries = (SAME_ORDER[how](box, side) for side in box.vectors)
    return box.deliver(documents, queries)


@fault("harmless", held=("rotation", "permutation"), calibration=("rotation",), entries=("npy",))
def turned(box: Box, how: str) -> list[str]:
    size = box.vectors[0].shape[1]
    turn = (
        rotation(box, size)
        if how == "rotation"
        else np.eye(size, dtype=np.float32)[box.rng.permutation(size)]
    )
    return box.deliver(*(side @ turn for side in box.vectors))


@fault("harmless", held=(1.0, 8.0), calibration=(3.0,), entries=("npy",))
def constant_added(box: Box, size: float) -> list[str]:
    shared = size * random_units(box, 1, box.vectors[0].shape[1])
    return box.deliver(*(side + shared for side in box.vectors))


@fault("harmless", entries=("npy",))
def centred(box: Box, _severity: None) -> list[str]:
    mean = box.vectors[0].mean(axis=0)
    return box.deliver(*(unit(side - mean) for side in box.vectors))


@fault("harmless", entries=("npy",))
def more_queries_than_judged(box: Box, _severity: None) -> list[str]:
    documents, queries = box.vectors
    box.write_vectors(
        documents,
        np.vstack([queries, random_units(box, 5, queries.shape[1])]),
        asked=[*box.asked, *(f"new-{number}" for number in range(5))],
    )
    return box.npy()


# Runs.


def by_eval(box: Box, mode: str) -> list[str]:
    """Have `searchapp eval` write a run and return the command that examines it."""
    from searchapp.cli import app

    model = [] if mode == "bm25" else ["-m", box.model]
    app(
        ["eval", box.data.name, *model, "--mode", mode, "--run-out", str(box.folder / "runs")],
        prog_name="searchapp",
        standalone_mode=False,
    )
    (file,) = (
        path
        for path in (box.folder / "runs").rglob("*")
        if path.is_file() and path.suffix in {".trec", ".run", ".txt"}
    )
    return ["diagnose", box.data.name, "--run", str(file)]


@fault(
    "harmless",
    held=("bm25", "hybrid", "dense"),
    calibration=("bm25", "hybrid"),
    times=4,
    entries=("run",),
    models=STATIC,
)
def run_of_eval(box: Box, mode: str) -> list[str]:
    return by_eval(box, mode)


@fault("harmless", entries=("run",), models=STATIC)
def fused(box: Box, _severity: None) -> list[str]:
    """Reciprocal rank fusion of two sound systems."""
    other = box.rank(box.encode([item.title or item.text for item in box.data.documents]), box.vectors[1])
    run = exact(box)
    fused = {}
    for query in run:
        scores: dict[str, float] = {}
        for rows in (run[query], other[query]):
            for place, (name, _) in enumerate(rows):
                scores[name] = scores.get(name, 0) + 1 / (60 + place + 1)
        fused[query] = sorted(scores.items(), key=lambda pair: -pair[1])
    return box.give_run(fused)


@fault("harmless", held=(10, 20, 50), calibration=(10, 30), entries=("run",))
def reranked(box: Box, depth: int) -> list[str]:
    """The best results, reordered by a better model: here, relevant ones moved up with some luck."""
    run = {}
    for query, rows in exact(box, depth).items():
        grades = box.data.judgements[query]
        scored = [
            (name, 4 * score + (2 if grades.get(name, 0) > 0 and box.rng.random() < 0.4 else 0))
            for name, score in rows
        ]
        run[query] = sorted(scored, key=lambda pair: -pair[1])
    return box.give_run(run)


RESCORED: dict[str, Callable[[int, int, float], float]] = {
    "reciprocal": lambda place, _of, _old: 1 / (place + 1),
    "minus distance": lambda _place, _of, old: -float(np.sqrt(max(2 - 2 * old, 0))),
    "rounded": lambda _place, _of, old: round(old, 4),
    "descending": lambda place, of, _old: float(of - place),
    "logits": lambda _place, _of, old: 12 * old - 20,
    "percent": lambda _place, _of, old: 100 * old,
}


@fault(
    "harmless",
    held=("reciprocal", "minus distance", "logits", "percent"),
    calibration=("descending", "rounded"),
    **RUN,
)
def other_scores(box: Box, how: str) -> list[str]:
    return box.give_run(rescored(exact(box), RESCORED[how]))


@fault("harmless", held=("lines shuffled", "ranks from 0"), calibration=("lines shuffled",), **RUN)
def written_otherwise(box: Box, how: str) -> list[str]:
    run = exact(box)
    ranks = {query: list(range(len(rows))) for query, rows in run.items()}
    if how == "lines shuffled":
        for query, rows in run.items():
            order = box.rng.permutation(len(rows))
            run[query], ranks[query] = [rows[row] for row in order], [int(row) + 1 for row in order]
    return box.give_run(run, ranks=ranks)


@fault("harmless", held=("deep",), calibration=("deep",), **RUN)
def deep(box: Box, _how: str) -> list[str]:
    return box.give_run(exact(box, 1000))


@fault("harmless", entries=("run-model",), corpora=LARGE)
def careful_search(box: Box, _severity: None) -> list[str]:
    """HNSW with a wide search."""
    import faiss

    documents, queries = (np.ascontiguousarray(side) for side in box.vectors)
    index = faiss.IndexHNSWFlat(documents.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = 200, 400
    index.add(documents)
    scores, rows = index.search(queries, 100)
    return box.give_run({
        query: [(box.ids[row], float(score)) for row, score in zip(found, values_, strict=True) if row >= 0]
        for query, found, values_ in zip(box.asked, rows, scores, strict=True)
    })  # fmt: skip


# Tables and options.


@fault("harmless", held=(0, 1), calibration=(0,), **MODEL)
def unused_rows(box: Box, how: int) -> list[str]:
    """Rows of tokens that no text uses are zero, or random."""
    unused = np.flatnonzero(counts(box) == 0)
    asked = {token for query in box.data.queries for token in _tokens(box, query.text)}
    rows = [row for row in unused if row not in asked]
    return with_rows(
        box, lambda table: _set(table, rows, how * box.rng.standard_normal((len(rows), table.shape[1])))
    )


def _tokens(box: Box, text: str) -> list[int]:
    from tests.faults.tokens import tokens_of

    return tokens_of(box, [text])[0]


def _set(table: Any, rows: Any, values_: Any) -> Any:
    table[rows] = values_
    return table


@fault("harmless", held=("half", "constant"), calibration=("half",), **MODEL)
def table_alike(box: Box, how: str) -> list[str]:
    table = box.table()
    rows = (
        table.rows.astype(np.float16)
        if how == "half"
        else table.rows
        + 0.2 * np.linalg.norm(table.rows, axis=1).mean() * random_units(box, 1, table.rows.shape[1])
    )
    return box.give_table(replace(table, rows=rows))


@fault("harmless", held=(32, 48), calibration=(32,), times=4, **MODEL)
def few_components(box: Box, kept: int) -> list[str]:
    """An honest reduction by PCA: weak, not broken."""

    def change(rows: Any) -> Any:
        _, basis = components(rows[counts(box) > 0])
        return rows @ basis[:, ::-1][:, :kept]

    return with_rows(box, change)


@fault("harmless", held=(64, 96), calibration=(64,), **MODEL)
def random_projection(box: Box, kept: int) -> list[str]:
    return with_rows(box, lambda rows: rows @ box.rng.standard_normal((rows.shape[1], kept)) / np.sqrt(kept))


@fault("harmless", held=(24, 60), calibration=(40,), times=4, models=("ppmi", "wordllama"))
def trained_on_little(box: Box, dimensions: int) -> list[str]:
    """A table trained on the documents of one corpus only, cut to few dimensions."""
    texts = box.texts()
    return box.give_table(ppmi(texts, word_tokenizer(texts, lowercase=True), dimensions, seed=1))


@fault("harmless", held=("none", "100000"), calibration=("none",), **MODEL)
def whole_texts(box: Box, length: str) -> list[str]:
    options = Options(max_length=None if length == "none" else int(length))
    return box.give_model(box.model, ["--max-length", length], options)


@fault(
    "harmless",
    held=("{title}. {text}", "{title}\n{text}"),
    calibration=("{text} {title}",),
    corpora=TITLED,
    **MODEL,
)
def other_join(box: Box, form: str) -> list[str]:
    return box.give_model(box.model, ["--template", form], Options(template=form))


# Reports.


@fault("harmless", held=(5, 3), calibration=(5, 2), entries=("model", "run"), models=STATIC)
def right_figures(box: Box, decimals: int) -> list[str]:
    found = values(box)
    return report(
        box, ndcg_at_10=round(found["ndcg@10"], decimals), recall_at_10=round(found["recall"], decimals)
    )


@fault("harmless", calibration=(None,), corpora=("nfcorpus", "scifact"), models=("minilm",))
def sound_file(box: Box, _severity: None) -> list[str]:
    return mteb_file(box, {"nfcorpus": "NFCorpus", "scifact": "SciFact"}[box.case.corpus], sound_figures(box))

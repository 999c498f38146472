"""Vectors whose geometry or values are wrong."""

from typing import Any

import numpy as np

from searchapp.encoders.vectors import unit
from tests.faults.box import Box
from tests.faults.cases import LARGE, fault
from tests.faults.models import Floats

ALL: dict[str, Any] = {"entries": ("npy", "made-by", "run-model", "run")}
STORED: dict[str, Any] = {"entries": ("npy", "made-by")}
RANKED: dict[str, Any] = {"entries": ("npy", "made-by", "run-model")}


def random_units(box: Box, count: int, dimensions: int) -> Floats:
    return unit(box.rng.standard_normal((count, dimensions)).astype(np.float32))


def rotation(box: Box, dimensions: int) -> Floats:
    return np.linalg.qr(box.rng.standard_normal((dimensions, dimensions)))[0].astype(np.float32)


@fault(
    "geometry",
    "dominant-directions",
    "hubness",
    held=((5, 1.0), (1, 3.0), (12, 0.7)),
    calibration=((3, 1.0), (1, 2.0)),
    **STORED,
)
def dominant_directions(box: Box, how: tuple[int, float]) -> list[str]:
    count, strength = how
    documents, queries = box.vectors
    basis = rotation(box, documents.shape[1])[:count]

    def added(rows: int) -> Floats:
        return (strength * box.rng.standard_normal((rows, count))).astype(np.float32) @ basis

    return box.deliver(documents + added(len(documents)), queries + added(len(queries)))


@fault(
    "geometry",
    "hubness",
    "dominant-directions",
    held=((1.5, 0.8), (4.0, 0.5)),
    calibration=((2.0, 0.6),),
    **STORED,
)
def hubs(box: Box, how: tuple[float, float]) -> list[str]:
    strength, spread = how
    documents, queries = box.vectors
    shared = random_units(box, 1, documents.shape[1])

    def amplitude(rows: int) -> Floats:
        return strength * np.exp(box.rng.normal(0, spread, (rows, 1))).astype(np.float32)

    return box.deliver(
        documents + amplitude(len(documents)) * shared, queries + amplitude(len(queries)) * shared
    )


@fault(
    "geometry",
    "steep-spectrum",
    "dominant-directions",
    held=(2.5, 4.0),
    calibration=(3.0,),
    corpora=LARGE,
    **STORED,
)
def steep_spectrum(box: Box, power: float) -> list[str]:
    documents, queries = box.vectors
    mean = documents.mean(axis=0)
    _, values, directions = np.linalg.svd(documents - mean, full_matrices=False)
    weights = (values / values[0]) ** (power - 1)
    return box.deliver(*((side - mean) @ (directions.T * weights) for side in (documents, queries)))


@fault("geometry", "noise", held=(0.08, 0.15, 0.3), calibration=(0.1, 0.2), **STORED)
def noise(box: Box, deviation: float) -> list[str]:
    scale = deviation * 16 / np.sqrt(box.vectors[0].shape[1])  # as much in all models
    return box.deliver(
        *(side + box.rng.normal(0, scale, side.shape).astype(np.float32) for side in box.vectors)
    )


@fault("geometry", "noise", held=(0.15, 0.25), calibration=(0.2,), entries=("made-by",))
def noise_on_documents(box: Box, deviation: float) -> list[str]:
    documents = box.vectors[0]
    scale = deviation * 16 / np.sqrt(documents.shape[1])
    return box.deliver(documents + box.rng.normal(0, scale, documents.shape).astype(np.float32))


@fault("geometry", "few-dimensions", held=(8, 16), calibration=(8, 24), **STORED)
def few_dimensions(box: Box, kept: int) -> list[str]:
    return box.deliver(*(np.ascontiguousarray(side[:, :kept]) for side in box.vectors))


@fault(
    "geometry",
    "few-dimensions",
    "zero-vectors",
    also=("steep-spectrum", "dominant-directions"),
    held=(8, 20),
    calibration=(12,),
    **STORED,
)
def zeroed_dimensions(box: Box, kept: int) -> list[str]:
    return box.deliver(*(np.where(np.arange(side.shape[1]) < kept, side, 0) for side in box.vectors))


@fault(
    "geometry",
    "last-components",
    also=("few-dimensions",),
    held=(0.25, 0.5),
    calibration=(0.4,),
    corpora=LARGE,
    **STORED,
)
def last_components(box: Box, share: float) -> list[str]:
    documents, queries = box.vectors
    mean = documents.mean(axis=0)
    _, directions = np.linalg.eigh((documents - mean).T @ (documents - mean))
    last = directions[:, : int(share * len(directions))].astype(np.float32)
    return box.deliver(*((side - mean) @ last for side in (documents, queries)))


@fault("geometry", "unnormalised", held=("lognormal", "length"), calibration=("lognormal",), **STORED)
def norms(box: Box, how: str) -> list[str]:
    lengths = np.array([len(text) + 20 for text in box.texts()], np.float32) / 200
    spread = np.exp(box.rng.normal(0, 0.7, len(lengths))) if how == "lognormal" else lengths**0.8
    documents = box.vectors[0] * spread.astype(np.float32)[:, None]
    return box.deliver(documents, flags=["--no-normalize"])


@fault("geometry", "clipped", held=("negative", 0.1), calibration=("negative", 0.2), **STORED)
def clipped(box: Box, how: str | float) -> list[str]:
    """Negative values became 0, as in an unsigned format, or values saturate at a quantile of their size."""
    limit = np.inf if isinstance(how, str) else float(np.quantile(np.abs(box.vectors[0]), how))
    lowest = 0.0 if isinstance(how, str) else -limit
    return box.deliver(*(np.clip(side, lowest, limit) for side in box.vectors))


@fault("geometry", "overflow", held=(2.0, 3.5), calibration=(2.5,), **STORED)
def overflow(box: Box, factor: float) -> list[str]:
    scale = 127 * factor / np.abs(box.vectors[0]).max()
    return box.deliver(
        *((side * scale).astype(np.int32).astype(np.int8).astype(np.float32) for side in box.vectors)
    )


@fault("geometry", "overflow", held=("documents",), calibration=("documents",), **STORED)
def overflow_uint8(box: Box, _side: str) -> list[str]:
    scale = 127 / np.abs(box.vectors[0]).max()
    wrapped = (box.vectors[0] * scale).astype(np.int32).astype(np.uint8).astype(np.float32)
    return box.deliver(wrapped)


@fault("geometry", "wrong-sign", held=("documents", "queries"), calibration=("queries",), **ALL)
def negated(box: Box, side: str) -> list[str]:
    documents, queries = box.vectors
    return box.deliver(-documents, queries) if side == "documents" else box.deliver(documents, -queries)


@fault(
    "geometry",
    "bias",
    "hubness",
    "dominant-directions",
    held=(1.0, 4.0),
    calibration=(2.0,),
    entries=("made-by",),
)
def bias_on_queries(box: Box, strength: float) -> list[str]:
    documents, queries = box.vectors
    return box.deliver(documents, queries + strength * random_units(box, 1, documents.shape[1]))


@fault("geometry", "zero-vectors", held=(0.1, 0.3), calibration=(0.2,), **STORED)
def zero_documents(box: Box, share: float) -> list[str]:
    documents = box.vectors[0].copy()
    documents[box.some(len(documents), share)] = 0
    return box.deliver(documents)


@fault("geometry", "zero-vectors", held=(0.15, 0.4), calibration=(0.25,), **STORED)
def zero_queries(box: Box, share: float) -> list[str]:
    queries = box.vectors[1].copy()
    queries[box.some(len(queries), share)] = 0
    return box.deliver(box.vectors[0], queries)


@fault(
    "geometry",
    "not-finite",
    held=(("nan", 1), ("inf", 0.05), ("-inf", 0.2)),
    calibration=(("nan", 0.1),),
    **STORED,
)
def not_finite(box: Box, how: tuple[str, float]) -> list[str]:
    value, share = how
    documents = box.vectors[0].copy()
    rows = box.some(len(documents), share) if share < 1 else box.some(len(documents), 0)
    documents[rows, 3] = float(value)
    argv = box.deliver(documents)
    box.score = None
    return argv


@fault(
    "geometry",
    "not-finite",
    held=("overflowed half precision",),
    calibration=("overflowed half precision",),
    **STORED,
)
def half_overflow(box: Box, _how: str) -> list[str]:
    with np.errstate(over="ignore"):
        sides = [(side * 400_000).astype(np.float16) for side in box.vectors]
    box.write_vectors(*sides)
    return box.npy()

"""Static models whose weights, directions or settings are damaged, and options that damage a sound one."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from searchapp.encoders.options import Options
from tests.faults.box import Box
from tests.faults.cases import LARGE, TITLED, fault
from tests.faults.geometry import random_units, rotation
from tests.faults.models import Floats
from tests.faults.tables import MODEL, counts, used, with_rows
from tests.faults.texts import PROMPTS


def reweighted(box: Box, weigh: Callable[[Floats, Floats], Floats]) -> list[str]:
    """Give a model whose rows have other norms: `weigh` maps norms and shares of the text to new norms."""

    def change(rows: Floats) -> Any:
        norms = np.linalg.norm(rows, axis=1)
        total = counts(box)
        share = (total + 0.5) / total.sum()
        return (
            rows / np.maximum(norms, 1e-9)[:, None] * np.where(norms > 1e-9, weigh(norms, share), 0)[:, None]
        )

    return with_rows(box, change)


@fault("tables", "frequent-tokens", also=("flat-weights",), held=(0.5, 0.9), calibration=(0.7,), **MODEL)
def weights_by_frequency(box: Box, power: float) -> list[str]:
    return reweighted(box, lambda _norms, share: share**power / (share**power).mean())


@fault(
    "tables", "frequent-tokens", also=("flat-weights",), held=("inverse",), calibration=("inverse",), **MODEL
)
def weights_inverted(box: Box, _how: str) -> list[str]:
    return reweighted(box, lambda norms, _share: 1 / np.maximum(norms, 1e-3))


@fault(
    "tables",
    "flat-weights",
    also=("frequent-tokens",),
    held=("unit", "jitter"),
    calibration=("unit",),
    **MODEL,
)
def weights_flat(box: Box, how: str) -> list[str]:
    spread = 0.02 if how == "jitter" else 0.0
    return reweighted(box, lambda norms, _share: np.exp(spread * box.rng.standard_normal(len(norms))))


@fault(
    "tables", "flat-weights", "frequent-tokens", held=(None,), calibration=(None,), models=("ppmi", "words")
)
def weights_missing(box: Box, _severity: None) -> list[str]:
    """The rarity weights that training put into the rows were divided out again."""
    return reweighted(box, lambda norms, share: norms * (share + 1e-3) / 1e-3)


# Geometry.


@fault("tables", "bias", "dominant-directions", "hubness", held=(8.0, 30.0), calibration=(15.0,), **MODEL)
def bias(box: Box, strength: float) -> list[str]:
    def change(rows: Floats) -> Any:
        size = strength * np.linalg.norm(rows, axis=1).mean()
        return rows + size * random_units(box, 1, rows.shape[1])

    return with_rows(box, change)


@fault(
    "tables",
    "dominant-directions",
    also=("hubness",),
    held=((5, 1.0), (2, 3.0)),
    calibration=((4, 1.0),),
    **MODEL,
)
def directions(box: Box, how: tuple[int, float]) -> list[str]:
    count, strength = how

    def change(rows: Floats) -> Any:
        size = strength * np.linalg.norm(rows, axis=1).mean()
        return (
            rows + size * box.rng.standard_normal((len(rows), count)) @ rotation(box, rows.shape[1])[:count]
        )

    return with_rows(box, change)


def components(rows: Floats) -> tuple[Floats, Floats]:
    """Return centred rows and their directions, those of least variance first."""
    centred = rows - rows.mean(axis=0)
    return centred, np.linalg.eigh(centred.T @ centred)[1]


@fault("tables", "last-components", also=("few-dimensions",), held=(0.3, 0.6), calibration=(0.4,), **MODEL)
def last_components(box: Box, share: float) -> list[str]:
    def change(rows: Floats) -> Any:
        centred, basis = components(rows)
        return centred @ basis[:, : int(share * len(basis))]

    return with_rows(box, change)


@fault("tables", "few-dimensions", held=(6, 16), calibration=(10,), **MODEL)
def few_dimensions(box: Box, kept: int) -> list[str]:
    return with_rows(box, lambda rows: rows[:, :kept])


@fault(
    "tables", "steep-spectrum", "dominant-directions", held=(3.0,), calibration=(3.0,), corpora=LARGE, **MODEL
)
def steep(box: Box, power: float) -> list[str]:
    def change(rows: Floats) -> Any:
        centred, basis = components(rows)
        turned = centred @ basis
        spread = turned.std(axis=0)
        return turned * (spread / spread.max()) ** (power - 1)

    return with_rows(box, change)


@fault("tables", "noise", held=(0.6, 1.5), calibration=(1.0,), **MODEL)
def noise(box: Box, strength: float) -> list[str]:
    def change(rows: Floats) -> Any:
        size = strength * np.linalg.norm(rows[used(box)], axis=1).mean()
        return rows + size * random_units(box, len(rows), rows.shape[1])

    return with_rows(box, change)


@fault("tables", "clipped", also=("flat-weights",), held=(0.02, 0.005), calibration=(0.01,), **MODEL)
def clipped(box: Box, share: float) -> list[str]:
    """Values saturate at a limit, as in a format of too small a range."""

    def change(rows: Floats) -> Any:
        limit = np.quantile(np.abs(rows[used(box)]), share * 10)
        return np.clip(rows, -limit, limit)

    return with_rows(box, change)


@fault("tables", "overflow", also=("noise",), held=(2.0, 4.0), calibration=(3.0,), **MODEL)
def overflow(box: Box, factor: float) -> list[str]:
    def change(rows: Floats) -> Any:
        scale = 127 * factor / np.quantile(np.abs(rows[used(box)]), 0.999)
        return (rows * scale).astype(np.int64).astype(np.int8) / scale

    return with_rows(box, change)


# Settings.


@fault("tables", "truncated", held=(4, 10), calibration=(6,), **MODEL)
def truncating_tokenizer(box: Box, length: int) -> list[str]:
    """The tokenizer was saved with truncation, as training leaves it."""
    table = box.table()
    config = json.dumps({**json.loads(table.config), "max_length": length})
    return box.give_table(replace(table, config=config))


@fault("options", "truncated", held=(5, 16), calibration=(8,), **MODEL)
def max_length(box: Box, length: int) -> list[str]:
    return box.give_model(box.model, ["--max-length", str(length)], Options(max_length=length))


@fault("options", "prompt", held=("instruct", "chat", "task"), calibration=("search", "instruct"), **MODEL)
def query_prompt(box: Box, how: str) -> list[str]:
    return box.give_model(box.model, ["--query-prompt", PROMPTS[how]], Options(query_prompt=PROMPTS[how]))


@fault("options", "prompt", held=("instruct",), calibration=("search",), **MODEL)
def document_prompt(box: Box, how: str) -> list[str]:
    return box.give_model(
        box.model, ["--document-prompt", PROMPTS[how]], Options(document_prompt=PROMPTS[how])
    )


@fault("options", "title-dropped", held=("{text}",), calibration=("{text}",), corpora=TITLED, **MODEL)
def template_of_text(box: Box, form: str) -> list[str]:
    return box.give_model(box.model, ["--template", form], Options(template=form))


@fault("options", "text-dropped", held=("{title}",), calibration=("{title}",), corpora=TITLED, **MODEL)
def template_of_title(box: Box, form: str) -> list[str]:
    return box.give_model(box.model, ["--template", form], Options(template=form))


@fault("options", "unnormalised", held=(None,), calibration=(None,), **MODEL)
def no_normalize(box: Box, _severity: None) -> list[str]:
    table = replace(box.table(), config='{"model_type": "model2vec", "normalize": false}')
    model = str(table.save(box.folder / "model"))
    return box.give_model(model, ["--no-normalize"], Options(normalize=False))

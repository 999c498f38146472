"""Two faults at once; either may be named first."""

from dataclasses import replace

import numpy as np

from searchapp.encoders.options import Options
from tests.faults.box import Box
from tests.faults.cases import STATIC, fault
from tests.faults.tables import used
from tests.faults.texts import PROMPTS


@fault("pairs", "truncated", "rows-offset", calibration=(1,), held=(2,), entries=("made-by",), models=STATIC)
def truncated_and_shifted(box: Box, by: int) -> list[str]:
    cut = box.encode([" ".join(text.split()[:8]) for text in box.texts()])
    return box.deliver(np.roll(cut, by, axis=0))


@fault("pairs", "zero-vectors", "queries-offset", calibration=(0.2,), held=(0.3,), entries=("npy", "made-by"))
def zeros_and_shifted_queries(box: Box, share: float) -> list[str]:
    documents = box.vectors[0].copy()
    documents[box.some(len(documents), share)] = 0
    return box.deliver(documents, np.roll(box.vectors[1], 1, axis=0))


@fault("pairs", "zero-rows", "prompt", calibration=("search",), held=("chat",), models=STATIC)
def zero_rows_and_prompt(box: Box, how: str) -> list[str]:
    table = box.table()
    rows = table.rows.copy()
    ids = used(box)
    rows[ids[box.some(len(ids), 0.3)]] = 0
    model = str(replace(table, rows=rows).save(box.folder / "model"))
    return box.give_model(model, ["--query-prompt", PROMPTS[how]], Options(query_prompt=PROMPTS[how]))


@fault("pairs", "order-lost", "other-scale", calibration=(100,), held=(100,), entries=("npy", "made-by"))
def shuffled_and_percentage(box: Box, factor: int) -> list[str]:
    argv = box.deliver(box.vectors[0][box.rng.permutation(len(box.ids))])
    return [*argv, "--reported", f"ndcg_at_10={factor * (box.score or 0):.3f}"]

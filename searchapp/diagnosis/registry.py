"""Every probe in the order in which they are asked: corpus, baselines, rows, texts, table, vectors, run."""

from collections.abc import Mapping

from searchapp.diagnosis.causes import CAUSES, Cause
from searchapp.diagnosis.probe import Probe
from searchapp.diagnosis.probes import (
    baselines,
    corpus,
    geometry,
    reported,
    row_order,
    run_order,
    runs,
    static_table,
    stored_texts,
)
from searchapp.errors import SearchappError

PROBES: dict[str, Probe] = {}
"""Probe id -> probe. The command line, the docs and the tests are generated from it."""


def register(probe: Probe, causes: Mapping[str, Cause] | None = None) -> None:
    """Make a probe known, with causes that are not in `CAUSES` yet.

    Raises:
        ValueError: the id is taken, or one of its causes is not declared.
    """
    CAUSES.update(causes or {})
    if probe.id in PROBES or not probe.causes <= CAUSES.keys():
        raise ValueError(f"probe {probe.id!r} is registered already, or names an unknown cause")
    PROBES[probe.id] = probe


def find_probe(name: str) -> Probe:
    """Return the probe of that name.

    Raises:
        SearchappError: there is none.
    """
    if name not in PROBES:
        raise SearchappError(f"There is no probe {name!r}.", f"The probes are: {', '.join(PROBES)}.")
    return PROBES[name]


for _probe in (
    corpus.corpus_digest,
    corpus.corpus_check,
    corpus.coverage,
    corpus.index_state,
    baselines.control,
    baselines.bm25,
    baselines.chance,
    baselines.random_baseline,
    baselines.title_search,
    row_order.row_order,
    row_order.encoded_again,
    stored_texts.stored_texts,
    static_table.row_alignment,
    static_table.equal_rows,
    static_table.token_weights,
    static_table.tokenizer,
    static_table.model_input,
    geometry.finite,
    geometry.norms,
    geometry.dimensions,
    geometry.quantisation,
    geometry.directions,
    geometry.shared_space,
    runs.run_ids,
    run_order.run_order,
    runs.run_depth,
    runs.run_scores,
    runs.run_search,
    reported.reported_score,
    baselines.published_models,
):
    register(_probe)

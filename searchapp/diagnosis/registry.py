"""Every probe by its id, in the order in which they are asked: whatever the modules of `probes/` declare."""

from collections.abc import Mapping

from searchapp.diagnosis.causes import CAUSES, Cause
from searchapp.diagnosis.probe import Probe
from searchapp.diagnosis.probes import (
    baselines,
    contrast,
    copies,
    corpus,
    file_texts,
    geometry,
    grades,
    judgements,
    language,
    reported,
    row_order,
    run_order,
    run_parts,
    run_rows,
    run_search,
    runs,
    sanity,
    static_table,
    stored_texts,
    structure,
    table_tokens,
    table_weights,
    values,
)
from searchapp.errors import SearchappError

MODULES = (
    sanity,
    corpus,
    grades,
    language,
    judgements,
    file_texts,
    baselines,
    copies,
    row_order,
    stored_texts,
    structure,
    static_table,
    table_tokens,
    table_weights,
    values,
    geometry,
    contrast,
    runs,
    run_rows,
    run_search,
    run_order,
    run_parts,
    reported,
)

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


for _module in MODULES:
    for _declared in vars(_module).values():
        if isinstance(_declared, Probe):
            register(_declared)

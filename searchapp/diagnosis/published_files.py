"""Published result files, checked without running anything."""

from dataclasses import dataclass

from searchapp.diagnosis.thresholds import LOWEST_PUBLISHED
from searchapp.published.claims import Source
from searchapp.published.consistency import check_consistency
from searchapp.published.leaderboard import MAIN_METRIC, Standing, standing_at
from searchapp.published.sources import scan_source
from searchapp.records import Problem

UNNAMED = "no_model_name_available"  # MTEB's folder for the results of a model without a name


@dataclass(frozen=True)
class FilesDiagnosis:
    """The findings on a source, and the rank of each of its retrieval scores among published ones."""

    source: Source
    findings: tuple[Problem, ...]
    standings: tuple[Standing, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong with the files."""
        return not self.findings


def diagnose_files(name: str) -> FilesDiagnosis:
    """Check MTEB result files, a folder of them, or a model card, named as for `scan_source`.

    A score among the lowest published ones is a finding, since no model trained for retrieval scores so low.

    Raises:
        SearchappError: there is nothing to read.
    """
    source = scan_source(name)
    placed = [
        (claim.where, standing_at(claim.task, claim.split, claim.metrics[MAIN_METRIC]))
        for claim in source.claims
        if MAIN_METRIC in claim.metrics
    ]
    low = [
        _low(where, standing)
        for where, standing in placed
        if standing and standing.below < LOWEST_PUBLISHED * standing.models
    ]
    standings = tuple(standing for _, standing in placed if standing is not None)
    return FilesDiagnosis(source, (*check_consistency(source), *_unnamed(source), *low), standings)


def _low(where: str, standing: Standing) -> Problem:
    return Problem(
        "among-the-lowest",
        f"{where}: nDCG@10 {standing.value:.5f} on {standing.task} is above only {standing.below} of "
        f"{standing.models} published models, next to {standing.nearest.model} with "
        f"{standing.nearest.ndcg:.5f}.",
        "Run a model with a known score through the same harness. If that score is right, the fault is in "
        "this model: searchapp diagnose CORPUS -m MODEL",
    )


def _unnamed(source: Source) -> list[Problem]:
    """Report that MTEB did not know the name of the model, under which it stores results."""
    where = next((entry.where for entry in source.entries if UNNAMED in entry.where), None)
    if where is None:
        return []
    return [
        Problem(
            "unnamed-model",
            f"{where}: MTEB did not know the name of the model. All models without a name share this folder, "
            "and a second one gets the results of the first unless they are overwritten.",
            "Give the model a name (ModelMeta) or a separate output folder, and run it again.",
        )
    ]

"""Run what a source claims, compare every figure, and look for what explains the differences."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.resolve import list_corpora, open_corpus
from searchapp.errors import SearchappError
from searchapp.evaluation.measures import CUTOFFS
from searchapp.published.claims import Claim, Source
from searchapp.published.definitions import JudgedRun
from searchapp.published.explain import Explanation, Mismatches, most_explaining_first
from searchapp.published.figures import cutoff_of
from searchapp.published.systems import System
from searchapp.published.verdicts import Comparison, Verdict, compare_figures
from searchapp.records import Problem, Result


@dataclass(frozen=True)
class Reproduction:
    """One claim with its verdicts; `reason` says why it was not run, `result` is what was measured."""

    claim: Claim
    comparisons: list[Comparison]
    explanations: list[Explanation]
    remarks: list[Problem]
    reason: str = ""
    result: Result | None = None

    def count(self, verdict: Verdict) -> int:
        """Return the number of figures with a verdict."""
        return sum(comparison.verdict == verdict for comparison in self.comparisons)

    @property
    def unexplained(self) -> list[str]:
        """The metrics that differ and that no definition yields."""
        if self.remarks:
            return []
        explained = {metric for explanation in self.explanations for metric in explanation.metrics}
        return [
            comparison.metric
            for comparison in self.comparisons
            if comparison.verdict is Verdict.DIFFERS and comparison.metric not in explained
        ]


def reproduce(
    source: Source,
    system: System | None,
    reason: str = "",
    *,
    corpora: Sequence[str] = (),
    thorough: bool = False,
    progress: Callable[[str], None] = lambda _step: None,
) -> Iterator[Reproduction]:
    """Compare every claim of a source with what a system scores on the same corpus.

    Args:
        source: what is claimed.
        system: what is measured; None when there is nothing to measure.
        reason: why there is no system.
        corpora: names of corpora; only claims about these are considered, and missing corpora are
            downloaded. Without them, every claim is considered, and run if its corpus is available.
        thorough: try explanations that encode the corpus again even where that takes minutes.
        progress: called with a description of the current step.

    Raises:
        SearchappError: the source claims nothing about a named corpus, or the evaluation raises it.
    """
    claimed = {claim.corpus for claim in source.claims}
    for name in corpora:
        if name not in claimed:
            known = ", ".join(sorted(filter(None, claimed))) or "tasks without a corpus in searchapp"
            raise SearchappError(
                f"{source.name} has no figures for {name!r}.", f"It has figures for {known}."
            )
    available = {row.name for row in list_corpora() if row.here}
    for claim in source.claims:
        if corpora and claim.corpus not in corpora:
            continue
        obstacle = _obstacle(claim, system, reason, corpora, available)
        if obstacle or system is None:
            yield Reproduction(claim, compare_figures(claim, {}), [], [], reason=obstacle)
        else:
            yield _reproduce(claim, claimed_corpus(claim), system, thorough, progress)


def check_compared(reproductions: Sequence[Reproduction], what: str) -> None:
    """Check that something was compared with the runs that a user named.

    Raises:
        SearchappError: no claim was compared with `what`, which must not pass as a success.
    """
    if any(reproduction.result is not None for reproduction in reproductions):
        return
    available = {row.name for row in list_corpora() if row.here}
    relevant = [one for one in reproductions if one.claim.corpus in available] or reproductions
    reasons = [f"{one.claim.task} ({one.claim.split}): {one.reason}" for one in relevant]
    raise SearchappError(f"Nothing was compared with {what}.", "\n".join(reasons))


def claimed_corpus(claim: Claim) -> Corpus:
    """Return the corpus of a claim, in the claimed split.

    Raises:
        SearchappError: searchapp has no corpus for the task, or the corpus has no such split.
    """
    if claim.corpus is None:
        raise SearchappError(f"searchapp has no corpus for the task {claim.task}.", "")
    corpus = open_corpus(claim.corpus)
    return corpus if corpus.split is None else corpus.with_split(claim.split)


def _obstacle(
    claim: Claim, system: System | None, reason: str, corpora: Sequence[str], available: set[str]
) -> str:
    """Return why a claim cannot be run, empty when it can."""
    if claim.corpus is None:
        return f"searchapp has no corpus for {claim.task}"
    if not corpora and claim.corpus not in available:
        return f"the corpus {claim.corpus} is not on this machine"
    if system is None:
        return reason
    try:
        return system.refusal(claimed_corpus(claim))
    except SearchappError as error:  # such as a split that the corpus lacks
        if corpora:
            raise
        return error.message


def _reproduce(
    claim: Claim, corpus: Corpus, system: System, thorough: bool, progress: Callable[[str], None]
) -> Reproduction:
    progress(f"{claim.task}: measuring")
    cutoffs = tuple(sorted(set(map(cutoff_of, claim.metrics))))
    evaluation = system.evaluate(corpus, sorted({*CUTOFFS, *cutoffs}))
    result = evaluation.result
    mismatches = Mismatches(claim, JudgedRun(corpus, evaluation.run, cutoffs), result.metrics)
    remarks = system.remarks(claim, result) if mismatches.metrics else []
    explanations = mismatches.explain_by_definitions()
    left = set(mismatches.metrics) - {metric for each in explanations for metric in each.metrics}
    alternatives = system.alternatives(corpus, cutoffs, thorough=thorough) if left and not remarks else []
    for alternative in alternatives:
        progress(f"{claim.task}: trying {alternative.description}")
        explanations += mismatches.explain_by(alternative)
        if any(left <= set(explanation.metrics) for explanation in explanations):
            break
    explanations = most_explaining_first(explanations)
    return Reproduction(claim, compare_figures(claim, result.metrics), explanations, remarks, result=result)

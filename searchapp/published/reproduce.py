"""Run what a source claims, compare every figure, and look for what explains the difference."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.listing import list_corpora
from searchapp.corpora.resolve import open_corpus
from searchapp.errors import SearchappError
from searchapp.evaluation.measures import CUTOFFS
from searchapp.published.claims import Claim, Source
from searchapp.published.definitions import JudgedRun
from searchapp.published.explain import Alternative, Explanation, Mismatches, most_explaining_first
from searchapp.published.figures import cutoff_of
from searchapp.published.verdicts import Comparison, Verdict, compare_figures
from searchapp.records import Problem, Result
from searchapp.tasks.retrieval import Evaluation


class System(Protocol):
    """What is measured: a model, BM25, or a run that somebody made."""

    def refusal(self, corpus: Corpus) -> str:
        """Say why it cannot be measured on a corpus; empty when it can."""

    def evaluate(self, corpus: Corpus, cutoffs: Sequence[int]) -> Evaluation:
        """Score it on a corpus."""

    def alternatives(self, corpus: Corpus, cutoffs: tuple[int, ...], *, thorough: bool) -> list[Alternative]:
        """Return the other ways to rank a corpus that are known to be met; all of them when thorough."""

    def remarks(self, claim: Claim, result: Result) -> list[Problem]:
        """Return what is known to make this pipeline's figures differ from published ones."""


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
        """Return how many figures have a verdict."""
        return sum(comparison.verdict == verdict for comparison in self.comparisons)

    @property
    def unexplained(self) -> list[str]:
        """The metrics that differ and that no definition yields."""
        if self.remarks:
            return []
        explained = {metric for one in self.explanations for metric in one.metrics}
        return [
            comparison.metric
            for comparison in self.comparisons
            if comparison.verdict is Verdict.DIFFERS and comparison.metric not in explained
        ]


def reproduce(
    source: Source,
    pipeline: System | None,
    reason: str = "",
    *,
    corpora: Sequence[str] = (),
    thorough: bool = False,
    progress: Callable[[str], None] = lambda _step: None,
) -> Iterator[Reproduction]:
    """Compare every claim of a source with what a pipeline scores on the same corpus.

    Args:
        source: what is claimed.
        pipeline: what is measured; None when there is nothing to measure.
        reason: why there is no pipeline.
        corpora: names of corpora; only claims about these are looked at, and the corpora downloaded
            where they must be. Without them every claim, and the corpora that are on this machine.
        thorough: look for an explanation by encoding again even where that takes minutes.
        progress: called with what is being done.

    Raises:
        SearchappError: a corpus was named that the source claims nothing about, or what evaluating
            raises.
    """
    claimed = {claim.corpus for claim in source.claims}
    for name in corpora:
        if name not in claimed:
            known = ", ".join(sorted(filter(None, claimed))) or "no corpus that searchapp knows"
            raise SearchappError(f"{source.name} claims nothing about {name!r}.", f"It claims: {known}.")
    here = _here()
    for claim in source.claims:
        if corpora and claim.corpus not in corpora:
            continue
        missing = _not_run(claim, pipeline, reason, corpora, here)
        if missing or pipeline is None:
            yield Reproduction(claim, compare_figures(claim, {}), [], [], reason=missing)
        else:
            yield _reproduce(claim, claimed_corpus(claim), pipeline, thorough, progress)


def check_compared(reproductions: Sequence[Reproduction], what: str) -> None:
    """Raise when nothing was compared with what a user named, which must not pass for a success.

    Args:
        reproductions: of all claims.
        what: the run or the folder of runs.

    Raises:
        SearchappError: no claim was compared.
    """
    if any(one.result is not None for one in reproductions):
        return
    here = _here()
    near = [one for one in reproductions if one.claim.corpus in here] or reproductions
    reasons = [f"{one.claim.task} ({one.claim.split}): {one.reason}" for one in near]
    raise SearchappError(f"Nothing was compared with {what}.", "\n".join(reasons))


def claimed_corpus(claim: Claim) -> Corpus:
    """Return the corpus of a claim, in the split that it claims.

    Raises:
        SearchappError: searchapp knows no corpus for the task, or the corpus has no such split.
    """
    if claim.corpus is None:
        raise SearchappError(f"searchapp knows no corpus for the task {claim.task}.", "")
    corpus = open_corpus(claim.corpus)
    return corpus if corpus.split is None else corpus.with_split(claim.split)


def _here() -> set[str]:
    return {row.name for row in list_corpora() if row.here}


def _not_run(
    claim: Claim, pipeline: System | None, reason: str, corpora: Sequence[str], here: set[str]
) -> str:
    """Say why a claim is not run, empty when it is."""
    if claim.corpus is None:
        return f"searchapp knows no corpus for {claim.task}"
    if not corpora and claim.corpus not in here:
        return f"the corpus {claim.corpus} is not on this machine"
    if pipeline is None:
        return reason
    try:
        return pipeline.refusal(claimed_corpus(claim))
    except SearchappError as error:  # such as a split that the corpus has not
        if corpora:
            raise
        return error.message


def _reproduce(
    claim: Claim, corpus: Corpus, pipeline: System, thorough: bool, progress: Callable[[str], None]
) -> Reproduction:
    progress(f"{claim.task}: measuring")
    cutoffs = tuple(sorted(set(map(cutoff_of, claim.metrics))))
    evaluation = pipeline.evaluate(corpus, sorted({*CUTOFFS, *cutoffs}))
    result = evaluation.result
    mismatches = Mismatches(claim, JudgedRun(corpus, evaluation.run, cutoffs), result.metrics)
    remarks = pipeline.remarks(claim, result) if mismatches.metrics else []
    found = mismatches.explain_by_definitions()
    left = set(mismatches.metrics) - {metric for one in found for metric in one.metrics}
    alternatives = pipeline.alternatives(corpus, cutoffs, thorough=thorough) if left and not remarks else []
    for attempt in alternatives:
        progress(f"{claim.task}: trying {attempt.description}")
        found += mismatches.explain_by(attempt)
        if any(left <= set(one.metrics) for one in found):
            break
    return Reproduction(
        claim, compare_figures(claim, result.metrics), most_explaining_first(found), remarks, result=result
    )

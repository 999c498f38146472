"""Whether the scores of a run order its results, the best first, and whether the best are among them."""

from collections.abc import Iterator, Mapping

import numpy as np

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.results import Results, Rows, Tendency, rising
from searchapp.diagnosis.thresholds import PROOF, STRONG

BACKWARDS = (
    "Within a query, the results are ordered against their similarity to it: the rank correlation is "
    "{control:.2f} by the control and {bm25:.2f} by BM25, where a sensible order has 0.3 or more."
)
REVERSED = Symptom("wrong-sign", BACKWARDS, fix="reversing the order of the results", key="reversed")
RANKS = Symptom(
    "rank-as-score",
    "The scores are the ranks: {ranks:percent} of the results have their rank for a score, so that the worst "
    "come first. " + BACKWARDS,
    fix=REVERSED.fix,
)
WORST = Symptom(
    "wrong-sign",
    "The results are the documents that are least similar to their queries: they rank above "
    "{standing:percent} of the documents according to the control, where chance is 50 %.",
    key="worst-first",
)
MEANINGLESS = Symptom(
    "scores-random",
    "The results are sensible ones, but their order means nothing: its rank correlation with their "
    "similarity to the query is {control:.2f} by the control and {bm25:.2f} by BM25, where a sensible order "
    "has 0.3 or more.",
    fix="ordering the same results {by}",
)
CONSTANT = Symptom(
    "scores-random",
    "All results of a query have the same score (in {share:percent} of the queries): the order is that of "
    "their ids.",
    fix=MEANINGLESS.fix,
    key="constant-scores",
)
TOP_LOST = Symptom(
    "top-lost",
    "The best documents are missing: the document that {who} ranks first is among the results of only "
    "{first:percent} of the queries, those that it ranks {from_rank} to {to_rank} of {later:percent}; in a "
    "sensible run the first is found most often.",
)


@probe("run-order", REVERSED, RANKS, WORST, MEANINGLESS, CONSTANT)
def run_order(evidence: Evidence) -> Iterator[Observation]:
    """Do the scores order the results, the best first?"""
    results = evidence.results
    agreed = {who: results.order(similarity) for who, similarity in results.opinions.items()}
    for who, tendency in agreed.items():
        key, label = f"order-{who.split()[-1].lower()}", f"agreement of the order of results with {who}"
        yield fact(key, label, tendency.mean, "1 is the same order, 0 is chance")
    seen = {
        name: agreed.get(who, Tendency()).mean for name, who in (("control", "the control"), ("bm25", "BM25"))
    }
    judged = results.order(results.grades)
    constant = float(np.mean([len(scores) > 1 and np.ptp(scores) == 0 for scores in results.scores]))
    if constant > limits.MOST:
        by, gain = _best_order(evidence, results)
        yield CONSTANT.finding(PROOF, _measured(evidence, gain), share=constant, by=by)
    elif _backwards(evidence, results, [*agreed.values(), judged]):
        gain = results.gain([rows[::-1] for rows in results.rows])
        ranks = _scores_are_ranks(evidence, results)
        symptom = RANKS if ranks > limits.MOST else REVERSED
        yield symptom.finding(PROOF, _measured(evidence, gain), ranks=ranks, **seen)
    elif (standing := results.standing(results.opinions["the control"])) < limits.REVERSED:
        yield WORST.finding(STRONG, standing=standing)
    elif _meaningless([*agreed.values(), judged]) and _sensible(results):
        by, gain = _best_order(evidence, results)
        if gain.mean >= limits.ORDER_GAIN and gain.errors >= limits.GAIN_ERRORS:
            yield MEANINGLESS.finding(STRONG, _measured(evidence, gain), by=by, **seen)


def _measured(evidence: Evidence, gain: Tendency) -> float | None:
    return None if evidence.context.label_free else gain.mean


def _backwards(evidence: Evidence, results: Results, agreed: list[Tendency]) -> bool:
    """Whether somebody disagrees clearly with the order, nobody agrees, and turning it gains where judged."""
    if any(tendency.errors > limits.ORDER_AGREES for tendency in agreed):
        return False
    if all(tendency.errors > -limits.ORDER_SEEN or tendency.mean > -limits.ORDER for tendency in agreed):
        return False
    if evidence.context.label_free:
        return True
    gain = results.gain([rows[::-1] for rows in results.rows])
    return gain.mean >= limits.RUN_LEAST_GAIN and gain.errors >= limits.GAIN_ERRORS


def _meaningless(agreed: list[Tendency]) -> bool:
    """Whether nobody sees an order, though there are enough results to see one."""
    return all(abs(tendency.errors) < limits.ORDER_UNSEEN for tendency in agreed) and any(
        tendency.of_fair_order > limits.ORDER_SEEN for tendency in agreed
    )


def _sensible(results: Results) -> bool:
    """Whether the results hold more of what the control or BM25 rank first than chance would."""
    size = len(results.context.documents)
    chance = float(np.mean([len(rows) for rows in results.rows])) / size
    found = [results.found(similarity)[:10].mean() for similarity in results.opinions.values()]
    return float(max(found)) > chance + limits.FOUND_BEYOND_CHANCE * (1 - chance)


def _scores_are_ranks(evidence: Evidence, results: Results) -> float:
    """Return the share of scores that equal the rank column, or the place from the end of the list."""
    shares = []
    for query, scores in zip(results.queries, results.scores, strict=True):
        name = results.context.queries[query].id
        whole = evidence.require_run()[name].scores.astype(np.float64)
        places = np.arange(len(whole), 0, -1)
        columns = [places, places - 1, *([evidence.ranks[name]] if evidence.ranks else [])]
        if len(scores):
            shares.append(max(float((whole == column).mean()) for column in columns))
    return float(np.mean(shares)) if shares else 0.0


def _best_order(evidence: Evidence, results: Results) -> tuple[str, Tendency]:
    """Return who or what orders the same results best, and what that gains."""
    orders: Mapping[str, list[Rows]] = {
        **({"by the column of ranks": _by_ranks(evidence, results)} if evidence.ranks else {}),
        **{f"as {who} does": results.sorted_by(line) for who, line in results.opinions.items()},
    }
    gains = {by: results.gain(rows) for by, rows in orders.items()}
    by = max(gains, key=lambda name: gains[name].mean)
    return by, gains[by]


def _by_ranks(evidence: Evidence, results: Results) -> list[Rows]:
    ordered = []
    for query, rows in zip(results.queries, results.rows, strict=True):
        name = results.context.queries[query].id
        ids, known = evidence.require_run()[name].document_ids, results.context.rows
        ranks = np.nan_to_num((evidence.ranks or {})[name], nan=np.inf)
        kept = [rank for one, rank in zip(ids, ranks, strict=True) if one in known]
        ordered.append(rows[np.argsort(kept, kind="stable")])
    return ordered


@probe("run-top", TOP_LOST)
def run_top(evidence: Evidence) -> Iterator[Observation]:
    """Are the best documents among the results?"""
    results = evidence.results
    for who, similarity in results.opinions.items():
        found = results.found(similarity)
        first = float(found[0])
        yield fact(f"first-{who.split()[-1].lower()}", f"queries that find what {who} ranks first", first)
        if span := rising(found, len(results.queries)):
            later = float(found[slice(*span)].mean())
            yield TOP_LOST.finding(
                STRONG, who=who, first=first, from_rank=span[0] + 1, to_rank=span[1], later=later
            )
            return

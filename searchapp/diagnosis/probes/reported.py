"""A reported score, and which definition, cutoff, split or scale gives it."""

from collections.abc import Iterator, Mapping
from functools import partial

from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.other_tasks import OtherTasks
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.rankings import exact_run, run_of
from searchapp.diagnosis.reported_scores import best_scores, other_definitions
from searchapp.diagnosis.thresholds import CLEAR, EXPLAINED, LEAST_DECIMALS, LIKELY, MOST_DECIMALS, PROOF
from searchapp.evaluation.measures import CUTOFFS, measures_at, parse_measure
from searchapp.evaluation.metrics import MAP, MRR, RECALL
from searchapp.published.definitions import DEFINITIONS, JudgedRun, mean_scores
from searchapp.records import Query, Run

SPLITS = ("train", "dev", "test")

EXPLANATION = (
    "The reported {metric} of {reported:g} is {score:.5f} by MTEB's definition; {explanation} gives "
    "{explained:.5f}."
)
OTHER_SPLIT, OTHER_DEFINITION, OTHER_CUTOFF, OTHER_SCALE = (
    Symptom(cause, EXPLANATION)
    for cause in ("other-split", "other-definition", "other-cutoff", "other-scale")
)
Explanation = tuple[Symptom, str, float]
"""One way to arrive at another score: its symptom and description, and that score."""

OTHER_TASK = Symptom(
    "other-task",
    "The reported {metric} of {reported:g} is {score:.5f} here and {explained:.5f} as {explanation}.",
    "A figure can agree by chance.",
)
UNEXPLAINED = Symptom(
    "unexplained-score",
    "The reported {metric} of {reported:g} is {score:.5f} for this run, and no known definition, cutoff, "
    "split or scale gives it.",
)

IMPOSSIBLE = Symptom(
    "impossible-score",
    "The reported {metric} of {reported:g} is more than the {best:.5f} that a perfect ranking scores with "
    "these judgements.",
)
CONTRADICTION = Symptom(
    "impossible-score",
    "The reported {lower} of {low:g} and {upper} of {high:g} contradict each other: {why}.",
    key="contradicting-scores",
)


@probe(
    "reported-score",
    OTHER_SPLIT,
    OTHER_DEFINITION,
    OTHER_CUTOFF,
    OTHER_SCALE,
    OTHER_TASK,
    UNEXPLAINED,
    IMPOSSIBLE,
    CONTRADICTION,
)
def reported_score(evidence: Evidence) -> Iterator[Observation]:
    """Which definition gives the reported score?"""
    reported = evidence.reported
    if not reported:
        raise CannotJudgeError("no score was reported")
    run = evidence.run or exact_run(evidence)
    wanted = [parse_measure(name) for name in reported]
    cutoffs = tuple(sorted({*CUTOFFS, *(measure.cutoff for measure in wanted if measure.cutoff)}))
    judged_run = JudgedRun(evidence.context.corpus, run, cutoffs)
    scores = mean_scores(judged_run.scored(list(dict.fromkeys([*measures_at(cutoffs), *wanted]))))
    best = best_scores(judged_run, wanted)
    yield from _contradictions(reported)
    others = OtherTasks(evidence)
    for metric, value in reported.items():
        score = scores[metric]
        label = f"{metric} of this run"
        yield fact("reported-metric", label, score, "reported: {reported:g}", metric=metric, reported=value)
        if _same(score, value):
            continue
        found = list(_explained(evidence, metric, value, scores, judged_run))
        if not found:
            found = list(_of_another_task(others, metric, value, score))
        yield from found
        if value > best[metric] and not _same(best[metric], value):
            impossible = IMPOSSIBLE.finding(
                PROOF if not found else LIKELY, metric=metric, reported=value, best=best[metric]
            )
            yield impossible
        elif not found:
            yield UNEXPLAINED.finding(LIKELY, metric=metric, reported=value, score=score)


def _of_another_task(others: OtherTasks, metric: str, value: float, score: float) -> Iterator[Observation]:
    """Yield the task on which the model, or a published one, has the reported figure."""
    for explanation, explained in others.figures(parse_measure(metric)):
        if _same(explained, value):
            finding = partial(OTHER_TASK.finding, CLEAR, metric=metric, reported=value, score=score)
            yield finding(explanation=explanation, explained=explained)
            return


def _contradictions(reported: Mapping[str, float]) -> Iterator[Observation]:
    """Yield pairs of reported figures that no ranking can have: what grows with the cutoff, and bounds."""
    for lower, low in reported.items():
        for upper, high in reported.items():
            one, other = parse_measure(lower), parse_measure(upper)
            if low <= high or _same(low, high) or max(low, high) > 1 or not (one.cutoff and other.cutoff):
                continue
            if one.metric is other.metric and one.metric in (RECALL, MAP, MRR) and one.cutoff < other.cutoff:
                why = f"{one.metric.title} cannot fall as the cutoff grows"
            elif one.cutoff == other.cutoff and (one.metric, other.metric) == (MAP, RECALL):
                why = "average precision adds at most 1 for each relevant document that recall counts"
            else:
                continue
            yield CONTRADICTION.finding(PROOF, lower=lower, low=low, upper=upper, high=high, why=why)


def _explained(
    evidence: Evidence, metric: str, value: float, scores: Mapping[str, float], judged_run: JudgedRun
) -> Iterator[Observation]:
    explanations = _explanations(evidence, metric, scores, judged_run)
    matching = [explanation for explanation in explanations if _same(explanation[2], value)]
    finding = partial(Symptom.finding, metric=metric, reported=value, score=scores[metric])
    for strength, (symptom, explanation, explained) in zip((PROOF, LIKELY), matching, strict=False):
        yield finding(symptom, strength, explanation=explanation, explained=explained)


def _explanations(
    evidence: Evidence, metric: str, scores: Mapping[str, float], judged_run: JudgedRun
) -> Iterator[Explanation]:
    yield OTHER_SCALE, "as a percentage it", scores[metric] * 100
    for definition in DEFINITIONS:
        values = definition.compute(judged_run)
        if metric in values:
            description = definition.description[0].lower() + definition.description[1:]
            yield OTHER_DEFINITION, description, values[metric]
    reported = parse_measure(metric)
    for description, value in other_definitions(judged_run, reported):
        yield OTHER_DEFINITION, description, value
    for name, value in scores.items():
        measure = parse_measure(name)
        if measure.metric is reported.metric and name != metric:
            yield OTHER_CUTOFF, f"the cutoff {measure.cutoff}", value
        elif measure.metric is not reported.metric and measure.cutoff == reported.cutoff:
            yield OTHER_DEFINITION, f"another metric, {name},", value
    yield from _splits(evidence, metric)


def _splits(evidence: Evidence, metric: str) -> Iterator[Explanation]:
    """Score the run, or the stored vectors, with the judgements of the other splits of the corpus."""
    corpus = evidence.context.corpus
    for name in SPLITS:
        if name == corpus.split or name not in corpus.splits():
            continue
        other = corpus.with_split(name)
        judgements = other.source.judgements()
        run = evidence.run or {}
        if not judgements.keys() & run.keys():
            run = _encoded_run(evidence, other.queries)
        if judgements.keys() & run.keys():
            scores = mean_scores(JudgedRun(other, run, ()).scored([parse_measure(metric)]))
            yield OTHER_SPLIT, f"the split {name}", scores[metric]


def _encoded_run(evidence: Evidence, queries: list[Query]) -> Run:
    """Return the run of other queries, empty where there is no encoder."""
    if evidence.model is None:
        return {}
    vectors = evidence.model.encoder.encode_queries(queries)
    return run_of(evidence, [query.id for query in queries], vectors, 100)


def _same(value: float, reported: float) -> bool:
    """Tell whether two scores are equal within the decimals that were reported."""
    text = f"{reported:.10f}".rstrip("0")
    decimals = min(max(len(text.partition(".")[2]), LEAST_DECIMALS), MOST_DECIMALS)
    return abs(value - reported) <= EXPLAINED * 10.0**-decimals

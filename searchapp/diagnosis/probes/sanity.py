"""Whether there is anything to judge: files, ids, and judgements that belong to the queries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from searchapp.corpora.ids import Change, fitting_change
from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.measures import mean
from searchapp.diagnosis.probe import Finding, Observation, Symptom, Value, fact, probe
from searchapp.diagnosis.stored import DAMAGE
from searchapp.diagnosis.thresholds import CERTAIN, HINT, STRONG
from searchapp.evaluation.metric import RELEVANT
from searchapp.records import Judgements, Ranking

FOREIGN = Symptom(
    "foreign-ids",
    "{unknown:percent} of the {what} are not in the corpus (first: {first!r}, where the corpus has "
    "{known!r}).",
)
FITTING = Symptom(
    "foreign-ids",
    FOREIGN.template[:-1] + "; {how}, {fitting:percent} of them fit.",
    fix="writing the ids as the corpus does",
    key="fitting-ids",
)
JUDGED_FOREIGN = Symptom(
    "foreign-ids",
    "{unknown:percent} of the {what} that are judged are not in the corpus (first: {first!r}, where it has "
    "{known!r}); {how}, {fitting:percent} of them fit.",
    key="judged-ids",
)
WITHOUT_TEXT = Symptom(
    "queries-without-text",
    "{count} of the {total} judged queries have no text (first: {first!r}).",
)
NOTHING_RELEVANT = Symptom(
    "nothing-relevant",
    "None of the {pairs:,} judgements has a grade above 0 (grades: {grades}): every score is 0.",
)
HARDLY_RELEVANT = Symptom(
    "nothing-relevant",
    "{count} of the {total} judged queries have no document with a grade above 0 (first: {first!r}): each "
    "counts as 0.",
    key="hardly-relevant",
)
QUERIES_MISSING = Symptom(
    "queries-missing",
    "{count} of the {total} judged queries have no {what} (first: {first!r}): searchapp counts them as 0; "
    "MTEB leaves them out of the mean.",
)
OTHER_SPLIT = Symptom(
    "other-split",
    "None of the {count} queries of the run is judged in {corpus}, though the corpus knows them: they belong "
    "to another split.",
)


@probe("stored-vectors", *DAMAGE)
def stored_vectors(evidence: Evidence) -> Iterator[Observation]:
    """Can the stored vectors be read, and do the files fit together?"""
    if not evidence.damage:
        evidence.require_stored()
    yield from evidence.damage


@probe("judged-queries", WITHOUT_TEXT, JUDGED_FOREIGN, NOTHING_RELEVANT, HARDLY_RELEVANT)
def judged_queries(evidence: Evidence) -> Iterator[Observation]:
    """Are there judgements, and do they belong to queries that have a text?"""
    context = evidence.context
    if context.ignore_judgements:
        return
    judgements = context.corpus.source.judgements()
    yield fact(
        "judged-queries", "judged queries", len(judgements), "of {total:,}", total=len(context.all_queries)
    )
    if not judgements:
        return
    silent = [name for name in judgements if not _has_text(evidence, name)]
    documents = list(dict.fromkeys(name for row in judgements.values() for name in row))
    unknown = [name for name in silent if name not in context.all_queries]
    documents_there = sum(name in context.rows for name in unknown)
    swapped = 2 * documents_there > max(len(unknown), len(judgements))  # `corpus-check` names that
    changed = []
    for what, judged, known in (
        ("queries", list(judgements), list(context.all_queries)),
        ("documents", documents, list(context.rows)),
    ):
        there = set(known)
        foreign = [name for name in judged if name not in there]
        fitting = there.intersection(judged)
        if foreign and not swapped and (change := fitting_change(foreign, known, fitting)):
            changed.append(what)
            written, share = change.mapping.get(foreign[0], known[0]), len(foreign) / len(judged)
            seen: dict[str, Value] = {"unknown": share, "first": foreign[0], "known": written}
            seen["fitting"] = len(change.mapping) / len(foreign)
            yield JUDGED_FOREIGN.finding(CERTAIN, None, share, what=what, how=change.description, **seen)
    if silent and not swapped and "queries" not in changed:
        share = len(silent) / len(judgements)
        yield WITHOUT_TEXT.finding(
            _strength(share), share=share, count=len(silent), total=len(judgements), first=silent[0]
        )
    yield from _without_relevant(judgements)


def _without_relevant(judgements: Judgements) -> Iterator[Observation]:
    grades = [grade for row in judgements.values() for grade in row.values()]
    without = [name for name, row in judgements.items() if max(row.values(), default=0) < RELEVANT]
    if grades and max(grades) < RELEVANT:
        shown = ", ".join(map(str, sorted(set(grades))[:6]))
        yield NOTHING_RELEVANT.finding(CERTAIN, pairs=len(grades), grades=shown)
    elif len(without) > limits.MOSTLY_UNJUDGED * len(judgements):
        share = len(without) / len(judgements)
        yield HARDLY_RELEVANT.finding(
            CERTAIN, share=share, count=len(without), total=len(judgements), first=without[0]
        )


def _has_text(evidence: Evidence, name: str) -> bool:
    query = evidence.context.all_queries.get(name)
    return query is not None and bool(query.text.strip())


@probe("vector-ids", FOREIGN, FITTING, QUERIES_MISSING)
def vector_ids(evidence: Evidence) -> Iterator[Observation]:
    """Do the stored vectors carry the ids of the corpus?"""
    stored, context = evidence.require_stored(), evidence.context
    names = [query.id for query in context.queries]
    for side, ids, known in (
        ("documents", stored.document_ids, list(context.rows)),
        ("queries", stored.query_ids, names),
    ):
        known_set = set(known) if side == "documents" else context.all_queries.keys()
        foreign = [name for name in ids if name not in known_set]
        if foreign and len(foreign) >= len(ids) * limits.MOSTLY_UNKNOWN:
            change = fitting_change(
                foreign, list(known_set) if side == "documents" else list(context.all_queries)
            )
            gain = _gain_of_renaming(evidence, side, change)
            yield _foreign(f"ids of the stored {side}", foreign, len(ids), next(iter(known)), change, gain)
    present = set(stored.query_ids)
    missing = [name for name in names if name not in present]
    if missing and len(missing) < len(names):
        yield _missing(missing, len(names), "vector")


def _missing(missing: Sequence[str], total: int, what: str) -> Finding:
    share = len(missing) / total
    return QUERIES_MISSING.finding(
        _strength(share), share=share, count=len(missing), total=total, first=missing[0], what=what
    )


def _strength(missing: float) -> float:
    """Return how sure it is that a missing share of the queries explains a low score."""
    return CERTAIN if missing > limits.MANY_MISSING else STRONG if missing > limits.FEW_MISSING else HINT


def _foreign(
    what: str, foreign: Sequence[str], total: int, known: str, change: Change | None, gain: float | None
) -> Finding:
    written = change.mapping.get(foreign[0], known) if change else known
    seen: dict[str, Value] = {
        "what": what, "unknown": len(foreign) / total, "first": foreign[0], "known": written
    }  # fmt: skip
    if change is None:
        return FOREIGN.finding(CERTAIN, None, 1.0, **seen)
    fitting = len(change.mapping) / len(set(foreign))
    return FITTING.finding(CERTAIN, gain, 1.0, how=change.description, fitting=fitting, **seen)


def _gain_of_renaming(evidence: Evidence, side: str, change: Change | None) -> float | None:
    """Return the score with the ids of one side renamed: with foreign ids it is 0."""
    if change is None or evidence.vectors is None or evidence.context.label_free:
        return None
    vectors = evidence.vectors
    if side == "documents":
        ids = [change.mapping.get(name, name) for name in vectors.document_ids]
        renamed = replace(vectors, document_ids=ids)
    else:
        ids = [change.mapping.get(name, name) for name in vectors.query_ids]
        renamed = replace(vectors, query_ids=ids)
    mapped = replace(evidence, vectors=renamed)
    return mapped.score if len(mapped.document_ids) and len(mapped.query_ids) else None


@probe("run-ids", FOREIGN, FITTING, QUERIES_MISSING, OTHER_SPLIT)
def run_ids(evidence: Evidence) -> Iterator[Observation]:
    """Does the run write ids as the corpus does?"""
    run, context = evidence.require_run(), evidence.context
    total = len(context.queries)
    yield fact("run-queries", "queries of the run", len(run), "of {total:,} that are judged", total=total)
    documents = [name for ranking in run.values() for name in ranking.document_ids]
    foreign = [name for name in documents if name not in context.rows]
    foreign_queries = [name for name in run if name not in context.all_queries]
    sides = {
        "documents": (foreign, len(documents), list(context.rows)),
        "queries": (foreign_queries, len(run), list(context.all_queries)),
    }
    changes = {
        side: fitting_change(unknown, known)
        for side, (unknown, among, known) in sides.items()
        if among and len(unknown) / among > limits.MOSTLY_UNKNOWN
    }
    gain = _gain_of_rewriting(evidence, changes)
    for side, change in changes.items():
        unknown, among, known = sides[side]
        yield _foreign(f"{side} of the run", unknown, among, known[0], change, gain)
    judged = set(context.judgements)
    answered = judged & set(run)
    missing = sorted(judged - set(run))
    if len(missing) > limits.FEW_MISSING * len(judged):
        missing = _with_a_known_word(evidence, missing)  # a lexical search finds nothing for the others
    if answered and missing:
        yield _missing(missing, len(judged), "results")
    if len(foreign_queries) < len(run) and judged and not answered:
        yield OTHER_SPLIT.finding(CERTAIN, count=len(run), corpus=context.corpus.id)


def _with_a_known_word(evidence: Evidence, names: Sequence[str]) -> list[str]:
    """Return the queries for which BM25 finds a document."""
    context = evidence.context
    scores = context.bm25.scores([context.all_queries[name] for name in names])
    return [name for name, found in zip(names, scores, strict=True) if found.any()]


def _gain_of_rewriting(evidence: Evidence, changes: Mapping[str, Change | None]) -> float | None:
    """Return what the run gains when all its ids are changed: no side gains anything without the other."""
    if None in changes.values() or evidence.context.label_free:
        return None
    documents, queries = (
        change.mapping if (change := changes.get(side)) else {} for side in ("documents", "queries")
    )
    run = {
        queries.get(name, name): Ranking(
            [documents.get(one, one) for one in ranking.document_ids], ranking.scores
        )
        for name, ranking in evidence.require_run().items()
    }
    return mean(replace(evidence, run=run).run_per_query) - mean(evidence.run_per_query)

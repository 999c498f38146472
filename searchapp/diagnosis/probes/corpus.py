"""The corpus itself, and whether all of it was encoded."""

from collections.abc import Iterator

import numpy as np

from searchapp.corpora.known_digests import KNOWN_DOCUMENTS, KNOWN_SPLITS
from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.measures import CUTOFF
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.thresholds import CERTAIN, CLEAR, HINT, LIKELY, NEAR_PROOF, PROOF
from searchapp.evaluation.metric import JudgedRanking
from searchapp.evaluation.metrics import ndcg

DIFFERS = Symptom(
    "corpus-differs", "The {parts} of {corpus} do not have the digest of BEIR's archive ({digests})."
)
SWAPPED = Symptom(
    "judgements-swapped",
    "Only {matching:,} of {total:,} judgements name a query and a document of the corpus; with the columns "
    "swapped, {swapped:,} do.",
)
JUDGED_MISSING = Symptom(
    "judged-documents-missing",
    "{count:,} judged documents are not in the corpus (first: {first!r}); no model can score more than "
    "{reachable:.3f}.",
)
QUERY_IDS = Symptom("duplicate-query-ids", "{problem}.")
MISSING = Symptom("documents-missing", "{count:,} of {total:,} documents have no vector (first: {first!r}).")
STALE = Symptom("stale-index", "{changes}.")


@probe("corpus-digest", DIFFERS)
def corpus_digest(evidence: Evidence) -> Iterator[Observation]:
    """Is the corpus the published one?"""
    corpus = evidence.context.corpus
    name = corpus.base_id
    if name not in KNOWN_DOCUMENTS:
        yield fact("corpus", "corpus", corpus.id, "no published digest is known")
        return
    pairs = {"documents": (KNOWN_DOCUMENTS[name], corpus.documents_digest)}
    if corpus.id in KNOWN_SPLITS and not evidence.context.label_free and not _undigestible(evidence.context):
        queries, judgements = KNOWN_SPLITS[corpus.id]
        pairs["queries"] = (queries, corpus.queries_digest)
        pairs["judgements"] = (judgements, corpus.judgements_digest)
    differing = [part for part, (known, here) in pairs.items() if known != here]
    remark = "differs from the published one" if differing else "is the published one"
    yield fact("corpus", "corpus", corpus.id, remark, published=not differing)
    if differing:
        digests = ", ".join(f"{pairs[part][1][:12]} for {pairs[part][0][:12]}" for part in differing)
        yield DIFFERS.finding(CLEAR, parts=" and ".join(differing), corpus=corpus.id, digests=digests)


def _undigestible(context: CorpusContext) -> bool:
    """Tell whether the judged queries cannot be digested: one lacks its text, or an id is not unique."""
    ids = [query.id for query in context.corpus.source.queries() if query.id in context.judgements]
    return len(set(ids)) < len(ids) or len(context.corpus.source.judgements()) > len(set(ids))


@probe("corpus-check", SWAPPED, JUDGED_MISSING, QUERY_IDS)
def corpus_check(evidence: Evidence) -> Iterator[Observation]:
    """Are ids, texts and judgements consistent?"""
    context = evidence.context
    for name, problem in context.problems.items():
        yield fact("corpus-problem", "corpus check", problem, problem=name)
    if not context.label_free or context.corpus.source.judgements():
        yield from _judgements(context)
    if "duplicate-query-ids" in context.problems:
        yield QUERY_IDS.finding(PROOF, problem=context.problems["duplicate-query-ids"])


def _judgements(context: CorpusContext) -> Iterator[Observation]:
    judgements = context.corpus.source.judgements()
    pairs = [(query, document) for query, grades in judgements.items() for document in grades]
    matching = sum(query in context.all_queries and document in context.rows for query, document in pairs)
    swapped = sum(query in context.rows and document in context.all_queries for query, document in pairs)
    if swapped > 2 * matching:
        yield SWAPPED.finding(PROOF, matching=matching, total=len(pairs), swapped=swapped)
        return
    missing = {document for _, document in pairs if document not in context.rows}
    if missing:
        reachable, first = _reachable(context), min(missing)
        yield fact("reachable-ndcg", "best nDCG@10 that the documents allow", reachable)
        strength = NEAR_PROOF if reachable < limits.REACHABLE else HINT
        yield JUDGED_MISSING.finding(
            strength, share=1 - reachable, count=len(missing), first=first, reachable=reachable
        )


def _reachable(context: CorpusContext) -> float:
    """Return the mean nDCG@10 of a ranking that puts every relevant document of the corpus first."""
    values = []
    for grades in context.judgements.values():
        present = [grade for document, grade in grades.items() if document in context.rows]
        best, judged = (
            np.array(sorted(kept, reverse=True), np.float64) for kept in (present, grades.values())
        )
        values.append(ndcg(JudgedRanking(best, judged), CUTOFF))
    return float(np.mean(values)) if values else 1.0


@probe("coverage", MISSING)
def coverage(evidence: Evidence) -> Iterator[Observation]:
    """Does every document have a vector?"""
    context, stored = evidence.context, evidence.require_vectors()
    ids = set(stored.document_ids)
    missing = [document.id for document in context.documents if document.id not in ids]
    total, size = len(stored.document_ids), len(context.documents)
    yield fact("documents-stored", "documents stored", total, "of {total:,} in the corpus", total=size)
    if missing:
        share = len(missing) / max(size, 1)
        strength = PROOF if share > limits.TOUCHED else LIKELY
        yield MISSING.finding(strength, share=share, count=len(missing), total=size, first=missing[0])


@probe("index-state", STALE)
def index_state(evidence: Evidence) -> Iterator[Observation]:
    """Do model, options and corpus still match the index?"""
    evidence.require_vectors()
    changes = evidence.changes
    if changes is None:
        raise CannotJudgeError("the vectors do not come from an index")
    yield fact("index-changes", "changes since the index was built", len(changes))
    if changes:
        yield STALE.finding(CERTAIN, changes="; ".join(changes))

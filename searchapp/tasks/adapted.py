"""What the score of an adapted model on its own corpus is worth: what was taught, and the queries by it."""

import logging
from dataclasses import replace
from typing import Any

from searchapp.corpora.corpus import Corpus
from searchapp.encoders.adaptation_record import Adaptation
from searchapp.evaluation.metric import RELEVANT
from searchapp.records import ResultGroup
from searchapp.tasks.task import Evaluation

logger = logging.getLogger(__name__)

SEEN, NEW = "seen documents", "new documents"


def adapted_recipe(adaptation: Adaptation, corpus: Corpus) -> dict[str, Any]:
    """Return what a result says about the adaptation of its model, and warn where it was taught the test."""
    taught = adaptation.taught(query.text for query in corpus.queries)
    training = 2 * taught > len(corpus.queries) or corpus.judgements_digest in adaptation.judgement_digests
    if training:
        logger.warning(
            "The model was taught %d of the %d queries of %s with their judgements: a training score, "
            "which says nothing about other queries.",
            taught, len(corpus.queries), corpus.id,
        )  # fmt: skip
    return {
        "base": adaptation.base,
        "on": adaptation.summary().removeprefix("adapted on "),
        "judgements": list(adaptation.judgements),
        "judgement_digests": sorted(adaptation.judgement_digests),
        "queries_taught": taught,
        "training_score": training,
    }


def with_groups(evaluation: Evaluation, adaptation: Adaptation, corpus: Corpus) -> Evaluation:
    """Return an evaluation with its queries in two groups: was any relevant document judged in teaching?

    A table that was taught texts alone has seen no document judged, so there is nothing to tell apart.
    """
    if not adaptation.documents:
        return evaluation
    seen = {
        query_id
        for query_id, grades in corpus.judgements.items()
        if any(grade >= RELEVANT and name in adaptation.documents for name, grade in grades.items())
    }
    groups = {}
    for name, ids in ((SEEN, seen), (NEW, corpus.judgements.keys() - seen)):
        if ids:
            scores = evaluation.scores.of(ids)
            groups[name] = ResultGroup(len(scores.query_ids), scores.means(), scores.intervals())
    return replace(evaluation, result=replace(evaluation.result, groups=groups))

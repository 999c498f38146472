"""What a model scores on other tasks, for a reported figure that belongs to one of them."""

from collections.abc import Iterator

import numpy as np

from searchapp.corpora.resolve import list_corpora, open_corpus
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.model import TableModel
from searchapp.evaluation.metric import Measure
from searchapp.published import table
from searchapp.published.definitions import JudgedRun, mean_scores
from searchapp.records import Ranking
from searchapp.tasks.mteb import find_task

LARGEST = 10_000  # documents of a corpus that is encoded for this
DEPTH = 1000
RELATED = ("minishlab/", "sentence-transformers/all-MiniLM-L6-v2", "mteb/baseline-bm25s")
"""Models whose published figures are compared, besides that of the same name."""


def figures_of_other_tasks(evidence: Evidence, measure: Measure) -> Iterator[tuple[str, float]]:
    """Yield what was measured elsewhere, in words, and the value of the measure there.

    First the model itself on the other corpora of this machine, if it is static, then published figures of
    models that a report may be of.
    """
    here = evidence.context.corpus.base_id
    if isinstance(evidence.model, TableModel):
        for row in list_corpora():
            task = find_task(row.name)
            if not row.here or task is None or task.n_docs > LARGEST or task.corpus_id.startswith(here):
                continue
            yield f"the same model on {task.name}", _score(evidence.model, row.name, measure)
    task = find_task(evidence.context.corpus.id)
    name = evidence.model.encoder.name.rsplit("/", 1)[-1] if evidence.model else ""
    for score in table.all_scores():
        of_same_name = bool(name) and score.model.endswith(f"/{name}")
        if (of_same_name or score.model.startswith(RELATED)) and (task is None or score.task != task.name):
            value = score.metrics.get(measure.name)
            if value is not None:
                yield f"the published figure of {score.model} on {score.task}", value


def _score(model: TableModel, corpus: str, measure: Measure) -> float:
    context = CorpusContext(open_corpus(corpus), progress=model.context.progress)
    model.context.progress(f"encoding {corpus}")
    encoder = model.encoder.for_corpus([])
    documents, queries = encoder.encode_documents(context.documents), encoder.encode_queries(context.queries)
    ids = [document.id for document in context.documents]
    run = {
        query.id: Ranking.from_scores(ids, np.asarray(scores), DEPTH)
        for query, scores in zip(context.queries, queries @ documents.T, strict=True)
    }
    return mean_scores(JudgedRun(context.corpus, run, ()).scored([measure]))[measure.name]

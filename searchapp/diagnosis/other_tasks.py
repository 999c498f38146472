"""What a model scores on other tasks, for a reported figure that belongs to one of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from searchapp.corpora.corpus import Corpus
from searchapp.corpora.resolve import list_corpora, open_corpus
from searchapp.diagnosis.cloud import Vectors
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.model import TableModel
from searchapp.diagnosis.rankings import exact_run
from searchapp.encoders.encoder import Encoder
from searchapp.evaluation.metric import Measure
from searchapp.published import table
from searchapp.published.definitions import JudgedRun, mean_scores
from searchapp.records import Run
from searchapp.tasks.mteb import find_task

LARGEST = 10_000  # documents of a corpus that is encoded for this
RELATED = ("minishlab/", "sentence-transformers/all-MiniLM-L6-v2", "mteb/baseline-bm25s")
"""Models whose published figures are compared, besides that of the same name."""


@dataclass(eq=False)
class OtherTasks:
    """The model of the evidence, if it is static, on the other corpora of this machine; published figures."""

    evidence: Evidence

    @cached_property
    def _runs(self) -> list[tuple[str, Corpus, Run]]:
        model, context = self.evidence.model, self.evidence.context
        if not isinstance(model, TableModel):
            return []
        runs = []
        for row in list_corpora():
            task = find_task(row.name)
            own = task is not None and task.corpus_id.startswith(context.corpus.base_id)
            if row.here and task is not None and task.n_docs <= LARGEST and not own:
                context.progress(f"encoding {row.name}")
                corpus = open_corpus(row.name)
                runs.append((task.name, corpus, _run(model.encoder, corpus)))
        return runs

    def figures(self, measure: Measure) -> Iterator[tuple[str, float]]:
        """Yield what was measured elsewhere, in words, and the value of the measure there."""
        for name, corpus, run in self._runs:
            scores = mean_scores(JudgedRun(corpus, run, ()).scored([measure]))
            yield f"the same model on {name}", scores[measure.name]
        task = find_task(self.evidence.context.corpus.id)
        model = self.evidence.model.encoder.name.rsplit("/", 1)[-1] if self.evidence.model else ""
        for score in table.all_scores():
            related = score.model.startswith(RELATED) or (model and score.model.endswith(f"/{model}"))
            if related and (task is None or score.task != task.name) and measure.name in score.metrics:
                where = f"the published figure of {score.model} on {score.task}"
                yield where, score.metrics[measure.name]


def _run(encoder: Encoder, corpus: Corpus) -> Run:
    context = CorpusContext(corpus)
    similarity = "cosine" if encoder.options.normalize else "dot"
    ids, query_ids = list(context.rows), [query.id for query in context.queries]
    documents, queries = encoder.encode_documents(context.documents), encoder.encode_queries(context.queries)
    return exact_run(Evidence(context, vectors=Vectors(ids, documents, query_ids, queries, similarity)))

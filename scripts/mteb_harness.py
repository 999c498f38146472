"""Score a static model with the real MTEB harness, on a local corpus and without a network.

mteb (2.x) joins title and text, calls the encoder, searches and scores with its own code; only its data
loading is replaced, by documents that are already in memory. Importing this module puts the process into
Hugging Face's offline mode.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

# Read when huggingface_hub, datasets and mteb are first imported. mteb creates its cache folder then.
os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["MTEB_CACHE"] = os.environ.get("MTEB_CACHE") or str(Path(tempfile.gettempdir()) / "mteb-cache")

import mteb
import numpy as np
from datasets import Dataset, disable_progress_bars
from mteb.abstasks import AbsTaskRetrieval
from mteb.abstasks.retrieval_dataset_loaders import RetrievalSplitData
from mteb.abstasks.task_metadata import TaskMetadata
from mteb.models import ModelMeta
from mteb.models.abs_encoder import AbsEncoder
from mteb.models.model_meta import ScoringFunction
from numpy.typing import NDArray

from searchapp.corpora.corpus import Corpus
from searchapp.evaluation.measures import DEFAULT_MEASURES

SPLIT = "test"


class TextEncoder(Protocol):
    """Anything that turns texts into rows, such as `model2vec.StaticModel`."""

    def encode(self, sentences: Sequence[str], /) -> NDArray[Any]:
        """Return one row a text."""


class _StaticEncoder(AbsEncoder):
    """Present a text encoder to mteb: no prompts, cosine similarity, every text as it comes."""

    mteb_model_meta: ModelMeta

    def __init__(self, model: TextEncoder) -> None:
        self._encoder = model
        self.mteb_model_meta = ModelMeta.create_empty(
            {"name": "local/static", "revision": "local", "similarity_fn_name": ScoringFunction.COSINE}
        )

    def encode(self, inputs: Any, **_wishes: Any) -> NDArray[np.float32]:
        texts = [text for batch in inputs for text in batch["text"]]
        return np.asarray(self._encoder.encode(texts), dtype=np.float32)


def local_task(corpus: Corpus) -> AbsTaskRetrieval:
    """Return an mteb retrieval task over a corpus.

    Its class is made for it: mteb drops metadata that is set on the object when it unloads the data.
    """
    data = RetrievalSplitData(
        corpus=Dataset.from_list(
            [
                {"id": document.id, "title": document.title, "text": document.text}
                for document in corpus.documents()
            ]
        ),
        queries=Dataset.from_list([{"id": query.id, "text": query.text} for query in corpus.queries]),
        relevant_docs={query_id: dict(grades) for query_id, grades in corpus.judgements.items()},
        top_ranked=None,
    )

    class LocalRetrieval(AbsTaskRetrieval):
        metadata = TaskMetadata(
            name=f"Local-{corpus.slug}",
            description="Local files",
            dataset={"path": f"local/{corpus.slug}", "revision": "local"},
            type="Retrieval",
            category="t2t",
            eval_splits=[SPLIT],
            eval_langs=["eng-Latn"],
            main_score="ndcg_at_10",
        )

        def load_data(self, *_arguments: Any, **_wishes: Any) -> None:
            self.dataset = {"default": {SPLIT: data}}
            self.data_loaded = True

    return LocalRetrieval()


def run_harness(task: AbsTaskRetrieval, model: TextEncoder) -> dict[str, float]:
    """Return every metric at every cut as `mteb.evaluate` computes it, its caches off."""
    disable_progress_bars()
    result = mteb.evaluate(
        _StaticEncoder(model),
        task,
        co2_tracker=False,
        cache=None,
        overwrite_strategy="always",
        show_progress_bar=False,
    )
    scores = result.task_results[0].scores[SPLIT][0]
    return {measure.name: float(scores[measure.name]) for measure in DEFAULT_MEASURES}

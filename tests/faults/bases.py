"""Models and their vectors as files, healthy: what the faults damage."""

from pathlib import Path

import numpy as np

from scripts.reproduce_published import minilm_folder
from searchapp.encoders.encoder import load_encoder
from tests.faults.corpora import Data, data
from tests.faults.models import MODELS, Floats
from tests.real_data import POTION


class Bases:
    """The healthy models and their vectors, made when they are first needed."""

    def __init__(self, work: Path) -> None:
        self.work = work

    def model(self, name: str) -> str:
        """Return what a user writes after `-m`."""
        if name in MODELS:
            folder = self.work / "models" / name
            if not (folder / "config.json").exists():
                MODELS[name](self.work).save(folder)
            return str(folder)
        if name == "minilm":
            return f"st:{minilm_folder()}"
        return str(POTION) if name == "potion" else name

    def data(self, corpus: str) -> Data:
        """Return a corpus."""
        return data(corpus, self.work)

    def vectors(self, corpus: str, model: str) -> tuple[Floats, Floats]:
        """Return the unit vectors of documents and judged queries, (n, d) and (m, d)."""
        folder = self.work / "vectors" / f"{corpus}-{model}"
        if not (folder / "queries.npy").exists():
            encoder, base = load_encoder(self.model(model)), self.data(corpus)
            folder.mkdir(parents=True, exist_ok=True)
            np.save(folder / "documents.npy", encoder.encode_documents(base.documents))
            np.save(folder / "queries.npy", encoder.encode_queries(base.queries))
        return np.load(folder / "documents.npy"), np.load(folder / "queries.npy")

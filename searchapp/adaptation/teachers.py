"""A model whose similarities are taught: a transformer, or vectors computed elsewhere."""

from collections.abc import Sequence

from searchapp.adaptation.teaching import Teacher
from searchapp.corpora.corpus import Corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.options import STATIC, split_name
from searchapp.encoders.vectors import Floats
from searchapp.errors import SearchappError
from searchapp.records import Query


def check_teacher(name: str) -> None:
    """Raise a `SearchappError` when a model cannot teach."""
    if split_name(name)[0] == STATIC:
        raise SearchappError(
            f"{name} is not a teacher: its vectors cannot teach a table more than its own table could.",
            "Name a transformer (--teacher st:NAME_OR_PATH) or vectors (--teacher npy:FOLDER).",
        )


def teacher_of(name: str, corpus: Corpus, queries: Sequence[Query]) -> Teacher:
    """Return the teacher's unit vectors of all documents and of the judged queries.

    Raises:
        SearchappError: the teacher cannot be loaded, or has no vector for a document or query.
    """
    import numpy as np

    encoder = load_encoder(name)
    documents = encoder.encode_documents(list(corpus.documents()))
    none: Floats = np.zeros((0, documents.shape[1]), np.float32)
    return Teacher(documents, encoder.encode_queries(queries) if queries else none)

"""A model whose similarities are taught: a transformer, or vectors computed elsewhere."""

from searchapp.corpora.corpus import Corpus
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.options import STATIC, split_name
from searchapp.encoders.vectors import Floats
from searchapp.errors import SearchappError


def check_teacher(name: str) -> None:
    """Raise a `SearchappError` when a model cannot teach."""
    if split_name(name)[0] == STATIC:
        raise SearchappError(
            f"{name} is not a teacher: its vectors cannot teach a table more than its own table could.",
            "Name a transformer (--teacher st:NAME_OR_PATH) or vectors (--teacher npy:FOLDER).",
        )


def teacher_of(name: str, corpus: Corpus) -> Floats:
    """Return a teacher's unit vectors of all documents, (n, t) float32.

    Raises:
        SearchappError: the teacher cannot be loaded, or has no vector for a document.
    """
    return load_encoder(name).encode_documents(list(corpus.documents()))

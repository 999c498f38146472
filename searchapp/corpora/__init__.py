"""Corpora: documents, queries and judgements, wherever they come from."""

from searchapp.corpora.corpus import Corpus, Digests
from searchapp.corpora.names import ALIASES, corpus_slug, open_corpus

__all__ = ["ALIASES", "Corpus", "Digests", "corpus_slug", "open_corpus"]

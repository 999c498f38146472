"""Corpora: documents, queries and judgements, wherever they come from."""

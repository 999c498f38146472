"""Queries in, a run out."""

from searchapp.retrieval.dense import answer, check_queries, dense_run
from searchapp.retrieval.searcher import load_searcher, parse_queries

__all__ = ["answer", "check_queries", "dense_run", "load_searcher", "parse_queries"]

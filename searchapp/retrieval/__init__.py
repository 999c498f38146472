"""Queries in, a run out."""

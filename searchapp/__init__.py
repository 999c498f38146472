"""Offline vector search that tells whether a retrieval score can be trusted."""

__version__ = "0.2.0"

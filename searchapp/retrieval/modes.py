"""The ways to rank that `--mode` names."""

MODES = ("dense", "bm25", "hybrid")
"""Vectors compared; words compared; the two fused."""

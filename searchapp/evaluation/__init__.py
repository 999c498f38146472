"""Runs into scores: ranx's metrics, one tie rule, intervals, and files to keep."""

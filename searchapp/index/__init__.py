"""Vectors on disk: built once, resumed after an interruption, verified whenever they are opened."""

"""Models: texts in, `(n, d)` float32 vectors out."""

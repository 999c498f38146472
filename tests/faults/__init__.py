"""Faults injected into healthy pipelines, and the bench that counts how often diagnose names them."""

"""Faults injected into evidence in memory, for the tests of single probes."""

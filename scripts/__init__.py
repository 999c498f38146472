"""Measurements and checks that are run by hand and by the tests: `python -m scripts.NAME`."""

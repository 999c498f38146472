"""Checks of the installation, the indexes and stored results."""

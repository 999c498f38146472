"""The probes, grouped by what they examine."""

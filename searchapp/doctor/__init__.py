"""What is installed, stale or damaged."""

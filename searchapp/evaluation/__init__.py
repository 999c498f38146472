"""Score runs: metrics, intervals, significance, TREC files and stored results."""

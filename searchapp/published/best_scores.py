"""The best score that any ranking can have on tasks whose judgements are known."""

BEST_SCORES = {
    ("NFCorpus", "test"): {
        "recall_at_1": 0.17897, "recall_at_3": 0.35888, "recall_at_5": 0.46241, "recall_at_10": 0.61458,
        "recall_at_20": 0.76834, "recall_at_100": 0.96471, "map_at_1": 0.17897, "map_at_3": 0.35888,
        "map_at_5": 0.46241, "map_at_10": 0.61458, "map_at_20": 0.76834, "map_at_100": 0.96471,
        "precision_at_3": 0.92880, "precision_at_5": 0.87431, "precision_at_10": 0.77462,
        "precision_at_20": 0.64722, "precision_at_100": 0.27119, "precision_at_1000": 0.03820,
    },
    ("SciFact", "test"): {
        "recall_at_1": 0.95495, "recall_at_3": 0.99484, "map_at_1": 0.95495, "map_at_3": 0.99484,
        "precision_at_3": 0.36889, "precision_at_5": 0.22600, "precision_at_10": 0.11300,
        "precision_at_20": 0.05650, "precision_at_100": 0.01130, "precision_at_1000": 0.00113,
    },
}  # fmt: skip
"""Task and split -> metric -> what the judged documents score, ranked by their grades, rounded up.

Computed from the judgements of BEIR's archives of 2021; metrics that can reach 1 are left out.
"""

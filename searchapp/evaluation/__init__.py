"""Runs into scores: ranx's metrics, one tie rule, intervals, and files to keep."""

from searchapp.evaluation.benchmark import Evaluation, evaluate_model, evaluate_run
from searchapp.evaluation.scoring import CUTS, MAIN_METRICS, Scores, score

__all__ = ["CUTS", "MAIN_METRICS", "Evaluation", "Scores", "evaluate_model", "evaluate_run", "score"]

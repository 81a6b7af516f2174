"""Evaluation: how well the scores find faults and plumes on rows that were kept back, beside what others would find."""

from trainer.evaluation.detection.evaluate import evaluate
from trainer.evaluation.detection.table import print_evaluation

__all__ = ["evaluate", "print_evaluation"]

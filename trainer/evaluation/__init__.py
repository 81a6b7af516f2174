"""Evaluation: how well the scores find faults and plumes on rows that were kept back, beside what others would find."""

from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.table import print_evaluation

__all__ = ["evaluate", "print_evaluation"]

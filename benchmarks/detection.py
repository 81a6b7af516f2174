"""Detection by the scores: faults found, false alarms and methane onsets on held-out rows of three boards.

Every board is split in three ways: other times in the same climate, and other climates forwards and backwards. Our
scores, the published networks and textbook detectors are fitted on the same training rows and evaluated on the same
held-out rows, into which 33 fault cases are injected. The last table compares the figures with the goals.
"""

from __future__ import annotations

import sys

from evaluation import run_evaluation

from trainer.evaluation.detection.evaluate import evaluate
from trainer.evaluation.detection.goals import goals
from trainer.evaluation.detection.table import print_evaluation


def main() -> int:
    return run_evaluation(
        "detection",
        __doc__ or "",
        evaluate=evaluate,
        show=print_evaluation,
        goals=goals,
        packages=("numpy", "torch", "scikit-learn"),
    )


if __name__ == "__main__":
    sys.exit(main())

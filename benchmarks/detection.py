"""How trustworthy the scores are: faults found, false alarms and methane onsets on held-out rows of three boards.

Every board is split in three ways: other times in the same climate, and other climates forwards and backwards. Ours,
the published networks and textbook detectors are fitted on the same training rows and judged on the same others, with
33 cases of faults put into them. The last table holds the figures against the least to reach.
"""

from __future__ import annotations

import sys

from evaluating import benchmark

from trainer.evaluation.detection.evaluate import evaluate
from trainer.evaluation.detection.goals import goals
from trainer.evaluation.detection.table import print_evaluation


def main() -> int:
    return benchmark(
        "detection",
        __doc__ or "",
        evaluate=evaluate,
        show=print_evaluation,
        goals=goals,
        packages=("numpy", "torch", "scikit-learn"),
    )


if __name__ == "__main__":
    sys.exit(main())

"""Quality and use of synthetic rows: three boards, three seeds, beside other synthesisers and copies.

Our generators, the published networks resampled as published, a plain Gaussian mixture and two ways to copy are fitted
on the same rows. Their rows are evaluated by distribution, by a classifier two-sample test, by a regression trained on
them and tested on real rows, and by memorisation. The last table compares the figures with the goals.
"""

from __future__ import annotations

import sys

from evaluation import run_evaluation

from trainer.evaluation.synthesis.evaluate import evaluate_synthesis
from trainer.evaluation.synthesis.goals import synthesis_goals
from trainer.evaluation.synthesis.table import print_synthesis


def main() -> int:
    return run_evaluation(
        "synthesis",
        __doc__ or "",
        evaluate=evaluate_synthesis,
        show=print_synthesis,
        goals=synthesis_goals,
        packages=("numpy", "torch", "scikit-learn", "onnxruntime"),
    )


if __name__ == "__main__":
    sys.exit(main())

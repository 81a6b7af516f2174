"""How good synthetic rows are and what they are good for: three boards, three seeds, beside others' rows and copies.

Ours, the published networks resampled as published, a plain Gaussian mixture, and two ways to copy are fitted on the
same rows, and judged by how they are distributed, whether they can be told from real ones, what a regression learns
from them, and whether they repeat what they were made from. The last table holds it all against the least to reach.
"""

from __future__ import annotations

import sys

from evaluating import benchmark

from trainer.evaluation.synthesis.evaluate import evaluate_synthesis
from trainer.evaluation.synthesis.goals import synthesis_goals
from trainer.evaluation.synthesis.table import print_synthesis


def main() -> int:
    return benchmark(
        "synthesis",
        __doc__ or "",
        evaluate=evaluate_synthesis,
        show=print_synthesis,
        goals=synthesis_goals,
        packages=("numpy", "torch", "scikit-learn", "onnxruntime"),
    )


if __name__ == "__main__":
    sys.exit(main())

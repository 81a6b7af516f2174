"""Quality and use of synthetic rows: three boards, three seeds, beside other synthesisers and copies.

Ours is fitted and drawn from as a user does it: with the first seed by ``davylamp train`` on a CSV of the training rows
and ``davylamp synthesize``, each in a process of its own, and with the other seeds by the function that makes the
bundle's generator, which is the same to the bit.

Our generators, the published networks resampled as published, a plain Gaussian mixture and two ways to copy are fitted
on the same rows. Their rows are evaluated by distribution, by a classifier two-sample test, by a regression trained on
them and tested on real rows, and by memorisation. The last table compares the figures with the goals.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from evaluation import run_evaluation
from shipped_synthesis import ShippedSynthesis

from config.settings.training import Training
from trainer.data.record import Record
from trainer.evaluation.synthesis.evaluate import evaluate_synthesis
from trainer.evaluation.synthesis.goals import synthesis_goals
from trainer.evaluation.synthesis.results import SynthesisEvaluation
from trainer.evaluation.synthesis.table import print_synthesis


def _evaluate(records: Sequence[Record], settings: Training, **options: Any) -> SynthesisEvaluation:
    return evaluate_synthesis(records, settings, shipped=ShippedSynthesis(settings), **options)


def main() -> int:
    return run_evaluation(
        "synthesis",
        __doc__ or "",
        evaluate=_evaluate,
        show=print_synthesis,
        goals=synthesis_goals,
        packages=("numpy", "torch", "scikit-learn", "onnxruntime"),
        counts={"seeds": "seeds of ours, the first of them by the commands (default: 3)"},
    )


if __name__ == "__main__":
    sys.exit(main())

from __future__ import annotations

import numpy as np
import pytest

from config.settings.training import Training
from trainer.data.record import Record
from trainer.data.splits import blocked
from trainer.evaluation.synthesis.augmentation import scarce_splits
from trainer.evaluation.synthesis.detection import AUGMENTED, FEW, GENERATOR, augmented_detection
from trainer.evaluation.synthesis.synthesisers import FittedSynthesiser

SETTINGS = Training(hidden=(16,), epochs=8)


def draw(n: int, seed: int) -> np.ndarray:
    raise AssertionError


def test_the_rest_of_the_real_rows_would_help_and_a_perfect_copy_finds_nothing(chamber: Record) -> None:
    (split,) = scarce_splits(chamber, sets=1)
    rest = chamber.values[blocked(chamber).train]

    found = augmented_detection(chamber, split, rest, FittedSynthesiser(draw, lambda rows: rows), SETTINGS, seed=0)

    assert list(found) == [FEW, AUGMENTED, GENERATOR]
    assert found[AUGMENTED] > found[FEW] > 0.55
    assert found[GENERATOR] == pytest.approx(0.5)


def test_what_cannot_be_reconstructed_is_strange_and_who_cannot_reconstruct_is_left_out(chamber: Record) -> None:
    (split,) = scarce_splits(chamber, sets=1)
    few = chamber.values[split.train]
    low, high = chamber.values.min(axis=0), chamber.values.max(axis=0)

    def reconstruct(rows: np.ndarray) -> np.ndarray:
        return np.where(((rows < low) | (rows > high)).any(axis=1, keepdims=True), np.nan, rows)

    found = augmented_detection(chamber, split, few, FittedSynthesiser(draw, reconstruct), SETTINGS, seed=0)
    assert found[GENERATOR] > 0.55

    assert list(augmented_detection(chamber, split, few, FittedSynthesiser(draw), SETTINGS, seed=0)) == [FEW, AUGMENTED]

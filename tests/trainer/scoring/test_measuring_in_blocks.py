"""Rows have the same features in one piece and in many."""

from __future__ import annotations

import numpy as np
import pytest

from edge.models.windows import Windows
from trainer.scoring import measure as measuring
from trainer.scoring.measure import compute_past


@pytest.mark.parametrize("block", [1, 7, 100, 333])
def test_blocks_give_the_same_bits(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    rng = np.random.default_rng(0)
    scaled, residual = rng.standard_normal((2, 1000, 3))
    memories = [
        [np.arange(0, 300), np.arange(300, 310)],
        [np.arange(310, 900)],
        [np.arange(900, 950), np.arange(950, 951), np.arange(951, 1000)],
    ]
    windows = Windows(recenter=50, lag=2)
    whole = compute_past(scaled, residual, memories, windows)
    monkeypatch.setattr(measuring, "BLOCK", block)
    cut = compute_past(scaled, residual, memories, windows)
    for name, one, other in zip(whole._fields, whole, cut, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)

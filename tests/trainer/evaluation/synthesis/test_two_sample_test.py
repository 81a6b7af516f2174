from __future__ import annotations

import numpy as np

from trainer.evaluation.synthesis.two_sample_test import c2st

ROWS = np.random.default_rng(0).standard_normal((1500, 4))


def test_rows_of_one_distribution_are_not_distinguished() -> None:
    assert 0.44 < c2st(ROWS[:600], ROWS[600:], seed=0) < 0.56


def test_two_columns_that_lost_their_correlation_are_found_out() -> None:
    tied = ROWS.copy()
    tied[:, 1] = tied[:, 0] + 0.1 * tied[:, 1]
    loose = tied.copy()
    loose[:, 1] = np.random.default_rng(1).permutation(loose[:, 1])

    assert c2st(tied[:700], loose[700:], seed=0) > 0.9


def test_copies_mislead_the_classifier_and_the_same_seed_gives_the_same() -> None:
    copies = ROWS + 1e-6

    assert c2st(ROWS, copies, seed=3) < 0.45
    assert c2st(ROWS, copies, seed=3) == c2st(ROWS, copies, seed=3)


def test_a_coarse_column_has_to_be_written_exactly() -> None:
    steps = np.round(ROWS, 1) / 3

    assert c2st(steps[:750], steps[750:], seed=0) < 0.56
    assert c2st(steps[:750], steps[750:].astype(np.float32), seed=0) > 0.9

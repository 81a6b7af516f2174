from __future__ import annotations

import numpy as np
import pytest

from trainer.evaluation.synthesis.memorisation import exact_copies, nearer_share

ROWS = np.random.default_rng(0).standard_normal((2000, 3)) * [1, 1000, 1e-3]
OWN, OTHER, NEW = ROWS[:800], ROWS[800:1600], ROWS[1600:]


def test_copies_are_nearer_to_their_half_and_new_rows_to_neither() -> None:
    assert nearer_share(OWN, OTHER, OWN + 1e-9) == 1
    assert nearer_share(OTHER, OWN, OWN + 1e-9) == 0
    assert nearer_share(OWN, OTHER, NEW) == pytest.approx(0.5, abs=0.07)


def test_every_column_counts_by_its_own_spread() -> None:
    own, other = np.array([[0.0, 0.0], [1.0, 1000.0]]), np.array([[1.0, 0.0], [0.0, 1000.0]])

    assert nearer_share(own, other, np.array([[0.1, 400.0]])) == 1
    assert nearer_share(own, other, np.array([[0.9, 400.0]])) == 0


def test_a_tie_counts_half() -> None:
    assert nearer_share(OWN, OWN, NEW) == 0.5


def test_copies_are_counted_as_they_are_written() -> None:
    rows = np.concatenate([OWN[:5] * (1 + 1e-9), OWN[5:8] * (1 + 1e-4), NEW])

    assert exact_copies(OWN, rows) == 5

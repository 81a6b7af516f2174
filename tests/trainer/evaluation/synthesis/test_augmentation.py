from __future__ import annotations

import numpy as np
import pytest

from config.settings.station import Station
from trainer.data.record import Record
from trainer.data.splits import blocked
from trainer.evaluation.synthesis.augmentation import ADDED, scarce, scarce_splits, tstr
from trainer.evaluation.synthesis.synthesisers import FittedSynthesiser

Values = np.ndarray


def resample(train: Values, validation: Values, station: Station, seed: int) -> FittedSynthesiser:
    """Copy rows."""
    return FittedSynthesiser(lambda n, seed: train[np.random.default_rng(seed).integers(len(train), size=n)])


def nonsense(train: Values, validation: Values, station: Station, seed: int) -> FittedSynthesiser:
    """Draw every column for itself."""

    def draw(n: int, seed: int) -> Values:
        rng = np.random.default_rng(seed)
        return np.column_stack([rng.choice(column, n) for column in train.T])

    return FittedSynthesiser(draw)


def test_every_set_tests_on_other_blocks_and_trains_on_few_rows_that_are_apart_from_them(chamber: Record) -> None:
    splits = scarce_splits(chamber)

    tested = [set(split.test.tolist()) for split in splits]
    assert len(splits) == 5
    assert sum(map(len, tested)) == len(set().union(*tested)) == 5 * len(chamber.values) // 6
    assert np.array_equal(splits[0].test, blocked(chamber).test)
    for split in splits:
        assert len(split.train) / len(chamber.values) == pytest.approx(4 / 6 * 0.05, rel=0.3)
        assert not set(split.train.tolist()) & set(split.validation.tolist())
        near = np.abs(split.train[:, None] - split.test[None, :]).min()
        assert near > 12


def test_copies_change_little_and_nonsense_harms(chamber: Record) -> None:
    same = tstr(chamber, "copies", resample, seed=0, draws=2)
    bad = tstr(chamber, "nonsense", nonsense, seed=0, draws=1)

    assert same.real == bad.real > 0
    assert same.r2 == pytest.approx(same.real, abs=0.15)
    assert bad.r2 < 0.1


def test_what_is_added_beside_few_rows_changes_the_regression_for_better_or_worse(chamber: Record) -> None:
    everything = FittedSynthesiser(lambda n, seed: np.resize(chamber.values, (n, chamber.station.size)))
    for result, split, fitted, added in scarce(chamber, "all", lambda *_: everything, seed=0, sets=2):
        assert fitted is everything
        assert added.shape == (ADDED, chamber.station.size)
        assert set(split.test.tolist()) & set(split.train.tolist()) == set()
        assert 0 < result.rmse < 0.5 * result.real_rmse
        assert result.rmse < result.tail_rmse < result.real_tail_rmse

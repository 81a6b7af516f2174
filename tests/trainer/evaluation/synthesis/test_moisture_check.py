from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec.structs import replace

from trainer.data.record import Record
from trainer.evaluation.synthesis.moisture_check import moisture_broken


def test_one_training_row_in_a_hundred_is_outside_and_every_one_with_too_much_water(chamber: Record) -> None:
    wet = chamber.values.copy()
    wet[:, 1] *= 1.5

    assert moisture_broken(chamber.values, chamber.values, chamber.station) == pytest.approx(0.01, abs=0.001)
    assert moisture_broken(chamber.values, wet, chamber.station) == 1


def test_columns_drawn_each_for_itself_break_it(chamber: Record) -> None:
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.permutation(column) for column in chamber.values.T])

    assert moisture_broken(chamber.values, rows, chamber.station) > 0.5


def test_a_station_without_the_pair_has_none(chamber: Record) -> None:
    station = replace(chamber.station, ratio=None)

    assert math.isnan(moisture_broken(chamber.values, chamber.values, station))

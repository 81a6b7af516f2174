from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from trainer.data.record import Record
from trainer.evaluation.synthesis.downstream import regress


def test_rows_that_lost_what_ties_the_gas_to_the_sensors_are_worth_nothing(chamber: Record) -> None:
    train, test = chamber.values[::2], chamber.values[1::2]
    scrambled = train.copy()
    scrambled[:, 0] = np.random.default_rng(0).permutation(scrambled[:, 0])

    good, bad = (regress(rows, test, chamber.station, seed=0) for rows in (train, scrambled))

    assert good.r2 > 0.9
    assert bad.r2 < 0.1
    assert good.rmse < good.tail_rmse < bad.tail_rmse
    assert good.r2 == pytest.approx(1 - (good.rmse / test[:, 0].std()) ** 2)


def test_a_station_without_gas_has_nothing_to_regress(chamber: Record) -> None:
    station = replace(chamber.station, features=chamber.station.features[2:], ratio=None)

    with pytest.raises(ValueError, match="without a gas column"):
        regress(chamber.values[:, 2:], chamber.values[:, 2:], station, seed=0)

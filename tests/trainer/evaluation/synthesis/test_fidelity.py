from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from scipy.stats import ks_2samp, skew, spearmanr, wasserstein_distance

from trainer.data.record import Record
from trainer.evaluation.synthesis.fidelity import fidelity


def test_rows_are_like_themselves(chamber: Record) -> None:
    same = fidelity(chamber.values, chamber.values, chamber.station)

    assert (same.ks, same.wasserstein, same.pearson, same.spearman) == (0, 0, 0, 0)
    assert same.std_ratio == dict.fromkeys(chamber.station.keys, 1.0)
    assert (same.gas_skewness, same.gas_p99) == (1.0, 1.0)


def test_the_distances_are_those_of_the_textbook(chamber: Record) -> None:
    real = np.round(chamber.values[:1000], 0)  # with ties
    rows = np.round(chamber.values[1500:2200] * 1.05, 0)
    pairs = np.triu_indices(real.shape[1], 1)

    found = fidelity(real, rows, chamber.station)

    columns = range(real.shape[1])
    assert found.ks == pytest.approx(np.mean([ks_2samp(real[:, j], rows[:, j]).statistic for j in columns]))
    assert found.wasserstein == pytest.approx(
        np.mean([wasserstein_distance(real[:, j], rows[:, j]) / real[:, j].std() for j in columns])
    )
    spearman = [spearmanr(values).statistic[pairs] for values in (real, rows)]
    assert found.spearman == pytest.approx(np.abs(spearman[0] - spearman[1]).mean())
    assert found.gas_skewness == pytest.approx(skew(rows[:, 0]) / skew(real[:, 0]))


def test_one_column_that_lost_half_of_its_spread_shows_and_so_does_a_weak_correlation(chamber: Record) -> None:
    rows = chamber.values.copy()
    rows[:, 4] = rows[:, 4].mean() + 0.5 * (rows[:, 4] - rows[:, 4].mean())
    narrow = fidelity(chamber.values, rows, chamber.station)
    assert narrow.std_ratio["r2611e_ohm"] == pytest.approx(0.5)
    assert narrow.pearson == pytest.approx(0, abs=1e-9)

    alone = chamber.values.copy()
    alone[:, 0] = np.random.default_rng(0).permutation(alone[:, 0])
    assert fidelity(chamber.values, alone, chamber.station).ks == 0
    assert fidelity(chamber.values, alone, chamber.station).pearson > 0.03


def test_a_station_without_gas_has_no_skewness_of_it(chamber: Record) -> None:
    station = replace(chamber.station, features=chamber.station.features[2:], ratio=None)

    found = fidelity(chamber.values[:, 2:], chamber.values[:, 2:], station)

    assert np.isnan([found.gas_skewness, found.gas_p99]).all()
    assert found.ks == 0

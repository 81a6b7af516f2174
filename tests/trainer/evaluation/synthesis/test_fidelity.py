from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from edge.arrays import Floats
from trainer.data.record import Record
from trainer.evaluation.synthesis.fidelity import fidelity


def test_rows_are_like_themselves(chamber: Record) -> None:
    same = fidelity(chamber.values, chamber.values, chamber.station)

    assert (same.ks, same.wasserstein, same.pearson, same.spearman) == (0, 0, 0, 0)
    assert same.std_ratio == dict.fromkeys(chamber.station.keys, 1.0)
    assert (same.gas_skewness, same.gas_p99) == (1.0, 1.0)


def test_the_distances_are_those_of_the_textbook_to_the_last_digits(chamber: Record) -> None:
    real = np.round(chamber.values[:1000], 0)  # with ties
    rows = np.round(chamber.values[1500:2200] * 1.05, 0)
    pairs = np.triu_indices(real.shape[1], 1)

    found = fidelity(real, rows, chamber.station)

    distances = [distribution_distances(x, y) for x, y in zip(real.T, rows.T, strict=True)]
    spread = real.std(axis=0)
    assert found.ks == pytest.approx(np.mean([largest for largest, _ in distances]), rel=1e-15)
    assert found.wasserstein == pytest.approx(np.mean([area for _, area in distances] / spread), rel=1e-13)
    ranked = [np.asarray(np.corrcoef(ranks(values), rowvar=False))[pairs] for values in (real, rows)]
    assert found.spearman == pytest.approx(np.abs(ranked[0] - ranked[1]).mean(), rel=1e-13)
    assert found.gas_skewness == pytest.approx(skewness(rows[:, 0]) / skewness(real[:, 0]), rel=1e-13)


def distribution_distances(a: Floats, b: Floats) -> tuple[float, float]:
    """Return the largest difference between two empirical distribution functions, and the area between them."""
    at = np.sort(np.concatenate([a, b]))
    below = [np.searchsorted(np.sort(values), at, side="right") / len(values) for values in (a, b)]
    apart = np.abs(below[0] - below[1])
    return float(apart.max()), float(apart[:-1] @ np.diff(at))


def ranks(values: Floats) -> Floats:
    """Return the rank of every value in its column; ties share the mean of their ranks."""
    smaller, equal = (compare(values[None], values[:, None]).sum(axis=1) for compare in (np.less, np.equal))
    return np.asarray(smaller + 0.5 * (equal + 1))


def skewness(x: Floats) -> float:
    return float(np.mean(((x - x.mean()) / x.std()) ** 3))


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

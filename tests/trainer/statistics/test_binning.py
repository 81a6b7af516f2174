from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from config.templates.templates import METHANE
from config.yaml.load import load_station
from trainer.statistics.binning import MOST_PAIRS, axis, bin_samples, joint_histogram, pairs

RNG = np.random.default_rng(1)


def test_an_axis_holds_all_but_a_few_rows_and_is_even_on_its_scale() -> None:
    values = np.append(RNG.lognormal(8, 0.3, 10_000), 1e9)

    found = axis("ch4_ppb", "[ppb]", "log", values)

    assert found.points[-1] < 1e5
    assert np.mean((values > found.edges[0]) & (values < found.edges[-1])) > 0.998
    np.testing.assert_allclose(np.diff(np.log10(found.points)), np.log10(found.points[1] / found.points[0]))
    assert (found.edges[0], found.edges[-1]) == pytest.approx((found.points[0], found.points[-1]))


@pytest.mark.parametrize("values", [np.full(50, 7.0), np.zeros(50)])
def test_a_constant_column_has_an_axis_and_a_correlation_with_nothing(values: np.ndarray) -> None:
    both = np.column_stack([values, RNG.normal(size=50)])
    axes = [axis("a", "1", "log", both[:, 0]), axis("b", "1", "linear", both[:, 1])]

    found = bin_samples(axes, {"rows": both}, (("a", "b"),)).samples["rows"]

    assert (np.diff(axes[0].points) > 0).all()
    assert np.isfinite(found.densities).all()
    assert np.isnan(found.correlations[0, 1])
    assert found.joints[0].sum() == pytest.approx(100, abs=2)


def test_densities_are_per_unit_of_all_rows_even_beyond_the_axis() -> None:
    inside, far = RNG.normal(0, 1, 4000), np.full(4000, 1e6)
    one = axis("a", "1", "linear", inside)

    found = bin_samples([one], {"inside": inside[:, None], "half": np.append(inside, far)[:, None]})

    step = one.points[1] - one.points[0]
    inside_density, half = (found.samples[name].densities[0] for name in ("inside", "half"))
    assert inside_density.sum() * step == pytest.approx(1, abs=0.01)
    assert half.sum() * step == pytest.approx(0.5, abs=0.01)
    assert inside_density[128] == pytest.approx(1 / np.sqrt(2 * np.pi), abs=0.03)


def test_two_modes_stay_two() -> None:
    values = np.append(RNG.normal(-2, 0.3, 3000), RNG.normal(2, 0.3, 3000))
    one = axis("a", "1", "linear", values)

    density = bin_samples([one], {"rows": values[:, None]}).samples["rows"].densities[0]

    assert density[np.abs(one.points) < 0.5].max() < 0.02 * density.max()


def test_a_joint_distribution_is_in_percent_and_first_by_x() -> None:
    x, y = axis("x", "1", "linear", np.arange(100.0)), axis("y", "1", "linear", np.arange(100.0))

    found = joint_histogram(x, np.array([0.0, 99.0, 99.0, 99.0]), y, np.array([99.0, 0.0, 0.0, 500.0]))

    assert found[:20, 20:].sum() == 25
    assert found[20:, :20].sum() == 50
    assert found.sum() == 75


def test_pairs_are_those_of_the_climate_and_the_gas_with_each_sensor_up_to_a_limit() -> None:
    station = load_station(METHANE)

    found = pairs(station)

    assert ("h2o_ppm", "temperature_c") in found
    assert ("ch4_ppb", "rmq4_ohm") in found
    assert len(found) == 3 + 5
    many = tuple(replace(station.features[1], name=f"n{i}", key=f"k{i}") for i in range(40))
    assert len(pairs(replace(station, features=many))) == MOST_PAIRS


def test_without_climate_and_gas_any_two_columns_are_a_pair() -> None:
    station = load_station(METHANE)
    sensors = replace(station, features=tuple(one for one in station.features if one.role == "sensor")[:3], ratio=None)

    assert pairs(sensors) == (("r2611e_ohm", "r2600_ohm"), ("r2611e_ohm", "r2602_ohm"), ("r2600_ohm", "r2602_ohm"))
    assert pairs(replace(sensors, features=sensors.features[:1])) == ()

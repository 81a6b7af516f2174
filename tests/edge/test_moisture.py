"""Water in air."""

from __future__ import annotations

import numpy as np
import pytest

from edge.moisture import magnus


@pytest.mark.parametrize(("temperature", "pressure"), [(0.0, 6.112), (20.0, 23.37), (40.0, 73.8)])
def test_saturated_air_has_the_vapour_pressure_of_the_tables(temperature: float, pressure: float) -> None:
    assert magnus(temperature, 100.0) * 1013.25 / 1e6 == pytest.approx(pressure, rel=3e-3)


def test_half_the_humidity_is_half_the_water_row_by_row() -> None:
    warm = np.array([5.0, 15.0, 35.0])
    np.testing.assert_allclose(magnus(warm, [10.0, 20.0, 30.0]), magnus(warm, 100.0) * [0.1, 0.2, 0.3])

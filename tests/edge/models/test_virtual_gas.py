"""The virtual gas level follows from the sensors and the climate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.models.virtual_gas import VirtualGas


def virtual(**changes: object) -> VirtualGas:
    parts = {
        "columns": (0, 2), "squares": (2,), "weights": np.array([-0.5, 0.2, 0.1]), "intercept": math.log(2000),
        "sd": 0.2, "low": 1900.0, "high": 10_000.0, "responsive": ("rmq4_ohm",),
    }  # fmt: skip
    return VirtualGas(**(parts | changes))  # type: ignore[arg-type]


def test_the_level_is_linear_in_sensors_and_climate_and_quadratic_in_temperature() -> None:
    scaled = np.array([[0.0, 9.0, 0.0], [-2.0, 9.0, 3.0]])
    assert virtual().log_level(scaled) - math.log(2000) == pytest.approx([0.0, 1.0 + 0.6 + 0.9])


def test_it_survives_its_arrays() -> None:
    again = VirtualGas.from_arrays(virtual().arrays(), ("rmq4_ohm",))
    assert again.log_level(np.ones((1, 3))) == pytest.approx(virtual().log_level(np.ones((1, 3))))
    assert (again.low, again.high, again.sd, again.responsive) == (1900.0, 10_000.0, 0.2, ("rmq4_ohm",))


@pytest.mark.parametrize(
    "changes", [{"weights": np.array([1.0])}, {"sd": 0.0}, {"low": 0.0}, {"high": 1900.0}, {"intercept": math.nan}]
)
def test_parts_that_do_not_fit_together_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="virtual gas"):
        virtual(**changes)

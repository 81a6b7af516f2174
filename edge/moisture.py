"""Water content of air from temperature and relative humidity."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import Floats

PRESSURE = 1013.25
"""Pressure of the standard atmosphere [hPa]."""
SATURATED, SLOPE, OFFSET = 6.112, 17.67, 243.5
"""Saturation vapour pressure over water: 6.112 hPa x exp(17.67 T / (T + 243.5)), T in degrees Celsius."""
PPM_PER_PERCENT = 1e4 * SATURATED / PRESSURE
"""Mole fraction of water at 1 % of relative humidity and 0 degrees Celsius [ppm]."""


def magnus(temperature: ArrayLike, humidity: ArrayLike) -> Floats:
    """Return the mole fraction of water [ppm] at standard pressure.

    Magnus formula with the coefficients of Bolton, Monthly Weather Review 108, 1980, 1046-1053.

    Parameters
    ----------
    temperature
        Air temperature [Cel], any shape.
    humidity
        Relative humidity [%], same shape.

    Examples
    --------
    >>> magnus(20.0, 50.0).round()
    np.float64(11532.0)
    """
    warm = np.asarray(temperature, dtype=np.float64)
    return np.asarray(PPM_PER_PERCENT * np.asarray(humidity) * np.exp(SLOPE * warm / (warm + OFFSET)))

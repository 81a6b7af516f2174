"""Reads the level of the gas column [ppb], and applies the limits on it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import numpy as np

from config.settings.station import Station
from edge.arrays import Flags, Floats
from edge.models.background import Background
from edge.models.windows import DEFAULT_WINDOWS, Windows
from edge.readings.quality import GOOD

PPB_PER_UNIT = {"[ppb]": 1.0, "nmol/mol": 1.0, "[ppm]": 1e3, "umol/mol": 1e3, "%": 1e7}
"""Value of one unit of a gas column [ppb]; mg/m3 has none, since it depends on temperature and pressure."""

_GRID = 4e5  # the background's grid spans a little more than this


class GasLevel:
    """Reads gas levels, and finds those that exceed.

    Parameters
    ----------
    station
        The station, whose first gas column is read.
    enhancement_ppb
        Level above the background that exceeds [ppb].
    limit_ppb
        Absolute level that exceeds [ppb]; ``None``: no limit.

    Raises
    ------
    ValueError
        The station has no gas column in a unit of :data:`PPB_PER_UNIT`.
    """

    def __init__(self, station: Station, enhancement_ppb: float, limit_ppb: float | None) -> None:
        gas = station.gas_index
        if gas is None or station.units[gas] not in PPB_PER_UNIT:
            raise ValueError(f"{station.name}: got no gas column in one of {', '.join(PPB_PER_UNIT)}")
        self._gas = gas
        self._ppb = PPB_PER_UNIT[station.units[gas]]
        self._low, self._high = (edge * self._ppb for edge in station.features[gas].range)
        self._enhancement = enhancement_ppb
        self._limit = math.inf if limit_ppb is None else limit_ppb

    def new_background(self, windows: Windows = DEFAULT_WINDOWS) -> Background:
        """Make the empty background of a station [ppb]."""
        return Background(
            windows.background, stride=windows.background_stride, least=max(self._low, self._high / _GRID)
        )

    def to_ppb(self, level: float) -> float:
        """Convert a level in the gas column's unit to ppb."""
        return level * self._ppb

    def read(self, values: Floats, flags: Flags) -> Iterable[tuple[float | None, bool]]:
        """Read the gas levels of readings [N, station.size] with their flags.

        Returns
        -------
        iterable of (float or None, bool)
            The level [ppb], rounded to tenths, ``None`` if missing or below the range; and whether the channel is good.
        """
        levels = (np.rint(values[:, self._gas] * self._ppb * 10) / 10).tolist()
        good = (flags[:, self._gas] == GOOD).tolist()
        # A level above the physical range still counts: an analyser at its stop must not silence the alarm.
        high = self._high
        return [(level if fine or level > high else None, fine) for level, fine in zip(levels, good, strict=True)]

    def exceeded(self, level: float | None, background: float | None) -> Literal["limit", "enhancement"] | None:
        """Return which rule a level exceeds, if any."""
        if level is None or background is None:
            return None
        if level >= self._limit:
            return "limit"
        return "enhancement" if level >= background + self._enhancement else None

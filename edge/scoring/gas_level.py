"""Reads the level of the gas column, in its own unit, and applies the limits on it."""

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
from edge.scoring.gas_unit import GasUnit

LEVEL_DEADBAND = 0.1
"""Deadband of the gas level, as a share of the enhancement that alarms."""

_GRID = 4e5  # the background's grid spans a little more than this


class GasLevel:
    """Reads gas levels, and finds those that exceed.

    Parameters
    ----------
    station
        A station with a gas column; the first such column is read.
    unit
        Unit of that column.
    enhancement
        Level above the background that exceeds [unit].
    limit
        Absolute level that exceeds [unit]; ``None``: no limit.

    Raises
    ------
    ValueError
        The station has no gas column.
    """

    def __init__(self, station: Station, unit: GasUnit, enhancement: float, limit: float | None) -> None:
        if station.gas_index is None:
            raise ValueError(f"{station.name}: got no gas column")
        self.unit = unit
        self.enhancement = enhancement
        self.limit = limit
        self._gas = station.gas_index
        self._low, self._high = station.features[self._gas].range
        self._least = math.inf if limit is None else limit

    def new_background(self, windows: Windows = DEFAULT_WINDOWS) -> Background:
        """Make the empty background of a station [unit]."""
        return Background(
            windows.background, stride=windows.background_stride, least=max(self._low, self._high / _GRID)
        )

    def read(self, values: Floats, flags: Flags) -> Iterable[tuple[float | None, bool]]:
        """Read the gas levels of readings [N, station.size] with their flags.

        Returns
        -------
        iterable of (float or None, bool)
            The level [unit], rounded, ``None`` if missing or below the range; and whether the channel is good.
        """
        scale = self.unit.scale
        levels = (np.rint(values[:, self._gas] * scale) / scale).tolist()
        good = (flags[:, self._gas] == GOOD).tolist()
        # A level above the physical range still counts: an analyser at its stop must not silence the alarm.
        high = self._high
        return [(level if fine or level > high else None, fine) for level, fine in zip(levels, good, strict=True)]

    def exceeded(self, level: float | None, background: float | None) -> Literal["limit", "enhancement"] | None:
        """Return which rule a level exceeds, if any."""
        if level is None or background is None:
            return None
        if level >= self._least:
            return "limit"
        return "enhancement" if level >= background + self.enhancement else None

    def clears(self, level: float, background: float) -> bool:
        """Return whether a level lies below what exceeds by more than the deadband."""
        return level < min(background + self.enhancement, self._least) - LEVEL_DEADBAND * self.enhancement

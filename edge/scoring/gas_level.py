"""Level: the gas column's own level [ppb], and the rule that it alarms by."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import numpy as np

from config.settings.station import Station
from edge.arrays import Flags, Floats
from edge.models.background import Background
from edge.readings.quality import GOOD

PPB_PER_UNIT = {"[ppb]": 1.0, "nmol/mol": 1.0, "[ppm]": 1e3, "umol/mol": 1e3, "%": 1e7}
"""Of one unit of a gas column; those in other units (mg/m3 needs temperature and pressure) have no level in ppb."""

_GRID = 4e5  # the background's grid spans a little more than this


class GasLevel:
    """Reads gas levels, and tells which of them exceed.

    Parameters
    ----------
    station
        Whose first gas column is read.
    enhancement_ppb
        Above the background [ppb].
    limit_ppb
        Absolute [ppb]; ``None``: none.

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

    def new_background(self) -> Background:
        """Begin the background of a station [ppb]."""
        return Background(least=max(self._low, self._high / _GRID))

    def ppb(self, level: float) -> float:
        """Convert a level in the gas column's unit."""
        return level * self._ppb

    def read(self, values: Floats, flags: Flags) -> Iterable[tuple[float | None, bool]]:
        """Gas levels of readings [N, station.size] with their flags.

        Returns
        -------
        iterable of (float or None, bool)
            The level [ppb], in tenths, ``None`` where it says nothing; and whether the channel is good.
        """
        levels = (np.rint(values[:, self._gas] * self._ppb * 10) / 10).tolist()
        good = (flags[:, self._gas] == GOOD).tolist()
        # A level above the physical range still counts: an analyser at its stop must not silence the alarm.
        high = self._high
        return [(level if fine or level > high else None, fine) for level, fine in zip(levels, good, strict=True)]

    def judge(self, level: float | None, background: float | None) -> Literal["limit", "enhancement"] | None:
        """Tell why a level exceeds, if it does."""
        if level is None or background is None:
            return None
        if level >= self._limit:
            return "limit"
        return "enhancement" if level >= background + self._enhancement else None

"""Converts numbers whose message gives their unit."""

from __future__ import annotations

import math
from collections.abc import Collection

from config.settings.station import Station
from edge.readings.decoding.unit_table import find_unit
from edge.readings.decoding.units import Convert, converter

_MOST = 256  # units that are remembered: a message may name any
_LONGEST = 32  # characters of a unit


class StatedUnits:
    """Converts the numbers of one station's channels from the units that its messages give.

    Parameters
    ----------
    station
        Its columns.
    declared
        Keys whose unit gateway.yaml declares: it is right about them.
    """

    def __init__(self, station: Station, declared: Collection[str] = ()) -> None:
        self._station = station
        self._declared = frozenset(station.keys.index(key) for key in declared)
        self._known: dict[tuple[int, str], Convert | str | None] = {}

    def convert(self, column: int, number: float, unit: str) -> float:
        """Return a number in the column's unit; nan stays nan.

        Raises
        ------
        ValueError
            The number cannot be in that unit: degrees in a column of ohms.
        """
        if column in self._declared:
            return number
        unit = unit[: _LONGEST + 1]
        if (column, unit) not in self._known:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[column, unit] = self._find(column, unit)
        convert = self._known[column, unit]
        if isinstance(convert, str):
            raise ValueError(convert)  # noqa: TRY004  # it is no type that is wrong
        if convert is None or math.isnan(number):
            return number
        value = convert(number)
        return value if math.isfinite(value) else math.nan

    def _find(self, column: int, unit: str) -> Convert | str | None:
        """Find the conversion, or why there is none."""
        feature = self._station.features[column]
        wanted = find_unit(feature.unit)
        if wanted is None or wanted.name == "1":
            return None  # the station file does not say in which unit its column is
        if len(unit) > _LONGEST:
            return "the unit is too long"
        try:
            return converter(unit, self._station, feature.key)
        except ValueError as error:
            return str(error)

"""Reads the time stamps of one station, and says once how it reads them."""

from __future__ import annotations

from typing import Any, Final

from edge.readings.decoding.quantity import RelativeTime
from edge.readings.decoding.timestamps import load_zone, number_unit, parse_timestamp

REMARK: Final = "remark"
"""Name of a note that is no problem, and is logged once."""

_UNITS: Final = {"ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_LARGEST_SECONDS: Final = 1e11
_SMALL: Final = 1e9  # [s] a number below is before September 2001: no clock, but a count
_PACES: Final = (("milliseconds", 1e3), ("microseconds", 1e6), ("days", 1 / 86_400.0))
_TOLERANCE: Final = 0.1  # of a pace
_SURE: Final = 3  # steps in a row at one pace


class Stamps:
    """Reads the time stamps of one station.

    Parameters
    ----------
    timezone
        Name of the zone of stamps without an offset; ``None``: UTC.

    Attributes
    ----------
    notes
        To be passed on, see :class:`edge.readings.decoding.decoder.Decoder`.

    Raises
    ------
    config.errors.ConfigError
        There is no zone of that name.
    """

    def __init__(self, timezone: str | None = None) -> None:
        self.notes: dict[str, str | None] = {}
        self._zone = None if timezone is None else load_zone(timezone)
        self._named: set[str] = set()  # units that were named in a remark
        self._fault = ""
        self._previous: tuple[float, float] | None = None  # small number, its arrival
        self._pace: tuple[str, int] = ("", 0)  # unit, steps in a row

    def read(self, value: Any, received: float) -> float | None:
        """Read a stamp of a reading received at Unix time ``received`` [s]; ``None`` if it cannot be used."""
        if type(value) is RelativeTime:
            return received + value
        try:
            ts = parse_timestamp(value, self._zone, received)
            if ts is not None and (type(value) is not str or value[4:5] != "-"):
                self._number(value, received)
        except ValueError as error:
            # The first sentence stays: it names a value, and the values differ.
            self._fault = self._fault or f"ts: {error}; until then readings have the time of arrival"
            self.notes["clock"] = self._fault
            return None
        if self._fault and ts is not None:
            self._fault = ""
            self.notes["clock"] = None
        return ts

    def _number(self, value: Any, received: float) -> None:
        """Say once in which unit numbers are read; raises ValueError for those that count from the start of a board."""
        try:
            number = float(value)
        except (ValueError, OverflowError):  # a text that is no number
            return
        if abs(number) >= _LARGEST_SECONDS:
            unit = number_unit(number) or ""
            if unit in _UNITS and unit not in self._named:
                self._named.add(unit)
                self.notes[REMARK] = f"ts is read as {_UNITS[unit]} since 1970, by its size"
        elif abs(number) < _SMALL:
            self._follow_pace(number, received)
            unit, steps = self._pace
            if steps >= _SURE:
                raise ValueError(
                    f"got numbers that grow like {unit} since the board has started, expected RFC 3339 or Unix time"
                )

    def _follow_pace(self, number: float, received: float) -> None:
        """Look how fast small numbers grow: a count of milliseconds since boot is no time."""
        previous = self._previous
        if previous is not None and 0.0 <= received - previous[1] < 1.0:
            return  # another one of the same array: the first ones of two arrays are compared
        self._previous = (number, received)
        if previous is None or received < previous[1]:
            return
        pace = (number - previous[0]) / (received - previous[1])
        unit = next((name for name, wanted in _PACES if abs(pace / wanted - 1.0) <= _TOLERANCE), "")
        if unit:
            self._pace = (unit, self._pace[1] + 1 if unit == self._pace[0] else 1)
        elif pace >= 0:  # a reboot starts the count again at the same pace
            self._pace = ("", 0)

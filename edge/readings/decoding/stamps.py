"""Reads the time stamps of one station, and says once how it reads them."""

from __future__ import annotations

from typing import Any, Final

from edge.readings.decoding.quantity import RelativeTime
from edge.readings.decoding.timestamps import load_zone, number_unit, parse_timestamp

REMARK: Final = "remark"
"""Name of a note that is no problem, and is logged once."""

_UNITS: Final = {"ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_LARGEST_SECONDS: Final = 1e11
_PER_SECOND: Final = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
_SINCE_START: Final = " since the board has started"
_COUNTS: Final = (
    ("milliseconds" + _SINCE_START, 1e3),
    ("microseconds" + _SINCE_START, 1e6),
    ("nanoseconds" + _SINCE_START, 1e9),
    ("ticks of 100 ns, as Windows and .NET count them", 1e7),
)
"""What numbers may count instead of the unit that their size suggests, and how many of them make a second."""
_SLOW_COUNTS: Final = (
    ("tenths of a second" + _SINCE_START, 10.0),
    ("hundredths of a second" + _SINCE_START, 100.0),
    ("hours" + _SINCE_START, 1 / 3600.0),
    ("days" + _SINCE_START, 1 / 86_400.0),
)
"""Likewise, for numbers that are no time of this century: stored readings may come at any pace near these."""
_CENTURY: Final = 946_684_800.0  # [s] 2000-01-01
_NEAR: Final = 86_400.0  # [s] from now within which a number is a time
_TOLERANCE: Final = 0.1  # of a pace ...
_EXACT: Final = 0.02  # ... and of that of numbers that could be times
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
        self._pace: tuple[str, int] = ("", 0)  # what a number counts by its pace, steps in a row
        self._counts = ""  # what the numbers are known to count instead of the unit that their size suggests

    def read(self, value: Any, received: float) -> float | None:
        """Read a stamp of a reading received at Unix time ``received`` [s]; ``None`` if it cannot be used."""
        if type(value) is RelativeTime:
            return received + value
        try:
            ts = parse_timestamp(value, self._zone, received)
            if ts is not None and (type(value) is not str or value[4:5] != "-"):
                self._number(value, ts, received)
        except ValueError as error:
            # The first sentence stays: it names a value, and the values differ.
            self._fault = self._fault or f"ts: {error}; until then readings have the time of arrival"
            self.notes["clock"] = self._fault
            return None
        if self._fault and ts is not None:
            self._fault = ""
            self.notes["clock"] = None
        return ts

    def _number(self, value: Any, ts: float, received: float) -> None:
        """Say once in which unit numbers are read; raises ValueError for those that grow at the pace of another."""
        try:
            number = float(value)
        except (ValueError, OverflowError):  # a text that is no number
            return
        unit = "s"
        if abs(number) >= _LARGEST_SECONDS:
            unit = number_unit(number) or ""
        if abs(received - ts) > _NEAR or self._counts:
            self._follow_pace(number, unit, ts, received)
            if self._counts:
                raise ValueError(f"got numbers that grow like {self._counts}, expected RFC 3339 or Unix time")
        if unit in _UNITS and unit not in self._named:
            self._named.add(unit)
            self.notes[REMARK] = f"ts is read as {_UNITS[unit]} since 1970, by its size"

    def _follow_pace(self, number: float, unit: str, ts: float, received: float) -> None:
        """Look how fast numbers grow that are no time of today: a count of milliseconds since boot is no time."""
        previous = self._previous
        if previous is not None and 0.0 <= received - previous[1] < 1.0:
            return  # another one of the same array: the first ones of two arrays are compared
        self._previous = (number, received)
        if previous is None or received < previous[1]:
            return
        pace = (number - previous[0]) / (received - previous[1])
        counts = self._count_at(pace, unit, ts, received)
        if counts is None:
            # A reboot starts a count again; a message that was delayed is no news, either.
            if abs(received - ts) <= _NEAR:
                self._counts, self._pace = "", ("", 0)  # the clock has been set
            elif pace >= 0:
                self._pace = ("", 0)
            return
        self._pace = (counts, self._pace[1] + 1 if counts == self._pace[0] else 1)
        if self._pace[1] >= _SURE:
            self._counts = counts

    @staticmethod
    def _count_at(pace: float, unit: str, ts: float, received: float) -> str | None:
        """Return what a number counts by its pace; empty for the unit of its size, ``None`` if that is not known."""
        own = _PER_SECOND.get(unit, 0.0)
        plausible = _CENTURY <= ts <= received
        tolerance = _EXACT if plausible else _TOLERANCE
        if own and abs(pace / own - 1.0) <= tolerance:
            return ""
        counts = _COUNTS if plausible else _COUNTS + _SLOW_COUNTS
        return next((name for name, wanted in counts if abs(pace / wanted - 1.0) <= tolerance), None)

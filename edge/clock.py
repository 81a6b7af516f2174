"""The clocks that davylamp reads, as a protocol, so that tests set the time instead of sleeping."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

_YEAR_1, _YEAR_10000 = -62_135_596_800.0, 253_402_300_799.0  # [s] the range of RFC 3339


class Clock(Protocol):
    """Two clocks: the wall clock for time stamps, the monotonic clock for time-outs."""

    def now(self) -> float:
        """Return the Unix time [s]; may jump when the gateway learns the time."""

    def monotonic(self) -> float:
        """Return the time since an arbitrary start [s]; never goes back."""


class SystemClock:
    """The clocks of the machine."""

    def now(self) -> float:
        """Return the Unix time [s]."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since an arbitrary start [s]."""
        return time.monotonic()


def rfc3339(unix: float) -> str:
    """Write a Unix time [s] as RFC 3339 in UTC with milliseconds.

    Raises
    ------
    ValueError
        The time is not finite, or lies outside the years 1 to 9999.

    Examples
    --------
    >>> rfc3339(1753776000.25)
    '2025-07-29T08:00:00.250Z'
    """
    try:
        seconds, milliseconds = divmod(round(unix * 1000), 1000)
        return f"{_second(seconds)}.{milliseconds:03d}Z"
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"got {unix!r}, expected a Unix time in seconds between the years 1 and 9999") from error


@lru_cache(maxsize=64)  # time stamps of readings and events are mostly of the same few seconds
def _second(unix: int) -> str:
    return datetime.fromtimestamp(unix, UTC).replace(tzinfo=None).isoformat()


def parse_time(value: str | float) -> float:
    """Read a time: RFC 3339 text (UTC if it has no offset) or Unix seconds.

    Returns
    -------
    float
        Unix time [s].

    Raises
    ------
    ValueError
        The value is neither, or lies outside the years 1 to 9999.

    Examples
    --------
    >>> parse_time("2025-07-29T10:00:00.250+02:00")
    1753776000.25
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise ValueError(f"got {value[:40]!r}, expected RFC 3339 such as 2026-01-31T12:00:00Z") from error
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not _YEAR_1 <= value <= _YEAR_10000:  # milliseconds by the billion, nan
        raise ValueError(f"got {value!r}, expected a Unix time in seconds between the years 1 and 9999")
    return float(value)

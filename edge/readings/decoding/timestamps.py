"""Reads what stations send as a time: RFC 3339 and its relatives, Unix times of every size, local time."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from config.errors import ConfigError
from config.time_zones import zone_fault
from edge.readings.decoding.dialect import BLANKS, MISSING_WORDS
from edge.readings.decoding.echo import printable

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_YEAR_1, _YEAR_10000 = -62_135_596_800.0, 253_402_300_799.0  # [s] the range of RFC 3339
UNIX_UNITS: Final = ((1e11, 1.0, "s"), (1e14, 1e3, "ms"), (1e17, 1e6, "us"), (1e20, 1e9, "ns"))
"""Largest number of each unit, the number of them in a second, and its name. Seconds reach the year 5138."""

_FIRST_SERIAL, _LAST_SERIAL = 20_000.0, 80_000.0  # [d] since 1899-12-30: 1954 to 2119
_UNIX_EPOCH_SERIAL = 25_569.0  # [d] 1970-01-01
_SERIAL_NEAR = 400.0  # [d] from now within which a number with a fraction is a day rather than a count of seconds
_SERIAL_FAR = 7500.0  # [d] likewise, if it has more than three decimals: boards count milliseconds

_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_TEXT = re.compile(
    r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})"
    r"(?:(?:T|_|,|-|\s)\s*(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?|[A-Z]{2,5})?(?:\[[\w/+-]+\])?",
    re.ASCII | re.IGNORECASE,
)
_COMPACT = re.compile(
    r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d", re.ASCII
)
_UTC: Final = ("Z", "UTC", "GMT")
_EXPECTED = "expected RFC 3339 such as 2026-01-31T12:00:00Z, or Unix time"


def parse_timestamp(value: Any, zone: ZoneInfo | None = None, near: float | None = None) -> float | None:
    """Read a time stamp.

    Parameters
    ----------
    value
        Text: RFC 3339, also with a blank instead of the T, slashes, a small z, a decimal comma or without separators;
        or a number (or the text of one): Unix time in seconds, milliseconds, microseconds or nanoseconds, by its size.
    zone
        Zone of a text without an offset; ``None``: UTC.
    near
        Unix time [s] that is nearest to the right one, such as that of arrival: it decides which of the two hours a
        local time in autumn belongs to, and whether a number is a day of a spreadsheet. ``None``: the earlier hour.

    Returns
    -------
    float or None
        Unix time [s]; ``None`` for a missing value.

    Raises
    ------
    ValueError
        It is no time; the sentence has a hint if what it is can be recognised.

    Examples
    --------
    >>> parse_timestamp("2026/11/30T02:20:27z"), parse_timestamp(1796005227000), parse_timestamp("1796005227")
    (1796005227.0, 1796005227.0, 1796005227.0)
    >>> from zoneinfo import ZoneInfo
    >>> parse_timestamp("2026-10-25 02:30:00", ZoneInfo("Europe/Berlin"), near=1792891800.0)
    1792891800.0
    """
    if type(value) is str:
        if value[4:5] == "-":  # nearly always: RFC 3339
            try:
                return _placed(datetime.fromisoformat(value), zone, near)
            except ValueError:
                pass
        return _text(value, zone, near)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, near)
    place = "ts: ts.seconds" if isinstance(value, dict) else "ts: ts[0]" if isinstance(value, list) else ""
    hint = f"; give its place under keys, such as {place}" if place else ""
    raise ValueError(f"got {_echo(value)}, {_EXPECTED}{hint}")


def number_unit(value: float) -> str | None:
    """Return the unit of a Unix time by its size: s, ms, us or ns; ``None`` if it is none at all.

    Examples
    --------
    >>> number_unit(1796005227), number_unit(1796005227000), number_unit(1e30)
    ('s', 'ms', None)
    """
    return next((unit for most, _, unit in UNIX_UNITS if abs(value) < most), None)


def load_zone(name: str) -> ZoneInfo:
    """Find a time zone by its name in the IANA database.

    Raises
    ------
    ConfigError
        There is none of that name; the sentence names the nearest.
    """
    from zoneinfo import ZoneInfo  # 300 kB that few stations need

    if (fault := zone_fault(name)) is not None:
        raise ConfigError([f"timezone: {fault}"])
    return ZoneInfo(name)


def _number(value: float, near: float | None) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if type(value) is int and _COMPACT.fullmatch(str(value) if number < 1e15 else ""):
        return _placed(_compact(str(value)).replace(tzinfo=UTC), None, None)
    for most, per_second, _ in UNIX_UNITS:
        if abs(number) < most:
            if per_second == 1.0:
                _refuse_serial(number, near)
                return _ranged(number)
            # Whole seconds first: nanoseconds are more digits than a float has.
            return _ranged(int(value) // int(per_second) + (value % per_second) / per_second)
    raise ValueError(f"got {_echo(value)}, which is too large for a time; {_EXPECTED}")


def _compact(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007  # _placed gives the zone
    except ValueError:
        raise ValueError(f"got {_echo(text)}, which is not in the calendar; {_EXPECTED}") from None


def _refuse_serial(number: float, near: float | None) -> None:
    if not _FIRST_SERIAL < number < _LAST_SERIAL or number == int(number):
        return
    most = _SERIAL_NEAR if abs(number * 1000 - round(number * 1000)) < 1e-6 else _SERIAL_FAR
    if near is not None and abs(number - _UNIX_EPOCH_SERIAL - near / 86_400.0) > most:
        return
    raise ValueError(
        f"got {number!r}, which looks like the days since 1899 that spreadsheets count; send RFC 3339 or Unix time"
    )


def _text(value: str, zone: ZoneInfo | None, near: float | None) -> float | None:
    text = value.strip(BLANKS)
    if text.casefold() in MISSING_WORDS:
        return None
    whole, _, part = text.replace(",", ".").partition(".")
    if _COMPACT.fullmatch(whole) and (not part or part.isdecimal()):
        return _placed(_compact(whole), zone, near) + float(f"0.{part or 0}")
    if _NUMBER.fullmatch(text):
        return _number(int(text) if text.lstrip("+-").isdigit() else float(text), near)
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(f"got {_echo(value)}, {_hint(text)}")
    year, _, month, day, hour, minute, second, fraction, offset = found.groups()
    seconds = int(second or 0)
    try:
        moment = datetime(  # noqa: DTZ001  # its offset is added below, or _placed gives the zone
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(seconds, 59),
            int((fraction or "0")[:6].ljust(6, "0")),
        )  # fmt: skip
        if offset and (offset[0] in "+-" or offset.upper() in _UTC):
            moment = datetime.fromisoformat(moment.isoformat() + _offset(offset))
        elif offset:
            moment = _named(moment, offset.upper(), zone)
        placed = _placed(moment, zone, near)
    except ValueError:
        raise ValueError(f"got {_echo(value)}, which is not in the calendar; {_EXPECTED}") from None
    except _UnknownZoneError as error:
        fix = "send an offset such as +02:00, or set timezone:"
        raise ValueError(f"got {_echo(value)}, in which {error} may be more than one zone; {fix}") from None
    if seconds > 60:
        raise ValueError(f"got {_echo(value)}, which is not in the calendar; {_EXPECTED}")
    return placed + (seconds == 60)  # a leap second


def _named(moment: datetime, abbreviation: str, zone: ZoneInfo | None) -> datetime:
    """Give a moment the fold in which its zone has this abbreviation: CEST or CET."""
    if zone is not None:
        for fold in (0, 1):
            placed = moment.replace(tzinfo=zone, fold=fold)
            if placed.tzname() == abbreviation:
                return placed
    raise _UnknownZoneError(abbreviation)


class _UnknownZoneError(Exception):
    """An abbreviation that is not one of the station's zone."""


def _offset(text: str) -> str:
    if text[0] not in "+-":
        return "+00:00"
    digits = text[1:].replace(":", "").ljust(4, "0")
    return f"{text[0]}{digits[:2]}:{digits[2:]}"


def _placed(moment: datetime, zone: ZoneInfo | None, near: float | None) -> float:
    """Return the Unix time [s] of a moment that may lack its zone."""
    if moment.tzinfo is not None:
        return _ranged(moment.timestamp())
    if zone is None:
        return _ranged(moment.replace(tzinfo=UTC).timestamp())
    first = moment.replace(tzinfo=zone)
    early = first.timestamp()
    late = first.replace(fold=1).timestamp()
    # In autumn both are possible. In spring neither is, and the first is that of a clock not yet put forward.
    nearer = early if near is None or abs(early - near) <= abs(late - near) else late
    return _ranged(nearer)


def _ranged(time: float) -> float:
    if not _YEAR_1 <= time <= _YEAR_10000:
        raise ValueError(f"got {time!r}, expected a time in the years 1 to 9999")
    return time


def _hint(text: str) -> str:
    """Say what is wrong with a text that is no time."""
    if re.fullmatch(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}.*", text, re.DOTALL):
        return "in which day and month can be mistaken for one another; send RFC 3339, or set ts: received"
    if re.fullmatch(r"\d{1,3}:\d{2}(:\d{2})?.*", text, re.DOTALL):
        return "a time of day without a date; send RFC 3339, or set ts: received"
    if re.match(r"P?\d+[dDT]", text):
        return "which looks like the time since the board has started; send RFC 3339, or set ts: received"
    return _EXPECTED


def _echo(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    bare = printable(str(value) if not isinstance(value, int) or abs(value) < 10**60 else "a number of many digits")
    return f'"{bare}"' if isinstance(value, str) else bare

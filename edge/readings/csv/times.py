"""Decodes the time columns of files: RFC 3339 and its relatives, Unix times, declared formats and zones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from config.settings.station import Station
from config.time_format import TimeFormat, suggest_time_formats
from edge.arrays import Floats, Mask
from edge.readings.csv.bad_rows import BadRows
from edge.readings.csv.header import quoted
from edge.readings.decoding.dialect import BLANKS
from edge.readings.decoding.timestamps import load_zone, parse_timestamp

_SERIALS = 20_000.0, 80_000.0  # [d] since 1899-12-30: 1954 to 2119
_DAYS = (_SERIALS, (700_000.0, 800_000.0), (2_400_000.0, 2_500_000.0))  # those, days since the year 0, Julian days
_SERIAL_STEP = 0.05  # [s] rows closer than this are days of a spreadsheet rather than seconds
_SIZES = ((1e11, 1.0, "seconds"), (1e14, 1e3, "milliseconds"), (1e17, 1e6, "microseconds"), (1e20, 1e9, "nanoseconds"))
_CENTURY = 946_684_800.0  # [s] 2000-01-01
_LONG_STEP = 1e3  # [s] rows farther apart than this are milliseconds, if they are in the last century
_COMPACT = 1.9e13, 2.1e13  # 20260131120000 is a date
_BIN = 900.0  # [s] zones change their offset at quarters of an hour at most
_OFFSET = re.compile(r"\d(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)(?:\[.*\])?\Z", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}(?:[:.m]\d{2}(?:[.,]\d+)?)?s?(?:\s?[ap]\.?m\.?)?", re.IGNORECASE)
_SAMPLE = 2000  # texts among which a format is looked for


class TimeColumns:
    """Decodes the time of every row of one file, batch by batch.

    Parameters
    ----------
    station
        Its time columns, their format and zone.
    bad
        Receives what makes the times of the whole file unreadable.

    Attributes
    ----------
    notes
        Sentences about how the times were read.
    """

    def __init__(self, station: Station, bad: BadRows) -> None:
        self.notes: list[str] = []
        self._station = station
        self._name = " and ".join(station.time_columns)
        self._format = TimeFormat(station.time_format) if station.time_format else None
        self._zone = load_zone(station.timezone) if station.timezone else None
        self._bad = bad
        self._units: set[str] = set()
        self._strange: list[str] = []  # texts that are no time, for which a format is looked for
        self._first_strange = 0
        self._serials: list[Floats] = []
        self._first_serial = (0, "")

    def decode(self, columns: Sequence[Sequence[str]], lines: Sequence[int]) -> tuple[Floats, Mask, dict[int, str]]:
        """Decode the time columns, one or two.

        Returns
        -------
        tuple
            Times [N] in [s]; whether each is local, so that its offset is still to be subtracted; and a sentence for
            each row whose cell is no time.
        """
        cells: Sequence[str] = columns[0]
        if len(columns) == 2:
            cells = [f"{date.strip()} {time.strip()}".strip() for date, time in zip(*columns, strict=True)]
        local = np.zeros(len(cells), dtype=bool)
        numbers = None if self._format else self._numbers(cells, lines)
        if numbers is not None:
            return numbers, local, {}
        values = np.full(len(cells), np.nan)
        faults: dict[int, str] = {}
        zoned = self._zone is not None
        for i, cell in enumerate(cells):
            try:
                if self._format is None:
                    try:
                        moment = datetime.fromisoformat(cell)
                    except ValueError:
                        values[i], local[i] = self._relative(cell.strip(BLANKS))
                        continue
                else:
                    moment = self._declared(cell.strip(BLANKS))
                if moment.tzinfo is None:
                    local[i] = zoned
                    moment = moment.replace(tzinfo=UTC)
                values[i] = moment.timestamp()
            except ValueError as error:
                faults[i] = self._fault(cell.strip(), lines[i], str(error))
        return values, local, faults

    def settle(self, values: Floats, local: Mask) -> Floats:
        """Return the times of all rows [N] in [s], in the file's order, as Unix time.

        Of an hour that the clock shows twice, the order of the rows tells which one it is.
        """
        if self._serials:
            self._refuse_serials()
        found = suggest_time_formats(list(dict.fromkeys(self._strange)))
        if found and len(self._strange) > len(values) / 2:
            self._suggest(found)
        for unit in sorted(self._units - {"seconds"}):
            self.notes.append(f"the times are Unix {unit}")
        if self._are_milliseconds_since_start(values):
            self.notes.append("the times are taken for milliseconds since the station's start; dates are not known")
            return values / 1e3
        if self._zone is None or not local.any():
            return values
        return _placed(values, local, self._zone)

    def _are_milliseconds_since_start(self, values: Floats) -> bool:
        """Whether whole numbers that would be seconds in the last century count milliseconds since a start."""
        known = values[np.isfinite(values)]
        steps = np.diff(known)
        steps = steps[steps > 0]
        if self._units != {"seconds"} or not len(steps) or known.max() >= _CENTURY or (known % 1).any():
            return False
        step, cadence = float(np.median(steps)), self._station.cadence
        if cadence is not None:
            return bool(abs(np.log(step / cadence / 1e3)) < abs(np.log(step / cadence)))
        return step >= _LONG_STEP

    def _numbers(self, cells: Sequence[str], lines: Sequence[int]) -> Floats | None:
        """Decode a column of Unix times, their unit by their size; ``None`` for any other column."""
        try:
            values = np.fromiter(map(float, [cell.replace(",", ".") for cell in cells]), np.float64, len(cells))
        except ValueError:
            return None
        size = np.abs(values)
        if not (size < _SIZES[-1][0]).all() or ((size > _COMPACT[0]) & (size < _COMPACT[1])).any():
            return None
        serial = np.any([(values > low) & (values < high) for low, high in _DAYS], axis=0)
        if serial.any():
            i = int(np.argmax(serial))
            self._first_serial = self._first_serial if self._serials else (lines[i], cells[i].strip())
            self._serials.append(values[serial])
        below = 0.0
        result = values.copy()
        for most, per_second, unit in _SIZES:
            here = (size >= below) & (size < most)
            if here.any():
                self._units.add(unit)
                result[here] = values[here] / per_second
            below = most
        return result

    def _relative(self, text: str) -> tuple[float, bool]:
        """Read a relative of RFC 3339; returns the time [s], and whether it is local."""
        value = parse_timestamp(text)
        if value is None:
            raise ValueError("")
        try:
            float(text.replace(",", "."))
        except ValueError:
            return value, self._zone is not None and _OFFSET.search(text) is None
        return value, False

    def _declared(self, text: str) -> datetime:
        assert self._format is not None
        try:
            return self._format.parse(text)
        except ValueError:
            pass
        try:
            return datetime.fromisoformat(text)  # what `davylamp record` has written before the format was declared
        except ValueError:
            raise ValueError(f"expected a time such as {self._format.write(_EXAMPLE)}") from None

    def _fault(self, text: str, line: int, reason: str) -> str:
        if len(self._strange) < _SAMPLE:
            self._first_strange = self._first_strange or line
            self._strange.append(text)
        got = f"got {quoted(text)}"
        if self._format is not None:
            return f"{got}, {reason}, as time_format: {self._format.text} declares; fix the cell"
        found = suggest_time_formats([text])
        if _CLOCK.fullmatch(text):
            fix = f"write time: [DATE, {self._name}] into the station file, with the name of the column of dates"
            return f"{got}, which is a time of day without a date; fix: {fix}"
        fix = f"fix: {_declare(found)}" if found else "fix the cell"
        return f"{got}, expected a time such as 2026-01-31T12:00:00Z, or Unix seconds; {fix}"

    def _suggest(self, found: list[str]) -> None:
        """Refuse a column of dates whose order is not declared, with the line to write."""
        text = self._strange[0]
        readings = " or ".join(f"{TimeFormat(each).parse(text):%-d %B %Y}" for each in found)
        which = f"which may be {readings}" if len(found) > 1 else f"which is {readings}"
        if len(found) < len(suggest_time_formats([text])):
            which += ", as other rows show"
        self._bad.refuse(self._first_strange, f"got {quoted(text)}, {which}; fix: {_declare(found)}", self._name)

    def _refuse_serials(self) -> None:
        """Refuse days since 1899 as spreadsheets count them."""
        values = np.concatenate(self._serials)
        steps = np.abs(np.diff(values))
        steps = steps[steps > 0]
        cadence = self._station.cadence
        step = float(np.median(steps)) if len(steps) else 1.0
        days = step < _SERIAL_STEP or (cadence is not None and abs(step * 86_400.0 / cadence - 1) < 0.5)
        if not days:
            return
        line, text = self._first_serial
        number = float(text.replace(",", "."))
        what = "a count of days"
        if number < _SERIALS[1]:
            day = datetime.fromtimestamp(round((number - 25_569.0) * 86_400.0), UTC)
            what = f"{day:%Y-%m-%d %H:%M} counted in days as spreadsheets do"
        fix = "give the column the number format yyyy-mm-dd hh:mm:ss there and export it again"
        self._bad.refuse(line, f"got {quoted(text)}, which is {what}; fix: {fix}", self._name)


_EXAMPLE = datetime(2026, 1, 31, 14, 5, 9, tzinfo=UTC)


def _declare(found: Sequence[str]) -> str:
    return f"write {' or '.join(f'time_format: {each}' for each in found)} into the station file"


def _placed(values: Floats, local: Mask, zone: ZoneInfo) -> Floats:
    """Subtract the zone's offsets from local times [N] in [s]."""
    bins, which = np.unique(np.floor(np.where(local, values, 0.0) / _BIN), return_inverse=True)
    offsets = np.array([[_offset(each * _BIN, zone, fold) for fold in (0, 1)] for each in bins])
    early = np.where(local, values - offsets[which, 0], values)
    late = np.where(local, values - offsets[which, 1], values)
    twice = late > early
    result = np.where(np.isfinite(values), early, np.nan)
    if not twice.any():
        return result
    steps = np.diff(values)
    order = range(len(values)) if (steps > 0).sum() >= (steps < 0).sum() else range(len(values) - 1, -1, -1)
    before = -np.inf
    for i in order:
        if twice[i] and early[i] < before:
            result[i] = late[i]
        if result[i] == result[i]:  # the quick test for nan
            before = result[i]
    return result


def _offset(local: float, zone: ZoneInfo, fold: int) -> float:
    """Return how far a local time [s] is ahead of UTC [s]; where the clock was put forward, the offset before."""
    if not np.isfinite(local):
        return 0.0
    moment = datetime.fromtimestamp(local, UTC).replace(tzinfo=zone, fold=fold)
    offset = moment.utcoffset()
    return offset.total_seconds() if offset is not None else 0.0

"""Decodes the time columns of files: RFC 3339 and its relatives, Unix times, declared formats and zones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from config.settings.station import Station
from config.time_format import TimeFormat, suggest_packed_formats, suggest_time_formats
from edge.arrays import Floats, Mask
from edge.readings.csv.bad_rows import BadRows
from edge.readings.csv.header import quoted
from edge.readings.csv.local_times import place_local_times
from edge.readings.decoding.dialect import BLANKS
from edge.readings.decoding.timestamps import UNIX_UNITS, load_zone, parse_timestamp
from edge.readings.gaps import median_interval

_SERIALS = 20_000.0, 80_000.0  # [d] since 1899-12-30: 1954 to 2119
_DAYS = (_SERIALS, (700_000.0, 800_000.0), (2_400_000.0, 2_500_000.0))  # those, days since the year 0, Julian days
_SERIAL_STEP = 0.05  # [s] rows closer than this are days of a spreadsheet rather than seconds
_UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_CENTURY = 946_684_800.0  # [s] 2000-01-01
_LONG_STEP = 1e3  # [s] rows farther apart than this are milliseconds, if they are in the last century
_COMPACT = 1.9e13, 2.1e13  # 20260131120000 is a date
_OFFSET = re.compile(r"\d(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)(?:\[.*\])?\Z", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}(?:[:.m]\d{2}(?:[.,]\d+)?)?s?(?:\s?[ap]\.?m\.?)?", re.IGNORECASE)
_SHORTENED = re.compile(r"[+-]?\d(?:[.,](\d*))?e\+?(\d{1,2})", re.IGNORECASE)
_DAY = 86_400.0  # [s]
_SAMPLE = 2000  # texts among which a format is looked for
_LAST = 3_155_760_000.0  # [s] 2070-01-01: later times are doubtful


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
        self._strange_count = 0
        self._first_strange = 0, ""  # its line, and a sentence
        self._packed: list[str] | None = []  # numbers that may be dates without separators; None: they are not
        self._first_number = 0
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

    def settle(self, values: Floats, local: Mask, clock: str | None = None) -> Floats:
        """Return the times of all rows [N] in [s], in the file's order, as Unix time.

        When the clock shows an hour twice, the order of the rows decides which of the two it is.
        ``clock`` is the name of a column of times of day that the station file does not name, if there is one.
        """
        self._note_coarse(values, clock)
        if self._serials:
            self._refuse_serials()
        if self._strange_count > len(values) / 2:
            found = suggest_time_formats(list(dict.fromkeys(self._strange)))
            if found:
                self._suggest(self._first_strange[0], self._strange[0], found)
            else:
                self._bad.refuse(*self._first_strange, self._name)
        if self._packed and (packed := suggest_packed_formats(self._packed)):
            self._suggest(self._first_number, self._packed[0], packed)
        for unit in sorted(self._units - {"seconds"}):
            self.notes.append(f"the times are Unix {unit}")
        if self._are_milliseconds_since_start(values):
            self.notes.append("the times are taken for milliseconds since the station's start; dates are not known")
            return values / 1e3
        if self._units:
            self._name_odd_dates(values)
        if self._zone is None or not local.any():
            return values
        return place_local_times(values, local, self._zone)

    def _note_coarse(self, values: Floats, clock: str | None) -> None:
        """Note times that are days, or that never move: gaps are not seen by them."""
        values = values[np.isfinite(values)]
        days = not (values % _DAY).any() and np.count_nonzero(np.diff(values)) < len(values) / 2
        if days and clock is not None:
            fix = f"write time: [{self._name}, {clock}] into the station file"
            self.notes.append(f"its column {quoted(self._name)} gives days only, so that gaps are not seen; fix: {fix}")
        elif len(values) > 2 and not np.diff(values).any():
            self.notes.append("every row has the same time, so that gaps are not seen")
        elif len(values) > 2 and days:
            self.notes.append(
                f"its column {quoted(self._name)} gives days only, so that gaps within a day are not seen"
            )

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

    def _name_odd_dates(self, values: Floats) -> None:
        """Note what numbers are taken for, if they are no Unix times of this century."""
        known = values[np.isfinite(values)]
        if not len(known) or _CENTURY <= float(np.median(known)) < _LAST:
            return
        if self._units == {"seconds"} and known.max() < _CENTURY:
            step = median_interval(known)
            if step is not None and step < 1.0:
                note = f"the times are taken for seconds since a start, with rows {step:.3g} s apart"
                self.notes.append(f"{note}; if they count something else, write them as dates")
        else:
            first = datetime.fromtimestamp(float(known.min()), UTC)
            self.notes.append(f"its times begin at {first:%Y-%m-%d}; if that is wrong, export them as dates")

    def _numbers(self, cells: Sequence[str], lines: Sequence[int]) -> Floats | None:
        """Decode a column of Unix times, their unit by their size; ``None`` for any other column."""
        try:
            values = np.fromiter(map(float, [cell.replace(",", ".") for cell in cells]), np.float64, len(cells))
        except ValueError:
            return None
        size = np.abs(values)
        if not (size < UNIX_UNITS[-1][0]).all() or ((size > _COMPACT[0]) & (size < _COMPACT[1])).any():
            return None
        if any("e" in cell or "E" in cell for cell in cells[:_SAMPLE]):
            self._look_for_lost_digits(cells, lines, values)
        if self._packed is not None:
            self._first_number = self._first_number or lines[0]
            sample = [cell.strip() for cell in cells[:: max(1, len(cells) // _SAMPLE)]]
            self._packed = self._packed + sample if suggest_packed_formats(sample) else None
        serial = np.any([(values > low) & (values < high) for low, high in _DAYS], axis=0)
        if serial.any():
            i = int(np.argmax(serial))
            self._first_serial = self._first_serial if self._serials else (lines[i], cells[i].strip())
            self._serials.append(values[serial])
        below = 0.0
        result = values.copy()
        for most, per_second, unit in UNIX_UNITS:
            here = (size >= below) & (size < most)
            if here.any():
                self._units.add(_UNITS[unit])
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
        sentence = self._sentence(text, reason)
        if not self._strange_count:
            self._first_strange = line, sentence
        self._strange_count += 1
        if len(self._strange) < _SAMPLE:
            self._strange.append(text)
        return sentence

    def _sentence(self, text: str, reason: str) -> str:
        got = f"got {quoted(text)}"
        columns = self._station.time_columns
        if self._format is not None:
            return f"{got}, {reason}, as time_format: {self._format.text} declares; fix the cell"
        found = suggest_time_formats([text])
        if len(columns) == 2 and (clock := _CLOCK.match(text)):
            if text[clock.end() :].strip():
                fix = f"fix: write time: [{columns[1]}, {columns[0]}] into the station file, the date first"
            else:
                fix = f"fix: fill the column {quoted(columns[0])} in every row"
            return f"{got}, which begins with the time of day; {fix}"
        if _CLOCK.fullmatch(text):
            fix = f"write time: [DATE, {self._name}] into the station file, with the name of the column of dates"
            return f"{got}, which is a time of day without a date; fix: {fix}"
        fix = (
            f"fix: {_declare(found)}" if found else "fix the cell, or declare its form as time_format: dd/mm/yyyy hh:mm"
        )
        return f"{got}, expected a time such as 2026-01-31T12:00:00Z, or Unix seconds; {fix}"

    def _look_for_lost_digits(self, cells: Sequence[str], lines: Sequence[int], values: Floats) -> None:
        """Refuse numbers such as 1.77819E+12, of which a spreadsheet has written the first digits only."""
        for cell, line, value in zip(cells, lines, values.tolist(), strict=True):
            found = _SHORTENED.fullmatch(cell.strip())
            if found is None:
                continue
            per_second = next(factor for most, factor, _ in UNIX_UNITS if abs(value) < most)
            if 10.0 ** (int(found[2]) - len(found[1] or "")) > per_second and len(np.unique(values)) < len(values):
                what = "whose last digits a spreadsheet has cut off"
                fix = "fix: give the column the number format 0 there and export it again"
                self._bad.refuse(line, f"got {quoted(cell.strip())}, {what}; {fix}", self._name)
            return

    def _suggest(self, line: int, text: str, found: list[str]) -> None:
        """Refuse a column of dates whose order is not declared, with the line to write."""
        readings = " or ".join(f"{TimeFormat(each).parse(text):%-d %B %Y}" for each in found)
        which = f"which may be {readings}" if len(found) > 1 else f"which is {readings}"
        if len(found) < len(suggest_time_formats([text])):
            which += ", as other rows show"
        self._bad.refuse(line, f"got {quoted(text)}, {which}; fix: {_declare(found)}", self._name)

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

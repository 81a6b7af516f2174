"""Reads the values of one station's channels: numbers in their units, missing values, and what is neither."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from config.settings.station import Station
from config.settings.unit_settings import UnitSettings
from edge.readings.decoding.dialect import Dialect, comma_doubt
from edge.readings.decoding.echo import echo, printable
from edge.readings.decoding.quantity import Quantity, parse_quantity
from edge.readings.decoding.stated_units import StatedUnits
from edge.readings.decoding.units import Convert, converters


class ValueReader:
    """Reads the values of one station's channels.

    Parameters
    ----------
    station
        Its columns.
    missing
        Further numbers and texts that stand for no reading.
    units
        Units in which values come, by key.

    Attributes
    ----------
    sentinels
        The numbers of each column that stand for no reading [F].
    plain
        Whether other programs find the same numbers in the messages so far: none came with a unit, or as a text that
        is no number for them, such as ``21,5``.
    strange
        Column -> what came there instead of a number, until a number comes.
    busy
        Whether :meth:`finish` has anything to do.

    Raises
    ------
    config.errors.ConfigError
        A key or a unit is unknown, or a unit cannot be converted to its column's.
    """

    def __init__(
        self,
        station: Station,
        missing: Sequence[float | str] = (),
        units: Mapping[str, str | UnitSettings] | None = None,
    ) -> None:
        self._keys = station.keys
        self._dialect = Dialect(station, missing)
        self._conversions: tuple[tuple[int, Convert], ...] = tuple(
            (station.keys.index(key), convert) for key, convert in converters(units or {}, station).items()
        )
        self._stated = StatedUnits(station, units or {})  # behind that, which finds unknown keys
        self.sentinels = self._dialect.numbers
        self.strange: dict[int, str] = {}
        self.plain = True
        self.busy = bool(self._conversions)
        self._noted: frozenset[int] = frozenset()  # columns of the last sentence

    def read(self, column: int, value: Any) -> float:
        """Read a value that is no plain float; nan for a missing value, and for what is neither."""
        if value is None:
            return math.nan
        try:
            number = self._dialect.value(column, value)
            if type(value) is str:
                self._compare(value, number)
            elif isinstance(value, Quantity):
                number = self._stated.convert(column, number, value.unit)
                self._compare("", number)
        except ValueError:
            quantity = parse_quantity(value) if type(value) is str else None
            if quantity is not None:
                return self.read(column, quantity)
            unit = f"{printable(str(value))} (a unit that cannot be converted to the column's)"
            # The first one stays: they differ, and what is reported must not.
            self.strange.setdefault(column, unit if isinstance(value, Quantity) else echo(value) + comma_doubt(value))
            self.busy = True
            return math.nan
        return number

    def read_beside(self, column: int, value: Any, unit: str) -> float:
        """Read a value beside which its message names a unit; what is no unit of the column's kind is disregarded."""
        number = self.read(column, value)
        try:
            converted = self._stated.convert(column, number, unit)
        except ValueError:
            return number
        self._compare(str(number), converted)
        return converted

    def _compare(self, text: str, number: float) -> None:
        """Note whether a text is the number that has been read from it; a missing value is missing for everybody."""
        try:
            same = math.isnan(number) or float(text) == number
        except ValueError:
            same = False
        if not same and self.plain:
            self.plain, self.busy = False, True

    def is_strange(self, column: int, value: Any) -> bool:
        """Return whether a value is neither a number nor a missing value, whatever came before it."""
        before, self.strange = self.strange, {}
        self.read(column, value)
        found, self.strange = column in self.strange, before
        return found

    def forget(self) -> None:
        """Forget what is strange in a message that is refused as a whole, but not what has been noted before."""
        self.strange = {column: what for column, what in self.strange.items() if column in self._noted}

    def finish(self, values: list[float], notes: dict[str, str | None]) -> None:
        """Convert the values of a reading [F] in place, and note under ``values`` what is strange in its channels."""
        if self.strange or self._noted:
            for column in [each for each in self.strange if not math.isnan(values[each])]:
                del self.strange[column]
            notes["values"] = self._sentence() if self.strange else None
            self._noted = frozenset(self.strange)
        self.busy = bool(self.strange or self._conversions)
        for column, convert in self._conversions:
            if not math.isnan(values[column]):
                value = convert(values[column])
                values[column] = value if math.isfinite(value) else math.nan

    def _sentence(self) -> str:
        got = "; ".join(f"{self._keys[column]}: got {what}" for column, what in sorted(self.strange.items()))
        fix = "such a value is flagged as missing; fix: the station, or name the place of the number under keys"
        return f"{got}, expected a number; {fix}"

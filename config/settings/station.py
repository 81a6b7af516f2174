"""Settings of a station file: its columns, and what is physically possible in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from config.printable import has_commands, in_quotes
from config.settings.windows import WindowSettings
from config.time_format import TimeFormat
from config.time_zones import zone_fault

Role = Literal["gas", "environment", "sensor"]
Scale = Literal["log", "linear"]

_MAGNUS = re.compile(r"magnus\(\s*(\w+)\s*,\s*(\w+)\s*\)")
_SENTINEL = -200.0  # what many loggers write for no reading
_NOT_COLUMNS = ("ts", "seq")  # every message may have these two keys beside the readings


class Feature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column of a station."""

    name: Annotated[str, Meta(min_length=1, description="column name in CSV and Parquet files")]
    key: Annotated[
        str,
        Meta(
            pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*\Z",
            description="column name in messages, with the unit",
            extra={"expected": "snake_case with the unit, e.g. ch4_ppb"},
        ),
    ]
    unit: Annotated[str, Meta(min_length=1, description="UCUM code", extra={"expected": 'a UCUM code, e.g. "[ppb]"'})]
    role: Annotated[Role, Meta(description="gas | environment | sensor")]
    scale: Annotated[Scale, Meta(description="log | linear: the scale on which the models see it")] = "linear"
    range: Annotated[
        tuple[float, float],
        Meta(
            description="physically possible [low, high], in the unit",
            extra={"expected": "[low, high] with low < high"},
        ),
    ]
    missing: Annotated[
        tuple[float | str, ...] | None,
        Meta(
            description="numbers and texts that stand for no reading; null: -200, unless the range contains it",
            extra={"expected": "a list of numbers and texts"},
        ),
    ] = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        if self.key in _NOT_COLUMNS:
            yield "key", f'got "{self.key}", expected another name: messages use it for something else'
        for what in ("name", "unit"):
            text = getattr(self, what)
            if text is not None and has_commands(text):
                yield what, f"got {in_quotes(text)}, expected a text without control characters"
        if self.range is None:  # could not be read
            return
        low, high = self.range
        if low >= high:
            yield "range", f"got [{low:g}, {high:g}], expected [low, high] with low < high"
        elif self.scale == "log" and low < 0:
            yield "range", f"got [{low:g}, {high:g}], expected low >= 0 with scale: log"
        for i, value in enumerate(self.missing or ()):
            if not isinstance(value, str) and low <= value <= high:
                yield f"missing[{i}]", f"got {value:g}, expected a value outside the range [{low:g}, {high:g}]"

    @property
    def sentinels(self) -> tuple[float | str, ...]:
        """What stands for no reading in this column, beside the words that every station has."""
        if self.missing is not None:
            return self.missing
        low, high = self.range
        return () if low <= _SENTINEL <= high else (_SENTINEL,)


class Ratio(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A redundant column: moisture, which follows from temperature and humidity."""

    of: Annotated[str, Meta(description="key of the water mole fraction")]
    to: Annotated[
        str,
        Meta(
            pattern=rf"^{_MAGNUS.pattern}\Z",
            description="saturation pressure (Magnus) at the temperature, times the relative humidity",
            extra={"expected": '"magnus(TEMPERATURE_KEY, HUMIDITY_KEY)", in quotes when inside { }'},
        ),
    ]

    @property
    def keys(self) -> tuple[str, str, str]:
        """Keys of the mole fraction, the temperature and the humidity."""
        found = _MAGNUS.fullmatch(self.to)
        assert found is not None
        return self.of, found[1], found[2]


class Station(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of station: its columns in order, and how its rows follow one another in time."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*\Z",
            description="name of this kind of station",
            extra={"expected": "a name of letters, digits, _ . - only"},
        ),
    ]
    features: Annotated[tuple[Feature, ...], Meta(min_length=2, extra={"expected": "a list of at least two columns"})]
    ratio: Annotated[Ratio | None, Meta(description="null: no redundant column")] = None
    recenter: Annotated[
        Annotated[int, Meta(ge=2)] | Literal["off"] | None,
        Meta(description="readings in the rolling median, an older form of windows.recenter | off; null: that one"),
    ] = None
    windows: WindowSettings = WindowSettings()
    time: Annotated[
        str | tuple[str, str] | None,
        Meta(
            description="name of the time column in files, or [DATE, TIME] when there are two; null: none",
            extra={"expected": "a column's name, [DATE, TIME] when there are two, or null"},
        ),
    ] = None
    time_format: Annotated[
        str | None, Meta(description="how files write a time that is not RFC 3339, e.g. dd/mm/yyyy hh:mm")
    ] = None
    timezone: Annotated[
        str | None, Meta(description="of times without an offset in files, e.g. Europe/Berlin; null: UTC")
    ] = None
    decimal: Annotated[Literal[".", ","] | None, Meta(description="decimal sign in files; null: detected")] = None
    thousands: Annotated[
        Literal[",", ".", " ", "'"] | None,
        Meta(description='mark between thousands in files: "," | "." | " " | "\'"; null: none'),
    ] = None
    cadence: Annotated[Annotated[float, Meta(gt=0)] | None, Meta(description="[s] between rows; null: unknown")] = None
    missing: Annotated[
        tuple[float | str, ...],
        Meta(
            description="further numbers and texts that stand for no reading, in every column",
            extra={"expected": "a list of numbers and texts"},
        ),
    ] = ()

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        if self.features is None:  # could not be read
            return
        for what in ("name", "key"):
            values = [getattr(feature, what) for feature in self.features]
            for i, value in enumerate(values):
                if value is not None and value in values[:i]:
                    yield f"features[{i}].{what}", f'got "{value}", which features[{values.index(value)}] has already'
        for name in self.time_columns:
            if name in self.names:
                yield "time", f'got "{name}", expected a column that is not among the features'
        if self.recenter is not None and self.windows.recenter != "auto":
            yield (
                "recenter",
                f"got {self.recenter} beside windows.recenter, expected one of the two; leave this one out",
            )
        yield from self._file_problems()
        for i, value in enumerate(self.missing or ()):
            yield from self._missing_problems(i, value)
        if self.ratio is not None and None not in self.keys and None not in (self.ratio.of, self.ratio.to):
            for key in self.ratio.keys:
                if key not in self.keys:
                    yield "ratio", f'got "{key}", expected one of the keys {", ".join(self.keys)}'

    def _file_problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for what contradicts itself about files."""
        if len(self.time_columns) == 2 and self.time_columns[0] == self.time_columns[1]:
            yield "time", f'got "{self.time_columns[0]}" twice, expected the date and the time of day'
        if self.time_format is not None:
            try:
                TimeFormat(self.time_format)
            except ValueError as error:
                yield "time_format", str(error)
        if self.timezone is not None and (fault := zone_fault(self.timezone)):
            yield "timezone", fault
        if self.thousands is not None and self.thousands == self.decimal:
            yield "thousands", f'got "{self.thousands}", which is the decimal sign as well; expected another mark'

    @property
    def time_columns(self) -> tuple[str, ...]:
        """Names of the columns that hold the time in files: none, one, or the date and the time of day."""
        return (self.time,) if isinstance(self.time, str) else self.time or ()

    def _missing_problems(self, i: int, value: float | str) -> Iterator[tuple[str, str]]:
        for feature in self.features:
            if feature is not None and feature.range is not None and not isinstance(value, str):
                low, high = feature.range
                if low <= value <= high:
                    fix = "give it to the columns that it is meant for"
                    yield f"missing[{i}]", f"got {value:g}, which lies in the range of {feature.key}; {fix}"
                    return

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in files."""
        return tuple(feature.name for feature in self.features)

    @property
    def keys(self) -> tuple[str, ...]:
        """Column names in messages."""
        return tuple(feature.key for feature in self.features)

    @property
    def units(self) -> tuple[str, ...]:
        """UCUM codes."""
        return tuple(feature.unit for feature in self.features)

    @property
    def size(self) -> int:
        """Number of columns, F."""
        return len(self.features)

    @property
    def gas_index(self) -> int | None:
        """Index of the first gas column."""
        return next((i for i, feature in enumerate(self.features) if feature.role == "gas"), None)

    @property
    def gas(self) -> str | None:
        """Key of the first gas column."""
        return None if self.gas_index is None else self.features[self.gas_index].key

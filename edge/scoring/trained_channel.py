"""Knows what a bundle was trained on in one channel, and in which other unit a station's numbers would be such."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from config.settings.station import Feature, Station
from config.settings.unit_settings import UnitSettings
from edge.arrays import Floats
from edge.readings.decoding.unit_table import FRACTION, MASS, RESISTANCE, TEMPERATURE, find_unit, units_of
from edge.readings.decoding.units import converter, takes_mass

_SENSOR_SPREADS = 4.0  # standard deviations about the mean that sensors of one kind, in another year, stay within
_TWICE = np.log(2.0)
_SEASON = 20.0  # [K] beyond the training that a temperature may lie in another season
_CLEAN_AIR = 0.85  # share of the least gas level in training that no station in open air stays below
_LARGE = 10.0  # factor from which on no season and no other sensor looks like another unit
_FAR_SPREADS, _FAR = 6.0, 3.0  # standard deviations, and a factor, that not even another sensor differs by
_ABOUT = 4.0  # factor from the training that is far, and from the mean that is near
_WELL = 2.0  # factor from the nearest trained value that is well outside
_DECIMALS = (0.1, 0.01)  # tenths and hundredths, as radio boards send them
_SCALES = (1000.0, 0.001, 100.0, 0.01, 1e6, 1e-6)  # where the column's unit says nothing
_UNLIKELY = frozenset(
    {"mK", "‰", "GOhm", "ppt", "ng/m3", "ng/L", "ug/L", "mg/L", "g/L", "kg/L", "kg/m3", "MPa", "Torr", "mbar"}
)
_STRAIGHT = 1e-9
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9/]*")


class LikelyUnit(NamedTuple):
    """A unit in which a channel's numbers may come.

    Parameters
    ----------
    name
        What people call it: ``degF``, ``tenths``.
    setting
        What to write under ``units:`` in gateway.yaml.
    factor, offset
        A value in the column's unit is ``factor * number + offset``.
    """

    name: str
    setting: str
    factor: float
    offset: float

    def convert(self, numbers: Floats) -> Floats:
        """Return the values in the column's unit."""
        return numbers * self.factor + self.offset


class TrainedChannel:
    """One channel of a bundle.

    Parameters
    ----------
    station
        The trained station.
    key
        The channel's message key.
    domain
        Least and largest value in training; ``None``: it was not kept, as for sensors.
    mean, std
        Mean and standard deviation in training, of the logarithm if the scale is logarithmic.
    declared
        The unit that the owner has declared, from which its numbers have been converted; ``None``: none.

    Attributes
    ----------
    low, high
        What it was trained on, or about that, in the column's unit.
    feature
        Its column.
    is_declared
        Whether the owner has declared its unit.
    is_resistive
        Whether it is a sensor whose resistance is measured, by a divider and a converter on some boards.
    units
        Other units in which a station might send it, the likeliest first.
    """

    def __init__(
        self,
        station: Station,
        key: str,
        domain: tuple[float, float] | None,
        mean: float,
        std: float,
        *,
        declared: str | UnitSettings | None = None,
    ) -> None:
        self.index = station.keys.index(key)
        self.feature: Feature = station.features[self.index]
        self._log = self.feature.scale == "log"
        if domain is not None:
            self.low, self.high = domain
        else:
            spread = max(_SENSOR_SPREADS * std, _TWICE if self._log else 0.0)
            self.low, self.high = mean - spread, mean + spread
            if self._log:
                self.low, self.high = float(np.exp(self.low)), float(np.exp(self.high))
        span = self.high - self.low
        own = find_unit(self.feature.unit)
        self.is_resistive = self.feature.role == "sensor" and own is not None and own.kind == RESISTANCE
        self._season = span  # how far beyond the training another season or place may lie [the unit]
        self._is_temperature = own is not None and own.kind == TEMPERATURE
        if own is not None and self._is_temperature:
            self._season = _SEASON / float(own.scale)
        self._centre = float(np.exp(mean)) if self._log else mean
        self._far = self._far_limits(mean, std)
        self._widest = self._widened(span)
        self.is_declared = declared is not None
        self.units = tuple(_units(station, key) if declared is None else _units_instead(station, key, declared))

    def likely_units(self, numbers: Floats) -> list[LikelyUnit]:
        """List the units in which all numbers lie well within the training, if all are well outside as they are."""
        found = [unit for unit in self.units if self._explains(unit, numbers)]
        return [unit for unit in found if self._holds(unit.convert(numbers), self.low, self.high)] or found

    def fitting_units(self, numbers: Floats) -> list[LikelyUnit]:
        """List the units in which the numbers would be about what the bundle was trained on."""
        return [unit for unit in self.units if self._holds(unit.convert(numbers), *self._widest)]

    def is_far(self, numbers: Floats) -> bool:
        """Return whether all numbers are impossible, or much further from the training than another sensor's."""
        if self.is_impossible(numbers):
            return self.feature.role != "gas" or bool((numbers < self.low).all())
        if self.feature.role == "gas":
            return bool((numbers < self.low / _WELL).all())
        return bool((numbers < self._far[0]).all() or (numbers > self._far[1]).all())

    def is_impossible(self, numbers: Floats) -> bool:
        """Return whether all numbers lie outside the column's physical range."""
        low, high = self.feature.range
        return bool(((numbers < low) | (numbers > high)).all())

    def _explains(self, unit: LikelyUnit, numbers: Floats) -> bool:
        values = unit.convert(numbers)
        if not self._holds(values, *self._widest):
            return False
        least, most = float(numbers.min()), float(numbers.max())
        if unit.offset:
            low, high = self.feature.range
            return least > min(self.high + self._season, high) or most < max(self.low - self._season, low)
        if not 1 / _LARGE < unit.factor < _LARGE and self.low <= 0 and self.feature.role == "sensor":
            # Around zero any factor brings numbers inside: they have to come to lie about the mean.
            near = self._centre > 0 and _ABOUT * values.min() >= self._centre >= values.max() / _ABOUT
            return bool(near) and (most <= self._centre / _LARGE or least >= self.high * _WELL)
        if unit.factor >= _LARGE:
            return self.low > 0 and most <= self.low / _WELL
        if unit.factor <= 1 / _LARGE:
            return self.high > 0 and least >= self.high * _WELL
        if self.feature.role == "gas":
            return most < self.low * _CLEAN_AIR
        if self._log:
            return most <= self.low / _WELL or least >= self.high * _WELL
        return most < self.low - self._season or least > self.high + self._season

    @staticmethod
    def _holds(values: Floats, low: float, high: float) -> bool:
        return bool(((values >= low) & (values <= high)).all())

    def _far_limits(self, mean: float, std: float) -> tuple[float, float]:
        """Return the limits beyond which not even another sensor of the same kind lies, or another season."""
        if self.feature.role != "sensor":
            if self._log:
                return self.low / _ABOUT, self.high * _ABOUT
            beyond = max(2 * self._season, self.high - self.low, 0.0 if self._is_temperature else self.high)
            return self.low - beyond, self.high + beyond
        spread = _FAR_SPREADS * std
        if self._log:
            spread = max(spread, _SENSOR_SPREADS * std + _TWICE, np.log(_FAR))
            return float(np.exp(mean - spread)), float(np.exp(mean + spread))
        low, high = mean - spread, mean + spread
        return (min(low, mean / _FAR), max(high, mean * _FAR)) if mean > 0 else (low, high)

    def _widened(self, span: float) -> tuple[float, float]:
        """Return what still counts as well within the training: another day, another sensor, a leak."""
        possible = self.feature.range
        if self.feature.role == "gas":
            return self.low * _CLEAN_AIR, max(possible[1], self.high)
        if self.feature.role == "sensor":
            return self.low, self.high
        if self._log:
            return self.low / 1.5, self.high * 1.5
        return max(self.low - span / 4, possible[0]), min(self.high + span / 4, possible[1])


def _units(station: Station, key: str) -> Iterator[LikelyUnit]:
    feature = station.features[station.keys.index(key)]
    own = find_unit(feature.unit)
    if own is not None and own.name != "1":
        kinds = [own.kind, *([MASS if own.kind == FRACTION else FRACTION] if takes_mass(station, key) else ())]
        for unit in (each for kind in kinds for each in units_of(kind)):
            if unit != own and unit.name not in _UNLIKELY:
                convert = converter(unit.name, station, key)
                if convert is None:
                    continue  # the same under another name
                name = "fractions of 1" if unit.name == "1" else unit.name
                yield _likely(convert, name, _quoted(unit.name))
        scales: tuple[float, ...] = _DECIMALS if feature.role == "environment" and feature.scale == "linear" else ()
    else:
        scales = _SCALES
        if feature.role == "environment" and feature.scale == "linear":
            yield LikelyUnit("degF", "{factor: 0.5555556, offset: -17.77778}", 5 / 9, -160 / 9)
            yield LikelyUnit("K", "{offset: -273.15}", 1.0, -273.15)
    for scale in scales:
        name = "tenths" if scale == 0.1 else "hundredths" if scale == 0.01 else f"steps of {scale:,g}"
        yield LikelyUnit(name, f"{{factor: {scale:g}}}", scale, 0.0)


def _units_instead(station: Station, key: str, declared: str | UnitSettings) -> Iterator[LikelyUnit]:
    """Yield the units in which a channel may come although another one is declared, and so converted.

    There are none where the owner declares the column's own unit, and behind a divider, which is no straight line.
    """
    convert = converter(declared, station, key)
    if convert is None:
        return
    numbers = [convert(number) for number in (0.0, 1.0, 2.0)]
    slope = numbers[1] - numbers[0]
    if not abs(numbers[2] - numbers[1] - slope) <= _STRAIGHT * abs(slope):
        return
    own = station.features[station.keys.index(key)].unit
    for unit in (LikelyUnit(own, _quoted(own), 1.0, 0.0), *_units(station, key)):
        factor = unit.factor / slope
        offset = unit.offset - factor * numbers[0]
        if abs(offset) <= _STRAIGHT * max(1.0, abs(factor * numbers[0])):
            offset = 0.0
        if offset or abs(factor - 1) > _STRAIGHT:
            yield unit._replace(factor=factor, offset=offset)


def _likely(convert: Callable[[float], float], name: str, setting: str) -> LikelyUnit:
    offset = convert(0.0)
    return LikelyUnit(name, setting, convert(1.0) - offset, offset)


def _quoted(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else f'"{name}"'
